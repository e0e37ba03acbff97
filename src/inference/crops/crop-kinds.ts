/** The ways a photograph is prepared for a network; a kind is an entry here. */
import { float32ToHalf } from '../../formats/npy/half.js';
import type { CropPlacement } from '../../hand/projection.js';
import type { Box, View } from '../../hand/view.js';
import { cropInto } from '../../imaging/crop.js';
import { freihandInto, freihandPlacement, FREIHAND_SIDE } from '../../imaging/hamba-freihand.js';
import type { Normalisation } from '../../imaging/normalise.js';
import type { RgbImage } from '../../imaging/rgb-image.js';

/** Which part of a photograph a row of a batch shows, and how. */
export interface CropView extends View {
  readonly box: Box;
  readonly mirrored: boolean;
}

/** The crops of one batch, as the session takes them: float32, or float16 as its bits. */
export type CropData = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** How the network wants the numbers of a crop to lie; as planes R, G, B unless given. */
export interface Arrangement {
  readonly layout?: 'nhwc';
  readonly channels?: 'bgr';
}

/** Puts the planes R, G, B of one crop where the network wants them. */
export function arrange(crop: CropData, { layout, channels }: Arrangement): void {
  const pixels = crop.length / 3;
  if (channels === 'bgr') {
    const red = crop.slice(0, pixels);
    crop.copyWithin(0, 2 * pixels);
    crop.set(red, 2 * pixels);
  }
  if (layout !== 'nhwc') return;
  const planes = crop.slice();
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      crop[pixel * 3 + channel] = planes[channel * pixels + pixel]!;
  }
}

/** What a crop is written with. */
export interface CropOutput {
  /** Side of the square whose middle columns the network sees, px. */
  readonly patchSize: number;
  readonly columns: number;
  /** 3 × 256: what each byte becomes; of the type of the values. */
  readonly table: Float32Array | Uint16Array;
  readonly normalisation: Normalisation;
  readonly values: CropData;
  /** Where the crop begins in the values. */
  readonly at: number;
}

interface CropKindDefinition {
  /** What a protocol calls its boxes; null where it takes those of the samples. */
  readonly boxes: string | null;
  /** The one side of the square photographs that it is made for, px; null where it takes any. */
  readonly photographSide: number | null;
  readonly cropInto: (image: RgbImage, view: CropView, output: CropOutput) => void;
  readonly placement: (view: CropView, patchSize: number) => CropPlacement;
}

const hamer: Omit<CropKindDefinition, 'boxes'> = {
  photographSide: null,
  cropInto: (image, view, { patchSize, columns, table, values, at }) =>
    cropInto(image, { ...view, patchSize }, columns, { table, values, at }),
  placement: ({ box, scale, rotationDegrees, mirrored }) => ({
    center: box.center,
    side: box.side * scale,
    rotationDegrees,
    mirrored,
  }),
};

const HAMBA_FREIHAND: CropKindDefinition = {
  boxes: 'hamba-freihand',
  photographSide: FREIHAND_SIDE,
  cropInto: (image, view, { patchSize, columns, normalisation, values, at }) => {
    const isHalf = values instanceof Uint16Array;
    const crop = new Float32Array(3 * patchSize * columns);
    freihandInto(image, { ...view, patchSize }, columns, normalisation, crop);
    values.set(isHalf ? float32ToHalf(crop) : crop, at);
  },
  placement: (view, patchSize) => freihandPlacement(view, patchSize, view.mirrored),
};

/**
 * `hamer`: HaMeR's crop of the sample's box. `whole-image`: the same crop of the whole photograph. `hamba-freihand`:
 * the whole photograph as Hamba's released FreiHAND evaluation feeds it.
 */
const CROP_KINDS = {
  hamer: { boxes: null, ...hamer },
  'whole-image': { boxes: 'image', ...hamer },
  'hamba-freihand': HAMBA_FREIHAND,
} as const satisfies Readonly<Record<string, CropKindDefinition>>;

export type CropKind = keyof typeof CROP_KINDS;

export const CROP_KIND_NAMES = Object.keys(CROP_KINDS) as [CropKind, ...CropKind[]];

export function cropKind(name: CropKind): CropKindDefinition {
  return CROP_KINDS[name];
}
