import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cropAffine, cropImage, grownSide, wholeImageBox } from '../../src/imaging/crop.js';
import { decodeImage } from '../../src/imaging/decode.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/crop/${name}`, import.meta.url));

interface GoldenCase {
  center: [number, number];
  box_size: number;
  rotation_deg: number;
  scale: number;
  right: boolean;
  patch_size: number;
  affine: [number[], number[]];
  patch: string;
}

const cases = JSON.parse(readFileSync(fixture('cases.json'), 'utf8')) as GoldenCase[];

const request = (golden: GoldenCase) => ({
  box: { center: golden.center, side: golden.box_size },
  patchSize: golden.patch_size,
  rotationDegrees: golden.rotation_deg,
  scale: golden.scale,
  mirrored: !golden.right,
});

describe('the crop of HaMeR (cv2.warpAffine 4.6)', () => {
  it.each(cases)('$patch: the same affine, to the last digit stored', async (golden) => {
    const image = await decodeImage(fixture('image.png'));
    expect(cropAffine(request(golden), image.width)).toEqual(golden.affine.flat());
  });

  it.each(cases)('$patch: the same pixels', async (golden) => {
    const image = await decodeImage(fixture('image.png'));
    const expected = await decodeImage(fixture(golden.patch));
    expect(Buffer.from(cropImage(image, request(golden))).equals(expected.data)).toBe(true);
  });

  it('takes the middle columns as a slice of the whole patch', async () => {
    const image = await decodeImage(fixture('image.png'));
    for (const golden of cases) {
      const whole = cropImage(image, request(golden));
      const middle = cropImage(image, request(golden), 48);
      for (let row = 0; row < 64; row++) {
        const slice = whole.subarray((row * 64 + 8) * 3, (row * 64 + 56) * 3);
        expect(middle.subarray(row * 48 * 3, (row + 1) * 48 * 3)).toEqual(slice);
      }
    }
  });
});

describe('the whole image as box', () => {
  it('maps 0…W onto the patch', () => {
    const box = wholeImageBox({ width: 224, height: 224 });
    expect(box).toEqual({ center: [112, 112], side: 224 });
    const [a, b, c, d, e, f] = cropAffine({ box, patchSize: 256 }, 224);
    expect([a * 0 + c, a * 224 + c]).toEqual([0, 256]);
    expect([e * 0 + f, e * 224 + f].map((y) => Math.round(y * 1e9) / 1e9)).toEqual([0, 256]);
    expect(b).toBe(0);
    expect(Math.abs(d)).toBeLessThan(1e-15);
  });

  it('is the image itself at the same size', () => {
    const data = new Uint8Array(16 * 16 * 3).map((_, index) => (index * 37) % 256);
    const image = { width: 16, height: 16, data };
    expect(cropImage(image, { box: wholeImageBox(image), patchSize: 16 })).toEqual(data);
  });

  it('pads the shorter side with zeros', () => {
    const image = { width: 8, height: 4, data: new Uint8Array(8 * 4 * 3).fill(200) };
    const patch = cropImage(image, { box: wholeImageBox(image), patchSize: 8 });
    const rows = Array.from({ length: 8 }, (_, row) => patch[row * 24]);
    expect(rows).toEqual([0, 0, 200, 200, 200, 200, 0, 0]);
  });
});

describe('growing a box to 192:256', () => {
  it.each([
    [90, 90, 120],
    [192, 256, 256],
    [100, 50, (100 * 256) / 192],
    [30, 200, 200],
  ])('%d × %d gives %d', (width, height, side) => {
    expect(grownSide(width, height)).toBe(side);
  });
});
