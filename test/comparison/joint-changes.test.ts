/** Figures of joints over some of a run's samples. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/comparison/compare.js';
import { jointsOver } from '../../src/comparison/joint-changes.js';
import type { RunScores } from '../../src/comparison/run-scores.js';
import { madeRun } from './support.js';

/** Two joints of three samples, metres. */
const ERRORS = [
  [0.001, 0.01],
  [0.003, 0.03],
  [0.005, 0.06],
].map((errors) => ({ raw: Float64Array.from(errors, (e) => 2 * e), aligned: Float64Array.from(errors) }));

function run(values: readonly number[], jointErrors: RunScores['jointErrors'] = ERRORS): RunScores {
  const made = madeRun({ columns: { pa_mpjpe_mm: values } });
  const columns = ['pa_mpjpe_mm', 'mpjpe_mm', 'auc_aligned'].map(
    (key) => [key, Float64Array.of(5, 6)] as const,
  );
  return { ...made, joints: { names: ['wrist', 'thumb_1'], columns: new Map(columns) }, jointErrors };
}

describe('the joints of a run', () => {
  it('are its own result over all that it has scored', () => {
    const all = run([1, 2, 3]);
    expect(jointsOver(all, Int32Array.of(0, 1, 2))).toBe(all.joints);
    expect(jointsOver(run([1, 2, NaN], null), Int32Array.of(0, 1))?.columns.get('mpjpe_mm')).toEqual(
      Float64Array.of(5, 6),
    );
  });

  it('are formed anew over a part', () => {
    const { columns } = jointsOver(run([1, 2, 3]), Int32Array.of(0, 2))!;
    const [first, second] = columns.get('pa_mpjpe_mm')!;
    expect(first).toBeCloseTo(3, 12);
    expect(second).toBeCloseTo(35, 12);
    expect(columns.get('mpjpe_mm')![1]).toBeCloseTo(70, 12);
    // 60 mm is beyond every threshold of the curve, so the second joint has the half of what 10 mm alone has.
    const alone = jointsOver(run([1, 2, 3]), Int32Array.of(0))!.columns.get('auc_aligned')!;
    expect(columns.get('auc_aligned')![1]).toBeCloseTo(alone[1]! / 2, 12);
  });

  it('are not compared where that is not known, with what to do', () => {
    const { runs } = compare([run([1, 2, 3]), run([1, 2, NaN], null)], { allowMixed: true });
    expect(runs[1]!.joints).not.toEqual({});
    const { runs: others } = compare([run([1, 2, 3], null), run([1, 2, NaN])], { allowMixed: true });
    expect(others[1]!.joints).toEqual({});
    expect(others[1]!.remarks.map(({ message }) => message).join()).toContain('no joint_errors.npy');
    const fused = [run([1, 2, 3]), run([1, 2, NaN])].map((one) => {
      const { jointErrors, ...rest } = one;
      void jointErrors;
      return rest;
    });
    const [, fusion] = compare(fused, { allowMixed: true }).runs;
    const remarks = fusion!.remarks.map(({ message }) => message).join();
    expect(remarks).toContain('without --tta-fusion they are compared');
    expect(remarks).not.toContain('--force');
  });
});
