/** What a benchmark is to the rest of the program: a declaration and a way to open a folder. */
import type { JointOrder } from '../hand/joints.js';
import type { OfficialKind, Protocol } from '../metrics/index.js';

/** Camera axes of the 3D data; both have x to the right. */
export type Axes =
  /** y down, z forward. */
  | 'opencv'
  /** y up, z backward: the hand lies along −z. */
  | 'opengl';

/** A square in the photograph, px. */
export interface Box {
  /** x right, y down, origin at the centre of the top left pixel. */
  readonly center: readonly [number, number];
  readonly side: number;
}

/** One photograph of one hand. */
export interface Sample {
  readonly id: string;
  /** Path of the image file. */
  readonly image: string;
  /** `null`: the whole image. */
  readonly box: Box | null;
  readonly right: boolean;
}

/** Number-JSON files, one record a sample, in the benchmark's own order, axes and joint order; metres. */
export interface GroundTruthFiles {
  /** N × 21 × 3. */
  readonly joints: string | null;
  /** N × V × 3. */
  readonly vertices: string | null;
}

/** Something a folder lacks that does not stop the work at hand but changes what comes of it. */
export interface Notice {
  readonly code: string;
  /** One sentence without a final full stop. */
  readonly message: string;
  readonly remedy: string;
}

/** A dataset folder on disk, opened. */
export interface DatasetFolder {
  readonly definition: DatasetDefinition;
  readonly root: string;
  readonly split: string;
  readonly groundTruth: GroundTruthFiles;
  /** Every file that decides the numbers beside the photographs: ground truth, sample list. */
  readonly annotations: readonly string[];
  /** Samples in this split of the whole benchmark. */
  readonly benchmarkCount: number;
  readonly notices: readonly Notice[];
  /**
   * The photographs in the benchmark's order.
   *
   * @throws UserError where the folder has none or they are not the benchmark's.
   */
  samples(): Promise<Sample[]>;
  /** The ids of `count` samples in the benchmark's order, without looking at photographs. */
  sampleIds(count: number): Promise<string[]>;
  /** The video sequence of a sample, by its id; `null` where samples are independent or it is not known. */
  readonly sequenceOf: ((id: string) => string) | null;
}

export interface DatasetDefinition {
  /** As in `--dataset`. */
  readonly id: string;
  readonly title: string;
  readonly splits: readonly string[];
  /** Joint order of the ground truth and of the official prediction file. */
  readonly jointOrder: JointOrder;
  readonly axes: Axes;
  /** The official protocol; `run` may vary it and records what it used. */
  readonly protocol: Protocol;
  /** Whose `scores.txt` is written. */
  readonly officialScores: OfficialKind;
  open(root: string, split: string): Promise<DatasetFolder>;
}
