import { describe, expect, it } from 'vitest';
import { float32ToHalf } from '../../src/formats/npy/half.js';
import { HO3D } from '../../src/hand/joint-orders/ho3d.js';
import { ManoLayer } from '../../src/hand/mano-layer.js';
import { rotationFromAxisAngle } from '../../src/hand/rotations.js';
import type { Box, View } from '../../src/hand/view.js';
import { cropAffine, wholeImageBox } from '../../src/imaging/crop.js';
import type { CropBatch } from '../../src/inference/crops/crop-source.js';
import type { Mano, ManoForward } from '../../src/inference/mano/mano-points.js';
import { resolveContract } from '../../src/inference/model/model-contract.js';
import type { SidecarContent } from '../../src/inference/model/sidecar.js';
import { BatchReader, type PredictedBatch } from '../../src/inference/predicted-batch.js';
import { failure } from '../support/user-error.js';

/** What a model returned: dims and numbers of each output; the element type is the array's. */
type Returned = Record<string, [dims: number[], data: Float32Array | Float64Array | Uint16Array]>;

const typeOf = (data: Returned[string][1]): string =>
  data instanceof Float32Array ? 'float32' : data instanceof Float64Array ? 'float64' : 'float16';

const outputsOf = (returned: Returned) =>
  Object.fromEntries(
    Object.entries(returned).map(([name, [dims, data]]) => [name, { type: typeOf(data), dims, data }]),
  );

/** The contract of a model that declares what it returns. */
function contractOf(returned: Returned, content: SidecarContent = {}) {
  const outputs = Object.entries(returned).map(([name, [dims, data]]) => ({
    name,
    type: typeOf(data),
    shape: ['N', ...dims.slice(1)],
  }));
  const inputs = [{ name: 'img', type: 'float32', shape: ['N', 3, 256, 256] }];
  return resolveContract({ file: 'net.onnx', inputs, outputs }, { file: 'net.json', content });
}

interface Row {
  readonly right?: boolean;
  readonly box?: Box;
  readonly pass?: number;
  readonly sampleIndex?: number;
  readonly unreadable?: string;
}

const BOX: Box = { center: [100, 50], side: 40 };

function batchOf(rows: readonly Row[], tell = true): CropBatch {
  const members = rows.map((row, slot) => ({ sampleIndex: slot, pass: 0, right: true, box: BOX, ...row }));
  return {
    first: 0,
    rows: members.map(({ sampleIndex, pass, unreadable }) => ({
      sampleIndex,
      pass,
      readable: unreadable === undefined,
    })),
    samples: members.map(({ sampleIndex, right }) => ({
      id: `s${sampleIndex}`,
      image: 'a.jpg',
      box: null,
      right,
    })),
    boxes: members.map(({ box }) => box),
    endsTurn: false,
    data: new Float32Array(0),
    unreadable: tell
      ? members.flatMap(({ sampleIndex: index, unreadable: reason }) =>
          reason === undefined ? [] : [{ index, id: `s${index}`, code: 'image-torn', reason }],
        )
      : [],
  };
}

interface Reading {
  readonly sidecar?: SidecarContent;
  readonly mano?: Mano;
  readonly passes?: readonly View[];
  readonly batchSize?: number;
}

function read(rows: readonly Row[], returned: Returned, reading: Reading = {}): PredictedBatch {
  const { sidecar, batchSize = rows.length, ...options } = reading;
  const reader = new BatchReader(contractOf(returned, sidecar), batchSize, 'net.onnx', options);
  return reader.read(batchOf(rows), outputsOf(returned));
}

/** 0.001, 0.002, …: small enough for metres, and each number tells its place. */
const numbered = (count: number, from = 1): Float32Array =>
  Float32Array.from({ length: count }, (_, k) => (k + from) / 1000);

const joints = (count: number): Returned[string] => [[count, 21, 3], numbered(count * 63)];
const isNaNs = (values: ArrayLike<number>): boolean => Array.from(values).every(Number.isNaN);

describe('outputs of unusual shapes', () => {
  it.each([
    [2, [2, 63]],
    [2, [2, 1, 21, 3]],
    [1, [21, 3]],
    [1, [63]],
  ])('are the same numbers: a batch of %i as %j', (count, shape) => {
    const rows = Array.from({ length: count }, () => ({}));
    const reader = new BatchReader(contractOf({ joints: joints(count) }), count, 'net.onnx');
    const batch = reader.read(batchOf(rows), outputsOf({ joints: [shape, numbered(count * 63)] }));
    expect(batch.joints).toEqual(numbered(count * 63));
  });

  it('are refused where one sample comes for several, with what to do', () => {
    const reader = new BatchReader(contractOf({ joints: joints(2) }), 2, 'net.onnx');
    for (const shape of [
      [1, 21, 3],
      [21, 3],
    ]) {
      const returned = outputsOf({ joints: [shape, numbered(63)] });
      expect(failure(() => reader.read(batchOf([{}, {}]), returned)).next).toContain('--batch-size 1');
    }
  });

  it('are refused where the axes are exchanged', () => {
    const reader = new BatchReader(contractOf({ joints: joints(2) }), 2, 'net.onnx');
    const returned = outputsOf({ joints: [[2, 3, 21], numbered(126)] });
    expect(failure(() => reader.read(batchOf([{}, {}]), returned)).code).toBe('model-output-shape');
  });
});

describe('the vertices of a run', () => {
  const vertices = (rows: number) => outputsOf({ vertices: [[2, rows, 3], new Float32Array(2 * rows * 3)] });
  const open = resolveContract({
    file: 'net.onnx',
    inputs: [{ name: 'img', type: 'float32', shape: ['N', 3, 256, 256] }],
    outputs: [{ name: 'vertices', type: 'float32', shape: ['N', 'V', 3] }],
  });

  it('keep the number of the first batch', () => {
    const reader = new BatchReader(open, 2, 'net.onnx');
    expect(reader.read(batchOf([{}]), vertices(10)).vertexCount).toBe(10);
    expect(reader.read(batchOf([{}]), vertices(10)).vertices!.length).toBe(30);
    expect(failure(() => reader.read(batchOf([{}]), vertices(11)))).toMatchObject({
      code: 'model-output-shape',
      file: 'net.onnx',
      expected: 'float32 (2, 10, 3)',
      got: 'float32 (2, 11, 3)',
    });
  });

  it('of another type than declared are refused', () => {
    const reader = new BatchReader(open, 2, 'net.onnx');
    const doubles = outputsOf({ vertices: [[2, 1, 3], new Float64Array(6)] });
    expect(() => reader.read(batchOf([{}]), doubles)).toThrow('The vertices output vertices is float64');
  });
});

describe('element types', () => {
  const values = Float32Array.from({ length: 63 }, (_, k) => k / 64);

  it('halves are read exactly', () => {
    expect(read([{}], { joints: [[1, 21, 3], float32ToHalf(values)] }).joints).toEqual(values);
  });

  it('doubles are rounded to float32', () => {
    const doubles = Float64Array.from(values, (value) => value + 1 / 3);
    expect(read([{}], { joints: [[1, 21, 3], doubles] }).joints).toEqual(Float32Array.from(doubles));
  });

  it('a double beyond float32 is infinite, and its sample invalid', () => {
    const doubles = Float64Array.from(values, (value) => value + 1e39);
    expect(read([{}], { joints: [[1, 21, 3], doubles] }).invalid[0]!.reason).toBe('joints contain infinity');
  });
});

/** The crop of `box`, 256 px, as a map of photograph points to crop coordinates. */
function crop(box: Box, imageWidth: number, mirrored: boolean, pass: Partial<View> = {}) {
  const [a, b, c, d, e, f] = cropAffine({ box, patchSize: 256, mirrored, ...pass }, imageWidth);
  return (x: number, y: number): [u: number, v: number] => {
    const seenX = mirrored ? imageWidth - 1 - x : x;
    return [(a * seenX + b * y + c) / 256 - 0.5, (d * seenX + e * y + f) / 256 - 0.5];
  };
}

/** 21 points of a 640 × 480 photograph. */
const PHOTO_POINTS = Array.from({ length: 21 }, (_, k) => [83 + k * 3.25, 71 - k * 2.5] as const);

function expectPixels(found: ArrayLike<number>, expected: readonly (readonly [number, number])[]): void {
  expect(found.length).toBe(expected.length * 2);
  // float32 of a pixel below 1,024 is within 3e-5; the same of a crop coordinate, times a side of 640.
  expected.flat().forEach((value, k) => expect(Math.abs(found[k]! - value)).toBeLessThan(2e-4));
}

describe('2D keypoints of the model', () => {
  const given = (map: (x: number, y: number) => [number, number]): Returned => ({
    pred_keypoints_2d: [[1, 21, 2], Float32Array.from(PHOTO_POINTS.flatMap(([x, y]) => map(x, y)))],
  });

  it.each([true, false])('lie where the crop saw them (right hand: %s)', (right) => {
    const batch = read([{ right }], given(crop(BOX, 640, !right)));
    expectPixels(batch.keypoints2d!, PHOTO_POINTS);
    expect(Object.keys(batch)).not.toContain('joints');
    expect([batch.invalid, batch.invalidKeypoints]).toEqual([[], []]);
  });

  it('of a network that knows both hands are not mirrored', () => {
    const sidecar = { handedness: 'both' } as const;
    const batch = read([{ right: false }], given(crop(BOX, 640, false)), { sidecar });
    expectPixels(batch.keypoints2d!, PHOTO_POINTS);
  });

  it.each([true, false])('in a whole photograph, wider than high (right hand: %s)', (right) => {
    const box = wholeImageBox({ width: 640, height: 480 });
    expectPixels(read([{ right, box }], given(crop(box, 640, !right))).keypoints2d!, PHOTO_POINTS);
  });

  it.each([true, false])('in a pass that turns and enlarges (right hand: %s)', (right) => {
    const passes = [
      { rotationDegrees: 0, scale: 1 },
      { rotationDegrees: 30, scale: 0.75 },
    ];
    const returned = given(crop(BOX, 640, !right, passes[1]));
    expectPixels(read([{ right, pass: 1 }], returned, { passes }).keypoints2d!, PHOTO_POINTS);
  });

  it('in px of the patch', () => {
    const inCrop = crop(BOX, 640, true);
    const inPatch = (x: number, y: number): [number, number] => {
      const [u, v] = inCrop(x, y);
      return [(u + 0.5) * 256, (v + 0.5) * 256];
    };
    const sidecar = { keypoints_2d_units: 'patch' } as const;
    expectPixels(read([{ right: false }], given(inPatch), { sidecar }).keypoints2d!, PHOTO_POINTS);
  });

  it('in the order of HO-3D come out in OpenPose’s', () => {
    const inCrop = crop(BOX, 640, false);
    const shuffled = HO3D.fromOpenPose.flatMap((joint) => inCrop(...PHOTO_POINTS[joint]!));
    const returned: Returned = { kp2d: [[1, 21, 2], Float32Array.from(shuffled)] };
    expectPixels(read([{}], returned, { sidecar: { joint_order: 'ho3d' } }).keypoints2d!, PHOTO_POINTS);
  });

  it('win over the camera, which is handed out as it is', () => {
    const batch = read([{}], {
      ...given(crop(BOX, 640, false)),
      pred_keypoints_3d: joints(1),
      pred_cam: [[1, 3], Float32Array.of(0.5, 0.1, -0.2)],
    });
    expectPixels(batch.keypoints2d!, PHOTO_POINTS);
    expect(batch.camera).toEqual(Float32Array.of(0.5, 0.1, -0.2));
  });

  it('each row has its own box, and padding is dropped', () => {
    const corner = new Float32Array(3 * 42).fill(0.5);
    const rows = [{}, { box: { center: [10, 20], side: 8 } as const }];
    const batch = read(rows, { uv: [[3, 21, 2], corner] }, { batchSize: 3 });
    expect(batch.keypoints2d!.length).toBe(2 * 42);
    expect([...batch.keypoints2d!.slice(0, 2)]).toEqual([120, 70]);
    expect([...batch.keypoints2d!.slice(42, 44)]).toEqual([14, 24]);
  });

  it('that no float32 can hold are missing, and nothing else', () => {
    const huge = new Float32Array(42).fill(3e38);
    const batch = read([{}], { uv: [[1, 21, 2], huge], joints: joints(1) });
    expect(batch.invalid).toEqual([]);
    expect(batch.invalidKeypoints).toEqual([
      {
        index: 0,
        pass: 0,
        id: 's0',
        code: 'prediction-not-finite',
        reason: 'the 2D keypoints are too large for numbers',
      },
    ]);
    expect(isNaNs(batch.keypoints2d!)).toBe(true);
    expect(batch.joints).toEqual(numbered(63));
  });
});

/** HaMeR's formula for one point, written out; crop coordinates. */
function seenByCamera(
  point: readonly number[],
  [s, tx, ty]: readonly number[],
  focal: number,
): [number, number] {
  const depth = point[2]! + (2 * focal) / (256 * s! + 1e-9);
  const scale = focal / 256;
  return [(scale * (point[0]! + tx!)) / depth, (scale * (point[1]! + ty!)) / depth];
}

describe('2D keypoints by the camera', () => {
  const camera = [0.9, 0.02, -0.03];
  const returned: Returned = { joints: joints(1), pred_cam: [[1, 3], Float32Array.from(camera)] };
  const points = Array.from({ length: 21 }, (_, j) => [0, 1, 2].map((axis) => (j * 3 + axis + 1) / 1000));
  const expected = (sign: number, focal = 5000) =>
    points.map((point): [number, number] => {
      const [u, v] = seenByCamera(point, camera, focal);
      return [100 + sign * u * 40, 50 + v * 40];
    });

  it('of a right hand', () => {
    expectPixels(read([{}], returned).keypoints2d!, expected(1));
  });

  it('of a left hand: the camera sees the mirrored one', () => {
    const batch = read([{ right: false }], returned);
    expectPixels(batch.keypoints2d!, expected(-1));
    expect(batch.joints![0]).toBeCloseTo(-0.001, 9);
  });

  it('with another focal length', () => {
    const far = expected(1, 300);
    expect(far[20]![0]).not.toBeCloseTo(expected(1)[20]![0], 3);
    expectPixels(read([{}], returned, { sidecar: { focal_length: 300 } }).keypoints2d!, far);
  });

  it('of joints in millimetres: the camera is in metres', () => {
    const inMm: Returned = { ...returned, joints: [[1, 21, 3], numbered(63).map((value) => value * 1000)] };
    expectPixels(read([{}], inMm, { sidecar: { units: 'mm' } }).keypoints2d!, expected(1));
  });

  it('of joints in the order of HO-3D', () => {
    const shuffled = Float32Array.from(HO3D.fromOpenPose.flatMap((joint) => points[joint]!));
    const batch = read(
      [{}],
      { ...returned, joints: [[1, 21, 3], shuffled] },
      { sidecar: { joint_order: 'ho3d' } },
    );
    expectPixels(batch.keypoints2d!, expected(1));
  });

  it.each([
    ['a scale of 0', [0, 0, 0], 'the scale of the camera is not positive: 0'],
    ['a negative scale', [-0.5, 0, 0], 'the scale of the camera is not positive: -0.5'],
  ])('%s gives none, and voids nothing else', (_, cam, reason) => {
    const cameras = Float32Array.of(...cam, ...camera);
    const batch = read([{}, {}], { joints: joints(2), pred_cam: [[2, 3], cameras] });
    expect(batch.invalid).toEqual([]);
    expect(batch.invalidKeypoints).toEqual([{ index: 0, pass: 0, id: 's0', code: 'camera-invalid', reason }]);
    expect(isNaNs(batch.keypoints2d!.slice(0, 42))).toBe(true);
    expect(batch.keypoints2d!.slice(42).every(Number.isFinite)).toBe(true);
    expect(batch.joints).toEqual(numbered(126));
    expect(batch.camera).toEqual(cameras);
  });

  it('a joint behind the camera gives none, and is named', () => {
    const behind = numbered(63);
    behind[8 * 3 + 2] = -50;
    const batch = read([{}], { ...returned, joints: [[1, 21, 3], behind] });
    expect(batch.invalidKeypoints[0]!.reason).toBe('the camera does not have index_4 in front of it');
    expect(isNaNs(batch.keypoints2d!)).toBe(true);
    expect(batch.joints).toEqual(behind);
  });
});

describe('rows that are invalid', () => {
  it.each(['joints', 'pred_cam', 'uv', 'vertices'])('a NaN in %s voids every number of its row', (name) => {
    const returned: Returned = {
      joints: joints(2),
      vertices: [[2, 4, 3], numbered(24)],
      uv: [[2, 21, 2], numbered(84)],
      pred_cam: [[2, 3], Float32Array.of(1, 0, 0, 1, 0, 0)],
    };
    returned[name]![1][1] = Number.NaN;
    const { invalid, invalidKeypoints, ...batch } = read([{}, {}], returned);
    const begins = {
      joints: 'joints contain',
      pred_cam: 'the camera contains',
      uv: '2D keypoints contain',
      vertices: 'vertices contain',
    };
    expect(invalid).toEqual([
      {
        index: 0,
        pass: 0,
        id: 's0',
        code: 'prediction-not-finite',
        reason: `${begins[name as keyof typeof begins]} NaN`,
      },
    ]);
    expect(invalidKeypoints).toEqual([]);
    for (const values of [batch.joints!, batch.vertices!, batch.keypoints2d!, batch.camera!]) {
      expect(isNaNs(values.slice(0, values.length / 2))).toBe(true);
      expect(values.slice(values.length / 2).every(Number.isFinite)).toBe(true);
    }
  });

  it('a photograph that could not be read is told in every batch that shows it', () => {
    const returned = { joints: joints(2) };
    const reader = new BatchReader(contractOf(returned), 2, 'net.onnx');
    const rows = [{ sampleIndex: 3 }, { sampleIndex: 4, unreadable: 'torn' }];
    const first = reader.read(batchOf(rows), outputsOf(returned));
    expect(first.invalid).toEqual([{ index: 4, pass: 0, id: 's4', code: 'image-torn', reason: 'torn' }]);
    const next = reader.read(
      batchOf([{ sampleIndex: 4, unreadable: '' }, { sampleIndex: 5 }], false),
      outputsOf(returned),
    );
    expect(next.invalid).toEqual([{ index: 4, pass: 0, id: 's4', code: 'image-torn', reason: 'torn' }]);
    expect(isNaNs(next.joints!.slice(0, 63))).toBe(true);
    expect(next.joints!.slice(63).every(Number.isFinite)).toBe(true);
  });
});

/** Stands in for MANO: tells what it was given, and returns numbers that tell their place. */
function recordingMano(handsMean: Float64Array | null = null) {
  const seen: { rotations: Float64Array; betas: Float64Array }[] = [];
  const layer: ManoForward = {
    forward(rotations, betas) {
      seen.push({ rotations, betas });
      return {
        vertices: Float64Array.from({ length: 778 * 3 }, (_, k) => k + 1000),
        chainJoints: Float64Array.from({ length: 48 }, (_, k) => k + 1),
      };
    },
  };
  return { mano: { layer, handsMean } satisfies Mano, seen };
}

const TURN = rotationFromAxisAngle([0.1, -0.2, 0.3]);
/** The same rotation 16 times, the wrist's the other way round. */
const MATRICES = Float32Array.from([
  ...rotationFromAxisAngle([-0.1, 0.2, -0.3]),
  ...Array.from({ length: 15 }, () => [...TURN]).flat(),
]);
const BETAS = numbered(10);

const MANO_BY_NAME: Returned = {
  'pred_mano_params.global_orient': [[1, 1, 3, 3], MATRICES.slice(0, 9)],
  'pred_mano_params.hand_pose': [[1, 15, 3, 3], MATRICES.slice(9)],
  'pred_mano_params.betas': [[1, 10], BETAS],
};

const sidecarFor = (
  representation: '6d' | 'axis-angle' | 'matrix',
  mean_pose?: 'relative',
): SidecarContent => ({
  mano: { pose: 't', betas: 'b', representation, ...(mean_pose === undefined ? {} : { mean_pose }) },
});

function expectRotations(found: Float64Array): void {
  expect(found.length).toBe(144);
  found.forEach((value, k) => expect(value).toBeCloseTo(MATRICES[k]!, 6));
}

describe('hands from the parameters of MANO', () => {
  it('need the MANO file', () => {
    const error = failure(() => read([{}], MANO_BY_NAME));
    expect(error).toMatchObject({ code: 'mano-file-needed', file: 'net.onnx' });
    expect(error.expected).toContain('--mano FILE');
    expect(error.expected).toContain('MANO_RIGHT.pkl');
  });

  it('have chain joints, smplx’s fingertips, vertices', () => {
    const { mano, seen } = recordingMano();
    const batch = read([{}], MANO_BY_NAME, { mano });
    expect(seen[0]!.rotations).toEqual(Float64Array.from(MATRICES));
    expect(seen[0]!.betas).toEqual(Float64Array.from(BETAS));
    const x = (joint: number): number => batch.joints![joint * 3]!;
    // Wrist; thumb is last in the chain, its tip vertex 744; index first; the pinky comes before the ring.
    expect([x(0), x(1), x(5), x(13), x(17)]).toEqual([1, 13 * 3 + 1, 4, 10 * 3 + 1, 7 * 3 + 1]);
    expect([4, 8, 12, 16, 20].map(x)).toEqual([744, 320, 443, 554, 671].map((id) => id * 3 + 1000));
    expect(batch.vertexCount).toBe(778);
    expect(batch.vertices![5]).toBe(1005);
    expect(batch.chainJoints).toEqual(Float32Array.from({ length: 48 }, (_, k) => k + 1));
  });

  it('left hands are mirrored back, in every array', () => {
    const batch = read([{ right: false }], MANO_BY_NAME, { mano: recordingMano().mano });
    expect([...batch.joints!.slice(0, 3)]).toEqual([-1, 2, 3]);
    expect([...batch.chainJoints!.slice(3, 6)]).toEqual([-4, 5, 6]);
    expect([...batch.vertices!.slice(0, 3)]).toEqual([-1000, 1001, 1002]);
  });

  it('are in metres, whatever the units of other outputs', () => {
    const sidecar = { units: 'mm', points_from: 'mano' } as const;
    const returned = { ...MANO_BY_NAME, joints: joints(1) };
    expect(read([{}], returned, { sidecar, mano: recordingMano().mano }).joints![0]).toBe(1);
  });

  it('are seen by the camera', () => {
    const returned: Returned = { ...MANO_BY_NAME, pred_cam: [[1, 3], Float32Array.of(0.9, 0.1, 0.2)] };
    const batch = read([{ right: false }], returned, { mano: recordingMano().mano });
    const [u, v] = seenByCamera([1, 2, 3], [Math.fround(0.9), Math.fround(0.1), Math.fround(0.2)], 5000);
    expect(batch.keypoints2d![0]).toBeCloseTo(100 - u * 40, 4);
    expect(batch.keypoints2d![1]).toBeCloseTo(50 + v * 40, 4);
  });

  it('6D is column-first, however its axes are cut', () => {
    const columns: number[] = [];
    for (let joint = 0; joint < 16; joint++) {
      const m = MATRICES.subarray(joint * 9, joint * 9 + 9);
      // Scaled, and the second leaning on the first: Gram–Schmidt takes both out.
      columns.push(2 * m[0]!, 2 * m[3]!, 2 * m[6]!);
      columns.push(3 * m[1]! + m[0]!, 3 * m[4]! + m[3]!, 3 * m[7]! + m[6]!);
    }
    for (const dims of [
      [1, 96],
      [1, 16, 6],
    ]) {
      const { mano, seen } = recordingMano();
      read(
        [{}],
        { t: [dims, Float32Array.from(columns)], b: [[1, 10], BETAS] },
        { sidecar: sidecarFor('6d'), mano },
      );
      expectRotations(seen[0]!.rotations);
    }
  });

  it('axis–angle, absolute and relative to the mean pose', () => {
    const vectors = Float32Array.from([
      -0.1,
      0.2,
      -0.3,
      ...Array.from({ length: 15 }, () => [0.1, -0.2, 0.3]).flat(),
    ]);
    const absolute = recordingMano(Float64Array.from({ length: 45 }, () => 9));
    const betas: Returned[string] = [[1, 10], BETAS];
    read(
      [{}],
      { t: [[1, 48], vectors], b: betas },
      { sidecar: sidecarFor('axis-angle'), mano: absolute.mano },
    );
    expectRotations(absolute.seen[0]!.rotations);

    const mean = Float64Array.from({ length: 45 }, (_, k) => (k % 7) / 10);
    const less = vectors.map((value, k) => (k < 3 ? value : value - mean[k - 3]!));
    const relative = recordingMano(mean);
    const reading = { sidecar: sidecarFor('axis-angle', 'relative'), mano: relative.mano };
    read([{}], { t: [[1, 48], less], b: betas }, reading);
    expectRotations(relative.seen[0]!.rotations);
    const without = { ...reading, mano: recordingMano(null).mano };
    expect(failure(() => read([{}], { t: [[1, 48], less], b: betas }, without)).code).toBe('mano-mean-pose');
  });

  it('halves are near enough to rotations', () => {
    const { mano, seen } = recordingMano();
    const returned: Returned = {
      t: [[1, 16, 3, 3], float32ToHalf(MATRICES)],
      b: [[1, 10], float32ToHalf(BETAS)],
    };
    expect(read([{}], returned, { sidecar: sidecarFor('matrix'), mano }).invalid).toEqual([]);
    seen[0]!.rotations.forEach((value, k) => expect(Math.abs(value - MATRICES[k]!)).toBeLessThan(2 ** -11));
  });

  const SIX = Array.from({ length: 16 }, () => [1, 0, 0, 0, 1, 0]).flat();
  const withPair = (pair: readonly number[]): Float32Array =>
    Float32Array.from([...SIX.slice(0, 90), ...pair]);
  const withMatrix = (matrix: readonly number[]): Float32Array =>
    Float32Array.from([...MATRICES.slice(0, 135), ...matrix]);
  it.each<[string, '6d' | 'matrix', Float32Array]>([
    ['6D with a zero column', '6d', withPair([0, 0, 0, 0, 1, 0])],
    ['6D with a zero second column', '6d', withPair([1, 0, 0, 0, 0, 0])],
    ['6D with parallel columns', '6d', withPair([0.1, 0.2, 0.3, 0.2, 0.4, 0.6])],
    ['6D with columns that rounding parts', '6d', withPair([1, 1, 1, 1, 1, 1 + 2 ** -23])],
    ['a mirroring matrix', 'matrix', withMatrix([-1, 0, 0, 0, 1, 0, 0, 0, 1])],
    ['a matrix of zeros', 'matrix', withMatrix([0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['a matrix that enlarges', 'matrix', withMatrix([1.1, 0, 0, 0, 1.1, 0, 0, 0, 1.1])],
  ])('%s is no rotation: the sample is invalid, its neighbour is not', (_, representation, pose) => {
    const good = representation === '6d' ? Float32Array.from(SIX) : MATRICES;
    const both = Float32Array.from([...pose, ...good]);
    const returned: Returned = {
      t: [[2, both.length / 2], both],
      b: [[2, 10], new Float32Array(20)],
      pred_cam: [[2, 3], Float32Array.of(1, 0, 0, 1, 0, 0)],
    };
    const { mano, seen } = recordingMano();
    const batch = read([{}, {}], returned, { sidecar: sidecarFor(representation), mano });
    expect(batch.invalid).toEqual([
      {
        index: 0,
        pass: 0,
        id: 's0',
        code: 'mano-pose-invalid',
        reason: 'the MANO pose holds a rotation that is none',
      },
    ]);
    expect(seen.length).toBe(1);
    for (const values of [
      batch.joints!,
      batch.vertices!,
      batch.chainJoints!,
      batch.keypoints2d!,
      batch.camera!,
    ]) {
      expect(isNaNs(values.slice(0, values.length / 2))).toBe(true);
      expect(values.slice(values.length / 2).every(Number.isFinite)).toBe(true);
    }
  });

  it('NaN among the parameters makes the sample invalid, and MANO is not asked', () => {
    for (const [name, reason] of [
      ['pred_mano_params.betas', 'the MANO shape contains NaN'],
      ['pred_mano_params.hand_pose', 'the MANO pose contains NaN'],
      ['pred_mano_params.global_orient', 'the MANO global orientation contains NaN'],
    ] as const) {
      const [dims, data] = MANO_BY_NAME[name]!;
      const { mano, seen } = recordingMano();
      const broken = data.slice().fill(Number.NaN, 2, 3);
      const batch = read([{}], { ...MANO_BY_NAME, [name]: [dims, broken] }, { mano });
      expect(batch.invalid).toEqual([{ index: 0, pass: 0, id: 's0', code: 'prediction-not-finite', reason }]);
      expect(isNaNs(batch.joints!)).toBe(true);
      expect(batch.vertexCount).toBe(778);
      expect(seen).toEqual([]);
    }
  });

  it('another number of parameters than declared is an error', () => {
    const { mano } = recordingMano();
    const reader = new BatchReader(contractOf(MANO_BY_NAME), 1, 'net.onnx', { mano });
    const outputs = outputsOf({ ...MANO_BY_NAME, 'pred_mano_params.hand_pose': [[1, 45], numbered(45)] });
    expect(failure(() => reader.read(batchOf([{}]), outputs))).toMatchObject({
      code: 'model-output-shape',
      message: 'The MANO pose output pred_mano_params.hand_pose has the wrong shape',
      expected: 'float32 (1, 15, 9)',
      got: 'float32 (1, 45)',
    });
  });

  it('the program’s own MANO layer forms them: a hand without blend shapes turns as a whole', () => {
    const template = Float64Array.from({ length: 778 * 3 }, (_, k) => Math.sin(k) / 10);
    const layer = new ManoLayer({
      vTemplate: template,
      shapedirs: new Float64Array(778 * 30),
      posedirs: new Float64Array(778 * 3 * 135),
      // Every rest joint is vertex 0; every vertex hangs on the wrist.
      jRegressor: Float64Array.from({ length: 16 * 778 }, (_, k) => (k % 778 === 0 ? 1 : 0)),
      weights: Float64Array.from({ length: 778 * 16 }, (_, k) => (k % 16 === 0 ? 1 : 0)),
    });
    const batch = read([{}], MANO_BY_NAME, { mano: { layer, handsMean: null } });
    const R = MATRICES.slice(0, 9);
    const offset = [0, 1, 2].map((axis) => template[744 * 3 + axis]! - template[axis]!);
    for (let axis = 0; axis < 3; axis++) {
      const turned = offset.reduce((sum, value, k) => sum + R[axis * 3 + k]! * value, template[axis]!);
      expect(batch.joints![4 * 3 + axis]).toBeCloseTo(turned, 6);
    }
  });
});
