import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseNpyHeader } from '../../src/formats/npy/npy-header.js';
import { NpyReader, NpyWriter, readNpy, readNpyStrings, toFloat64 } from '../../src/formats/npy/npy.js';
import { sharedFolder } from '../support/cli.js';
import { npyBytes, npyOf } from '../support/tiny-npz.js';
import { failure } from '../support/user-error.js';

const folder = sharedFolder();
function bytesOf(array: NodeJS.ArrayBufferView): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

describe('readNpy', () => {
  it.each([
    ['|b1', Uint8Array.of(0, 1, 1)],
    ['|i1', Int8Array.of(-1, 2, 3)],
    ['|u1', Uint8Array.of(255, 2, 3)],
    ['i2', Int16Array.of(-300, 2, 3)],
    ['u2', Uint16Array.of(65535, 2, 3)],
    ['i4', Int32Array.of(-70000, 2, 3)],
    ['u4', Uint32Array.of(4294967295, 2, 3)],
    ['i8', BigInt64Array.of(-5n, 2n, 2n ** 60n)],
    ['u8', BigUint64Array.of(5n, 2n, 2n ** 63n)],
    ['f4', Float32Array.of(-0.5, NaN, 1e-40)],
    ['f8', Float64Array.of(-0.1, Infinity, 5e-324)],
  ])('reads %s in both byte orders', (descr, data) => {
    const orders = descr.startsWith('|') ? [''] : ['<', '>', '='];
    for (const order of orders) {
      const raw = Buffer.from(bytesOf(data));
      if (order === '>') {
        if (data.BYTES_PER_ELEMENT === 2) raw.swap16();
        else if (data.BYTES_PER_ELEMENT === 4) raw.swap32();
        else raw.swap64();
      }
      const array = readNpy(npyBytes(order + descr, [3], raw), 'a.npy');
      expect(array.data).toEqual(data);
      expect(array).toMatchObject({ shape: [3], fortranOrder: false });
    }
  });

  it('widens half precision', () => {
    const raw = bytesOf(
      Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555, 0x0400),
    );
    const { data } = readNpy(npyBytes('<f2', [10], raw), 'a.npy');
    expect(data).toEqual(
      Float32Array.of(1, -2, 65504, 2 ** -24, -0, Infinity, -Infinity, NaN, 0.333251953125, 2 ** -14),
    );
  });

  it('puts Fortran order into C order', () => {
    // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)).ravel('K')
    const flat: number[] = [];
    for (let k = 0; k < 4; k++)
      for (let j = 0; j < 3; j++) for (let i = 0; i < 2; i++) flat.push(i * 12 + j * 4 + k);
    const array = readNpy(
      npyBytes('<f8', [2, 3, 4], bytesOf(Float64Array.from(flat)), { fortran: true }),
      'a.npy',
    );
    expect(Array.from(array.data, Number)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  it('reads scalars and arrays without elements', () => {
    expect(readNpy(npyBytes('<f8', [], bytesOf(Float64Array.of(7))), 'a.npy')).toMatchObject({ shape: [] });
    expect(readNpy(npyBytes('<f4', [0, 3], Buffer.alloc(0), { fortran: true }), 'a.npy').data).toEqual(
      new Float32Array(0),
    );
  });

  it('reads versions 2 and 3, double quotes, any key order and Python 2 longs', () => {
    const dict = `{"shape": (2L, 1L), 'descr': "<i2", 'fortran_order': False}   \n`;
    for (const version of [1, 2, 3]) {
      const array = readNpy(npyOf(dict, bytesOf(Int16Array.of(4, 5)), version), 'a.npy');
      expect(array).toMatchObject({ shape: [2, 1], data: Int16Array.of(4, 5) });
    }
  });

  it('does not look at bytes before a view', () => {
    const file = npyBytes('<f8', [1], bytesOf(Float64Array.of(7)));
    const shifted = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
    expect(readNpy(shifted, 'a.npy').data).toEqual(Float64Array.of(7));
  });

  it.each([
    ['npy-not-npy', Buffer.from('PK\x03\x04abcdefghijk'), 0],
    ['npy-not-npy', Buffer.alloc(0), 0],
    ['npy-truncated', npyOf('{').subarray(0, 9), 9],
    ['npy-truncated', npyBytes('<f4', [2], Buffer.alloc(8)).subarray(0, 30), 30],
    ['npy-version', npyOf('{}', Buffer.alloc(8), 9), 6],
    ['npy-header', npyOf(`{'descr': '<f4', 'fortran_order': False}`), 10],
    ['npy-header', npyOf(`{'descr': '<f4', 'fortran_order': 0, 'shape': ()}`), 10],
    ['npy-header', npyOf(`{'descr': '<f4', 'fortran_order': True, 'shape': (3)}`), 10],
    ['npy-header', npyOf(`{'descr': '<f4', 'fortran_order': True, 'shape': (-3,)}`), 10],
    ['npy-header', npyOf(`{'descr': '<f4', 'fortran_order': True, 'shape': (3,)} evil()`), 10],
    ['npy-header', npyOf(`{'descr': '<f4', 'descr': '<f4', 'shape': (3,)}`), 10],
    ['npy-header', npyOf(`__import__('os')`), 10],
    ['npy-shape', npyOf(`{'descr': '<f4', 'fortran_order': True, 'shape': (9999999999,9999999999)}`), 10],
    ['npy-dtype', npyBytes('<c16', [1], Buffer.alloc(16)), 10],
    ['npy-dtype', npyBytes('<M8[ns]', [1], Buffer.alloc(8)), 10],
    ['npy-dtype', npyBytes('<f16', [1], Buffer.alloc(16)), 10],
    [
      'npy-dtype',
      npyOf(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}`, Buffer.alloc(4)),
      20,
    ],
  ])('refuses a broken header: %s', (code, bytes, offset) => {
    const error = failure(() => readNpy(bytes, 'a.npy'));
    expect(error).toMatchObject({ code, file: 'a.npy' });
    expect(error.offset).toBeGreaterThanOrEqual(offset);
  });

  it('refuses a header without an end', () => {
    const bytes = npyOf('{}', Buffer.alloc(8), 2);
    bytes.writeUInt32LE(2 ** 31, 8);
    expect(failure(() => readNpy(bytes, 'a.npy')).code).toBe('npy-header-too-long');
  });

  it('compares the bytes there are with the bytes there should be', () => {
    const whole = npyBytes('<f4', [2, 3], Buffer.alloc(24));
    const short = failure(() => readNpy(whole.subarray(0, -5), 'a.npy'));
    expect(short).toMatchObject({ code: 'npy-truncated', offset: whole.length - 5, got: '19 bytes' });
    expect(short.expected).toContain('24 bytes');
    const long = failure(() => readNpy(Buffer.concat([whole, Buffer.alloc(1)]), 'a.npy'));
    expect(long).toMatchObject({ code: 'npy-surplus', offset: whole.length, got: '25 bytes' });
  });

  it.each(['|O', '<U4', '|S4'])('refuses %s where numbers are needed', (descr) => {
    const error = failure(() => readNpy(npyBytes(descr, [1], Buffer.alloc(16)), 'a.npy'));
    expect(error).toMatchObject({ code: 'npy-dtype', got: descr });
  });
});

describe('toFloat64', () => {
  it('takes any numbers', () => {
    const small = readNpy(npyBytes('<i8', [2], bytesOf(BigInt64Array.of(-3n, 2n ** 53n - 1n))), 'a.npy');
    expect(toFloat64(small, 'a.npy')).toEqual(Float64Array.of(-3, 2 ** 53 - 1));
    const single = readNpy(npyBytes('<f4', [1], bytesOf(Float32Array.of(0.1))), 'a.npy');
    expect(toFloat64(single, 'a.npy')).toEqual(Float64Array.of(Math.fround(0.1)));
  });

  it('refuses an integer it would have to round', () => {
    const large = readNpy(npyBytes('<u8', [2], bytesOf(BigUint64Array.of(1n, 2n ** 60n + 1n))), 'a.npy');
    const error = failure(() => toFloat64(large, 'a.npy'));
    expect(error).toMatchObject({ code: 'npy-integer-too-large', got: '1152921504606846977' });
    expect(error.message).toContain('Element 1');
  });
});

describe('readNpyStrings', () => {
  it('reads text, bytes and integers', () => {
    const utf32 = Buffer.from(Uint32Array.of(0x61, 0x1f91a, 0, 0x62, 0, 0).buffer);
    expect(readNpyStrings(npyBytes('<U3', [2], utf32), 'a.npy')).toEqual(['a🤚', 'b']);
    expect(readNpyStrings(npyBytes('>U3', [2], Buffer.from(utf32).swap32()), 'a.npy')).toEqual(['a🤚', 'b']);
    expect(readNpyStrings(npyBytes('|S3', [3], Buffer.from('abcé\0de\0', 'utf8')), 'a.npy')).toEqual([
      'abc',
      'é',
      'de',
    ]);
    expect(readNpyStrings(npyBytes('<i8', [2], bytesOf(BigInt64Array.of(7n, -1n))), 'a.npy')).toEqual([
      '7',
      '-1',
    ]);
    expect(readNpyStrings(npyBytes('<U0', [2], Buffer.alloc(0)), 'a.npy')).toEqual(['', '']);
  });

  it('refuses what is no text', () => {
    const surrogate = Buffer.from(Uint32Array.of(0x61, 0xd800).buffer);
    expect(failure(() => readNpyStrings(npyBytes('<U1', [2], surrogate), 'a.npy'))).toMatchObject({
      code: 'npy-text',
    });
    expect(failure(() => readNpyStrings(npyBytes('|S1', [1], Buffer.of(0xff)), 'a.npy')).code).toBe(
      'npy-text',
    );
    expect(failure(() => readNpyStrings(npyBytes('<f8', [1], Buffer.alloc(8)), 'a.npy')).code).toBe(
      'npy-dtype',
    );
    expect(failure(() => readNpyStrings(npyBytes('|O', [1], Buffer.alloc(8)), 'a.npy')).code).toBe(
      'npy-dtype',
    );
    expect(failure(() => readNpyStrings(npyBytes('<U1', [2], Buffer.alloc(4)), 'a.npy')).code).toBe(
      'npy-truncated',
    );
  });
});

describe('NpyReader', () => {
  const numbers = Float32Array.from({ length: 5 * 2 * 3 }, (_, i) => i / 8);

  it('reads rows, asynchronously and synchronously', async () => {
    const file = join(folder, 'rows.npy');
    writeFileSync(file, npyBytes('<f4', [5, 2, 3], bytesOf(numbers)));
    const reader = await NpyReader.open(file);
    expect(reader).toMatchObject({ rows: 5, rowLength: 6, shape: [5, 2, 3] });
    expect(await reader.readRows(1, 3)).toEqual(Float64Array.from(numbers.slice(6, 18)));
    expect(await reader.readRowsFloat32(4, 5)).toEqual(numbers.slice(24));
    expect(await reader.readRows(2, 2)).toEqual(new Float64Array(0));
    expect(reader.readRowsSync(0, 5)).toEqual(Float64Array.from(numbers));
    await expect(reader.readRows(3, 6)).rejects.toThrow(RangeError);
    await reader.close();
    const sync = NpyReader.openSync(file);
    expect(sync.readRowsFloat32Sync(0, 1)).toEqual(numbers.slice(0, 6));
    expect(await sync.readRows(0, 1)).toEqual(Float64Array.from(numbers.slice(0, 6)));
    sync.closeSync();
  });

  it('reads rows of a file in Fortran order and of big-endian integers', () => {
    const file = join(folder, 'fortran.npy');
    const flat = new Int16Array(30);
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 2; j++)
        for (let k = 0; k < 3; k++) flat[i + 5 * (j + 2 * k)] = 100 * i + 10 * j + k;
    }
    writeFileSync(file, npyBytes('>i2', [5, 2, 3], bytesOf(flat).swap16(), { fortran: true }));
    const reader = NpyReader.openSync(file);
    expect(reader.readRowsSync(3, 5)).toEqual(
      Float64Array.of(300, 301, 302, 310, 311, 312, 400, 401, 402, 410, 411, 412),
    );
    reader.closeSync();
  });

  it('refuses what does not fit its header, when it is opened and later', async () => {
    const file = join(folder, 'short.npy');
    const whole = npyBytes('<f8', [4], Buffer.alloc(32));
    writeFileSync(file, whole.subarray(0, -1));
    await expect(NpyReader.open(file)).rejects.toMatchObject({ code: 'npy-truncated', file });
    writeFileSync(file, whole);
    const reader = await NpyReader.open(file);
    truncateSync(file, whole.length - 8);
    await expect(reader.readRows(0, 4)).rejects.toMatchObject({ code: 'npy-truncated', file });
    expect(failure(() => reader.readRowsSync(0, 4)).code).toBe('npy-truncated');
    await reader.close();
    await expect(NpyReader.open(join(folder, 'none.npy'))).rejects.toMatchObject({ code: 'file-missing' });
    writeFileSync(file, '');
    expect(failure(() => NpyReader.openSync(file)).code).toBe('npy-not-npy');
    writeFileSync(file, npyBytes('|O', [1], Buffer.alloc(20)));
    expect(failure(() => NpyReader.openSync(file)).code).toBe('npy-dtype');
  });
});

describe('NpyWriter', () => {
  it.each(['<f4', '<f8'] as const)('writes rows in any order as numpy.save would: %s', async (dtype) => {
    const file = join(folder, `written${dtype.slice(1)}.npy`);
    const writer = await NpyWriter.create(file, { shape: [4, 2, 3], dtype });
    await Promise.all([
      writer.writeRows(2, Float64Array.of(1, 2, 3, 4, 5, 0.1, 7, 8, 9, 10, 11, 12)),
      writer.writeRows(0, Float32Array.of(-1, -2, -3, -4, -5, -6)),
    ]);
    expect(existsSync(file)).toBe(false);
    expect(existsSync(writer.partialFile)).toBe(true);
    expect(writer.missingRows()).toEqual([1]);
    expect(await writer.close()).toBe(1);
    expect(existsSync(writer.partialFile)).toBe(false);

    const bytes = readFileSync(file);
    const header = parseNpyHeader(bytes, file);
    expect(header.dataOffset % 64).toBe(0);
    expect(bytes.toString('latin1', 0, header.dataOffset)).toBe(
      `\x93NUMPY\x01\x00v\x00${`{'descr': '${dtype}', 'fortran_order': False, 'shape': (4, 2, 3), }`.padEnd(117)}\n`,
    );
    const array = readNpy(bytes, file);
    const round = dtype === '<f4' ? Math.fround : Number;
    expect(Array.from(array.data, Number)).toEqual([
      -1,
      -2,
      -3,
      -4,
      -5,
      -6,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
      1,
      2,
      3,
      4,
      5,
      round(0.1),
      7,
      8,
      9,
      10,
      11,
      12,
    ]);
  });

  it('writes a vector and an array without rows', async () => {
    const file = join(folder, 'vector.npy');
    const writer = await NpyWriter.create(file, { shape: [3], dtype: '<f8' });
    await writer.writeRows(1, Float64Array.of(5, 6));
    await writer.close();
    expect(readNpy(readFileSync(file), file)).toMatchObject({ shape: [3], data: Float64Array.of(NaN, 5, 6) });
    const empty = await NpyWriter.create(file, { shape: [0, 778, 3], dtype: '<f4' });
    expect(await empty.close()).toBe(0);
    expect(readNpy(readFileSync(file), file).shape).toEqual([0, 778, 3]);
  });

  it('fills thousands of missing rows', async () => {
    const file = join(folder, 'many.npy');
    const writer = await NpyWriter.create(file, { shape: [500, 778, 3], dtype: '<f4' });
    await writer.writeRows(250, new Float32Array(2334).fill(1));
    expect(await writer.close()).toBe(499);
    const data = toFloat64(readNpy(readFileSync(file), file), file);
    expect(data.filter((x) => Number.isNaN(x)).length).toBe(499 * 2334);
    expect(data.subarray(250 * 2334, 251 * 2334).every((x) => x === 1)).toBe(true);
  });

  it('leaves nothing behind when it is given up', async () => {
    const file = join(folder, 'aborted.npy');
    const writer = await NpyWriter.create(file, { shape: [4, 3], dtype: '<f4' });
    await writer.writeRows(0, new Float32Array(3));
    await writer.abort();
    await writer.abort();
    expect(existsSync(file) || existsSync(writer.partialFile)).toBe(false);
    await expect(writer.writeRows(0, new Float32Array(3))).rejects.toThrow(TypeError);
  });

  it('goes on where an interrupted run stopped', async () => {
    const file = join(folder, 'resumed.npy');
    const options = { shape: [4, 2], dtype: '<f8' } as const;
    const first = await NpyWriter.create(file, options);
    await first.writeRows(0, Float64Array.of(1, 2, 3, 4));
    await first.suspend();
    await expect(NpyWriter.resume(file, { ...options, shape: [5, 2] }, () => false)).rejects.toMatchObject({
      code: 'npy-resume',
    });
    await expect(NpyWriter.resume(file, options, (row) => row === 3)).rejects.toMatchObject({
      code: 'npy-resume',
    });
    const second = await NpyWriter.resume(file, options, (row) => row === 0);
    expect(second.missingRows()).toEqual([1, 2, 3]);
    await second.writeRows(3, Float64Array.of(7, 8));
    await second.close();
    expect(readNpy(readFileSync(file), file).data).toEqual(Float64Array.of(1, 2, NaN, NaN, NaN, NaN, 7, 8));
    await expect(NpyWriter.resume(file, options, () => false)).rejects.toMatchObject({
      code: 'file-missing',
    });
  });

  it('refuses rows that do not fit, and folders that are not there', async () => {
    const file = join(folder, 'fit.npy');
    const writer = await NpyWriter.create(file, { shape: [4, 3], dtype: '<f4' });
    await expect(writer.writeRows(0, new Float32Array(4))).rejects.toThrow(RangeError);
    await expect(writer.writeRows(3, new Float32Array(6))).rejects.toThrow(RangeError);
    await expect(writer.writeRows(-1, new Float32Array(3))).rejects.toThrow(RangeError);
    await writer.abort();
    await expect(NpyWriter.create(file, { shape: [], dtype: '<f4' })).rejects.toThrow(RangeError);
    const nowhere = join(folder, 'none', 'a.npy');
    await expect(NpyWriter.create(nowhere, { shape: [1], dtype: '<f4' })).rejects.toMatchObject({
      code: 'file-unwritable',
      file: nowhere,
    });
  });
});
