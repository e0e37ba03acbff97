import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { float32ToHalf } from '../../src/formats/npy/half.js';
import type { View } from '../../src/hand/view.js';
import { cropInto, wholeImageBox } from '../../src/imaging/crop.js';
import { decodeImage } from '../../src/imaging/decode.js';
import { normalisationTable } from '../../src/imaging/normalise.js';
import {
  openCropSource,
  type CropBatch,
  type CropSourceOptions,
  type ImageSample,
} from '../../src/inference/crops/crop-source.js';
import { resolveContract, type ModelContract } from '../../src/inference/model/model-contract.js';
import { noTimings } from '../../src/inference/timings.js';
import { sharedFolder } from '../support/cli.js';
import { noisePhotograph, type Photograph } from '../support/photographs.js';

const COUNT = 11;
const SIZE: readonly [number, number] = [32, 24];
const LENGTH = 3 * SIZE[0] * SIZE[1];

const folder = sharedFolder();
let photographs: Photograph[];
let samples: ImageSample[];

beforeAll(async () => {
  photographs = await Promise.all(
    Array.from({ length: COUNT }, (_, index) =>
      noisePhotograph(folder, `p${index}`, index + 1, index % 3 === 0 ? [50, 20] : [40, 30]),
    ),
  );
  samples = photographs.map(({ file }, index) => ({
    id: `p${index}`,
    image: file,
    box: index % 4 === 3 ? null : { center: [18 + index, 14], side: 12 + index },
    right: index % 2 === 0,
  }));
});

function contract(changes: Partial<ModelContract> = {}, type = 'float32'): ModelContract {
  const resolved = resolveContract(
    {
      file: 'net.onnx',
      inputs: [{ name: 'img', type, shape: ['N', 3, ...SIZE] }],
      outputs: [{ name: 'joints', type: 'float32', shape: ['N', 21, 3] }],
    },
    { file: 'net.json', content: { crop: 'hamer' } },
  );
  return { ...resolved, ...changes };
}

async function collect(
  options: Partial<CropSourceOptions> = {},
  onBatch?: (batch: CropBatch) => void,
): Promise<CropBatch[]> {
  const all = { samples, contract: contract(), batchSize: 4, workers: 1, ...options };
  const source = openCropSource(all);
  source.ran(1e6); // far longer than filling takes
  const batches: CropBatch[] = [];
  for await (const batch of source.batches()) {
    onBatch?.(batch);
    batches.push({ ...batch, data: batch.data.slice() });
    source.recycle(batch.data.fill(7)); // whoever gets it next finds no zeros in it
  }
  return batches;
}

/** One row as it should be, by the crop of one image alone. */
function expectedRow(index: number, { rotationDegrees, scale }: View, model = contract()): Float32Array {
  const values = new Float32Array(LENGTH);
  const { box, right } = samples[index]!;
  const image = photographs[index]!;
  const request = {
    box: box ?? wholeImageBox(image),
    patchSize: SIZE[0],
    rotationDegrees,
    scale,
    mirrored: !right,
  };
  cropInto(image, request, SIZE[1], { table: normalisationTable(model.mean, model.std), values });
  return values;
}

const row = ({ data }: CropBatch, slot: number) => data.slice(slot * LENGTH, (slot + 1) * LENGTH);
const isZero = (values: ArrayLike<number>) => Array.from(values).every((value) => value === 0);

const PASSES: View[] = [
  { rotationDegrees: 0, scale: 1 },
  { rotationDegrees: 30, scale: 0.8 },
  { rotationDegrees: -75, scale: 1.2 },
];

describe('the rows of the batches', () => {
  it('are the samples in order, each cropped from its box, the rest zeros', async () => {
    const timings = noTimings();
    const batches = await collect({ timings });
    expect(batches.map(({ first, rows }) => [first, rows.length])).toEqual([
      [0, 4],
      [4, 4],
      [8, 3],
    ]);
    for (const batch of batches) {
      for (const [slot, { sampleIndex, pass, readable }] of batch.rows.entries()) {
        expect([sampleIndex, pass, readable]).toEqual([batch.first + slot, 0, true]);
        expect(batch.samples[slot]).toBe(samples[sampleIndex]);
        const { box } = samples[sampleIndex]!;
        expect(batch.boxes[slot]).toEqual(box ?? wholeImageBox(photographs[sampleIndex]!));
        expect(row(batch, slot)).toEqual(expectedRow(sampleIndex, PASSES[0]!));
      }
    }
    expect(isZero(row(batches[2]!, 3))).toBe(true);
    expect(timings).toMatchObject({ images: COUNT });
    expect(Math.min(timings.decodeMs, timings.cropMs)).toBeGreaterThan(0);
  });

  it.each([1, 2, 5, 64])(
    'run pass by pass within a sample, %d to a batch, of one decode',
    async (batchSize) => {
      const timings = noTimings();
      const batches = await collect({ passes: PASSES, batchSize, timings });
      const rows = batches.flatMap((batch) => batch.rows.map((what, slot) => ({ ...what, batch, slot })));
      expect(rows.map(({ sampleIndex, pass }) => sampleIndex * 3 + pass)).toEqual(
        Array.from({ length: COUNT * 3 }, (_, index) => index),
      );
      for (const { sampleIndex, pass, batch, slot } of rows) {
        expect(batch.first + slot).toBe(sampleIndex * 3 + pass);
        expect(batch.samples[slot]).toBe(samples[sampleIndex]);
        expect(row(batch, slot)).toEqual(expectedRow(sampleIndex, PASSES[pass]!));
      }
      const last = batches.at(-1)!;
      expect(isZero(last.data.subarray(last.rows.length * LENGTH))).toBe(true);
      expect(timings.images).toBe(COUNT);
    },
  );

  it('do not depend on the threads, nor on what is decoded when', async () => {
    const reference = await collect({ passes: PASSES, workers: 1, decodeConcurrency: 1 });
    for (const [workers, decodeConcurrency] of [
      [1, 16],
      [2, 1],
      [3, 6],
      [7, 2],
    ] as const) {
      const batches = await collect({ passes: PASSES, workers, decodeConcurrency });
      expect(batches).toEqual(reference);
    }
  });

  it('are the nearest halves for a float16 model', async () => {
    const [batch] = await collect({ contract: contract({}, 'float16') });
    expect(batch!.data).toBeInstanceOf(Uint16Array);
    expect(row(batch!, 1)).toEqual(float32ToHalf(expectedRow(1, PASSES[0]!)));
  });

  it('show the whole image where the model wants it, whatever the box', async () => {
    const [batch] = await collect({ contract: contract({ crop: 'whole-image' }) });
    expect(batch!.boxes[0]).toEqual({ center: [25, 10], side: 50 });
  });
});

describe('JPEG files', () => {
  const jpegs = async (): Promise<ImageSample[]> =>
    Promise.all(
      photographs.map(async ({ width, height, data }, index) => {
        const image = join(folder, `p${index}.jpg`);
        const jpeg = sharp(data, { raw: { width, height, channels: 3 } });
        // One of them is four colours, which no thread takes; its sample is skipped.
        const colours = index === 2 ? jpeg.toColourspace('cmyk') : jpeg;
        await writeFile(image, await colours.jpeg({ quality: 90 }).toBuffer());
        return { ...samples[index]!, image };
      }),
    );

  it('are decoded by the threads to the pixels that decodeImage gives', async () => {
    const shown = await jpegs();
    const timings = noTimings();
    const batches = await collect({ samples: shown, unreadable: 'skip', workers: 2, timings });
    expect(batches.flatMap(({ unreadable }) => unreadable.map(({ id, code }) => [id, code]))).toEqual([
      ['p2', 'image-cmyk'],
    ]);
    expect(timings.images).toBe(COUNT - 1);
    for (const batch of batches) {
      for (const [slot, { sampleIndex, readable }] of batch.rows.entries()) {
        const { image, box, right } = shown[sampleIndex]!;
        expect(readable).toBe(sampleIndex !== 2);
        if (!readable) continue;
        const decoded = await decodeImage(image);
        const values = new Float32Array(LENGTH);
        const { mean, std } = contract();
        const request = { box: box ?? wholeImageBox(decoded), patchSize: SIZE[0], mirrored: !right };
        cropInto(decoded, request, SIZE[1], { table: normalisationTable(mean, std), values });
        expect(row(batch, slot), image).toEqual(values);
      }
    }
  });

  it('give the same rows in turns as ahead, beside other files, and in a sweep', async () => {
    const mixed = (await jpegs()).map((sample, index) => (index % 3 === 1 ? samples[index]! : sample));
    for (const passes of [PASSES.slice(0, 1), PASSES]) {
      const options = { samples: mixed, unreadable: 'skip', passes } as const;
      const ahead = await collect({ ...options, workers: 3 });
      const inTurns = await collect({ ...options, workers: 2, sharesCores: true });
      const rows = (batches: readonly CropBatch[]) => batches.map(({ endsTurn: _, ...batch }) => batch);
      expect(rows(inTurns)).toEqual(rows(ahead));
    }
  });
});

describe('the pace', () => {
  it('knows no turns where the session has a device of its own', async () => {
    expect((await collect()).some(({ endsTurn }) => endsTurn)).toBe(false);
  });

  it('knows none where the session is quicker than the threads', async () => {
    const source = openCropSource({ samples, contract: contract(), batchSize: 4, sharesCores: true });
    for await (const { endsTurn } of source.batches()) {
      source.ran(0);
      expect(endsTurn).toBe(false);
    }
  });

  it('of a slow session on the same cores: a turn is filled whole, and the next is not begun before it is taken', async () => {
    const many = Array.from({ length: 198 }, (_, index) => samples[index % COUNT]!);
    const timings = noTimings();
    const source = openCropSource({
      samples: many,
      contract: contract(),
      batchSize: 4,
      workers: 2,
      sharesCores: true,
      timings,
    });
    source.ran(1e6);
    const decoded: number[] = [];
    const ends: number[] = [];
    for await (const { first, rows, endsTurn } of source.batches()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      decoded.push(timings.images);
      if (endsTurn) ends.push(first + rows.length);
    }
    // Forty-eight crops for each of two threads.
    expect(ends).toEqual([96, 192, 198]);
    expect(decoded).toEqual([...Array<number>(24).fill(96), ...Array<number>(24).fill(192), 198, 198]);
  });
});

describe('a photograph that cannot be read', () => {
  const broken = async (index: number): Promise<ImageSample[]> => {
    const image = join(folder, 'broken.jpg');
    await writeFile(image, 'text');
    return samples.map((sample, at) => (at === index ? { ...sample, image } : sample));
  };

  it('is reported once, and all its rows are zeros', async () => {
    const batches = await collect({
      samples: await broken(1),
      passes: PASSES,
      batchSize: 4,
      unreadable: 'skip',
    });
    // Its rows 3, 4, 5 lie in two batches.
    expect(batches.map(({ unreadable }) => unreadable.map(({ index, id }) => [index, id]))).toEqual([
      [[1, 'p1']],
      ...Array.from({ length: batches.length - 1 }, () => []),
    ]);
    expect(batches[0]!.unreadable[0]).toMatchObject({
      code: 'image-format',
      reason: 'The file is neither a JPEG nor a PNG image',
    });
    expect(batches.slice(0, 2).map(({ rows }) => rows.map(({ readable }) => readable))).toEqual([
      [true, true, true, false],
      [false, false, true, true],
    ]);
    expect(isZero(row(batches[0]!, 3))).toBe(true);
    expect(isZero(batches[1]!.data.subarray(0, 2 * LENGTH))).toBe(true);
    expect(batches[0]!.boxes[3]!.side).toBeNaN();
    expect(row(batches[1]!, 2)).toEqual(expectedRow(2, PASSES[0]!));
  });

  it('ends the work, unless it may be skipped', async () => {
    const seen: number[] = [];
    const work = collect({ samples: await broken(6), workers: 2 }, ({ first }) => seen.push(first));
    await expect(work).rejects.toMatchObject({ code: 'image-format', file: join(folder, 'broken.jpg') });
    expect(seen).toEqual([0]);
  });
});

describe('what is held', () => {
  it('does not grow while nobody takes it', async () => {
    let taken = 0;
    const endless = {
      *[Symbol.iterator]() {
        for (;;) {
          taken += 1;
          yield samples[taken % COUNT]!;
        }
      },
    };
    const options = { samples: endless, contract: contract(), batchSize: 4, workers: 2, passes: PASSES };
    const batches = openCropSource(options).batches();
    await batches.next();
    const begun = taken;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toBe(begun);
    // Three batches of four rows, three rows a sample, and six samples ahead.
    expect(begun).toBeLessThanOrEqual(4 + 6 + 1);
    await batches.return();
  });

  it('refuses to run without passes', () => {
    const options = { samples, contract: contract(), batchSize: 4, passes: [] };
    expect(() => openCropSource(options)).toThrow('no passes');
  });
});

describe('the process', () => {
  /** Runs the built program's crops in a process of its own; it has to end by itself. */
  const run = async (body: string): Promise<string> => {
    const built = new URL('../../dist/inference/crops/crop-source.js', import.meta.url).href;
    const script = `
      const { openCropSource } = await import(${JSON.stringify(built)});
      const options = ${JSON.stringify({ samples, contract: contract(), batchSize: 4, workers: 3 })};
      ${body}`;
    const file = join(folder, 'script.mjs');
    await writeFile(file, script);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    return stdout.trim();
  };

  it.each([
    [
      'all is done',
      'for await (const { first } of openCropSource(options).batches()) console.log(first);',
      '0 4 8',
    ],
    [
      'somebody walks away',
      'for await (const { first } of openCropSource(options).batches()) { console.log(first); break; }',
      '0',
    ],
    [
      'it is aborted',
      `const signal = AbortSignal.abort(new Error('enough'));
       try { await openCropSource({ ...options, signal }).batches().next(); } catch ({ message }) { console.log(message); }`,
      'enough',
    ],
    [
      'a photograph is missing',
      `options.samples[1].image = '/nowhere.jpg';
       try { await openCropSource(options).batches().next(); } catch ({ code }) { console.log(code); }`,
      'image-missing',
    ],
  ])('ends by itself once %s', async (_, body, printed) => {
    expect((await run(body)).split('\n').join(' ')).toBe(printed);
  });
});
