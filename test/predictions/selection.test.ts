import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { gatherRows } from '../../src/predictions/gather-rows.js';
import { selectRows, selectSamples } from '../../src/predictions/selection.js';
import { temporaryFolder } from '../support/cli.js';
import { predictionSource } from '../support/prediction-source.js';

const IDS = Array.from({ length: 12 }, (_, index) => `s/${index}`);

async function listed(text: string, limit?: number): Promise<number[] | null> {
  const samples = join(await temporaryFolder(), 'samples.txt');
  await writeFile(samples, text);
  const selection = await selectSamples({ samples, limit }, IDS);
  return selection === null ? null : [...selection];
}

describe('a selection of samples', () => {
  it('is none where nothing is asked for', async () => {
    expect(await selectSamples({}, IDS)).toBeNull();
  });

  it('is the first so many', async () => {
    expect([...(await selectSamples({ limit: 3 }, IDS))!]).toEqual([0, 1, 2]);
  });

  it.each([12, 13, 5000])('is none where all are asked for: %i of 12', async (limit) => {
    expect(await selectSamples({ limit }, IDS)).toBeNull();
    expect(await listed(IDS.toReversed().join('\n'))).toBeNull();
  });

  it('is in the order of the folder, whatever the order of the file', async () => {
    // As numbers: as text 10 would come before 2.
    expect(await listed('s/10\r\n  s/2  \n\ns/9\n')).toEqual([2, 9, 10]);
  });

  it('is the first so many of those listed', async () => {
    expect(await listed('s/10\ns/2\ns/9\n', 2)).toEqual([2, 9]);
  });

  it.each([
    ['names a stranger', 's/1\ns/12\n', 'Line 2 names no sample of the folder', '"s/12"'],
    ['names a file', 's/1.jpg\n', 'Line 1 names no sample of the folder', '"s/1.jpg"'],
    ['names a sample twice', 's/1\ns/0\n\ns/1\n', 'Line 4 names a sample for the second time', '"s/1"'],
    ['is empty', '\n \n', 'The list of samples is empty', 'no line'],
  ])('is refused where the file %s', async (_, text, message, got) => {
    await expect(listed(text)).rejects.toMatchObject({
      code: 'samples-file',
      message,
      got: expect.stringContaining(got) as string,
    });
  });

  it('is refused where there is no file', async () => {
    await expect(selectSamples({ samples: '/no/such/list' }, IDS)).rejects.toMatchObject({
      code: 'file-missing',
      file: '/no/such/list',
    });
  });
});

describe('the selected rows of predictions', () => {
  const COUNT = 200;
  const VERTICES = 2;
  const width = VERTICES * 3;
  const ramp = (length: number): Float64Array => Float64Array.from({ length }, (_, k) => k);

  /** Read from its start to its end once, as a pred.json is. */
  function streamed(): { source: PredictionSource; read: [number, number][]; finished: () => boolean } {
    const read: [number, number][] = [];
    let isFinished = false;
    const source = predictionSource({
      count: COUNT,
      joints: ramp(COUNT * 63),
      keypoints: ramp(COUNT * 42),
      vertexCount: VERTICES,
      vertices(first, count) {
        expect(first).toBe(read.reduce((total, [, part]) => total + part, 0));
        read.push([first, count]);
        return Promise.resolve(ramp(COUNT * width).slice(first * width, (first + count) * width));
      },
      finish() {
        expect(read.reduce((total, [, part]) => total + part, 0)).toBe(COUNT);
        isFinished = true;
        return Promise.resolve(7);
      },
    });
    return { source, read, finished: () => isFinished };
  }

  it('are those of the selection, and the file is read once from its start to its end', async () => {
    const selection = Int32Array.of(0, 63, 64, 127, 130, 131);
    const { source, read, finished } = streamed();
    const selected = selectRows(source, selection);
    expect(selected.count).toBe(6);
    expect(selected.joints).toEqual(gatherRows(ramp(COUNT * 63), selection, 63));
    expect(selected.keypoints).toEqual(gatherRows(ramp(COUNT * 42), selection, 42));
    const parts = [await selected.vertices(0, 4), await selected.vertices(4, 2)];
    expect(parts.flatMap((part) => [...part])).toEqual([
      ...gatherRows(ramp(COUNT * width), selection, width),
    ]);
    expect(finished()).toBe(false);
    expect(await selected.finish()).toBe(7);
    expect(finished()).toBe(true);
    expect(read).toEqual([
      [0, 64],
      [64, 64],
      [128, 64],
      [192, 8],
    ]);
  });
});
