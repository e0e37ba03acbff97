/** What a benchmark is to the rest of the program: a declaration and a way to open a folder. */
import type { UserError } from '../errors.js';
import type { Axes } from '../hand/axes.js';
import type { PinholeCamera } from '../hand/camera.js';
import type { JointOrder } from '../hand/joints.js';
import type { Box } from '../hand/view.js';
import type { AnyProtocol, KeypointLabels, OfficialKind } from '../metrics/index.js';

/** One photograph of one hand. */
export interface Sample {
  readonly id: string;
  /** Path of the image file. */
  readonly image: string;
  /** `null`: the whole image. */
  readonly box: Box | null;
  readonly right: boolean;
  /**
   * Where the benchmark publishes the wrist, metres, in its own axes: models that know no absolute
   * place are put there. `null` where nothing is published.
   */
  readonly root: readonly [number, number, number] | null;
}

/** Some true meshes, in order; all of a benchmark have as many vertices. */
export interface Meshes {
  /** count × V × 3, metres; NaN where a sample has no mesh. */
  readonly values: Float64Array;
  readonly count: number;
  readonly vertexCount: number;
}

/** A reading of true meshes from the first on; whoever opened it closes it. */
export interface MeshStream {
  /** The next meshes, any number at a time; `null` after the last. */
  next(): Promise<Meshes | null>;
  /** Milliseconds that the reading took, as far as they are known. */
  readonly busyMs: number;
  close(): Promise<void>;
}

/** The true meshes of a folder, in whatever form they are stored. */
export interface TrueMeshes {
  /** The file or folder they are in, for messages. */
  readonly file: string;
  /** How often the meshes are gone through, first to last, to have one for each sample: FreiHAND's background versions. */
  readonly repeats: number;
  /** Whether they are MANO's, of 778 vertices; `datasets verify` looks. */
  readonly isMano: boolean;
  /** How many there are, once through; tells before hours of work where they cannot be read to their end. */
  count(signal?: AbortSignal): Promise<number>;
  /** Once through; reading may begin at once. */
  open(): MeshStream;
}

/** True hands in 3D, one record a sample, in the benchmark's own order, axes and joint order; metres. */
export interface HandTruth {
  readonly kind: 'hands';
  /** The files that have it, whether they are there or not, for messages. */
  readonly files: readonly string[];
  readonly joints: {
    /** The file or folder they are in, for messages. */
    readonly file: string;
    /** N × 21 × 3; NaN where a sample has none. */
    read(): Promise<Float64Array>;
  } | null;
  readonly meshes: TrueMeshes | null;
}

/** True keypoints in the photograph. */
export interface KeypointTruth {
  readonly kind: 'keypoints';
  /** The file or folder the labels are in, for messages. */
  readonly file: string;
  read(): Promise<KeypointLabels>;
}

/** Something a folder lacks that does not stop the work at hand but changes what comes of it. */
export interface Notice {
  readonly code: string;
  /** One sentence without a final full stop. */
  readonly message: string;
  readonly remedy: string;
}

/**
 * Told of each thing that is wrong; whoever gives none has the first one thrown.
 *
 * @param samples the ids of the samples that cannot be predicted because of it, as far as they are known.
 */
export type ProblemListener = (problem: UserError, samples?: readonly string[]) => void;

/** A dataset folder on disk, opened. */
export interface DatasetFolder {
  readonly definition: DatasetDefinition;
  readonly root: string;
  readonly split: string;
  /** Whose order the samples are in: the benchmark's own, or that of the metadata that is the dataset here. */
  readonly order: 'official' | 'metadata';
  readonly groundTruth: HandTruth | KeypointTruth;
  /** The definition's, with what this folder decides: its boxes, its number of samples. */
  readonly protocol: AnyProtocol;
  /** Every file that decides the numbers beside the photographs: ground truth, sample list, boxes. */
  readonly annotations: readonly string[];
  /** Samples in this split of the whole benchmark. */
  readonly benchmarkCount: number;
  readonly notices: readonly Notice[];
  /**
   * The photographs in the benchmark's order.
   *
   * @param onProblem is told of every sample that is not as it should be, and the sample left out.
   * @throws UserError where the folder has none or, without a listener, one is not as it should be.
   */
  samples(onProblem?: ProblemListener): Promise<Sample[]>;
  /** The ids of `count` samples in the benchmark's order, without looking at photographs. */
  sampleIds(count: number, onProblem?: ProblemListener): Promise<string[]>;
  /** What a sample must be resampled together with (its video sequence), by its id; `null` where samples are independent or it is not known. */
  readonly sequenceOf: ((id: string) => string) | null;
}

export interface OpenOptions {
  readonly split: string;
  /** `image`, `annotations`, `truth` (see truth-boxes.ts), or the path of an evaluation file of HaMeR's (.npz); the first of the definition's unless given. */
  readonly boxes?: string | undefined;
}

/** A file of the official layout and what it is needed for. */
export interface DatasetFile {
  /** Relative to the folder; `%08d`, `<sequence>` and the like stand for what varies. */
  readonly path: string;
  /** What the file holds, in few words: shape, units. */
  readonly content: string;
  readonly neededTo: readonly ('predict' | 'score')[];
}

/** What a person needs to know before there is a folder. */
export interface DatasetCard {
  readonly source: string;
  readonly licence: string;
  /** The makers' page; nothing of a dataset is part of this program. */
  readonly homepage: string;
  readonly files: readonly DatasetFile[];
}

/** What names a sample: its id and its position in the folder. */
export interface SamplePlace {
  readonly id: string;
  readonly index: number;
}

export interface DatasetDefinition {
  /** The dataset's name in `--dataset`. */
  readonly id: string;
  readonly title: string;
  /** The first is the one unless told otherwise. */
  readonly splits: readonly string[];
  /** Joint order of the ground truth and of the official prediction file. */
  readonly jointOrder: JointOrder;
  readonly axes: Axes;
  /** The official protocol; `run` may vary it and records what it used. */
  readonly protocol: AnyProtocol;
  /** The official evaluator, whose `scores.txt` is written and whose challenge `submission` writes for; `null` where there is none. */
  readonly officialScores: OfficialKind | null;
  /** Where boxes come from in the official layout; the first is the one unless told otherwise. */
  readonly boxes: readonly ('image' | 'annotations')[];
  /** The ids of its samples in a person's words, with the name of the family, for messages. */
  readonly idForm: string;
  readonly card: DatasetCard;
  /** Whether ids stand in the benchmark's own order; absent where only its list of samples tells. */
  readonly isInOrder?: (ids: readonly string[]) => boolean;
  /**
   * The cameras of some samples, in their order, px of the photograph, OpenCV axes; absent where the benchmark
   * publishes none. Nothing that is scored needs one.
   *
   * @throws UserError where a file is absent (`file-missing`) or is not as it should be.
   */
  readonly cameras?: (folder: DatasetFolder, samples: readonly SamplePlace[]) => Promise<PinholeCamera[]>;
  /**
   * Whether a folder has the marks by which this benchmark differs from those whose files have the same names. A
   * look at names and first records: the files may be large. False also where nothing tells.
   */
  recognises(root: string): Promise<boolean>;
  open(root: string, options: OpenOptions): Promise<DatasetFolder>;
}

/** Some of a folder's samples: their positions in its order, ascending. */
export type Selection = Int32Array;
