import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeBytes } from '../../src/imaging/decode.js';
import { JpegDecoder } from '../../src/imaging/jpeg-decoder.js';
import { isOrdinary, jpegFrame } from '../../src/imaging/jpeg-header.js';
import { Random } from '../../src/statistics/random.js';

const SEED = 20_264;

/** Squares of `grain` px in the eight extreme colours: what a JPEG overshoots most with. */
function harsh(width: number, height: number, grain: number, random: Random): Sharp {
  const columns = Math.ceil(width / grain);
  const cells = Uint8Array.from(
    { length: 3 * columns * Math.ceil(height / grain) },
    () => random.below(2) * 255,
  );
  const pixels = new Uint8Array(width * height * 3);
  for (let index = 0; index < pixels.length; index++) {
    const [x, y] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width)];
    pixels[index] = cells[3 * (Math.floor(y / grain) * columns + Math.floor(x / grain)) + (index % 3)]!;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

async function expectSamePixels(decoder: JpegDecoder, jpeg: Buffer, what: string): Promise<void> {
  const expected = await decodeBytes(jpeg, what);
  const decoded = decoder.decode(jpeg);
  expect(decoded, what).not.toBeNull();
  expect([decoded!.width, decoded!.height], what).toEqual([expected.width, expected.height]);
  expect(Buffer.compare(Buffer.from(decoded!.data), Buffer.from(expected.data)), what).toBe(0);
}

describe('the JPEG decoder', () => {
  it.each(['4:2:0', '4:4:4'])('gives the pixels of decodeImage, %s', async (chromaSubsampling) => {
    const decoder = await JpegDecoder.open();
    const random = new Random(SEED);
    for (const [width, height] of [
      [1, 1],
      [8, 8],
      [17, 64],
      [37, 53],
      [224, 224],
    ] as const) {
      for (const grain of [1, 2, 7]) {
        for (const quality of [1, 2, 5, 10, 30, 75, 90, 100]) {
          const progressive = (quality + grain) % 2 === 0;
          const options = { quality, chromaSubsampling, progressive };
          const jpeg = await harsh(width, height, grain, random).jpeg(options).toBuffer();
          const what = `seed ${SEED}, ${width} × ${height}, grain ${grain}, quality ${quality}`;
          await expectSamePixels(decoder, jpeg, what);
        }
      }
    }
  });

  it('does so for grey, turned and profiled files', async () => {
    const decoder = await JpegDecoder.open();
    const source = harsh(30, 20, 3, new Random(SEED)).blur(1.5);
    const files = {
      grey: source.clone().toColourspace('b-w').jpeg(),
      turned: source.clone().withMetadata({ orientation: 6 }).jpeg(),
      profiled: source.clone().withIccProfile('p3').jpeg(),
    };
    for (const [what, file] of Object.entries(files)) {
      await expectSamePixels(decoder, await file.toBuffer(), what);
    }
  });

  it('refuses half a file, four colours, and what is no JPEG', async () => {
    const decoder = await JpegDecoder.open();
    const source = harsh(64, 64, 5, new Random(SEED));
    const jpeg = await source.clone().jpeg().toBuffer();
    expect(decoder.decode(jpeg.subarray(0, jpeg.length >> 1))).toBeNull();
    expect(decoder.decode(await source.clone().toColourspace('cmyk').jpeg().toBuffer())).toBeNull();
    expect(decoder.decode(await source.clone().png().toBuffer())).toBeNull();
    expect(decoder.decode(new Uint8Array(0))).toBeNull();
    await expectSamePixels(decoder, jpeg, 'after refusals');
  });

  it('takes no damaged file that decodeImage refuses', async () => {
    const decoders = await Promise.all(Array.from({ length: 8 }, () => JpegDecoder.open()));
    const random = new Random(SEED);
    const files = await Promise.all(
      [false, true].flatMap((progressive) =>
        [1, 4].map((grain) => harsh(37, 53, grain, random).blur(1).jpeg({ progressive }).toBuffer()),
      ),
    );
    let taken = 0;
    for (let round = 0; round < 700; round++) {
      let bytes = Buffer.from(files[round % files.length]!);
      for (let change = random.below(3); change >= 0; change--) {
        const at = 3 + random.below(bytes.length - 3);
        if (random.below(4) === 0) bytes = bytes.subarray(0, at + 1);
        else bytes[at] = random.below(256);
        if (bytes.length < 8) break;
      }
      const decoded = decoders[round % decoders.length]!.decode(bytes);
      if (decoded === null) continue;
      const { width, height } = decoded;
      taken += 1;
      const said = await decodeBytes(bytes, 'damaged.jpg').catch(String);
      expect(said, `seed ${SEED}, round ${round}`).toMatchObject({ width, height });
    }
    expect(taken).toBeGreaterThan(50);
  });

  it('leaves everything to others once it has refused a hundred files', async () => {
    const decoder = await JpegDecoder.open();
    const jpeg = await harsh(16, 16, 2, new Random(SEED)).jpeg().toBuffer();
    for (let refusal = 0; refusal < 99; refusal++) expect(decoder.decode(jpeg.subarray(0, 30))).toBeNull();
    expect(decoder.decode(jpeg)).not.toBeNull();
    expect(decoder.decode(jpeg.subarray(0, 30))).toBeNull();
    expect(decoder.decode(jpeg)).toBeNull();
  });
});

describe('the frame header of a JPEG', () => {
  it.each([false, true])('says the size and the components (progressive: %s)', async (progressive) => {
    const source = harsh(30, 20, 3, new Random(SEED));
    const colour = jpegFrame(await source.clone().withMetadata({}).jpeg({ progressive }).toBuffer());
    expect(colour).toEqual({ width: 30, height: 20, precision: 8, components: 3 });
    const grey = jpegFrame(await source.clone().toColourspace('b-w').jpeg({ progressive }).toBuffer());
    expect(grey).toEqual({ width: 30, height: 20, precision: 8, components: 1 });
  });

  it('is not found where the file ends before it', async () => {
    const jpeg = await harsh(30, 20, 3, new Random(SEED)).jpeg().toBuffer();
    const start = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    expect(jpegFrame(jpeg.subarray(0, start + 9))).toBeNull();
    expect(jpegFrame(jpeg.subarray(0, start + 10))).not.toBeNull();
    expect(jpegFrame(new Uint8Array(0))).toBeNull();
  });

  it('tells ordinary files from those the decoder is not for', () => {
    const ordinary = { width: 4096, height: 4096, precision: 8, components: 3 };
    expect(isOrdinary(ordinary)).toBe(true);
    expect(isOrdinary({ ...ordinary, components: 1 })).toBe(true);
    expect(isOrdinary({ ...ordinary, components: 4 })).toBe(false);
    expect(isOrdinary({ ...ordinary, precision: 12 })).toBe(false);
    expect(isOrdinary({ ...ordinary, width: 4097 })).toBe(false);
  });
});
