/**
 * JPEG files that stop before their end marker. Often the two bytes of the marker are all that lacks: then the pixels
 * do not depend on what is put behind the data, and OpenCV reads them all. Where data lack they do.
 */
import type { RgbImage } from './rgb-image.js';

const END = [0xff, 0xd9];
const FILL_BYTES = 64;
/** They begin with every four bits there are: a code that is cut off ends otherwise in one of them. */
const FILLINGS = Array.from({ length: 16 }, (_, bits) => (bits << 4) | (bits % 2 === 0 ? 0x5 : 0xa));

/**
 * @param decode of bytes in memory; rejects where they cannot be decoded.
 * @returns null where pixels lack, or where it cannot be told.
 */
export async function decodeWithoutEnd(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => Promise<RgbImage>,
): Promise<RgbImage | null> {
  if (!isOneRun(bytes)) return null;
  // The first half of the marker, or data: with what stands behind it, it would be a marker.
  let end = bytes.length;
  while (bytes[end - 1] === 0xff) end--;
  const data = bytes.subarray(0, end);
  try {
    const ended = (tail: readonly number[]): Promise<RgbImage> =>
      decode(Buffer.concat([data, Uint8Array.from(tail)]));
    const first = await ended(END);
    for (const fill of FILLINGS) {
      const filled = await ended([...new Array<number>(FILL_BYTES).fill(fill), ...END]);
      if (Buffer.compare(filled.data, first.data) !== 0) return null;
    }
    return first;
  } catch {
    return null;
  }
}

/**
 * Whether all data are one sequential run: of several scans (progressive files) a whole one may lack, and of a file
 * with restart markers all between two of them, whatever stands behind.
 */
function isOneRun(bytes: Uint8Array): boolean {
  const word = (from: number): number => (bytes[from]! << 8) | bytes[from + 1]!;
  let components = 0;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    // SOF0 and SOF1, sequential; SOS, whose components are all of the frame's or not; DRI.
    if (marker === 0xc0 || marker === 0xc1) components = bytes[at + 9]!;
    if (marker === 0xda) return components > 0 && bytes[at + 4] === components;
    if (marker === 0xdd && word(at + 4) !== 0) return false;
    at += 2 + word(at + 2);
  }
  return false;
}
