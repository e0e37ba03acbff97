import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openPredictionZip } from '../../src/formats/zip/zip.js';
import { Random } from '../../src/statistics/random.js';
import { predictionJson, type Hands } from '../../src/submission/prediction-json.js';
import { writePredictionZip } from '../../src/submission/prediction-zip.js';
import { temporaryFolder } from '../support/cli.js';

const VERTICES = 5;

function makeHands(count: number): Hands & { readonly all: Float64Array } {
  const random = new Random(8);
  const numbers = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
  const all = numbers(count * VERTICES * 3);
  return {
    count,
    joints: numbers(count * 21 * 3),
    vertexCount: VERTICES,
    vertices: (first, length) =>
      Promise.resolve(all.slice(first * VERTICES * 3, (first + length) * VERTICES * 3)),
    all,
  };
}

function pieces(hands: Hands, signal = new AbortController().signal, batchSize = 3): AsyncGenerator<Buffer> {
  return predictionJson(hands, { decimals: 6, batchSize, signal, onProgress: () => undefined });
}

async function text(hands: Hands, batchSize?: number): Promise<string> {
  const parts: Buffer[] = [];
  for await (const piece of pieces(hands, undefined, batchSize)) parts.push(piece);
  return Buffer.concat(parts).toString();
}

function nested(values: Float64Array, points: number): number[][][] {
  const rows: number[][][] = [];
  for (let at = 0; at < values.length; at += points * 3) {
    rows.push(
      Array.from({ length: points }, (_, k) =>
        [0, 1, 2].map((axis) => Number(values[at + 3 * k + axis]!.toFixed(6))),
      ),
    );
  }
  return rows;
}

describe('pred.json', () => {
  it.each([1, 2, 3, 4, 7])('is [joints, vertices] of %i hands, whatever the batch', async (count) => {
    const hands = makeHands(count);
    const json = await text(hands);
    expect(JSON.parse(json)).toEqual([nested(hands.joints, 21), nested(hands.all, VERTICES)]);
    expect(json).not.toMatch(/\s/);
    expect(await text(hands, 1)).toBe(json);
    expect(await text(hands, 100)).toBe(json);
  });
});

describe('pred.zip', () => {
  it('holds pred.json alone, readable by our own reader and by plain inflate, the same bytes every time', async () => {
    const folder = await temporaryFolder();
    const hands = makeHands(4);
    const file = join(folder, 'pred.zip');
    const json = await text(hands);
    expect(await writePredictionZip(file, pieces(hands))).toEqual({ jsonBytes: json.length });
    const opened = await openPredictionZip(file);
    const parts: Buffer[] = [];
    for await (const part of opened.stream) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toBe(json);
    const bytes = await readFile(file);
    // The local header is 30 bytes and the name.
    expect(bytes.toString('latin1', 30, 39)).toBe('pred.json');
    expect(inflateRawSync(bytes.subarray(39)).toString()).toBe(json);
    await writePredictionZip(join(folder, 'again.zip'), pieces(hands));
    expect(await readFile(join(folder, 'again.zip'))).toEqual(bytes);
  });

  it('is not there where the predictions fail or the user stops, and says why', async () => {
    const folder = await temporaryFolder();
    const hands = makeHands(9);
    const broken: Hands = {
      ...hands,
      vertices: (first, count) =>
        first < 6 ? hands.vertices(first, count) : Promise.reject(new Error('the disk is gone')),
    };
    await expect(writePredictionZip(join(folder, 'a.zip'), pieces(broken))).rejects.toThrow(
      'the disk is gone',
    );
    const interruption = new AbortController();
    const stopped: Hands = {
      ...hands,
      vertices: (first, count) => {
        if (first > 0) interruption.abort(new Error('stop'));
        return hands.vertices(first, count);
      },
    };
    await expect(
      writePredictionZip(join(folder, 'b.zip'), pieces(stopped, interruption.signal)),
    ).rejects.toThrow('stop');
    expect(await readdir(folder)).toEqual([]);
  });

  it('says where it cannot be written', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(
      writePredictionZip(join(folder, 'file', 'pred.zip'), pieces(makeHands(2))),
    ).rejects.toMatchObject({ name: 'UserError', file: join(folder, 'file', 'pred.zip') });
  });
});
