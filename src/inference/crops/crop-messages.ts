/** What the crop pool and its threads say to each other; plain data, buffers transferred. */
import type { View } from '../../hand/view.js';
import type { Box } from '../../imaging/crop.js';

/** The crops of one batch, as the session takes them: float32, or float16 as its bits. */
export type CropData = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** A thread's start data: what all crops have in common. */
export interface CropSettings {
  /** [height, width], px; the crop is height × height, of which the middle columns are kept. */
  readonly size: readonly [number, number];
  /** 3 × 256: what each byte of a photograph becomes; of the type of the data. */
  readonly table: Float32Array | Uint16Array;
}

/** A decoded photograph; its pixels are shared, since several threads may crop from it. */
export interface SharedPhoto {
  readonly width: number;
  readonly height: number;
  /** height × width × 3 bytes, R G B, at the beginning of what may be a longer buffer. */
  readonly pixels: SharedArrayBuffer;
}

/** One row of a batch. */
export interface CropTask extends View {
  /** Position in the batch. */
  readonly slot: number;
  readonly box: Box;
  readonly mirrored: boolean;
}

/** A JPEG file that one row shows, and no other. */
export interface CropFile {
  readonly bytes: Uint8Array;
  readonly task: CropTask;
}

export type ToCropper =
  /** A batch to fill, with the buffer it is filled into. */
  | { readonly kind: 'begin'; readonly batch: number; readonly data: CropData }
  /** Crops for a batch that was begun, from one photograph. */
  | {
      readonly kind: 'crop';
      readonly batch: number;
      readonly photo: SharedPhoto;
      readonly tasks: readonly CropTask[];
    }
  /** Crops for a batch that was begun, each from a file of its own. */
  | { readonly kind: 'crop-files'; readonly batch: number; readonly files: readonly CropFile[] }
  /** Nothing more comes for the batch; the slots in `blank` become zeros. */
  | { readonly kind: 'finish'; readonly batch: number; readonly blank: readonly number[] };

export type FromCropper =
  /** Answers `crop` and `crop-files`, in order: what was to be cropped is not needed any more. */
  | {
      readonly kind: 'cropped';
      /** For each file the milliseconds it took to decode; null: the thread cannot, and nothing was cropped. */
      readonly decodeMs: readonly (number | null)[];
    }
  /** Answers `finish`. */
  | { readonly kind: 'filled'; readonly batch: number; readonly data: CropData; readonly cropMs: number };
