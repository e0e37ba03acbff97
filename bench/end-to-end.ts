/** The whole program on a benchmark-size folder: time, processor time and memory; and how they grow. */
import { DATASET_IDS, datasetById } from '../src/datasets/registry.js';
import { measuredRun, type MeasuredRun } from './measured-run.js';
import { median } from './processor-time.js';
import type { FolderRequest, SyntheticFolder } from './synthetic-files.js';

/** One benchmark's size and conventions. */
export interface BenchmarkSize {
  readonly title: string;
  readonly dataset: string;
  readonly samples: number;
  /** Video sequences, where samples are frames. */
  readonly sequences: number | null;
}

export const FREIHAND_SIZE: BenchmarkSize = {
  title: 'FreiHAND',
  dataset: 'freihand',
  samples: 3960,
  sequences: null,
};

/** 20,137 frames of 20 sequences (HO-3D v3, evaluation split). */
export const HO3D_V3_SIZE: BenchmarkSize = {
  title: 'HO-3D v3',
  dataset: 'ho3d-v3',
  samples: 20_137,
  sequences: 20,
};

export interface EndToEndFigure {
  readonly title: string;
  /** The `--dataset` it was measured with. */
  readonly dataset: string;
  readonly samples: number;
  readonly full_size: boolean;
  readonly truth_bytes: number;
  readonly prediction_bytes: number;
  readonly wall_seconds: number;
  /** User and system time of all threads. */
  readonly processor_seconds: number;
  readonly peak_bytes: number;
  readonly repetitions: readonly Repetition[];
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Repetition {
  readonly wall_seconds: number;
  readonly user_seconds: number;
  readonly system_seconds: number;
  readonly peak_bytes: number;
}

/** One run on a file of some length: what grows with it, and what does not. */
export interface LengthFigure {
  readonly samples: number;
  readonly processor_seconds: number;
  readonly peak_bytes: number;
}

export function folderRequest(size: BenchmarkSize, samples: number): FolderRequest {
  const { axes, jointOrder } = datasetById(datasetOf(size));
  return { samples, axes, jointOrder, sequences: size.sequences };
}

/** The size's own dataset, or FreiHAND's loader, which takes any number of samples, where there is none yet. */
function datasetOf(size: BenchmarkSize): string {
  return DATASET_IDS.includes(size.dataset) ? size.dataset : FREIHAND_SIZE.dataset;
}

export async function measureEndToEnd(
  size: BenchmarkSize,
  folder: SyntheticFolder,
  repetitions: number,
): Promise<EndToEndFigure> {
  const runs: MeasuredRun[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) runs.push(await runOn(size, folder));
  const { metrics } = runs[0]!.document;
  return {
    title: size.title,
    dataset: datasetOf(size),
    samples: folder.samples,
    full_size: folder.samples === size.samples,
    truth_bytes: folder.truthBytes,
    prediction_bytes: folder.predictionBytes,
    wall_seconds: median(runs.map((run) => run.wallSeconds)),
    processor_seconds: median(runs.map((run) => run.userSeconds + run.systemSeconds)),
    peak_bytes: median(runs.map((run) => run.peakBytes)),
    repetitions: runs.map((run) => ({
      wall_seconds: run.wallSeconds,
      user_seconds: run.userSeconds,
      system_seconds: run.systemSeconds,
      peak_bytes: run.peakBytes,
    })),
    metrics,
  };
}

export async function measureLengths(
  size: BenchmarkSize,
  folders: readonly SyntheticFolder[],
): Promise<LengthFigure[]> {
  const figures: LengthFigure[] = [];
  for (const folder of folders) {
    const { userSeconds, systemSeconds, peakBytes } = await runOn(size, folder);
    figures.push({
      samples: folder.samples,
      processor_seconds: userSeconds + systemSeconds,
      peak_bytes: peakBytes,
    });
  }
  return figures;
}

/** @throws Error where not every sample was scored: then less was measured than said. */
export async function runOn(
  size: BenchmarkSize,
  folder: SyntheticFolder,
  nodeFlags: readonly string[] = [],
): Promise<MeasuredRun> {
  const { path, predictions, samples } = folder;
  const run = await measuredRun({ dataset: datasetOf(size), data: path, predictions, nodeFlags });
  const { scored } = run.document.coverage;
  if (scored !== samples) throw new Error(`${scored} of ${samples} synthetic samples were scored`);
  return run;
}
