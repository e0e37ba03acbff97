import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { HO3D } from '../../src/hand/joint-orders/ho3d.js';
import { openModel } from '../../src/inference/model/model.js';
import { predict, type ImageSample, type PredictedBatch } from '../../src/inference/predictor.js';
import type { PredictOptions } from '../../src/inference/predictor.js';
import type { Session } from '../../src/inference/session/session.js';
import { noTimings } from '../../src/inference/timings.js';
import { sharedFolder } from '../support/cli.js';
import { floats, integers, node, onnx, poolingModel, type PoolOutput } from '../support/tiny-onnx.js';

const folder = sharedFolder();
let models = 0;
const open: Session[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

/** A model of its own, with the sidecar given; the mean fed is the image's, 0…1, unless the sidecar says otherwise. */
async function model(bytes: Uint8Array, sidecar: object = {}): ReturnType<typeof openModel> {
  const stem = join(folder, `model${models++}`);
  await writeFile(`${stem}.onnx`, bytes);
  await writeFile(`${stem}.json`, JSON.stringify({ mean: [0, 0, 0], std: [1, 1, 1], ...sidecar }));
  const opened = await openModel({ model: `${stem}.onnx`, intraOpThreads: 1 });
  open.push(opened.session);
  return opened;
}

const JOINTS: PoolOutput = { name: 'joints', rows: 21 };
const JOINTS_AND_VERTICES = [JOINTS, { name: 'vertices', rows: 5, gain: 2 }];

/** A sample whose box lies inside a photograph of one colour, 0…255. */
async function photo(name: string, grey: number, right = true): Promise<ImageSample> {
  const image = join(folder, `${name}.png`);
  const pixels = new Uint8Array(16 * 16 * 3).fill(grey);
  await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toFile(image);
  return { id: name, image, box: { center: [8, 8], side: 8 }, right };
}

const photos = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => photo(`p${index}`, (index * 23) % 256)));

async function collect(options: PredictOptions): Promise<PredictedBatch[]> {
  const batches: PredictedBatch[] = [];
  for await (const batch of predict(options)) batches.push(batch);
  return batches;
}

const flat = (batches: readonly PredictedBatch[], what: 'joints' | 'vertices'): number[] =>
  batches.flatMap((batch) => [...batch[what]!]);

describe('batches', () => {
  it('come in sample order, the last one without its padding', async () => {
    const samples = await photos(10);
    const batches = await collect({
      ...(await model(poolingModel({ outputs: JOINTS_AND_VERTICES }))),
      samples,
    });
    expect(batches.map(({ first, count, vertexCount }) => [first, count, vertexCount])).toEqual([
      [0, 4, 5],
      [4, 4, 5],
      [8, 2, 5],
    ]);
    const joints = flat(batches, 'joints');
    const vertices = flat(batches, 'vertices');
    expect([joints.length, vertices.length]).toEqual([10 * 63, 10 * 15]);
    for (let index = 0; index < 10; index++) {
      const grey = ((index * 23) % 256) / 255;
      expect(joints[index * 63]! * 255).toBeCloseTo(grey * 255, 1);
      expect(vertices[index * 15 + 14]! * 255).toBeCloseTo(grey * 255 * 2, 1);
    }
    expect(batches.every(({ invalid }) => invalid.length === 0)).toBe(true);
  });

  it('do not depend on what is decoded when', async () => {
    const samples = await photos(17);
    const opened = await model(poolingModel({ outputs: JOINTS_AND_VERTICES }));
    const reference = await collect({ ...opened, samples, decodeConcurrency: 1 });
    for (const decodeConcurrency of [2, 5, 16]) {
      expect(await collect({ ...opened, samples, decodeConcurrency, workers: 3 })).toEqual(reference);
    }
  });

  it('run pass by pass within a sample, and tell nothing of it to the model', async () => {
    const samples = await photos(3);
    samples[1] = { ...samples[1]!, image: join(folder, 'nothing.jpg') };
    const passes = [
      { rotationDegrees: 0, scale: 1 },
      { rotationDegrees: 0, scale: 0.5 },
      { rotationDegrees: 45, scale: 0.5 },
    ];
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    const timings = noTimings();
    const swept = await collect({ ...opened, samples, passes, unreadable: 'skip', timings });
    expect(swept.map(({ first, count }) => [first, count])).toEqual([
      [0, 4],
      [4, 4],
      [8, 1],
    ]);
    const plain = await collect({ ...opened, samples, unreadable: 'skip' });
    const firstOf = (rows: readonly number[], row: number) => rows[row * 63]!;
    const [rows, samplesAlone] = [flat(swept, 'joints'), flat(plain, 'joints')];
    for (let row = 0; row < 9; row++) {
      // The photographs have one colour: each pass sees the same, but for the rounding of a mean.
      const alone = firstOf(samplesAlone, Math.floor(row / 3));
      if (Number.isNaN(alone)) expect(firstOf(rows, row)).toBeNaN();
      else expect(firstOf(rows, row)).toBeCloseTo(alone, 5);
    }
    expect(timings).toMatchObject({ images: 2, crops: 9, batches: 3 });
  });

  it('a sample is computed the same whatever follows it', async () => {
    const samples = await photos(4);
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    const alone = await collect({ ...opened, samples: samples.slice(0, 1) });
    const together = await collect({ ...opened, samples });
    expect(alone[0]!.joints).toEqual(together[0]!.joints!.slice(0, 63));
  });

  it('a model fixed to seven gets seven', async () => {
    const input = { name: 'img', shape: [7, 3, 256, 256] };
    const opened = await model(poolingModel({ input, outputs: [JOINTS] }));
    const samples = await photos(9);
    const batches = await collect({ ...opened, samples });
    expect(batches.map(({ first, count }) => [first, count])).toEqual([
      [0, 7],
      [7, 2],
    ]);
    const byFour = await collect({ ...(await model(poolingModel({ outputs: [JOINTS] }))), samples });
    const [a, b] = [flat(batches, 'joints'), flat(byFour, 'joints')];
    expect(Math.max(...a.map((value, index) => Math.abs(value - b[index]!)))).toBeLessThan(1e-5);
    await expect(collect({ ...opened, samples, batchSize: 4 })).rejects.toMatchObject({
      code: 'batch-size-fixed',
    });
  });

  it('no samples, no batches', async () => {
    expect(await collect({ ...(await model(poolingModel({ outputs: [JOINTS] }))), samples: [] })).toEqual([]);
  });

  it('stages are timed', async () => {
    const timings = noTimings();
    const samples = await photos(6);
    await collect({ ...(await model(poolingModel({ outputs: [JOINTS] }))), samples, timings });
    expect(timings).toMatchObject({ images: 6, crops: 6, batches: 2, writeMs: 0 });
    expect(Math.min(timings.decodeMs, timings.cropMs, timings.runMs)).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(timings))).toEqual(timings);
  });
});

describe('what the model sees', () => {
  it('256 × 192 sees the middle columns', async () => {
    // Left and right quarters white, the middle half black: 64 of 256 columns a side, 32 of them cut off.
    const pixels = new Uint8Array(256 * 256 * 3).map((_, index) => {
      const column = Math.floor(index / 3) % 256;
      return column < 64 || column >= 192 ? 255 : 0;
    });
    const image = join(folder, 'stripes.png');
    await sharp(pixels, { raw: { width: 256, height: 256, channels: 3 } })
      .png()
      .toFile(image);
    const samples = [{ id: 'stripes', image, box: null, right: true }];
    const input = { name: 'img', shape: ['N', 3, 256, 192] };
    const narrow = await collect({ ...(await model(poolingModel({ input, outputs: [JOINTS] }))), samples });
    const wide = await collect({ ...(await model(poolingModel({ outputs: [JOINTS] }))), samples });
    expect(narrow[0]!.joints![0]! * 255).toBeCloseTo((64 / 192) * 255, 1);
    expect(wide[0]!.joints![0]! * 255).toBeCloseTo((128 / 256) * 255, 1);
  });

  it('whole-image leaves the boxes unused, and takes another size', async () => {
    const input = { name: 'img', shape: ['N', 3, 224, 224] };
    const bytes = poolingModel({ input, outputs: [JOINTS] });
    const sample = { ...(await photo('boxed', 200)), box: { center: [100, 100], side: 8 } as const };
    const whole = await collect({ ...(await model(bytes, { crop: 'whole-image' })), samples: [sample] });
    const boxed = await collect({ ...(await model(bytes, { crop: 'hamer' })), samples: [sample] });
    expect(whole[0]!.joints![0]).toBeGreaterThan(0.7);
    expect(boxed[0]!.joints![0]).toBe(0);
  });

  it('a box without an area is an error that names the sample', async () => {
    const sample = { ...(await photo('flat', 1)), box: { center: [1, 1], side: 0 } as const };
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    await expect(collect({ ...opened, samples: [sample] })).rejects.toMatchObject({
      code: 'box-invalid',
      message: expect.stringContaining('sample flat') as string,
    });
  });
});

describe('what the outputs become', () => {
  const numbered = (rows: number) => Float32Array.from({ length: rows * 3 }, (_, index) => index + 1);
  const constant = poolingModel({
    outputs: [
      { name: 'joints', rows: 21, gain: 0, constant: numbered(21) },
      { name: 'vertices', rows: 5, gain: 0, constant: numbered(5) },
    ],
  });

  it('metres and OpenPose order as they are', async () => {
    const [batch] = await collect({ ...(await model(constant)), samples: await photos(1) });
    expect(batch!.joints).toEqual(numbered(21));
    expect(batch!.vertices).toEqual(numbered(5));
  });

  it('millimetres become metres', async () => {
    const [batch] = await collect({ ...(await model(constant, { units: 'mm' })), samples: await photos(1) });
    expect(batch!.joints).toEqual(numbered(21).map((value) => value / 1000));
  });

  it("HO-3D's order becomes OpenPose's; vertices keep theirs", async () => {
    const opened = await model(constant, { joint_order: 'ho3d' });
    const [batch] = await collect({ ...opened, samples: await photos(1) });
    HO3D.fromOpenPose.forEach((openpose, ho3d) => {
      expect(batch!.joints![openpose * 3]).toBe(ho3d * 3 + 1);
    });
    expect(batch!.vertices).toEqual(numbered(5));
  });

  it('left hands are mirrored back, unless the network knows both', async () => {
    const samples = [await photo('l', 9, false), await photo('r', 9, true)];
    const [batch] = await collect({ ...(await model(constant)), samples });
    expect([...batch!.joints!.slice(0, 3)]).toEqual([-1, 2, 3]);
    expect([...batch!.vertices!.slice(0, 3)]).toEqual([-1, 2, 3]);
    expect([...batch!.joints!.slice(63, 66)]).toEqual([1, 2, 3]);
    const [both] = await collect({ ...(await model(constant, { handedness: 'both' })), samples });
    expect([...both!.joints!.slice(0, 3)]).toEqual([1, 2, 3]);
  });

  it('NaN makes the sample invalid and no other', async () => {
    const samples = [await photo('d1', 10), await photo('bright', 250), await photo('d2', 20)];
    const bytes = poolingModel({ outputs: JOINTS_AND_VERTICES, nanAbove: 0.9 });
    const [batch] = await collect({ ...(await model(bytes)), samples });
    expect(batch!.invalid).toEqual([
      { index: 1, pass: 0, id: 'bright', code: 'prediction-not-finite', reason: 'joints contain NaN' },
    ]);
    const nan = (values: Float32Array, rows: number) =>
      [0, 1, 2].map((slot) => values.slice(slot * rows * 3, (slot + 1) * rows * 3).every(Number.isNaN));
    expect(nan(batch!.joints!, 21)).toEqual([false, true, false]);
    expect(nan(batch!.vertices!, 5)).toEqual([false, true, false]);
  });

  it('infinity in the vertices voids the joints as well', async () => {
    const bytes = poolingModel({
      outputs: [JOINTS, { name: 'vertices', rows: 2, constant: [0, 0, 0, 0, 0, Number.POSITIVE_INFINITY] }],
    });
    const [batch] = await collect({ ...(await model(bytes)), samples: await photos(1) });
    expect(batch!.invalid[0]!.reason).toBe('vertices contain infinity');
    expect(batch!.joints!.every(Number.isNaN)).toBe(true);
  });

  it('joints alone, vertices alone', async () => {
    const samples = await photos(1);
    const [joints] = await collect({ ...(await model(poolingModel({ outputs: [JOINTS] }))), samples });
    expect(Object.keys(joints!)).not.toContain('vertices');
    const only = poolingModel({ outputs: [{ name: 'verts', rows: 778 }] });
    const [vertices] = await collect({ ...(await model(only)), samples });
    expect(vertices!.vertexCount).toBe(778);
    expect(Object.keys(vertices!)).not.toContain('joints');
  });

  /** A model whose output has `rows` rows, which nobody can tell from the file. */
  const surprise = (name: string, rows: number) =>
    onnx({
      nodes: [
        node('ReduceMean', ['img'], ['mean'], { axes: [2, 3], keepdims: 0 }),
        node('Reshape', ['mean', 'row_shape'], ['colour']),
        node('Add', ['colour', 'rows'], ['all']),
        node('Greater', ['kept', 'zero'], ['condition']),
        node('Compress', ['all', 'condition'], [name], { axis: 1 }),
      ],
      initializers: [
        integers('row_shape', [-1, 1, 3]),
        floats('rows', [1, 30, 3], new Float32Array(90)),
        floats(
          'kept',
          [30],
          Array.from({ length: 30 }, (_, row) => (row < rows ? 1 : 0)),
        ),
        floats('zero', [1], [0]),
      ],
      inputs: [{ name: 'img', shape: ['N', 3, 256, 256] }],
      outputs: [{ name, shape: ['N', 'rows', 3] }],
    });

  it.each([
    ['joints', 20, 'float32 (4, 21, 3)', 'float32 (4, 20, 3)'],
    ['vertices', 0, 'float32 (4, V, 3)', 'float32 (4, 0, 3)'],
  ])('%s with %d rows: the wrong shape is an error', async (name, rows, expected, got) => {
    const opened = await model(surprise(name, rows));
    await expect(collect({ ...opened, samples: await photos(1) })).rejects.toMatchObject({
      code: 'model-output-shape',
      message: `The ${name} output ${name} has the wrong shape`,
      expected,
      got,
    });
  });

  it('an output fixed to one sample is explained', async () => {
    const bytes = onnx({
      nodes: [
        node('ReduceMean', ['img'], ['mean'], { keepdims: 0 }),
        node('Mul', ['mean', 'one'], ['joints']),
      ],
      initializers: [floats('one', [1, 21, 3], new Float32Array(63).fill(1))],
      inputs: [{ name: 'img', shape: ['N', 3, 256, 256] }],
      outputs: [{ name: 'joints', shape: [1, 21, 3] }],
    });
    await expect(collect({ ...(await model(bytes)), samples: await photos(2) })).rejects.toMatchObject({
      code: 'model-output-shape',
      got: 'float32 (1, 21, 3)',
      next: expect.stringContaining('dynamic axis') as string,
    });
  });
});

describe('stopping', () => {
  it('a photograph that cannot be read ends the work with its file, after what came before it', async () => {
    const samples = await photos(12);
    const broken = [join(folder, 'six.jpg'), join(folder, 'seven.jpg')];
    await Promise.all(broken.map((file) => writeFile(file, 'text')));
    samples[6] = { ...samples[6]!, image: broken[0]! };
    samples[7] = { ...samples[7]!, image: broken[1]! };
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    for (const decodeConcurrency of [1, 8]) {
      const seen: number[] = [];
      const work = async (): Promise<void> => {
        for await (const batch of predict({ ...opened, samples, decodeConcurrency })) seen.push(batch.first);
      };
      await expect(work()).rejects.toMatchObject({ code: 'image-format', file: broken[0] });
      expect(seen).toEqual([0]);
    }
  });

  it('or is reported, when it may be skipped', async () => {
    const samples = await photos(6);
    samples[1] = { ...samples[1]!, image: join(folder, 'nothing.jpg') };
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    const batches = await collect({ ...opened, samples, unreadable: 'skip' });
    expect(batches[0]!.invalid).toEqual([
      { index: 1, pass: 0, id: 'p1', code: 'image-missing', reason: 'The image does not exist' },
    ]);
    expect(batches[0]!.joints!.slice(63, 126).every(Number.isNaN)).toBe(true);
    expect(batches[1]!.invalid).toEqual([]);
  });

  it('an abort ends the work at once, with its reason', async () => {
    const samples = await photos(40);
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    const controller = new AbortController();
    const seen: number[] = [];
    const work = async (): Promise<void> => {
      for await (const batch of predict({ ...opened, samples, signal: controller.signal })) {
        seen.push(batch.first);
        if (seen.length === 2) controller.abort(new Error('enough'));
      }
    };
    await expect(work()).rejects.toThrow('enough');
    expect(seen).toEqual([0, 4]);
    await expect(collect({ ...opened, samples, signal: controller.signal })).rejects.toThrow('enough');
  });

  it('a reader who walks away stops what is ahead', async () => {
    const [sample] = await photos(1);
    let taken = 0;
    const endless = {
      *[Symbol.iterator]() {
        for (;;) {
          taken += 1;
          yield sample!;
        }
      },
    };
    const opened = await model(poolingModel({ outputs: [JOINTS] }));
    for await (const batch of predict({ ...opened, samples: endless, workers: 1, decodeConcurrency: 4 })) {
      if (batch.first >= 8) break;
    }
    // A turn of one thread is 48 crops, and the files of the next are read meanwhile: memory does
    // not grow with the samples.
    expect(taken).toBeLessThanOrEqual(2 * 48 + 1);
  });
});
