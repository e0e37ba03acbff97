import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jointsFromVertices, MANO_VERTEX_COUNT } from '../../src/hand/joint-conventions.js';
import { gatherFromOpenPose } from '../../src/hand/joints.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { JointRegressor } from '../../src/predictions/joint-regressor.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { largestDifference } from '../support/largest-difference.js';
import { predictionSource } from '../support/prediction-source.js';

const fixture = (name: string): URL => new URL(`../fixtures/mano/${name}`, import.meta.url);
const golden = JSON.parse(readFileSync(fixture('forward.json'), 'utf8')) as {
  vertices: number[][][];
  joints: number[][][];
};
const { model } = await readManoFile(fixture('MANO_RIGHT.pkl').pathname);
const HANDS = golden.vertices.length;
const MESHES = Float64Array.from(golden.vertices.flat(2));
const OPENPOSE_OF_CHAIN = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3];
const CHAIN = Float64Array.from(
  golden.joints.flatMap((joints) => OPENPOSE_OF_CHAIN.flatMap((at) => joints[at]!)),
);
const WIDTH = MANO_VERTEX_COUNT * 3;

const source = (change: Partial<PredictionSource> = {}): PredictionSource =>
  predictionSource({
    count: HANDS,
    vertexCount: MANO_VERTEX_COUNT,
    vertices: (first, count) => Promise.resolve(MESHES.slice(first * WIDTH, (first + count) * WIDTH)),
    ...change,
  });

/** Sample by sample, since a batch begins anywhere. */
function formed(regressor: JointRegressor, from: PredictionSource): Float64Array {
  const rows = Array.from({ length: HANDS }, (_, k) =>
    regressor.form(from, MESHES.slice(k * WIDTH, (k + 1) * WIDTH), k, 1),
  );
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

describe('JointRegressor', () => {
  it('gives the joints of smplx from its mesh and chain', () => {
    const regressor = new JointRegressor('smplx', null, 'openpose');
    expect(
      largestDifference(formed(regressor, source({ chainJoints: CHAIN })), golden.joints.flat(2)),
    ).toBeLessThan(1e-15);
  });

  it('gives regressor × vertices for freihand, whatever the batch', () => {
    const regressor = new JointRegressor('freihand', model.jRegressor, 'openpose');
    const expected = Array.from({ length: HANDS }, (_, k) => [
      ...jointsFromVertices(MESHES.slice(k * WIDTH, (k + 1) * WIDTH), model.jRegressor, 'freihand'),
    ]).flat();
    expect(largestDifference(formed(regressor, source()), expected)).toBe(0);
    expect(largestDifference(regressor.form(source(), MESHES.slice(), 0, HANDS), expected)).toBe(0);
  });

  it('keeps the order of the benchmark', () => {
    const [openpose, ho3d] = (['openpose', 'ho3d'] as const).map((order) =>
      formed(new JointRegressor('freihand', model.jRegressor, order), source()),
    );
    for (const [place, joint] of gatherFromOpenPose('ho3d').entries()) {
      for (let axis = 0; axis < 3; axis++) {
        expect(ho3d![63 + place * 3 + axis]).toBe(openpose![63 + joint * 3 + axis]);
      }
    }
  });

  it('puts the formed wrist on the published one, and the mesh with it', () => {
    const roots = Float64Array.from({ length: HANDS * 3 }, (_, k) => 1 + k / 8);
    const regressor = new JointRegressor('freihand', model.jRegressor, 'openpose');
    const meshes = MESHES.slice(WIDTH, 3 * WIDTH);
    const joints = regressor.form(source({ roots }), meshes, 1, 2);
    const plain = regressor.form(source(), MESHES.slice(WIDTH, 3 * WIDTH), 1, 2);
    for (const hand of [0, 1]) {
      for (let axis = 0; axis < 3; axis++) {
        expect(joints[hand * 63 + axis]).toBeCloseTo(roots[(1 + hand) * 3 + axis]!, 12);
        const moved = joints[hand * 63 + axis]! - plain[hand * 63 + axis]!;
        const at = hand * WIDTH + 300 + axis;
        expect(meshes[at]! - MESHES[WIDTH + at]!).toBeCloseTo(moved, 12);
        expect(joints[hand * 63 + 30 + axis]! - plain[hand * 63 + 30 + axis]!).toBeCloseTo(moved, 12);
      }
    }
  });

  it('leaves NaN where the mesh is NaN, and there alone', () => {
    const meshes = MESHES.slice();
    meshes.fill(Number.NaN, WIDTH, 2 * WIDTH);
    const joints = new JointRegressor('freihand', model.jRegressor, 'openpose').form(
      source(),
      meshes,
      0,
      HANDS,
    );
    expect(joints.subarray(63, 126).every(Number.isNaN)).toBe(true);
    expect(joints.filter(Number.isNaN)).toHaveLength(63);
  });

  it.each([
    ['freihand', { vertexCount: null }, 'no meshes'],
    ['freihand', { vertexCount: 389 }, '389 vertices'],
    ['smplx', {}, 'vertices alone'],
    ['ho3d', {}, 'vertices alone'],
    ['manopth', {}, 'vertices alone'],
  ] as const)('%s is refused of %o', (convention, change, got) => {
    const regressor = new JointRegressor(convention, model.jRegressor, 'openpose');
    expect(() => regressor.require(source(change))).toThrow(
      expect.objectContaining({ code: 'joints-from-unavailable', got, file: 'a run' }) as Error,
    );
  });
});
