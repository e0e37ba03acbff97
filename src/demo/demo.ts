/** Prepares what `hamba-eval demo` evaluates: a generated benchmark and a checkpoint fitted on its training half. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeModel } from '../formats/onnx.js';
import { makeFolder } from '../runs/run-directory.js';
import { STAMP_KEY } from './checkpoint.js';
import { type DemoDatasetInfo, type DemoProgress, writeDemoDataset } from './dataset.js';
import { fitRidgeBaseline, writeMeanPoseCheckpoint } from './ridge.js';

export const DEMO_DEFAULTS = {
  root: 'reports/demo',
  seed: 1,
  /** Unique training samples; each is photographed before four backgrounds. */
  training: 400,
  evaluation: 200,
} as const;

export interface DemoOptions {
  /** Everything is written below this folder. */
  readonly root?: string;
  readonly seed?: number;
  readonly training?: number;
  readonly evaluation?: number;
  readonly onProgress?: DemoProgress;
}

export interface PreparedDemo {
  /** In FreiHAND's layout, for `run --dataset freihand --data`. */
  readonly datasetDir: string;
  /** The fitted baseline, `ridge.onnx`. */
  readonly checkpoint: string;
  /** The constant mean hand, `mean-pose.onnx`: what the baseline has to beat. */
  readonly meanPoseCheckpoint: string;
  readonly dataset: DemoDatasetInfo;
  /** What was there already and matched. */
  readonly reused: { readonly dataset: boolean; readonly checkpoint: boolean };
}

/** Raised whenever the same dataset gives another checkpoint. */
const FIT_VERSION = 1;

/** Generates and fits what is not there yet; the same options twice cost nothing the second time. */
export async function prepareDemo(options: DemoOptions = {}): Promise<PreparedDemo> {
  const { root, seed, training, evaluation } = { ...DEMO_DEFAULTS, ...options };
  const { onProgress } = options;
  const datasetDir = join(root, 'dataset');
  const checkpoint = join(root, 'ridge.onnx');
  const meanPoseCheckpoint = join(root, 'mean-pose.onnx');
  await makeFolder(root);
  const progress = onProgress === undefined ? {} : { onProgress };
  const dataset = await writeDemoDataset({ dir: datasetDir, seed, training, evaluation, ...progress });

  const stamp = JSON.stringify({ fit: FIT_VERSION, dataset: dataset.stamp });
  const ridgeThere = await bearsStamp(checkpoint, stamp);
  if (!ridgeThere) await fitRidgeBaseline({ dataset: datasetDir, out: checkpoint, stamp, ...progress });
  const meanThere = await bearsStamp(meanPoseCheckpoint, stamp);
  if (!meanThere) await writeMeanPoseCheckpoint(datasetDir, meanPoseCheckpoint, stamp);
  return {
    datasetDir,
    checkpoint,
    meanPoseCheckpoint,
    dataset,
    reused: { dataset: dataset.reused, checkpoint: ridgeThere && meanThere },
  };
}

/** Whether `file` is a checkpoint of ours fitted from exactly this dataset. */
async function bearsStamp(file: string, stamp: string): Promise<boolean> {
  try {
    return decodeModel(await readFile(file), file).metadata[STAMP_KEY] === stamp;
  } catch {
    return false;
  }
}
