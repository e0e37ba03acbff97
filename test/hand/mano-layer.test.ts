import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MANO_PARENTS, ManoLayer, type ManoModel } from '../../src/hand/mano-layer.js';
import { matricesFrom6d } from '../../src/hand/rotation-6d.js';
import { IDENTITY3, rotate, rotationFromAxisAngle, type Matrix3 } from '../../src/hand/rotations.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { Random } from '../../src/statistics/random.js';
import { largestDifference } from '../support/largest-difference.js';

interface Forward {
  pose_axis_angle: number[][][];
  pose_rotmat: number[][][][];
  betas: number[][];
  vertices: number[][][];
  joints: number[][][];
}

const fixture = (name: string): URL => new URL(`../fixtures/mano/${name}`, import.meta.url);
const golden = JSON.parse(readFileSync(fixture('forward.json'), 'utf8')) as Forward;
const { model } = await readManoFile(fixture('MANO_RIGHT.pkl').pathname);

/** Place in OpenPose order of each chain joint: wrist, index, middle, pinky, ring, thumb. */
const OPENPOSE_OF_CHAIN = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3];

const rotationsOf = (sample: number): Float64Array => Float64Array.from(golden.pose_rotmat[sample]!.flat(2));
const betasOf = (sample: number): Float64Array => Float64Array.from(golden.betas[sample]!);
const NO_BETAS = new Float64Array(10);

function atRest(...turned: [joint: number, rotation: Matrix3][]): Float64Array {
  const rotations = Float64Array.from({ length: 144 }, (_, k) => IDENTITY3[k % 9]!);
  for (const [joint, rotation] of turned) rotations.set(rotation, joint * 9);
  return rotations;
}

/** Sixteen vertices, one on each joint and moving with it alone; no blend shapes. */
function skeletonModel(random: Random): ManoModel {
  const identity = Float64Array.from({ length: 256 }, (_, k) => (k % 17 === 0 ? 1 : 0));
  return {
    vTemplate: Float64Array.from({ length: 48 }, () => Math.fround(random.normal())),
    shapedirs: new Float64Array(480),
    posedirs: new Float64Array(48 * 135),
    jRegressor: identity,
    weights: identity,
  };
}

describe('ManoLayer', () => {
  const layer = new ManoLayer(model);
  /** Where a test knows the answer exactly: weights rounded to float32 sum to 1 only to 1e-8. */
  const exact = new ManoLayer(model, { modelPrecision: 'float64' });

  it.each([0, 1, 2])(
    'is smplx to 1e-12 m with the model rounded to float32, the default; pose %i',
    (sample) => {
      const { vertices, chainJoints } = layer.forward(rotationsOf(sample), betasOf(sample));
      expect(largestDifference(vertices, golden.vertices[sample]!.flat())).toBeLessThan(1e-12);
      const expected = OPENPOSE_OF_CHAIN.flatMap((joint) => golden.joints[sample]![joint]!);
      expect(largestDifference(chainJoints, expected)).toBeLessThan(1e-12);
    },
  );

  it.each([0, 1, 2])(
    'is smplx to 2e-8 m, and not closer, with the doubles of the file; pose %i',
    (sample) => {
      const exact = new ManoLayer(model, { modelPrecision: 'float64' });
      const { vertices } = exact.forward(rotationsOf(sample), betasOf(sample));
      const difference = largestDifference(vertices, golden.vertices[sample]!.flat());
      expect(difference).toBeLessThan(2e-8);
      expect(difference).toBeGreaterThan(1e-10);
    },
  );

  it('takes the same pose as axis–angle and as 6D', () => {
    const matrices = golden.pose_axis_angle[1]!.flatMap(([x, y, z]) => [
      ...rotationFromAxisAngle([x!, y!, z!]),
    ]);
    expect(largestDifference(matrices, rotationsOf(1))).toBeLessThan(1e-14);
    const columns = Float64Array.from(
      golden.pose_rotmat[1]!.flatMap((rows) => [0, 1].flatMap((column) => rows.map((row) => row[column]!))),
    );
    expect(largestDifference(matricesFrom6d(columns), rotationsOf(1))).toBeLessThan(1e-14);
  });

  it('is the template at rest', () => {
    const { vertices } = exact.forward(atRest(), NO_BETAS);
    expect(largestDifference(vertices, model.vTemplate)).toBeLessThan(1e-15);
  });

  it('turns the whole hand about the rest joint of the wrist', () => {
    const rotation = rotationFromAxisAngle([0.4, -1.1, 0.3]);
    const rest = exact.forward(atRest(), betasOf(0));
    const turned = exact.forward(atRest([0, rotation]), betasOf(0));
    const wrist = rest.chainJoints.subarray(0, 3);
    expect(turned.chainJoints.subarray(0, 3)).toEqual(wrist);
    const expected: number[] = [];
    for (let k = 0; k < rest.vertices.length; k += 3) {
      const [x, y, z] = rotate(rotation, [
        rest.vertices[k]! - wrist[0]!,
        rest.vertices[k + 1]! - wrist[1]!,
        rest.vertices[k + 2]! - wrist[2]!,
      ]);
      expected.push(x + wrist[0]!, y + wrist[1]!, z + wrist[2]!);
    }
    expect(largestDifference(turned.vertices, expected)).toBeLessThan(1e-15);
  });

  it('hands a rotation down the chain and nowhere else (seed 16)', () => {
    const skeleton = skeletonModel(new Random(16));
    const small = new ManoLayer(skeleton);
    const rotation = rotationFromAxisAngle([0.2, 0.9, -0.5]);
    const joint = (points: ArrayLike<number>, i: number): [number, number, number] => [
      points[i * 3]!,
      points[i * 3 + 1]!,
      points[i * 3 + 2]!,
    ];
    for (let turned = 1; turned < 16; turned++) {
      const { vertices, chainJoints } = small.forward(atRest([turned, rotation]), NO_BETAS);
      expect(largestDifference(vertices, chainJoints)).toBeLessThan(1e-15);
      const pivot = joint(skeleton.vTemplate, turned);
      for (let i = 0; i < 16; i++) {
        let ancestor: number = i;
        while (ancestor > turned) ancestor = MANO_PARENTS[ancestor]!;
        const rest = joint(skeleton.vTemplate, i);
        const moved = rotate(rotation, [rest[0] - pivot[0], rest[1] - pivot[1], rest[2] - pivot[2]]);
        const expected = ancestor === turned ? moved.map((value, axis) => value + pivot[axis]!) : rest;
        expect(largestDifference(joint(chainJoints, i), expected)).toBeLessThan(1e-14);
      }
    }
  });

  it('adds a translation to vertices and joints', () => {
    const translation = Float64Array.of(0.25, -0.5, 1);
    const still = layer.forward(rotationsOf(2), betasOf(2));
    const moved = layer.forward(rotationsOf(2), betasOf(2), translation);
    for (const part of ['vertices', 'chainJoints'] as const) {
      expect(moved[part]).toEqual(still[part].map((value, k) => value + translation[k % 3]!));
    }
  });

  it('keeps nothing between two calls and gives arrays of their own', () => {
    const first = layer.forward(rotationsOf(0), betasOf(0));
    const kept = { vertices: first.vertices.slice(), chainJoints: first.chainJoints.slice() };
    const rotations = rotationsOf(1);
    layer.forward(rotations, betasOf(1));
    expect(rotations).toEqual(rotationsOf(1));
    expect(first).toEqual(kept);
    expect(layer.forward(rotationsOf(0), betasOf(0))).toEqual(kept);
  });

  it('does not change with the arrays of the model', () => {
    const copy = Object.fromEntries(
      Object.entries(model).map(([key, values]) => [key, (values as Float64Array).slice()]),
    ) as unknown as ManoModel;
    for (const modelPrecision of ['float32', 'float64'] as const) {
      const own = new ManoLayer(copy, { modelPrecision });
      const before = own.forward(rotationsOf(0), betasOf(0));
      copy.posedirs[7]! += 1;
      copy.vTemplate[0]! += 1;
      expect(own.forward(rotationsOf(0), betasOf(0))).toEqual(before);
    }
  });

  it('gives NaN for NaN', () => {
    const betas = NO_BETAS.with(3, Number.NaN);
    expect(layer.forward(atRest(), betas).vertices.some(Number.isNaN)).toBe(true);
  });

  it('refuses lengths that do not fit', () => {
    expect(() => layer.forward(new Float64Array(48), NO_BETAS)).toThrow(
      'rotations must hold 144 numbers, got 48',
    );
    expect(() => layer.forward(atRest(), new Float64Array(9))).toThrow('betas must hold 10 numbers, got 9');
    expect(() => layer.forward(atRest(), NO_BETAS, new Float64Array(4))).toThrow('translation must hold 3');
    expect(() => new ManoLayer({ ...model, weights: new Float64Array(16) })).toThrow(
      'weights must hold 12448',
    );
    expect(() => new ManoLayer({ ...model, vTemplate: new Float64Array(4) })).toThrow(
      'vTemplate must hold 3',
    );
    expect(() => new ManoLayer({ ...model, vTemplate: new Float64Array(0) })).toThrow(
      'vTemplate must hold 3',
    );
  });
});
