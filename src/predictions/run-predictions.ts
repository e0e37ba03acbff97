/** The predictions that a run directory holds, as its run.json describes them. */
import { join } from 'node:path';
import type { DatasetDefinition } from '../datasets/types.js';
import { oneOf, UserError } from '../errors.js';
import { NpyReader } from '../formats/npy/npy.js';
import { AXES_IDS, type Axes } from '../hand/axes.js';
import { JOINT_ORDER_IDS, type JointOrder } from '../hand/joints.js';
import type { ArrayDescription, RunFolder } from '../runs/manifest.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import { readSampleList } from '../runs/tables/sample-list.js';
import { arraySource, type OpenArray } from './array-source.js';
import type { PredictionSource } from './prediction-source.js';
import { scoredArrays } from './scored-arrays.js';

/** A set as run.json describes it. */
export interface PredictionSet {
  readonly predictions: Readonly<Record<string, ArrayDescription>>;
  readonly unpredicted?: readonly UnscoredSample[] | undefined;
  /** The samples without 2D keypoints alone. */
  readonly unpredicted_keypoints?: readonly UnscoredSample[] | undefined;
}

/**
 * The predictions a run directory holds.
 *
 * @param set another set of the run than the plain one: of a fusion, or of a pass.
 * @param kind `model` for those of the run at hand, `run-directory` for those of another.
 * @throws UserError where there are none, they are of another dataset, or a file is not what run.json says.
 */
export async function openRunPredictions(
  run: RunFolder,
  dataset: DatasetDefinition,
  kind: 'model' | 'run-directory',
  set?: PredictionSet,
): Promise<PredictionSource> {
  const described = set?.predictions ?? run.manifest.predictions ?? {};
  if (Object.keys(described).length === 0) {
    throw new UserError({
      code: 'run-without-predictions',
      message: 'This run directory holds no predictions',
      file: run.path,
      expected: "'predictions' in run.json",
      got: `state '${run.manifest.state}'`,
      next: 'let that run finish first',
    });
  }
  if (run.manifest.dataset.id !== dataset.id) {
    throw new UserError({
      code: 'run-other-dataset',
      message: 'The run directory is of another dataset',
      file: run.path,
      expected: dataset.id,
      got: run.manifest.dataset.id,
      next: 'name that dataset and its folder with --dataset and --data',
    });
  }
  const scored = scoredArrays(dataset.protocol);
  const isScored = (name: string): boolean => scored.names.some((one) => one === name);
  const { dataset: ofRun, configuration } = run.manifest;
  const boxes = configuration.protocol?.boxes ?? null;
  const origin = { kind, path: run.path, split: ofRun.split, boxes };
  return arraySource(origin, dataset, async (held) => {
    const open = async (name: string, array: ArrayDescription | undefined): Promise<OpenArray | null> => {
      if (array === undefined || !isScored(name)) return null;
      // Before the file is opened, which nobody would close if the axes were refused.
      const axes = axesOf(run, name, array);
      return held.open(openDescribed(run, array), axes);
    };
    const { joints, vertices, chain_joints: chain, keypoints_2d: keypoints } = described;
    const selected = run.manifest.selected === true;
    const samples = selected || kind === 'run-directory' ? await readSampleList(run) : null;
    return {
      joints: await open('joints', joints),
      vertices: await open('vertices', vertices),
      chainJoints: await open('chain_joints', chain),
      // The published wrists are the same for every set.
      roots: await open('roots', run.manifest.predictions?.roots),
      keypoints:
        keypoints === undefined || !isScored('keypoints_2d')
          ? null
          : await held.openPlain(openDescribed(run, keypoints)),
      ids: selected ? samples : null,
      ...(selected || samples === null ? {} : { listed: samples }),
      failed: new Map(scored.failures(set ?? run.manifest).map(({ id, ...failure }) => [id, failure])),
      jointOrder: joints === undefined ? dataset.jointOrder : jointOrderOf(run, joints),
    };
  });
}

/** The axes of an array: without them a point has no meaning, and none is guessed. */
function axesOf(run: RunFolder, name: string, { axes }: ArrayDescription): Axes {
  if (axes !== undefined && axes !== 'image') return axes;
  throw undescribed(run, name, 'axes', oneOf(AXES_IDS.map((id) => `'${id}'`)), axes);
}

function jointOrderOf(run: RunFolder, { joint_order: order }: ArrayDescription): JointOrder {
  if (order !== undefined) return order;
  const expected = oneOf(JOINT_ORDER_IDS.map((id) => `'${id}'`));
  throw undescribed(run, 'joints', 'joint_order', expected, order);
}

function undescribed(
  run: RunFolder,
  name: string,
  field: string,
  expected: string,
  got: string | undefined,
): UserError {
  return new UserError({
    code: 'run-array-undescribed',
    message: `run.json does not say what the array ${name} holds: its ${field}`,
    file: run.file('manifest'),
    expected: `${field}: ${expected}`,
    got: got ?? 'absent',
    next: 'make that run again with --force',
  });
}

async function openDescribed(run: RunFolder, description: ArrayDescription): Promise<NpyReader> {
  const reader = await NpyReader.open(join(run.path, description.file));
  if (reader.shape.join() === description.shape.join()) return reader;
  await reader.close();
  throw new UserError({
    code: 'run-array-shape',
    message: 'An array of the run directory is not what run.json says',
    file: reader.file,
    expected: `shape (${description.shape.join(', ')})`,
    got: `shape (${reader.shape.join(', ')})`,
    next: 'make that run again with --force',
  });
}
