import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { paMeanPositionError } from '../../src/metrics/index.js';
import { JointRegressor } from '../../src/predictions/joint-regressor.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import type { Warning } from '../../src/runs/metrics-document.js';
import { JointsApart } from '../../src/score/joints-apart.js';
import type { SampleRow } from '../../src/score/score-pool.js';
import { predictionSource } from '../support/prediction-source.js';

const fixture = (name: string): URL => new URL(`../fixtures/mano/${name}`, import.meta.url);
const golden = JSON.parse(readFileSync(fixture('forward.json'), 'utf8')) as { vertices: number[][][] };
const { model } = await readManoFile(fixture('MANO_RIGHT.pkl').pathname);
const HANDS = golden.vertices.length;
const WIDTH = 778 * 3;
const MESHES = Float64Array.from(golden.vertices.flat(2));
const regressor = new JointRegressor('freihand', model.jRegressor, 'openpose');
const SCORED: SampleRow = {
  state: 'scored',
  metrics: {},
  jointsReflected: undefined,
  verticesReflected: undefined,
};
const UNSCORED: SampleRow = { state: 'unscored', code: 'some-code', reason: 'some reason' };

const source = (change: Partial<PredictionSource> = {}): PredictionSource =>
  predictionSource({ count: HANDS, vertexCount: 778, ...change });

const REGRESSED = regressor.joints(source(), MESHES, 0, HANDS);

/** The regressed joints, of which one of each hand is moved by so many millimetres. */
function moved(mm: readonly number[]): Float64Array {
  return REGRESSED.map((value, k) => (k % 63 === 12 * 3 ? value + mm[Math.floor(k / 63)]! / 1000 : value));
}

/** Hand by hand, since a batch begins anywhere. */
function warnings(joints: Float64Array, rows: readonly SampleRow[], scored = false): Warning[] {
  const from = source({ joints });
  const apart = JointsApart.between(from, regressor, scored)!;
  const meshes = MESHES.slice();
  for (let k = 0; k < HANDS; k++) {
    apart.add(from, meshes.subarray(k * WIDTH, (k + 1) * WIDTH), k, 1);
  }
  // Looking changes nothing.
  expect(meshes).toEqual(MESHES);
  return apart.warnings(rows);
}

const scored = Array.from({ length: HANDS }, () => SCORED);
const all = (mm: number): number[] => scored.map(() => mm);

/** PA-MPJPE of one hand. */
function apartMm(joints: Float64Array, hand: number): number {
  const at = [hand * 63, hand * 63 + 63] as const;
  return 1000 * paMeanPositionError(joints.subarray(...at), REGRESSED.subarray(...at), 'allowed');
}

describe('predicted joints beside those of the predicted meshes', () => {
  it('are no warning where they are the same, and none up to 0.2 mm', () => {
    expect(warnings(REGRESSED, scored)).toEqual([]);
    const joints = moved(all(1.2));
    expect(apartMm(joints, 0)).toBeGreaterThan(0.1);
    expect(apartMm(joints, 0)).toBeLessThan(0.2);
    expect(warnings(joints, scored)).toEqual([]);
  });

  it('beyond that are one, with the distance, both explanations and what to do', () => {
    const joints = moved(all(6));
    const mean = scored.reduce((sum, _, hand) => sum + apartMm(joints, hand) / HANDS, 0);
    const [warning, ...others] = warnings(joints, scored);
    expect(others).toEqual([]);
    expect(warning!.code).toBe('joint-sources-differ');
    expect(warning!.message).toContain(`${mean.toFixed(2)} mm`);
    expect(warning!.message).toContain('another convention');
    expect(warning!.message).toContain('do not agree');
    expect(warning!.remedy).toContain('--joints-from freihand');
  });

  it('are averaged over the scored samples that have both', () => {
    const joints = moved(scored.map((_, hand) => (hand === 0 ? 60 : 0)));
    const [warning] = warnings(joints, scored);
    expect(warning!.message).toContain(`${(apartMm(joints, 0) / HANDS).toFixed(2)} mm`);
    expect(warnings(joints, [UNSCORED, ...scored.slice(1)])).toEqual([]);
    const [alone] = warnings(joints, [SCORED, ...scored.slice(1).map(() => UNSCORED)]);
    expect(alone!.message).toContain(`${apartMm(joints, 0).toFixed(2)} mm`);
    expect(warnings(joints.fill(Number.NaN, 5, 6), scored)).toEqual([]);
    expect(
      warnings(
        joints,
        scored.map(() => UNSCORED),
      ),
    ).toEqual([]);
  });

  it('stand wherever the benchmark has put them', () => {
    expect(
      warnings(
        REGRESSED.map((value, k) => 2 * value + (k % 3)),
        scored,
      ),
    ).toEqual([]);
  });

  it('are named as what is not scored where the formed ones are', () => {
    const [warning] = warnings(moved(all(6)), scored, true);
    expect(warning!.code).toBe('joint-sources-differ');
    expect(warning!.message).toContain("the model's own joints and those formed from its meshes");
  });

  it.each([
    ['joints are missing', { joints: null }],
    ['meshes are missing', { joints: REGRESSED, vertexCount: null }],
    ['the meshes are not of MANO', { joints: REGRESSED, vertexCount: 389 }],
  ] as const)('are not looked at where %s', (_, change) => {
    expect(JointsApart.between(source(change), regressor, false)).toBeNull();
  });
});
