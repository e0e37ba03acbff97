/** The piece of a photograph that a report shows: the hand's square, small, as JPEG in a data URL. */
import type { Box } from '../hand/view.js';
import { cropImage, wholeImageBox } from '../imaging/crop.js';
import { decodeImage } from '../imaging/decode.js';
import { loadSharp } from '../imaging/sharp.js';
import type { Photograph } from './page/report-data.js';

/** A square of the photograph and its size on the page: where keypoints go. */
export interface Piece {
  readonly box: Box;
  readonly photograph: Photograph;
}

/** px; sharp enough at the size it is shown, and about 15 kB. */
const MOST_PIXELS = 320;
const JPEG_QUALITY = 80;
/** Around the keypoints, where they are known, and around the box, which is never exceeded by more. */
const AROUND_KEYPOINTS = 1.4;
const AROUND_BOX = 1.1;
const LEAST_SIDE = 32;

/**
 * @param box of the sample; `null`: the whole photograph.
 * @param keypoints that should be seen, px of the photograph.
 */
export async function photographPiece(
  file: string,
  box: Box | null,
  keypoints: readonly (Float64Array | null)[],
): Promise<Piece> {
  const image = await decodeImage(file);
  const whole = box === null ? wholeImageBox(image) : { center: box.center, side: box.side * AROUND_BOX };
  const around = squareAround(keypoints, AROUND_KEYPOINTS);
  const shown = around === null || around.side > whole.side ? whole : around;
  const side = Math.max(1, Math.min(MOST_PIXELS, Math.round(shown.side)));
  const pixels = cropImage(image, { box: shown, patchSize: side });
  const sharp = await loadSharp();
  const jpeg = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY, mozjpeg: true })
    .toBuffer();
  return { box: shown, photograph: { dataUrl: `data:image/jpeg;base64,${jpeg.toString('base64')}`, side } };
}

/** Where keypoints are shown without a photograph; `null` where there are none. */
export function emptyPiece(keypoints: readonly (Float64Array | null)[]): Piece | null {
  const box = squareAround(keypoints, AROUND_KEYPOINTS);
  return box === null ? null : { box, photograph: { dataUrl: null, side: MOST_PIXELS } };
}

function squareAround(keypoints: readonly (Float64Array | null)[], factor: number): Box | null {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const points of keypoints) {
    points?.forEach((value, k) => {
      if (Number.isNaN(value)) return;
      low[k % 2] = Math.min(low[k % 2]!, value);
      high[k % 2] = Math.max(high[k % 2]!, value);
    });
  }
  const reach = Math.max(high[0]! - low[0]!, high[1]! - low[1]!);
  if (!Number.isFinite(reach)) return null;
  return {
    center: [(low[0]! + high[0]!) / 2, (low[1]! + high[1]!) / 2],
    side: Math.max(LEAST_SIDE, reach * factor),
  };
}

/** Pixels of the photograph to those of the piece, as imaging/crop.ts maps them. */
export function ontoPiece(points: Float64Array, { box, photograph }: Piece): Float64Array {
  const scale = photograph.side / box.side;
  return points.map((value, k) => (value - box.center[k % 2]!) * scale + photograph.side / 2);
}
