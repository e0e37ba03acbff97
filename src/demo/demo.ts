/** Prepares what `hamba-eval demo` evaluates: a generated benchmark and a checkpoint fitted on hands of the same kind. */
import { join } from 'node:path';
import { makeFolder, removeEmpty } from '../files/folders.js';
import { whileLocked } from '../files/lock.js';
import { readWhole } from '../files/open-file.js';
import { decodeModel } from '../formats/onnx/onnx.js';
import { STAMP_KEY } from './checkpoint.js';
import { type DemoDatasetInfo, type DemoProgress, checkSizes, writeDemoDataset } from './dataset.js';
import { proceduralHand } from './hand/procedural-hand.js';
import { DEFAULT_DEMO_DATASET, type DemoDatasetId, layoutOf } from './layouts/registry.js';
import { fitRidgeBaseline, writeMeanPoseCheckpoint } from './ridge.js';
import { Studio } from './studio.js';

const DEMO_DEFAULTS = {
  root: 'reports/demo',
  seed: 1,
  /** Unique training hands; each is photographed before four backgrounds. */
  training: 400,
  evaluation: 200,
} as const;

export interface DemoOptions {
  /** `DEFAULT_DEMO_DATASET` unless given. */
  readonly dataset?: DemoDatasetId;
  /** Everything is written below this folder; `demoRoot` unless given. */
  readonly root?: string;
  readonly seed?: number;
  readonly training?: number;
  readonly evaluation?: number;
  readonly onProgress?: DemoProgress;
}

export interface PreparedDemo {
  /** In the benchmark's layout, for `run --dataset ID --data`. */
  readonly datasetDir: string;
  /** The fitted baseline, `ridge.onnx`. */
  readonly checkpoint: string;
  /** The constant mean hand, `mean-pose.onnx`: what the baseline has to beat. */
  readonly meanPoseCheckpoint: string;
  readonly dataset: DemoDatasetInfo;
  /** Which parts were there already and matched. */
  readonly reused: { readonly dataset: boolean; readonly checkpoint: boolean };
}

/** Raised whenever the same dataset gives another checkpoint. */
const FIT_VERSION = 1;

/** Where the demo of a benchmark is left unless told otherwise. */
export function demoRoot(dataset: DemoDatasetId): string {
  return dataset === DEFAULT_DEMO_DATASET ? DEMO_DEFAULTS.root : `${DEMO_DEFAULTS.root}-${dataset}`;
}

/** Does `work` in the folder of a demo, which another process that makes one there must not change meanwhile. */
export async function inDemoFolder<T>(root: string, work: () => Promise<T>): Promise<T> {
  const isNew = await makeFolder(root);
  try {
    return await whileLocked({ file: join(root, 'demo.lock'), target: root, kind: 'folder' }, work);
  } finally {
    if (isNew) await removeEmpty(root);
  }
}

/** Generates and fits what is not there yet; the same options twice cost nothing the second time. */
export async function prepareDemo(options: DemoOptions = {}): Promise<PreparedDemo> {
  const { dataset = DEFAULT_DEMO_DATASET, onProgress } = options;
  const { root, seed, training, evaluation } = { ...DEMO_DEFAULTS, root: demoRoot(dataset), ...options };
  checkSizes({ seed, training, evaluation });
  const layout = await layoutOf(dataset);
  const datasetDir = join(root, 'dataset');
  const checkpoint = join(root, 'ridge.onnx');
  const meanPoseCheckpoint = join(root, 'mean-pose.onnx');
  await makeFolder(root);
  const progress = onProgress === undefined ? {} : { onProgress };
  const info = await writeDemoDataset({ dir: datasetDir, dataset, seed, training, evaluation, ...progress });

  const studio = new Studio(proceduralHand());
  const half = layout.trainingHalf({ dir: datasetDir, seed, training, evaluation, studio });
  const drawn = layout.trainingInFolder ? {} : { training };
  const stamp = JSON.stringify({ fit: FIT_VERSION, dataset: info.stamp, ...drawn });
  const ridgeThere = await bearsStamp(checkpoint, stamp);
  if (!ridgeThere) await fitRidgeBaseline({ training: half, out: checkpoint, stamp, ...progress });
  const meanThere = await bearsStamp(meanPoseCheckpoint, stamp);
  if (!meanThere) await writeMeanPoseCheckpoint(half, meanPoseCheckpoint, stamp);
  return {
    datasetDir,
    checkpoint,
    meanPoseCheckpoint,
    dataset: info,
    reused: { dataset: info.reused, checkpoint: ridgeThere && meanThere },
  };
}

/** Whether `file` is a checkpoint of ours fitted from exactly this dataset. */
async function bearsStamp(file: string, stamp: string): Promise<boolean> {
  try {
    return decodeModel(await readWhole(file), file).metadata[STAMP_KEY] === stamp;
  } catch {
    return false;
  }
}
