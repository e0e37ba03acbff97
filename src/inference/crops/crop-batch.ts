/** What goes into the crop threads, and what comes out of them. */
import type { Box } from '../../hand/view.js';
import type { CropData } from './crop-messages.js';

/** One photograph of one hand; a dataset's `Sample` is one. */
export interface ImageSample {
  readonly id: string;
  /** Path of the image file. */
  readonly image: string;
  /** px in the photograph; `null`: the whole image. */
  readonly box: Box | null;
  readonly right: boolean;
}

/** A sample that could not be fed, and why. */
export interface UnreadableSample {
  /** Position in the samples given. */
  readonly index: number;
  readonly id: string;
  /** Machine-readable, kebab-case: `image-missing`. */
  readonly code: string;
  readonly reason: string;
}

/** What one row of a batch shows. */
export interface CropRow {
  /** Position in the samples given. */
  readonly sampleIndex: number;
  /** Position in the passes given; 0 where there is one. */
  readonly pass: number;
  /** False: the photograph could not be read, and the row's crop is zeros. */
  readonly readable: boolean;
}

/**
 * One batch of the sequence of rows, which runs sample by sample and within a sample pass by pass.
 * A batch may begin and end in the middle of a sample.
 */
export interface CropBatch {
  /** Position of the batch's first row in the sequence: sampleIndex · passes + pass. */
  readonly first: number;
  /** Fewer than the batch size at the end. */
  readonly rows: readonly CropRow[];
  /** The sample of each row: with several passes one stands here several times. */
  readonly samples: readonly ImageSample[];
  /**
   * The box each row was cropped from, before the pass turns and scales it: the sample's, or the
   * whole image. NaN where the photograph could not be read.
   */
  readonly boxes: readonly Box[];
  /** batchSize × 3 × height × width, normalised; zeros where there is no row or no photograph. */
  readonly data: CropData;
  /** Samples whose photograph could not be read, each in the batch of its first row alone. */
  readonly unreadable: readonly UnreadableSample[];
  /** The last one before the threads want all cores for themselves. */
  readonly endsTurn: boolean;
}
