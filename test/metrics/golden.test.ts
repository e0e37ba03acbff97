/** Agreement with the official evaluators on the cases in test/fixtures/golden. */

import { describe, expect, it } from 'vitest';
import {
  alignSimilarity,
  evaluateSample,
  FREIHAND_PROTOCOL,
  HO3D_V2_PROTOCOL,
  officialPckData,
  officialScores,
  ScoreAccumulator,
  type ScoredSample,
} from '../../src/metrics/index.js';
import { largestDifference } from '../support/largest-difference.js';
import { goldenJson, loadGolden, type Golden, type GoldenCase } from './support.js';

const CASES: GoldenCase[] = ['freihand', 'freihand-zeros', 'freihand-other-topology', 'ho3d', 'ho3d-zeros'];

function score(name: GoldenCase): { golden: Golden; samples: ScoredSample[]; accumulator: ScoreAccumulator } {
  const golden = loadGolden(name);
  const protocol = name.startsWith('ho3d') ? HO3D_V2_PROTOCOL : FREIHAND_PROTOCOL;
  const accumulator = new ScoreAccumulator(protocol);
  const samples = golden.trueJoints.map((trueJoints, i) => {
    const result = evaluateSample(
      {
        prediction: { joints: golden.predictedJoints[i]!, vertices: golden.predictedVertices[i]! },
        groundTruth: { joints: trueJoints, vertices: golden.trueVertices[i]! },
      },
      protocol,
    );
    if (result.state !== 'scored') throw new Error(result.message);
    accumulator.add(result);
    return result;
  });
  return { golden, samples, accumulator };
}

describe.each(CASES)('golden %s', (name) => {
  const { golden, samples, accumulator } = score(name);

  it('prints the official scores.txt, byte for byte', () => {
    const official = officialScores(name.startsWith('ho3d') ? 'ho3d' : 'freihand', accumulator);
    if (official.state !== 'available') throw new Error(official.reason);
    for (const [key, value] of official.entries) {
      expect(Math.abs(value - golden.scores.get(key)!), key).toBeLessThanOrEqual(1e-6);
    }
    expect(official.text).toBe(golden.scoresText);
    expect(official.topology).toBe(name === 'freihand-other-topology' ? 'other' : 'same');
  });

  it('has the official per-sample values to 1e-9 relative', () => {
    golden.perSample.forEach((expected, i) => {
      const { metrics, officialTrafo } = samples[i]!;
      const pairs: [string, number | undefined, number | undefined][] = [
        ['mpjpe', metrics.mpjpe_mm! / 1000, expected.mpjpe],
        ['pa_mpjpe', metrics.pa_mpjpe_mm! / 1000, expected.pa_mpjpe],
        ['f_5', metrics.f5, expected.f_5],
        ['f_15', metrics.f15, expected.f_15],
        ['f_al_5', (officialTrafo ?? { f5: metrics.f5_aligned }).f5, expected.f_al_5],
        ['f_al_15', (officialTrafo ?? { f15: metrics.f15_aligned }).f15, expected.f_al_15],
      ];
      if (expected.mpvpe !== undefined) {
        pairs.push(
          ['mpvpe', metrics.mpvpe_mm! / 1000, expected.mpvpe],
          ['pa_mpvpe', metrics.pa_mpvpe_mm! / 1000, expected.pa_mpvpe],
        );
      }
      if (expected.sc_tr_mpjpe !== undefined) {
        pairs.push(['sc_tr_mpjpe', metrics.sta_mpjpe_mm! / 1000, expected.sc_tr_mpjpe]);
      }
      for (const [key, got, want] of pairs) {
        expect(Math.abs(got! - want!), `sample ${i} ${key}`).toBeLessThanOrEqual(1e-9 * Math.abs(want!));
      }
      const { aligned } = alignSimilarity(golden.predictedJoints[i]!, golden.trueJoints[i]!, 'allowed');
      expect(largestDifference(aligned, expected.joints_aligned.flat())).toBeLessThan(1e-12);
    });
  });

  // HO-3D's script draws its curves but does not dump them.
  if (name.startsWith('ho3d')) return;

  it('has the official PCK curves to 1e-12', () => {
    const expected = goldenJson(name, 'pck_data.json') as Record<string, [number[], number[]]>;
    const data = officialPckData(accumulator.result());
    for (const curve of ['xyz', 'xyz_al', 'mesh', 'mesh_al'] as const) {
      if (name === 'freihand-other-topology' && curve.startsWith('mesh')) {
        // The script dumps a placeholder of −1; there is no curve, so here it has no key.
        expect(data[curve]).toBeUndefined();
        continue;
      }
      expect(largestDifference(data[curve]![0], expected[curve]![0])).toBeLessThan(1e-15);
      expect(largestDifference(data[curve]![1], expected[curve]![1])).toBeLessThan(1e-12);
    }
  });
});

describe('golden other topology, the correct values beside', () => {
  const { samples, accumulator } = score('freihand-other-topology');

  it('scores aligned vertices higher than the faulty transform does, and has no vertex errors', () => {
    for (const sample of samples) {
      expect(sample.topology).toBe('other');
      expect(sample.metrics.f15_aligned!).toBeGreaterThan(0.9);
      expect(sample.officialTrafo!.f15).toBeLessThan(0.3);
      expect(sample.metrics).not.toHaveProperty('mpvpe_mm');
      expect(sample.metrics).not.toHaveProperty('pa_mpvpe_mm');
    }
    expect(accumulator.result().metrics.f15_aligned!).toBeGreaterThan(0.9);
  });
});

describe('golden mirrored sample', () => {
  it('is the only one that reflects, and costs tens of millimetres without reflection', () => {
    const { samples } = score('freihand');
    expect(samples.map((sample) => sample.joints_reflected)).toEqual([false, false, false, true, false]);
    expect(samples.map((sample) => sample.vertices_reflected)).toEqual([false, false, false, true, false]);
    expect(samples[3]!.metrics.pa_mpvpe_proper_mm!).toBeGreaterThan(samples[3]!.metrics.pa_mpvpe_mm! + 5);
    expect(samples[0]!.metrics.pa_mpvpe_proper_mm).toBe(samples[0]!.metrics.pa_mpvpe_mm);
  });
});
