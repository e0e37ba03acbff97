import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpz } from '../../src/formats/npy/npz.js';
import { npzBytes } from './npz-writer.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hamba-eval-npz-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('npzBytes', () => {
  it('is read back array for array', async () => {
    const file = join(root, 'all.npz');
    const bytes = npzBytes({
      imgname: ['a/b.jpg', '', 'ü😀'],
      center: { shape: [2, 2], data: Float64Array.of(1, 2.5, -3, NaN) },
      scale: { shape: [3], data: Float32Array.of(1, 2, 0.1) },
      index: { shape: [2], data: BigInt64Array.of(5n, -6n) },
      empty: { shape: [0, 21, 3], data: new Float64Array(0) },
    });
    await writeFile(file, bytes);
    // The archive's checksums are verified on the way.
    const npz = await readNpz(file);
    try {
      expect(npz.names).toEqual(['imgname', 'center', 'scale', 'index', 'empty']);
      expect(await npz.strings('imgname')).toEqual(['a/b.jpg', '', 'ü😀']);
      expect((await npz.header('imgname')).dtype.descr).toBe('<U7');
      const center = await npz.read('center');
      expect(center.shape).toEqual([2, 2]);
      expect(Array.from(center.data as ArrayLike<number>)).toEqual([1, 2.5, -3, NaN]);
      expect((await npz.header('scale')).dtype.descr).toBe('<f4');
      expect((await npz.header('index')).dtype.descr).toBe('<i8');
      expect((await npz.header('empty')).shape).toEqual([0, 21, 3]);
    } finally {
      npz.close();
    }
  });

  it('gives the same bytes again, and an empty archive for nothing', async () => {
    const make = (): Buffer => npzBytes({ right: { shape: [2], data: Float64Array.of(1, 0) } });
    expect(make()).toEqual(make());
    const file = join(root, 'empty.npz');
    await writeFile(file, npzBytes({}));
    const npz = await readNpz(file);
    expect(npz.names).toEqual([]);
    npz.close();
  });

  it('refuses data that do not fill their shape', () => {
    expect(() => npzBytes({ center: { shape: [2, 2], data: new Float64Array(3) } })).toThrow(
      /3 numbers do not fill the shape \(2, 2\)/,
    );
  });
});
