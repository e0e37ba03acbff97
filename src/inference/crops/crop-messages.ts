/** What the crop pool asks of its threads; plain data, buffers handed over. */
import type { Normalisation } from '../../imaging/normalise.js';
import type { Arrangement, CropData, CropKind, CropView } from './crop-kinds.js';

export type { CropData } from './crop-kinds.js';

/** A thread's start data: what all crops have in common. */
export interface CropSettings {
  /** [height, width], px; the crop is height × height, of which the middle columns are kept. */
  readonly size: readonly [number, number];
  readonly kind: CropKind;
  readonly arrangement?: Arrangement;
  /** 3 × 256: what each byte of a photograph becomes; of the type of the data. */
  readonly table: Float32Array | Uint16Array;
  /** What the table is made of. */
  readonly normalisation: Normalisation;
}

/** A decoded photograph; its pixels are shared, since several threads may crop from it. */
export interface SharedPhoto {
  readonly width: number;
  readonly height: number;
  /** height × width × 3 bytes, R G B, at the beginning of what may be a longer buffer. */
  readonly pixels: SharedArrayBuffer;
}

/** One row of a batch. */
export interface CropTask extends CropView {
  /** Position in the batch. */
  readonly slot: number;
}

/** A JPEG file that one row shows, and no other. */
export interface CropFile {
  readonly bytes: Uint8Array;
  readonly task: CropTask;
}

export interface FilledBatch {
  readonly data: CropData;
  /** Milliseconds the thread spent on it. */
  readonly cropMs: number;
}

/** What a crop thread can be asked; `begin` first for each batch, `finish` last. */
export interface CropService {
  /** @param data  the buffer the batch is filled into. */
  begin(batch: number, data: CropData): void;
  /** Crops from one photograph, which is not needed any more once this is answered. */
  crop(batch: number, photo: SharedPhoto, tasks: readonly CropTask[]): void;
  /** For each file the milliseconds it took to decode; null: the thread cannot, and nothing was cropped. */
  cropFiles(batch: number, files: readonly CropFile[]): readonly (number | null)[];
  /** Nothing more comes for the batch; the slots in `blank` become zeros. */
  finish(batch: number, blank: readonly number[]): FilledBatch;
}
