/** Sanity relations of final numbers: each fires for numbers that break it, none for real results. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnoseResult } from '../../src/diagnosis/index.js';
import { RESULT_FINDING_CODES, type ResultSummary } from '../../src/diagnosis/result.js';
import {
  evaluateSample,
  FREIHAND_PROTOCOL,
  HO3D_V2_PROTOCOL,
  ScoreAccumulator,
} from '../../src/metrics/index.js';
import { loadGolden, type GoldenCase } from '../metrics/support.js';
import { codes, changed, flipped, scene, type Scene } from './support.js';

function scored({ truth, predicted }: Scene, protocol = FREIHAND_PROTOCOL): ResultSummary {
  const accumulator = new ScoreAccumulator(protocol);
  truth.forEach((groundTruth, i) => {
    accumulator.add(evaluateSample({ prediction: predicted[i]!, groundTruth }, protocol));
  });
  const { metrics, proper, reflected, scored: count } = accumulator.result();
  return { metrics: { ...metrics, ...proper }, scored: count, reflected };
}

function golden(name: GoldenCase): ResultSummary {
  const { trueJoints, trueVertices, predictedJoints, predictedVertices } = loadGolden(name);
  const hands = (joints: Float64Array[], vertices: Float64Array[]): Scene['truth'] =>
    joints.map((points, i) => ({ joints: points, vertices: vertices[i]! }));
  return scored(
    { truth: hands(trueJoints, trueVertices), predicted: hands(predictedJoints, predictedVertices) },
    name.startsWith('ho3d') ? HO3D_V2_PROTOCOL : FREIHAND_PROTOCOL,
  );
}

/** Rows of Tables 1 and 2 of the Hamba paper (arXiv 2407.09646): the best, and those nearest the limits. */
const published: Record<string, Record<string, number>> = {
  'HaMeR, FreiHAND': { pa_mpjpe_mm: 6.0, pa_mpvpe_mm: 5.7, f5_aligned: 0.785, f15_aligned: 0.99 },
  'HaMeR, HO-3D v2': row(7.7, 7.9, 0.635, 0.98, 0.846, 0.841),
  'METRO, HO-3D v2': row(10.4, 11.1, 0.484, 0.946, 0.792, 0.779),
  'I2L-MeshNet, HO-3D v2': row(11.2, 13.9, 0.409, 0.932, 0.775, 0.722),
  'HandOccNet, HO-3D v2': row(9.1, 8.8, 0.564, 0.963, 0.819, 0.819),
};

function row(
  joints: number,
  mesh: number,
  f5: number,
  f15: number,
  aucJoints: number,
  aucMesh: number,
): Record<string, number> {
  return {
    pa_mpjpe_mm: joints,
    pa_mpvpe_mm: mesh,
    f5_aligned: f5,
    f15_aligned: f15,
    auc_j_aligned: aucJoints,
    auc_v_aligned: aucMesh,
  };
}

describe('an honest result', () => {
  it.each(Object.entries(published))('%s is left alone', (_, metrics) => {
    expect(diagnoseResult({ metrics, scored: 1000 })).toEqual([]);
  });

  it('of good and bad models is left alone', () => {
    for (const options of [
      {},
      { pose: 0.05, turn: 0, place: 0 },
      { noise: 0.03 },
      { noise: 0.06 },
      { pose: 0.8, turn: 1 },
    ]) {
      for (const count of [1, 20]) expect(diagnoseResult(scored(scene(count, 5, options)))).toEqual([]);
    }
  });

  it('of the zero predictor, of another topology, of one part, of nothing', () => {
    expect(diagnoseResult(golden('freihand-zeros'))).toEqual([]);
    expect(diagnoseResult(golden('ho3d-zeros'))).toEqual([]);
    expect(diagnoseResult(golden('freihand-other-topology'))).toEqual([]);
    expect(diagnoseResult({ metrics: { pa_mpjpe_mm: 8, mpjpe_mm: 30 }, scored: 10 })).toEqual([]);
    expect(diagnoseResult({ metrics: {}, scored: 0 })).toEqual([]);
  });
});

describe('reflected samples', () => {
  it.each(['freihand', 'ho3d'] as const)('golden %s: one of five, with what it costs', (name) => {
    const findings = diagnoseResult(golden(name));
    expect(codes(findings)).toEqual(['samples-reflected']);
    expect(findings[0]!.message).toMatch(
      /^the joints of 1 of 5 samples.* and the vertices of 1 of 5 samples.* fit best as a mirrored hand, .*; without reflection pa_mpjpe_mm is \d+\.\d mm instead of 6\.3 mm and pa_mpvpe_mm is 7\.7 mm instead of 5\.3 mm$/,
    );
  });

  it('are not told where they cost nothing', () => {
    const metrics = { pa_mpjpe_mm: 8, pa_mpjpe_proper_mm: 8.02 };
    expect(diagnoseResult({ metrics, scored: 100, reflected: { joints: 30, vertices: 0 } })).toEqual([]);
  });

  it('are told by their share where the cost is not known', () => {
    const reflected = { joints: 12, vertices: 3 };
    const findings = diagnoseResult({ metrics: { pa_mpjpe_mm: 8 }, scored: 100, reflected });
    expect(codes(findings)).toEqual(['samples-reflected']);
  });

  it('all mirrored', () => {
    const mirrored = changed(scene(10, 3), (points) => flipped(points, [-1, 1, 1]));
    expect(codes(diagnoseResult(scored(mirrored)))).toEqual(['samples-reflected']);
  });
});

describe('relations', () => {
  it('F@5 above F@15', () => {
    const findings = diagnoseResult({
      metrics: { f5: 0.5, f15: 0.4, f5_aligned: 0.6, f15_aligned: 0.9 },
      scored: 5,
    });
    expect(codes(findings)).toEqual(['f-score-order']);
    expect(findings[0]!.message).toContain('f5 0.500 is larger than f15 0.400');
  });

  it('AUC below what the mean error allows, and above', () => {
    const low = diagnoseResult({ metrics: { pa_mpjpe_mm: 10, auc_j_aligned: 0.78 }, scored: 5 });
    expect(codes(low)).toEqual(['auc-below-error']);
    expect(low[0]!.message).toContain('at least 0.800');
    const high = diagnoseResult({ metrics: { pa_mpjpe_mm: 10, auc_j_aligned: 0.9 }, scored: 5 });
    expect(codes(high)).toEqual(['auc-above-error']);
    expect(high[0]!.message).toContain('make up 5.0 mm of the 10.0 mm of pa_mpjpe_mm');
    // Unaligned errors pass 50 mm as a rule.
    expect(diagnoseResult({ metrics: { mpjpe_mm: 40, auc_j: 0.6 }, scored: 5 })).toEqual([]);
    const other = { from: 20, to: 50, count: 100 };
    const shifted = { metrics: { pa_mpjpe_mm: 10, auc_j_aligned: 0.99 }, scored: 5, aucThresholdsMm: other };
    expect(diagnoseResult(shifted)).toEqual([]);
  });

  it('aligned above unaligned', () => {
    const findings = diagnoseResult({ metrics: { pa_mpjpe_mm: 20, mpjpe_mm: 12 }, scored: 5 });
    expect(codes(findings)).toEqual(['aligned-above-raw']);
    expect(diagnoseResult({ metrics: { pa_mpjpe_mm: 12.5, mpjpe_mm: 12 }, scored: 5 })).toEqual([]);
  });

  it('perfect', () => {
    const { truth } = scene(4, 1);
    const findings = diagnoseResult(scored({ truth, predicted: truth }));
    expect(codes(findings)).toEqual(['perfect-result']);
    expect(findings[0]!.message).toContain('are 0.0 mm');
  });

  it('joints and mesh apart', () => {
    // SeanChenxy/HandMesh#86.
    const findings = diagnoseResult({ metrics: { pa_mpjpe_mm: 25.2, pa_mpvpe_mm: 12.1 }, scored: 11524 });
    expect(codes(findings)).toEqual(['joints-mesh-disagree']);
    expect(findings[0]!.remedy).toContain('order of the joints');
  });

  it('values that are none', () => {
    const findings = diagnoseResult({
      metrics: { pa_mpjpe_mm: -1, f5: 1.2, auc_j: NaN, f15: 0.5 },
      scored: 5,
    });
    expect(codes(findings)).toEqual(Array(3).fill('value-out-of-range'));
  });

  it('are all documented', () => {
    const text = readFileSync(new URL('../../docs/diagnosis.md', import.meta.url), 'utf8');
    for (const code of RESULT_FINDING_CODES) expect(text).toContain(`| \`${code}\``);
  });
});
