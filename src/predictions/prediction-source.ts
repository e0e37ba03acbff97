/**
 * Predictions to be scored, wherever they come from: joints at once (half a
 * kilobyte a sample), vertices as a stream in the samples' order.
 */
import type { Notice } from '../datasets/types.js';
import type { Axes } from '../hand/axes.js';
import type { JointOrder } from '../hand/joints.js';

export interface PredictionSource {
  /** What was read, for messages and for run.json. */
  readonly origin: PredictionOrigin;
  readonly count: number;
  /** The sample each row belongs to; `null` where rows are in the benchmark's order. */
  readonly ids: readonly string[] | null;
  /** Texts beside the rows that may name their samples; absent where there are none. */
  readonly rowNames?: readonly RowNames[];
  /** The samples a run directory says its rows are, all of its folder's; absent where nothing says it. */
  readonly listed?: readonly string[];
  /** count × 21 × 3, metres; `null` where there are none. */
  readonly joints: Float64Array | null;
  /** count × 21 × 2, px in the photograph, OpenPose order; `null` where there are none. */
  readonly keypoints: Float64Array | null;
  /** `null` where there are no vertices. */
  readonly vertexCount: number | null;
  readonly jointOrder: JointOrder;
  readonly axes: Axes;
  /** count × 16 × 3, metres, the joints of MANO's kinematic chain in its order; `null` where they are not known. */
  readonly chainJoints: Float64Array | null;
  /** count × 3: the published wrists, to which hands with joints were moved; `null` where hands are as predicted. */
  readonly roots: Float64Array | null;
  /** Why samples have no prediction, by id, where that is known: their rows are NaN. */
  readonly failed: ReadonlyMap<string, Failure>;
  /** What the predictions lack or have otherwise than expected: warnings of the result. */
  readonly notices: readonly Notice[];
  /** How the file was understood where that was not certain, in sentences: said, and no warning. */
  readonly notes?: readonly string[];
  /**
   * Vertices of samples `first` … `first + count − 1`, count × V × 3, owned by
   * the caller. Asked for in ascending order, each batch once; sources with
   * `ids` give them in any order.
   */
  vertices(first: number, count: number): Promise<Float64Array>;
  /**
   * Called after the last batch: checks what is known only at the end of the
   * file, and says how many milliseconds reading took (in whatever thread).
   */
  finish(): Promise<number>;
  /** Releases files and threads; safe at any time. */
  close(): Promise<void>;
}

/** One text a row. */
export interface RowNames {
  /** What holds them, as it stands in a sentence: `'imgname'`. */
  readonly label: string;
  readonly values: readonly string[];
  /** Whether they are there to name the samples, so that rows are nobody's where they name none. */
  readonly isRequired: boolean;
}

export interface Failure {
  readonly code: string;
  readonly reason: string;
}

export interface PredictionOrigin {
  /** Name of the prediction format (formats/), or `model`. */
  readonly kind: string;
  readonly path: string;
  /** The split that a run directory is of. */
  readonly split?: string;
  /** Of a run directory: which boxes its predictions were made from; null where it does not know. */
  readonly boxes?: string | null;
  /** Filled in once the file has been read to its end. */
  sha256?: string;
}
