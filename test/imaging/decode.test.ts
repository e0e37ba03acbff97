import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { decodeBytes, decodeImage } from '../../src/imaging/decode.js';
import { Random } from '../../src/statistics/random.js';
import { sharedFolder } from '../support/cli.js';
import { rejection } from '../support/user-error.js';

const folder = sharedFolder();
const pixels = Uint8Array.from({ length: 12 * 10 * 3 }, (_, index) => (index * 29) % 256);
const source = () => sharp(pixels, { raw: { width: 12, height: 10, channels: 3 } });

async function put(name: string, content: Uint8Array | string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function errorOf(file: string): Promise<UserError> {
  const error = await rejection(decodeImage(file));
  expect(error.file).toBe(file);
  return error;
}

/** A photograph all of whose blocks differ (seed 1). */
const random = new Random(1);
const noisy = Uint8Array.from({ length: 224 * 224 * 3 }, () => 128 + 40 * random.normal());
const noise = () => sharp(noisy, { raw: { width: 224, height: 224, channels: 3 } });

describe('what is read', () => {
  it.each([1, 2])('a JPEG without %i of the two bytes of its end marker, to the same pixels', async (cut) => {
    const whole = await noise().jpeg().toBuffer();
    const expected = await decodeImage(await put('whole.jpg', whole));
    const read = await decodeImage(await put('unended.jpg', whole.subarray(0, whole.length - cut)));
    expect(Buffer.from(read.data).equals(expected.data)).toBe(true);
    expect(read.lacksEnd).toBe(true);
    expect(expected.lacksEnd).toBeUndefined();
  });

  it('a PNG, whatever it is called', async () => {
    const file = await put('photo.jpg', await source().png().toBuffer());
    expect(await decodeImage(file)).toMatchObject({ width: 12, height: 10 });
    expect(Buffer.from((await decodeImage(file)).data).equals(pixels)).toBe(true);
  });

  it('a JPEG, without turning it by its EXIF orientation', async () => {
    const plain = await source().jpeg({ quality: 95 }).toBuffer();
    const turned = await source().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer();
    const a = await decodeImage(await put('plain.jpg', plain));
    const b = await decodeImage(await put('turned.jpg', turned));
    expect(b).toMatchObject({ width: 12, height: 10 });
    expect(Buffer.from(a.data).equals(b.data)).toBe(true);
  });

  it('a JPEG with a colour profile, without applying it', async () => {
    const plain = await source().jpeg({ quality: 95 }).toBuffer();
    const profiled = await source().jpeg({ quality: 95 }).keepIccProfile().withIccProfile('p3').toBuffer();
    const bare = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer();
    const read = await decodeImage(await put('p3.jpg', profiled));
    expect(Buffer.from(read.data).equals(bare)).toBe(true);
    expect(plain.length).toBeLessThan(profiled.length);
  });

  it('grey images as three equal channels', async () => {
    const grey = Uint8Array.from({ length: 12 * 10 }, (_, index) => index);
    const png = await sharp(grey, { raw: { width: 12, height: 10, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const { data } = await decodeImage(await put('grey.png', png));
    expect(data.length).toBe(360);
    expect([...data.subarray(0, 9)]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const jpeg = await sharp(grey, { raw: { width: 12, height: 10, channels: 1 } })
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    expect((await decodeImage(await put('grey.jpg', jpeg))).data.length).toBe(360);
  });

  it('drops an alpha channel without blending', async () => {
    const rgba = new Uint8Array(12 * 10 * 4);
    for (let pixel = 0; pixel < 120; pixel++) {
      rgba.set([...pixels.subarray(pixel * 3, pixel * 3 + 3), pixel], pixel * 4);
    }
    const png = await sharp(rgba, { raw: { width: 12, height: 10, channels: 4 } })
      .png()
      .toBuffer();
    const { data } = await decodeImage(await put('alpha.png', png));
    expect(Buffer.from(data).equals(pixels)).toBe(true);
  });

  it('takes the high byte of a 16-bit PNG', async () => {
    const deep = Uint16Array.from(pixels, (value) => value * 256 + 200);
    const png = await sharp(deep, { raw: { width: 12, height: 10, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    const { data } = await decodeImage(await put('deep.png', png));
    expect(Buffer.from(data).equals(pixels)).toBe(true);
  });
});

describe('what is refused, with the file and the reason', () => {
  it('text', async () => {
    const error = await errorOf(await put('text.jpg', 'this is no photograph'));
    expect(error.code).toBe('image-format');
    expect(error.got).toContain('this is no photograph');
  });

  it('an SVG', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    expect((await errorOf(await put('drawing.jpg', svg))).code).toBe('image-format');
  });

  it('another image format', async () => {
    const error = await errorOf(await put('photo.png', await source().webp().toBuffer()));
    expect(error.code).toBe('image-format');
    expect(error.got).toContain('52 49 46 46');
  });

  it('an empty file', async () => {
    expect((await errorOf(await put('empty.jpg', ''))).got).toBe('an empty file');
  });

  it('a missing file', async () => {
    expect((await errorOf(join(folder, 'nothing.jpg'))).code).toBe('image-missing');
  });

  it('a folder', async () => {
    const path = join(folder, '00000002.jpg');
    await mkdir(path);
    const error = await errorOf(path);
    expect(error).toMatchObject({ code: 'image-unreadable', expected: 'a photograph', got: 'a folder' });
    expect(error.next).not.toContain('permissions');
  });

  it('a truncated JPEG and a truncated PNG', async () => {
    const big = sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    });
    for (const format of ['jpeg', 'png'] as const) {
      const whole = await big.clone().toFormat(format).toBuffer();
      const error = await errorOf(await put(`half.${format}`, whole.subarray(0, whole.length >> 1)));
      expect(error.code).toBe('image-damaged');
      expect(error.next).toContain('truncated');
    }
  });

  it('a JPEG that lacks a byte of its data, or whose missing data cannot be told', async () => {
    for (const [name, options, cut] of [
      ...[3, 4, 5, 6, 7, 8].map((bytes) => [`420-${bytes}`, {}, bytes] as const),
      ['444', { chromaSubsampling: '4:4:4' }, 3],
      ['444-40', { chromaSubsampling: '4:4:4' }, 40],
      ['progressive', { progressive: true }, 2],
    ] as const) {
      const whole = await noise().jpeg(options).toBuffer();
      const error = await errorOf(await put(`cut-${name}.jpg`, whole.subarray(0, whole.length - cut)));
      expect(error.code).toBe('image-damaged');
    }
  });

  it('a JPEG that is cut behind any byte of its last thousand', async () => {
    const raw = { width: 96, height: 96, channels: 3 } as const;
    const whole = await sharp(noisy.subarray(0, 96 * 96 * 3), { raw })
      .jpeg()
      .toBuffer();
    expect(whole.length).toBeGreaterThan(2000);
    for (let cut = 3; cut < 1000; cut++) {
      const read = await decodeBytes(whole.subarray(0, whole.length - cut), 'cut.jpg').catch(() => null);
      expect(read, `${cut}`).toBeNull();
    }
  });

  it('a CMYK JPEG', async () => {
    const cmyk = await source().toColourspace('cmyk').jpeg().toBuffer();
    expect((await errorOf(await put('print.jpg', cmyk))).code).toBe('image-cmyk');
  });

  it('an image beyond the pixel limit, before decoding it', async () => {
    // The header of a PNG that claims 30,000 × 30,000 pixels.
    const png = Buffer.from(await readFile(await put('small.png', await source().png().toBuffer())));
    png.writeUInt32BE(30_000, 16);
    png.writeUInt32BE(30_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    expect((await errorOf(await put('huge.png', png))).code).toBe('image-too-large');
  });
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
