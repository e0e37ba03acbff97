import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { NumberJsonParser } from '../../src/formats/json/number-json-parser.js';
import {
  fileChunksSync,
  readNumberJson,
  type NumberJsonSummary,
  type RecordBatch,
  type RecordLayout,
} from '../../src/formats/json/number-json.js';
import { sharedFolder } from '../support/cli.js';
import { failure } from '../support/user-error.js';

const SCALARS: RecordLayout = { nesting: 'list', shape: [] };
const PAIRS: RecordLayout = { nesting: 'list', shape: [2], recordName: 'sample' };
const ROWS: RecordLayout = { nesting: 'list', shape: ['any', 3], recordName: 'sample' };
const PREDICTIONS: RecordLayout = {
  nesting: 'sections',
  sections: 2,
  shape: ['any', 3],
  sectionShapes: [
    [2, 3],
    ['any', 3],
  ],
  sectionNames: ['joints', 'vertices'],
  recordName: 'sample',
};

interface Parsed {
  batches: RecordBatch[];
  summary: NumberJsonSummary;
}

function parse(text: string | Uint8Array, layout: RecordLayout, chunk = 1 << 20, batchSize = 256): Parsed {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const batches: RecordBatch[] = [];
  const parser = new NumberJsonParser(layout, { file: 'x.json', batchSize, onBatch: (b) => batches.push(b) });
  for (let at = 0; at < bytes.length; at += chunk) parser.push(bytes.subarray(at, at + chunk));
  return { batches, summary: parser.end() };
}

function values({ batches }: Parsed, section = 0): number[] {
  return batches.filter((b) => b.section === section).flatMap((b) => Array.from(b.values));
}

/** The error is the same however the file is cut. */
function errorOf(text: string, layout: RecordLayout): UserError {
  const whole = failure(() => parse(text, layout));
  for (const chunk of [1, 2, 3, 7]) {
    expect(failure(() => parse(text, layout, chunk)).toJson()).toEqual(whole.toJson());
  }
  expect(whole.file).toBe('x.json');
  expect(whole.offset).toBeTypeOf('number');
  return whole;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('layouts', () => {
  it('reads a list of scalars, of vectors and of matrices', () => {
    expect(values(parse('[1, 2.5,-3]', SCALARS))).toEqual([1, 2.5, -3]);
    expect(values(parse('[[1, 2], [3, 4]]', PAIRS))).toEqual([1, 2, 3, 4]);
    const cameras = parse('[[[1,0,2],[0,1,2],[0,0,1]]]', { nesting: 'list', shape: [3, 3] });
    expect(cameras.batches).toEqual([
      { section: 0, first: 0, count: 1, shape: [3, 3], values: Float64Array.of(1, 0, 2, 0, 1, 2, 0, 0, 1) },
    ]);
  });

  it('takes the number of rows from the first record of each section', () => {
    const text = '[[[[1,2,3],[4,5,6]], [[7,8,9],[1,1,1]]], [[[1,2,3]], [[4,5,6]]]]';
    const parsed = parse(text, PREDICTIONS);
    expect(parsed.summary).toEqual({
      counts: [2, 2],
      shapes: [
        [2, 3],
        [1, 3],
      ],
      bytes: text.length,
      byteOrderMark: false,
    });
    expect(values(parsed, 1)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads three dimensions, two of them open', () => {
    const parsed = parse('[[[[1,2]],[[3,4]]]]', { nesting: 'list', shape: ['any', 1, 'any'] });
    expect(parsed.batches[0]).toMatchObject({ shape: [2, 1, 2], values: Float64Array.of(1, 2, 3, 4) });
  });

  it('allows any white space', () => {
    const text = ' \r\n[\t[ 1 ,\n 2 ]\r\n,\n[3,4 ] ] \n';
    for (const chunk of [1, 2, 5, 100]) expect(values(parse(text, PAIRS, chunk))).toEqual([1, 2, 3, 4]);
  });

  it('allows lists without records, and records without rows', () => {
    expect(parse('[]', ROWS).summary).toMatchObject({ counts: [0], shapes: [[0, 3]] });
    expect(parse('[[],[]]', PREDICTIONS).summary).toMatchObject({ counts: [0, 0] });
    const { batches, summary } = parse('[[],[],[]]', ROWS, 100, 2);
    expect(summary).toMatchObject({ counts: [3], shapes: [[0, 3]] });
    expect(batches.map((b) => b.count)).toEqual([2, 1]);
    expect(batches[0]!.values.buffer).not.toBe(batches[1]!.values.buffer);
  });

  it('skips a byte order mark and says so', () => {
    for (const chunk of [1, 2, 100]) {
      const parsed = parse('\xef\xbb\xbf[1,2]', SCALARS, chunk);
      expect(parsed.summary).toMatchObject({ byteOrderMark: true, bytes: 8 });
      expect(values(parsed)).toEqual([1, 2]);
    }
    expect(errorOf('\xef\xbb\xbf[1,x]', SCALARS).offset).toBe(6);
  });

  it('gives batches of the size asked for, exactly filled', () => {
    const text = JSON.stringify(Array.from({ length: 10 }, (_, i) => [i, -i]));
    const { batches } = parse(text, PAIRS, 5, 4);
    expect(batches.map((b) => [b.first, b.count, b.values.length])).toEqual([
      [0, 4, 8],
      [4, 4, 8],
      [8, 2, 4],
    ]);
    for (const b of batches) expect(b.values.byteLength).toBe(b.values.buffer.byteLength);
  });

  it('keeps working when the receiver transfers the memory away', () => {
    let sum = 0;
    const parser = new NumberJsonParser(ROWS, {
      file: 'x.json',
      batchSize: 2,
      onBatch: (batch) => {
        sum += batch.values.reduce((a, b) => a + b, 0);
        structuredClone(batch.values, { transfer: [batch.values.buffer as ArrayBuffer] });
      },
    });
    parser.push(Buffer.from(JSON.stringify(Array.from({ length: 9 }, () => [[1, 2, 3]]))));
    expect(parser.end().counts).toEqual([9]);
    expect(sum).toBe(54);
  });

  it('reads a first record longer than the room it starts with', () => {
    const record = Array.from({ length: 5000 }, (_, i) => [i, i + 0.5, -i - 1]);
    const parsed = parse(JSON.stringify([record, record]), ROWS, 1000);
    expect(parsed.summary.shapes).toEqual([[5000, 3]]);
    expect(values(parsed)).toEqual([...record.flat(), ...record.flat()]);
  });

  it('refuses a layout or a batch size that cannot be', () => {
    const options = { file: 'x', onBatch: () => undefined };
    expect(() => new NumberJsonParser({ nesting: 'list', shape: [1, 1, 1, 1] }, options)).toThrow(RangeError);
    expect(() => new NumberJsonParser(SCALARS, { ...options, batchSize: 0 })).toThrow(RangeError);
  });
});

describe('numbers', () => {
  const hard = [
    '0', '-0', '-0.0', '0e999', '-0e-999', '1e-320', '5e-324', '2.4703282292062327e-324', '2.4703282292062328e-324',
    '1.7976931348623157e308', '1e22', '1e23', '9007199254740993', '9007199254740992.9999999999999999', '0.1', '0.3',
    '123456789012345678', '999999999999999999', '12345678901234567890', '0.00000000000000000000012345678901234567',
    '2.2250738585072011e-308', '6.9294956446009195e15', '1E5', '1e+5', '1.5e-7', '0.012345679104328156', '100000000.000000001',
    '0.500000000000000166533453693773481063544750213623046875', '1.00000000000000011102230246251565404', '0.000000000000000000000000000000',
    '1.0000000000000002', '4503599627370497.5', '4503599627370496.5', '9007199254740991.5', '0.9999999999999999', '72057594037927945',
  ]; // prettier-ignore

  it.each(hard)('reads %s as Number() does', (text) => {
    for (const chunk of [1, 3, 100]) {
      const [value, next] = values(parse(`[${text}, ${text}]`, SCALARS, chunk));
      expect(Object.is(value, Number(text))).toBe(true);
      expect(Object.is(next, value)).toBe(true);
    }
  });

  it('reads 1.6 million seeded random numbers of every kind as Number() does', () => {
    const seed = 4711;
    const random = mulberry32(seed);
    const bits = new DataView(new ArrayBuffer(8));
    const digits = (n: number): string => Array.from({ length: n }, () => Math.floor(random() * 10)).join('');
    const trim = (text: string): string => text.replace(/^0+(?=\d)/, '');
    const whole = (n: number): number => Math.floor(random() * n);
    const kinds: (() => string)[] = [
      () => String(Math.fround((random() - 0.5) * 1.2)),
      () => String(Math.fround((random() - 0.5) * 10 ** whole(12)) / 10 ** whole(6)),
      () => ((random() - 0.5) * 2).toFixed(6),
      () => ((random() - 0.5) * 2000).toFixed(whole(20)),
      () => String((random() - 0.5) * 2 ** whole(60)),
      () => random().toExponential(whole(20)),
      () => `${trim(digits(1 + whole(20)))}.${digits(1 + whole(20))}`,
      // Halfway between two doubles, or next to it: 17 to 19 digits.
      () => `${(2n ** 53n + BigInt(whole(2 ** 31)) * 2n + 1n).toString()}${random() < 0.5 ? '' : '.0'}`,
      () => `${(2n ** 56n + BigInt(whole(2 ** 31)) * 16n + BigInt(7 + whole(3))).toString()}`,
      () => ((whole(2 ** 30) * 2 + 1) / 2 ** (20 + whole(12))).toFixed(18).replace(/0+$/, '0'),
      () => {
        bits.setUint32(0, whole(2 ** 32));
        bits.setUint32(4, whole(2 ** 32));
        const x = bits.getFloat64(0);
        return Number.isFinite(x) ? String(x).replace('+', random() < 0.5 ? '+' : '') : '0';
      },
    ];
    let checked = 0;
    for (let block = 0; block < 16; block++) {
      const texts = Array.from({ length: 100_000 }, () => kinds[whole(kinds.length)]!());
      const got = values(
        parse(`[${texts.join(block % 2 === 0 ? ', ' : ',\n')}]`, SCALARS, 1 + whole(100_000)),
      );
      expect(got.length).toBe(texts.length);
      const wrong = texts.findIndex((text, i) => !Object.is(Number(text), got[i]));
      expect(wrong < 0 ? '' : `seed ${seed}: ${texts[wrong]!} read as ${got[wrong]!}`).toBe('');
      checked += texts.length;
    }
    expect(checked).toBe(1_600_000);
  });

  it('reads one digit before the point and any number after it as Number() does', () => {
    const random = mulberry32(99);
    const whole = (n: number): number => Math.floor(random() * n);
    for (let decimals = 1; decimals <= 22; decimals++) {
      const texts = Array.from({ length: 6000 }, () => {
        const tail = Array.from({ length: decimals }, () => whole(10)).join('');
        const zeros =
          random() < 0.3 ? '0'.repeat(whole(decimals + 1)) : random() < 0.1 ? '9'.repeat(decimals) : '';
        return `${random() < 0.5 ? '-' : ''}${random() < 0.5 ? 0 : whole(10)}.${(zeros + tail).slice(0, decimals)}`;
      });
      const got = values(parse(`[${texts.join(', ')}]`, SCALARS, 1 + whole(5000)));
      expect(texts.filter((text, i) => !Object.is(Number(text), got[i]))).toEqual([]);
    }
  });

  it('rounds as Number() does next to the middle between two doubles', () => {
    const random = mulberry32(3);
    const bits = new BigUint64Array(1);
    const double = new Float64Array(bits.buffer);
    const texts: string[] = [];
    for (let i = 0; i < 100_000; i++) {
      double[0] = random() * 10 ** -Math.floor(random() * 4) * (i % 2 === 0 ? 1 : 9);
      // The middle is (2m + 1) / 2^shift, here to 16 … 19 decimals.
      const decimals = 16 + (i % 4);
      const middle = (((bits[0]! & 0xfffffffffffffn) | 0x10000000000000n) << 1n) + 1n;
      const shift = 1076n - (bits[0]! >> 52n);
      const scaled = ((middle * 10n ** BigInt(decimals)) >> shift) + BigInt(Math.floor(random() * 2));
      const digits = scaled.toString().padStart(decimals + 1, '0');
      texts.push(`${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`);
    }
    const got = values(parse(`[${texts.join(', ')}]`, SCALARS));
    expect(texts.filter((text, i) => !Object.is(Number(text), got[i]))).toEqual([]);
  });

  it.each(['],[', '], [', '] ,[', '],\n    [ ', ' ]\t,\r\n [', '\n  ],\n    [\n   '])(
    'reads rows separated by %j however they are cut',
    (rows) => {
      const numbers = Array.from({ length: 36 }, (_, i) => (i - 18) / 7);
      const text = (from: number): string =>
        Array.from({ length: 6 }, (_, row) =>
          numbers.slice(from + row * 3, from + row * 3 + 3).join(', '),
        ).join(rows);
      const file = `[[[${text(0)}]],[[${text(18)}]]]`;
      for (let chunk = 1; chunk < 80; chunk++) expect(values(parse(file, ROWS, chunk))).toEqual(numbers);
    },
  );

  it('agrees with JSON.parse wherever the chunks are cut', () => {
    const random = mulberry32(7);
    const data = Array.from({ length: 30 }, () =>
      Array.from({ length: 4 }, () => [0, 0, 0].map(() => random() * 10 - 5)),
    );
    const text = JSON.stringify(data, null, 1);
    const expected = (JSON.parse(text) as number[][][]).flat(2);
    for (let chunk = 1; chunk < 60; chunk++) expect(values(parse(text, ROWS, chunk, 7))).toEqual(expected);
  });

  it.each([
    '01',
    '-01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '1e+',
    '1.e5',
    '0x10',
    '1_000',
    '1.2.3',
    '--1',
    '1-2',
    '1a',
    '-.5',
    '1d5',
  ])('refuses %s', (text) => {
    const error = errorOf(`[7, ${text}]`, SCALARS);
    expect(error.code).toBe('json-number');
    expect(error.message).toContain('[1]');
    expect(error.offset).toBe(4);
  });

  it('takes nothing but digits for digits, wherever they stand', () => {
    for (const text of ['0.12345678901234567', '0.1234', '12345678']) {
      for (let at = 3; at < text.length; at++) {
        for (const other of '/:;<=>?@#p\xb5\x00') {
          const error = failure(() =>
            parse(`[${text.slice(0, at)}${other}${text.slice(at + 1)}, 7]`, SCALARS),
          );
          expect(['json-syntax', 'json-number']).toContain(error.code);
          expect(error.offset).toBe(error.code === 'json-number' ? 1 : at + 1);
        }
      }
    }
  });

  it('refuses a number without an end', () => {
    expect(failure(() => parse(`[${'1'.repeat(70_000)}]`, SCALARS)).code).toBe('json-number');
    expect(failure(() => parse(`[${'1'.repeat(70_000)}]`, SCALARS, 1000)).code).toBe('json-number');
    expect(failure(() => parse(`[${'1'.repeat(70_000)}`, SCALARS)).code).toBe('json-number');
  });

  it.each(['1e999', '-1e309', `${'9'.repeat(400)}`])('refuses %s, which no double holds', (text) => {
    expect(errorOf(`[${text}]`, SCALARS)).toMatchObject({ code: 'json-overflow', offset: 1 });
  });

  it.each(['NaN', 'Infinity', '-Infinity'])('says that Python wrote %s', (text) => {
    const error = errorOf(`[[1, 2], [3, ${text}]]`, PAIRS);
    expect(error).toMatchObject({ code: 'json-nan', offset: 13, got: text });
    expect(error.message).toBe(`${text} at [1][1]: Python's json writes it, JSON has no such number`);
    expect(error.next).toMatch(/^find out why this number is not finite/);
  });
});

describe('errors', () => {
  it('names the place in a section', () => {
    const error = errorOf('[[[[1,2,3],[4,5,6]]], [[[1,2,3]], [[4,5,null]]]]', PREDICTIONS);
    expect(error).toMatchObject({ code: 'json-type', got: 'null', offset: 40 });
    expect(error.message).toContain('[1][1][0][2]');
  });

  it.each([
    ['"12"', 'a string'],
    ['{"xyz": 1}', 'an object'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', 'null'],
  ])('refuses %s for a number', (text, got) => {
    expect(errorOf(`[[1, ${text}]]`, PAIRS)).toMatchObject({ code: 'json-type', got, offset: 5 });
    expect(errorOf(`[${text}]`, PAIRS)).toMatchObject({ code: 'json-type', got, offset: 1 });
    expect(errorOf(text, PAIRS)).toMatchObject({ code: 'json-type', got, offset: 0 });
  });

  it.each(['[', '[[1, 2', '[[1, 2]', '[[1, 2],', '[[1, 2], [3.', '[[1, -', '[[1,2],[3,4]', '[[1, Na'])(
    'finds %s cut short',
    (text) => {
      expect(errorOf(text, PAIRS)).toMatchObject({ code: 'json-truncated', offset: text.length });
    },
  );

  it('says how much of a truncated file was whole', () => {
    const error = errorOf('[[1, 2], [3, 4], [5', PAIRS);
    expect(error.message).toContain('[2][0]');
    expect(error.got).toContain('2 whole sample');
  });

  it('refuses records of another length', () => {
    expect(errorOf('[[1, 2], [1, 2, 3]]', PAIRS)).toMatchObject({
      code: 'json-ragged',
      offset: 16,
      got: 'element 3',
    });
    const short = errorOf('[[1, 2], [1]]', PAIRS);
    expect(short).toMatchObject({ code: 'json-ragged', offset: 11, got: '1' });
    expect(short.message).toContain('at [1]');
    expect(errorOf('[[]]', PAIRS).code).toBe('json-ragged');
    expect(errorOf('[[[1,2,3]], [[1,2,3],[1,2,3]]]', ROWS)).toMatchObject({
      code: 'json-ragged',
      offset: 21,
    });
    expect(errorOf('[[[1,2,3],[1,2,3]], [[1,2,3]]]', ROWS)).toMatchObject({
      code: 'json-ragged',
      offset: 28,
    });
    expect(errorOf('[[[1,2]]]', ROWS).message).toContain('at [0][0]');
  });

  it.each([
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5]]]', 'json-ragged', 42, '[1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6, 7]]]', 'json-ragged', 47, '[1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, x, 6]]]', 'json-number', 41, '[1][1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 1.x, 6]]]', 'json-number', 41, '[1][1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], x]]', 'json-number', 37, '[1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], 4]]', 'json-nesting', 37, '[1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [x, 5, 6]]]', 'json-number', 38, '[1][1][0]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], []]]', 'json-ragged', 38, '[1][1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [,5]]]', 'json-syntax', 38, '[1][1][0]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3] [4, 5, 6]]]', 'json-syntax', 36, '[1]'],
    ['[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6], [7]]]', 'json-ragged', 48, '[1][2]'],
  ])('finds what is wrong with the second row of %s', (text, code, offset, path) => {
    const error = errorOf(text, ROWS);
    expect(error).toMatchObject({ code, offset });
    expect(error.message).toContain(path);
  });

  it('recognises [joints, vertices] where a list was expected', () => {
    const error = errorOf('[[[[1,2,3],[4,5,6]]], [[[1,2,3]]]]', ROWS);
    expect(error).toMatchObject({ code: 'json-nesting', offset: 3 });
    expect(error.got).toContain('[joints, vertices]');
    expect(error.expected).toContain('each sample');
  });

  it('recognises a plain list where [joints, vertices] was expected', () => {
    const error = errorOf('[[[1,2,3],[4,5,6]], [[1,2,3],[4,5,6]]]', PREDICTIONS);
    expect(error).toMatchObject({ code: 'json-nesting', offset: 3 });
    expect(error.expected).toContain('[joints, vertices]');
    expect(error.got).toContain('plain list');
  });

  it('refuses numbers above and lists below their level', () => {
    expect(errorOf('[1, 2]', PAIRS).code).toBe('json-nesting');
    expect(errorOf('5', PAIRS).code).toBe('json-nesting');
    expect(errorOf('[[1, [2]]]', PAIRS).code).toBe('json-nesting');
    expect(errorOf('[[1]]', SCALARS).code).toBe('json-nesting');
  });

  it('counts the sections', () => {
    expect(errorOf('[[]]', PREDICTIONS)).toMatchObject({ code: 'json-sections', got: '1 part(s)' });
    expect(errorOf('[]', PREDICTIONS)).toMatchObject({ code: 'json-sections', got: '0 part(s)' });
    expect(errorOf('[[],[],[]]', PREDICTIONS)).toMatchObject({
      code: 'json-sections',
      got: 'a part 3',
      offset: 7,
    });
  });

  it.each(['x', ']', '[1]', ',', '1', '\0', 'NaN'])('refuses %j after the end', (text) => {
    expect(errorOf(`[1, 2] \n${text}`, SCALARS)).toMatchObject({ code: 'json-trailing', offset: 8 });
  });

  it.each(['', ' \n\n'])('refuses the empty file %j', (text) => {
    expect(errorOf(text, SCALARS).code).toBe('json-empty');
  });

  it.each([
    ['gzip', '\x1f\x8b\x08\0\0\0\0\0\0'],
    ['zip', 'PK\x03\x04\x14\0\0\0\0'],
    ['NumPy', '\x93NUMPY\x01\0\0'],
    ['HDF5', '\x89HDF\r\n\x1a\n'],
    ['pickle', '\x80\x03]q\0'],
    ['UTF-16', '\xff\xfe[\0'],
    ['Git LFS', 'version https://git-lfs'],
    ['hello', 'hello, world'],
    ['<', '<html>'],
  ])('knows %s when it sees it', (name, text) => {
    const error = errorOf(text, SCALARS);
    expect(error).toMatchObject({ code: 'json-not-json', offset: 0 });
    expect(error.got).toContain(name);
  });

  it.each(['[1,]', '[,1]', '[1,,2]', '[1 2]', '[1; 2]', ']', '[1\0]', '[[1,2][3,4]]'])(
    'refuses %j',
    (text) => {
      expect(errorOf(text, text.startsWith('[[') ? PAIRS : SCALARS).code).toBe('json-syntax');
    },
  );

  it('ends a first record that does not', () => {
    const parser = new NumberJsonParser(ROWS, { file: 'x.json', onBatch: () => undefined });
    parser.push(Buffer.from('[['));
    const block = Buffer.from('[0,0,0],'.repeat(100_000));
    const error = failure(() => {
      for (let i = 0; i < 200; i++) parser.push(block);
    });
    expect(error.code).toBe('json-record-too-large');
  });
});

describe('files', () => {
  const folder = sharedFolder();
  let file: string;
  const data = Array.from({ length: 100_000 }, (_, i) => [i / 7, -(i + 1) / 3]);
  const text = Buffer.from(JSON.stringify(data));
  beforeAll(() => {
    file = join(folder, 'a.json');
    writeFileSync(file, text);
  });

  it.each([
    ['a path', () => file],
    ['a path, synchronously', () => fileChunksSync(file)],
    ['a stream', () => Readable.from([text.subarray(0, text.length / 2), text.subarray(text.length / 2)])],
  ])('are read from %s, and every chunk is shown', async (_, open) => {
    const seen: Buffer[] = [];
    const reading = readNumberJson(open(), PAIRS, {
      batchSize: 1000,
      onChunk: (chunk) => seen.push(Buffer.from(chunk)),
    });
    const got: number[] = [];
    let summary: NumberJsonSummary | undefined;
    for (;;) {
      const step = await reading.next();
      if (step.done === true) {
        summary = step.value;
        break;
      }
      expect(step.value.first).toBe(got.length / 2);
      got.push(...step.value.values);
    }
    expect(summary).toMatchObject({ counts: [data.length], bytes: text.length });
    expect(got).toEqual(data.flat());
    expect(Buffer.concat(seen).equals(text)).toBe(true);
  });

  it.each([
    ['', (path: string) => path],
    [', synchronously', fileChunksSync],
  ])('that are missing or folders are said to be%s', async (_, open) => {
    const read = (path: string) => readNumberJson(open(path), PAIRS, { file: path }).next();
    const missing = join(folder, 'none.json');
    await expect(read(missing)).rejects.toMatchObject({ code: 'file-missing', file: missing });
    await expect(read(folder)).rejects.toMatchObject({ code: 'file-unreadable', file: folder });
  });
});
