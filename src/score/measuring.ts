/**
 * What scoring is to whoever asks for it, whatever is measured: ground truth is opened once, and prediction sets are
 * measured against it one after the other. hands.ts measures hands in space, keypoints.ts keypoints in the photograph;
 * measures.ts lists them.
 */
import type { GroundTruth } from '../datasets/ground-truth/ground-truth.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import type { Progress } from '../progress.js';
import type { MetricsDocument, MetricValues } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { JointTable } from '../runs/tables/joint-table.js';
import type { KeypointTable } from '../runs/tables/keypoint-table.js';
import type { SetScore, TtaResult } from './score-sets.js';
import type { SampleScore } from './score-tables.js';

export interface MeasuringRequest<Protocol extends AnyProtocol = AnyProtocol> {
  readonly folder: DatasetFolder;
  readonly protocol: Protocol;
  /** The samples to score; `null` for all of the folder's. */
  readonly selection: Selection | null;
  /** Forms the joints from the meshes; `null` to score those that were predicted. */
  readonly regressor: JointRegressor | null;
  /** Forms joints that the predicted ones are compared with where they are scored; `null` where there is none. */
  readonly check: JointRegressor | null;
  /** Scoring threads; no number depends on how many. */
  readonly workers: number;
  /** A folder for what is needed again where several sets are measured; `null` where one is. */
  readonly scratch: string | null;
  /** Of the folder, where its reading has begun already; `null` where it has not. Closed by `close`. */
  readonly truth: GroundTruth | null;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What a prediction set comes to, sample by sample. */
export interface Measured {
  readonly ids: readonly string[];
  readonly rows: readonly SampleScore[];
  readonly metrics: MetricValues;
  /** The table has no rows where no joint was scored. */
  readonly joints: JointTable;
  /** What PCK is made of; null for hands in space. */
  readonly keypoints: KeypointTable | null;
  /** Writes every result file of a run directory. */
  write(run: RunDirectory, tta: TtaResult | null): Promise<MetricsDocument>;
}

/** Ground truth and threads, ready for one set after the other. */
export interface Measuring {
  /** @param keepIn where predictions that came from a file are kept; null where they are not. */
  measure(source: PredictionSource, keepIn: RunDirectory | null): Promise<Measured>;
  /** The figures alone, of one set of a sweep. */
  measureSet(source: PredictionSource, withIntervals: boolean): Promise<SetScore>;
  close(): Promise<void>;
}
