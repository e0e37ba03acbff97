/** The benchmarks by id: one line each. */
import { UserError } from '../errors.js';
import { TRUTH_BOXES } from './boxes.js';
import { freihand } from './freihand.js';
import { hintEgo4d, hintNewDays, hintVisor } from './hint.js';
import { ho3dV2, ho3dV3 } from './ho3d.js';
import { withTruthBoxes } from './truth-boxes.js';
import type { DatasetDefinition, DatasetFolder, OpenOptions } from './types.js';

export const DATASETS: readonly DatasetDefinition[] = [
  freihand,
  ho3dV2,
  ho3dV3,
  hintNewDays,
  hintVisor,
  hintEgo4d,
];

export const DATASET_IDS: readonly string[] = DATASETS.map((dataset) => dataset.id);

/** The datasets that have a challenge, for which `submission` writes. */
export function challenges(): DatasetDefinition[] {
  return DATASETS.filter(({ officialScores }) => officialScores !== null);
}

/** The splits of all datasets; opening a folder tells which dataset has which. */
export const SPLITS: readonly string[] = [...new Set(DATASETS.flatMap(({ splits }) => splits))];

export function datasetById(id: string): DatasetDefinition {
  const dataset = DATASETS.find((candidate) => candidate.id === id);
  if (dataset !== undefined) return dataset;
  throw new UserError({
    code: 'dataset-unknown',
    message: `There is no dataset called '${id}'`,
    expected: `one of ${DATASET_IDS.join(', ')}`,
    got: id,
    next: 'give one of these ids',
  });
}

/** @throws UserError where the dataset has no such split. */
export async function openDataset(id: string, root: string, options: OpenOptions): Promise<DatasetFolder> {
  const dataset = datasetById(id);
  if (dataset.splits.includes(options.split)) {
    return options.boxes === TRUTH_BOXES
      ? withTruthBoxes(await dataset.open(root, { split: options.split }))
      : dataset.open(root, options);
  }
  throw new UserError({
    code: 'split-unknown',
    message: `${dataset.title} has no such split here`,
    expected: dataset.splits.join(', '),
    got: options.split,
    next: 'name one of them with --split, or leave it out',
  });
}

/** The benchmarks whose marks a folder has; those whose marks nothing shows are not among them. */
export async function recognisedAs(root: string): Promise<DatasetDefinition[]> {
  const recognised = await Promise.all(
    DATASETS.map((dataset) =>
      dataset.recognises(root).catch((error: unknown) => {
        // What cannot be read is told of where it is needed.
        if (error instanceof UserError) return false;
        throw error;
      }),
    ),
  );
  return DATASETS.filter((_, index) => recognised[index]);
}
