/** Hamba's preparation of FreiHAND photographs: against its released evaluation, and against plain NumPy. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { float32ToHalf } from '../../src/formats/npy/half.js';
import { GraphBuilder } from '../../src/formats/onnx/onnx.js';
import { cropToPhotograph } from '../../src/hand/projection.js';
import type { View } from '../../src/hand/view.js';
import { decodeImage } from '../../src/imaging/decode.js';
import { cutOf, freihandInto, freihandPlacement, FREIHAND_SIDE } from '../../src/imaging/hamba-freihand.js';
import { IMAGENET_MEAN, IMAGENET_STD, normalisation } from '../../src/imaging/normalise.js';
import type { RgbImage } from '../../src/imaging/rgb-image.js';
import { openCropSource, type ImageSample } from '../../src/inference/crops/crop-source.js';
import { openModel } from '../../src/inference/model/model.js';
import { predict } from '../../src/inference/predictor.js';
import { sweepPasses } from '../../src/tta/sweep.js';
import { FIXTURES, sharedFolder } from '../support/cli.js';
import { noisePhotograph } from '../support/photographs.js';

const FOLDER = join(FIXTURES, 'crop-hamba');
const IMAGENET = normalisation(IMAGENET_MEAN, IMAGENET_STD);
const PATCH = 256;
const LENGTH = 3 * PATCH * PATCH;

interface Case {
  readonly image: string;
  readonly rotation_deg: number;
  readonly scale: number;
  readonly box?: readonly [number, number];
  readonly padding?: number;
  readonly sha256: string;
  readonly sample: readonly (readonly [number, number])[];
}
interface Pass extends Pick<Case, 'rotation_deg' | 'scale' | 'sha256'> {
  readonly blocks: readonly number[];
}

const viewOf = ({ rotation_deg, scale }: Pick<Case, 'rotation_deg' | 'scale'>): View => ({
  rotationDegrees: rotation_deg,
  scale,
});
const sha256 = (values: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

function crop(image: RgbImage, view: View, mirrored = false): Float32Array {
  const values = new Float32Array(LENGTH);
  freihandInto(image, { ...view, patchSize: PATCH, mirrored }, PATCH, IMAGENET, values);
  return values;
}

async function gathered<T>(all: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of all) items.push(item);
  return items;
}

let cases: readonly Case[];
let passes: readonly Pass[];
const folder = sharedFolder();
const sample: ImageSample = { id: 'a', image: join(FOLDER, 'photo1.png'), box: null, right: true };
let model: Awaited<ReturnType<typeof openModel>>;

beforeAll(async () => {
  cases = JSON.parse(await readFile(join(FOLDER, 'cases.json'), 'utf8')) as Case[];
  passes = JSON.parse(await readFile(join(FOLDER, 'passes.json'), 'utf8')) as Pass[];
  const file = join(folder, 'blocks.onnx');
  await writeFile(file, blockModel());
  await writeFile(join(folder, 'blocks.json'), JSON.stringify({ crop: 'hamba-freihand' }));
  model = await openModel({ model: file, provider: 'cpu' });
});

/** A model whose joints are the means of the first 63 blocks of 32 × 32 numbers of its input. */
function blockModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'blocks' });
  const image = graph.input('img', 'float32', ['N', 3, PATCH, PATCH]);
  const pooled = graph.node('AveragePool', [image], {
    kernel_shape: { kind: 'ints', value: [32, 32] },
    strides: { kind: 'ints', value: [32, 32] },
  });
  const flat = graph.node('Reshape', [pooled, graph.int64('flat', [-1, 192])]);
  const first = Array.from({ length: 63 }, (_, index) => index);
  const taken = graph.node('Gather', [flat, graph.int64('first', first)], {
    axis: { kind: 'int', value: 1 },
  });
  graph.nodeInto('Reshape', [taken, graph.int64('hand', [-1, 21, 3])], ['joints']);
  graph.output('joints', 'float32', ['N', 21, 3]);
  return graph.toBytes();
}

describe('the input of the network', () => {
  it("is the released evaluation's, to the bit", async () => {
    expect(cases).toHaveLength(6);
    for (const one of cases) {
      const values = crop(await decodeImage(join(FOLDER, one.image)), viewOf(one));
      for (const [index, value] of one.sample) expect(values[index]).toBe(value);
      expect(sha256(values), JSON.stringify(viewOf(one))).toBe(one.sha256);
      if (one.box === undefined) continue;
      const { first, side, padding } = cutOf(viewOf(one));
      expect([first, first + side, padding]).toEqual([...one.box, one.padding]);
    }
  });

  it('is that of a square of 200 px times the scale, cut off to whole pixels', () => {
    const cuts = [0.7, 0.8, 0.9, 1, 1.1].map((scale) => cutOf({ rotationDegrees: 10, scale }));
    expect(cuts.map(({ first, side }) => [first, first + side])).toEqual([
      [42, 182],
      [31, 192],
      [22, 202],
      [12, 212],
      [1, 222],
    ]);
    expect(cuts.map(({ padding }) => padding)).toEqual([28, 33, 37, 41, 45]);
    expect(cutOf({ rotationDegrees: 0, scale: 1 })).toEqual({ first: 0, side: FREIHAND_SIDE, padding: 0 });
  });

  it('tells the rule from others near it', async () => {
    const image = await decodeImage(join(FOLDER, 'photo1.png'));
    const right = crop(image, { rotationDegrees: 30, scale: 1 });
    const others = [
      crop(image, { rotationDegrees: -30, scale: 1 }),
      crop(image, { rotationDegrees: 30, scale: 1.12 }),
      crop(image, { rotationDegrees: 30, scale: 1 }, true),
    ];
    for (const other of others) {
      expect(
        other.reduce((most, value, at) => Math.max(most, Math.abs(value - right[at]!)), 0),
      ).toBeGreaterThan(0.5);
    }
  });
});

describe('a sweep', () => {
  it('of 95 passes feeds what NumPy renders, to the bit, and a model gives what that pools to', async () => {
    const views = sweepPasses({
      rotations: [...new Set(passes.map(({ rotation_deg }) => rotation_deg))],
      scales: [...new Set(passes.map(({ scale }) => scale))],
    });
    expect(views).toHaveLength(passes.length);
    const expected = views.map((view) =>
      passes.find((one) => one.rotation_deg === view.rotationDegrees && one.scale === view.scale)!,
    );
    const { contract, session } = model;
    const source = openCropSource({ samples: [sample], contract, batchSize: 8, passes: views, workers: 2 });
    const fed: string[] = [];
    for await (const { rows, data } of source.batches()) {
      for (let row = 0; row < rows.length; row++) {
        fed.push(sha256((data as Float32Array).subarray(row * LENGTH, (row + 1) * LENGTH)));
      }
    }
    expect(fed).toEqual(expected.map((one) => one.sha256));

    let row = 0;
    for await (const batch of predict({
      session,
      contract,
      samples: [sample],
      batchSize: 8,
      passes: views,
    })) {
      for (let slot = 0; slot < batch.count; slot++, row++) {
        const joints = batch.joints!.subarray(slot * 63, (slot + 1) * 63);
        const { blocks } = expected[row]!;
        // A sum of 1,024 numbers in float32.
        for (const [at, value] of blocks.entries()) expect(joints[at]).toBeCloseTo(value, 4);
      }
    }
    expect(row).toBe(95);
  });

  it('of a float16 model feeds the nearest halves of the same numbers', async () => {
    const { contract } = model;
    const half = { ...contract, input: { ...contract.input, dtype: 'float16' as const } };
    const view = { rotationDegrees: 20, scale: 0.9 };
    const options = { samples: [sample], batchSize: 1, passes: [view], workers: 1 };
    const [batch] = await gathered(openCropSource({ ...options, contract: half }).batches());
    const [single] = await gathered(openCropSource({ ...options, contract }).batches());
    expect(batch!.data).toEqual(float32ToHalf(single!.data as Float32Array));
  });
});

describe('2D keypoints', () => {
  it.each([
    [0, 1, false],
    [0, 1.1, false],
    [30, 1, false],
    [-70, 0.8, false],
    [30, 1, true],
  ])(
    'turned by %i at scale %f lie where they are seen (mirrored: %s)',
    (rotationDegrees, scale, mirrored) => {
      const view = { rotationDegrees, scale };
      const [x, y] = [126.3, 101.8];
      const values = crop(spot(x, y), view, mirrored);
      let [sum, sumX, sumY] = [0, 0, 0];
      for (let at = 0; at < PATCH * PATCH; at++) {
        const light = values[at]! - values[0]!;
        sum += light;
        sumX += light * (at % PATCH);
        sumY += light * Math.floor(at / PATCH);
      }
      const seen = [sumX / sum / PATCH - 0.5, sumY / sum / PATCH - 0.5];
      const [placeX, placeY] = cropToPhotograph(seen, freihandPlacement(view, PATCH, mirrored));
      expect(placeX).toBeCloseTo(x, 1);
      expect(placeY).toBeCloseTo(y, 1);
    },
  );
});

/** A round spot of light about a point. */
function spot(x: number, y: number): RgbImage {
  const data = new Uint8Array(FREIHAND_SIDE * FREIHAND_SIDE * 3);
  for (let at = 0; at < FREIHAND_SIDE * FREIHAND_SIDE; at++) {
    const [dx, dy] = [(at % FREIHAND_SIDE) - x, Math.floor(at / FREIHAND_SIDE) - y];
    data.fill(Math.round(255 * Math.exp(-(dx * dx + dy * dy) / 50)), at * 3, at * 3 + 3);
  }
  return { width: FREIHAND_SIDE, height: FREIHAND_SIDE, data };
}

it('another photograph than of 224 × 224 px is refused with the crop that takes it', async () => {
  const { file } = await noisePhotograph(folder, 'wide', 1, [320, 224]);
  const { session, contract } = model;
  const samples = [{ ...sample, image: file }];
  await expect(gathered(predict({ session, contract, samples, batchSize: 1 }))).rejects.toMatchObject({
    code: 'crop-photograph-size',
    file,
    got: '320 × 224 px',
    next: 'write "crop": "hamer" into blocks.json, which takes the boxes of any photograph',
  });
});
