import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  JOINT_CONVENTIONS,
  jointExactness,
  jointsFromChain,
  jointsFromVertices,
  type JointConvention,
} from '../../src/hand/joint-conventions.js';
import { OPENPOSE_JOINTS } from '../../src/hand/joints.js';
import { ManoLayer } from '../../src/hand/mano-layer.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';

const fixture = (name: string): URL => new URL(`../fixtures/mano/${name}`, import.meta.url);
const golden = JSON.parse(readFileSync(fixture('forward.json'), 'utf8')) as {
  pose_rotmat: number[][][][];
  betas: number[][];
  vertices: number[][][];
  joints: number[][][];
};
const { model } = await readManoFile(fixture('MANO_RIGHT.pkl').pathname);
const vertices = Float64Array.from(golden.vertices[0]!.flat());
const TIPS = [4, 8, 12, 16, 20];

const at = (points: ArrayLike<number>, i: number): number[] => [0, 1, 2].map((axis) => points[i * 3 + axis]!);

describe('jointsFromChain', () => {
  it.each([0, 1, 2])('under smplx is what smplx gives, in OpenPose order; pose %i', (sample) => {
    const hand = new ManoLayer(model).forward(
      Float64Array.from(golden.pose_rotmat[sample]!.flat(2)),
      Float64Array.from(golden.betas[sample]!),
    );
    const joints = jointsFromChain(hand.vertices, hand.chainJoints, 'smplx');
    golden.joints[sample]!.flat().forEach((value, k) => {
      expect(Math.abs(joints[k]! - value)).toBeLessThan(1e-12);
    });
  });

  it('takes each chain joint to its finger', () => {
    const chain = Float64Array.from({ length: 48 }, (_, k) => Math.floor(k / 3));
    const joints = jointsFromChain(new Float64Array(778 * 3).fill(-1), chain, 'ho3d');
    const finger = (name: string): number[] =>
      OPENPOSE_JOINTS.flatMap((joint, i) => (joint.startsWith(name) ? [joints[i * 3]!] : []));
    expect(joints[0]).toBe(0);
    expect(finger('index')).toEqual([1, 2, 3, -1]);
    expect(finger('middle')).toEqual([4, 5, 6, -1]);
    expect(finger('pinky')).toEqual([7, 8, 9, -1]);
    expect(finger('ring')).toEqual([10, 11, 12, -1]);
    expect(finger('thumb')).toEqual([13, 14, 15, -1]);
  });

  it('refuses a convention whose joints are regressed', () => {
    expect(() => jointsFromChain(vertices, new Float64Array(48), 'freihand')).toThrow(
      'take jointsFromVertices',
    );
  });
});

describe('jointsFromVertices', () => {
  it('regresses 16 joints from the posed vertices', () => {
    const joints = jointsFromVertices(vertices, model.jRegressor, 'freihand');
    // Wrist and the base of the index finger, joints 0 and 1 of the regressor.
    for (const [openpose, chain] of [
      [0, 0],
      [5, 1],
      [20 - 1, 9],
    ] as const) {
      const row = model.jRegressor.subarray(chain * 778, (chain + 1) * 778);
      const expected = [0, 1, 2].map((axis) =>
        row.reduce((sum, weight, vertex) => sum + weight * vertices[vertex * 3 + axis]!, 0),
      );
      at(joints, openpose).forEach((value, axis) => {
        expect(value).toBeCloseTo(expected[axis]!, 14);
      });
    }
  });

  it('takes single precision and leaves units and axes as they are', () => {
    const millimetres = vertices.map((value) => value * 1000);
    const metres = jointsFromVertices(Float32Array.from(vertices), model.jRegressor, 'manopth');
    jointsFromVertices(millimetres, model.jRegressor, 'manopth').forEach((value, k) => {
      expect(value / 1000).toBeCloseTo(metres[k]!, 7);
    });
  });

  it('gives the tips of smplx exactly and the other joints only approximately', () => {
    const joints = jointsFromVertices(vertices, model.jRegressor, 'smplx');
    OPENPOSE_JOINTS.forEach((_, i) => {
      const same = at(joints, i).every((value, axis) => value === golden.joints[0]![i]![axis]);
      expect(same).toBe(TIPS.includes(i));
    });
  });

  it('refuses a mesh that is not MANO’s', () => {
    expect(() => jointsFromVertices(new Float64Array(389 * 3), model.jRegressor, 'freihand')).toThrow(
      'vertices must hold 2334 numbers, got 1167',
    );
    expect(() => jointsFromVertices(vertices, new Float64Array(16), 'freihand')).toThrow(
      'jRegressor must hold',
    );
  });
});

describe('the conventions', () => {
  const numbered = Float64Array.from({ length: 778 * 3 }, (_, k) => Math.floor(k / 3));

  it.each([
    ['freihand', [744, 320, 443, 555, 672]],
    ['ho3d', [744, 333, 444, 555, 672]],
    ['smplx', [744, 320, 443, 554, 671]],
    ['manopth', [745, 317, 444, 556, 673]],
  ] as const)('put the tips of %s, thumb to pinky, on vertices %j', (convention, ids) => {
    const joints = jointsFromVertices(numbered, model.jRegressor, convention);
    expect(TIPS.map((tip) => joints[tip * 3])).toEqual(ids);
  });

  it('are exact from vertices for FreiHAND alone, with the chain joints for all', () => {
    const names = Object.keys(JOINT_CONVENTIONS) as JointConvention[];
    const exact = (chainJoints: boolean): JointConvention[] =>
      names.filter((name) => jointExactness(name, { chainJoints }) === 'exact');
    expect(exact(false)).toEqual(['freihand']);
    expect(exact(true)).toEqual(names);
  });
});
