/** What a comparison says, against the slow and obvious, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/comparison/compare.js';
import { parseWorseRule } from '../../src/comparison/fail-if-worse.js';
import { COMPARED_METRICS } from '../../src/comparison/run-scores.js';
import { METRICS } from '../../src/metrics/index.js';
import { Random } from '../../src/statistics/random.js';
import { madeRun, type MadeRun } from './support.js';

const SEED = 4711;
const random = new Random(SEED);
const COUNT = 200;
const errors = Array.from({ length: COUNT }, () => 6 + random.normal() ** 2);
const shares = errors.map((error) => Math.max(0, 1 - error / 20));
const better = errors.map((error) => error - 0.3 + 0.5 * random.normal());
const base: MadeRun = { path: 'runs/a', columns: { pa_mpjpe_mm: errors, f5_aligned: shares } };
const other: MadeRun = {
  path: 'runs/b',
  columns: { pa_mpjpe_mm: better, f5_aligned: better.map((error) => Math.max(0, 1 - error / 20)) },
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function codeOf(action: () => unknown): { code: string; message: string; exitCode: number; got?: string } {
  try {
    action();
  } catch (error) {
    return error as { code: string; message: string; exitCode: number };
  }
  throw new Error('nothing was thrown');
}

describe(`compare (seed ${SEED})`, () => {
  it('finds two identical runs exactly equal, with p = 1', () => {
    const { runs, paired } = compare([madeRun(base), madeRun(base)]);
    expect(paired).toEqual({ samples: COUNT, units: 'samples', count: COUNT });
    const nothing = {
      difference: 0,
      low: 0,
      high: 0,
      level: 0.95,
      p: 1,
      p_holm: 1,
      improved: 0,
      equal: 1,
      worse: 0,
    };
    expect(runs[1]!.differences).toEqual({ pa_mpjpe_mm: nothing, f5_aligned: nothing });
    expect(runs[1]).toMatchObject({ gained: [], lost: [], missing: 0, mixed: [] });
    expect(runs[0]!.differences).toEqual({});
    expect(runs[1]!.joints.pa_mpjpe_mm!.map(({ difference }) => difference)).toEqual([0, 0]);
  });

  it('says what the obvious says', () => {
    const { runs } = compare([madeRun(base), madeRun(other)], { top: 3 });
    const found = runs[1]!.differences.pa_mpjpe_mm!;
    const differences = better.map((value, i) => value - errors[i]!);
    expect(found.difference).toBeCloseTo(mean(differences), 12);
    expect(found.low).toBeLessThan(found.difference);
    expect(found.high).toBeGreaterThan(found.difference);
    // Normal theory is close for 200 samples.
    const deviation = Math.sqrt(mean(differences.map((d) => (d - mean(differences)) ** 2)) / COUNT);
    expect(found.low!).toBeCloseTo(mean(differences) - 1.96 * deviation, 1);
    expect(found.p).toBe(1 / 10_001);
    expect(found.p_holm).toBe(2 / 10_001);
    expect(found.improved).toBe(differences.filter((d) => d < 0).length / COUNT);
    expect(found.worse).toBe(differences.filter((d) => d > 0).length / COUNT);
    expect(runs[1]!.differences.f5_aligned!.improved).toBeGreaterThan(0.5);
    const order = [...differences.keys()].sort((a, b) => differences[a]! - differences[b]!);
    const id = (i: number): string => i.toString().padStart(8, '0');
    expect(runs[1]!.gained.map((change) => change.id)).toEqual(order.slice(0, 3).map(id));
    expect(runs[1]!.lost.map((change) => change.id)).toEqual(order.slice(-3).reverse().map(id));
    expect(runs[1]!.gained[0]).toEqual({
      id: id(order[0]!),
      baseline: errors[order[0]!],
      value: better[order[0]!],
      difference: differences[order[0]!],
    });
  });

  it('turns its sign with the baseline, and ranks shares the other way', () => {
    const runs = [madeRun(base), madeRun(other)];
    const there = compare(runs, { by: 'f5_aligned' }).runs[1]!;
    const back = compare(runs, { baseline: 1, by: 'f5_aligned' }).runs[0]!;
    expect(back.differences.f5_aligned!.difference).toBeCloseTo(
      -there.differences.f5_aligned!.difference,
      14,
    );
    expect(back.differences.f5_aligned!.p).toBe(there.differences.f5_aligned!.p);
    expect(back.gained.map(({ id }) => id)).toEqual(there.lost.map(({ id }) => id));
    expect(there.gained[0]!.difference).toBeGreaterThan(0);
  });

  it('pairs by id, whatever the order, over the samples all have scored', () => {
    const ids = errors.map((_, i) => `s${i}`);
    const order = random.permutation(COUNT);
    const holed = better.map((value, i) => (i < 4 ? NaN : value));
    const a = madeRun({ ...base, columns: { pa_mpjpe_mm: errors }, ids });
    const b = madeRun({
      columns: { pa_mpjpe_mm: order.map((i) => holed[i]!) },
      ids: order.map((i) => ids[i]!),
    });
    const { runs, paired } = compare([a, b]);
    expect(paired!.samples).toBe(COUNT - 4);
    expect(runs.map(({ missing }) => missing)).toEqual([0, 4]);
    expect(runs[0]!.metrics.pa_mpjpe_mm).toBeCloseTo(mean(errors.slice(4)), 12);
    expect(runs[1]!.metrics.pa_mpjpe_mm).toBe(b.document.metrics.pa_mpjpe_mm);
    const differences = better.slice(4).map((value, i) => value - errors[i + 4]!);
    expect(runs[1]!.differences.pa_mpjpe_mm!.difference).toBeCloseTo(mean(differences), 12);
  });

  it('takes whole sequences where the run says which samples are of one', () => {
    const sequences = errors.map((_, i) => `video ${i % 9}`);
    const { paired, runs } = compare([madeRun({ ...base, sequences }), madeRun(other)]);
    expect(paired).toEqual({ samples: COUNT, units: 'groups', count: 9 });
    // Nine sequences have 2^9 assignments; the smallest two-sided p is 2 of them.
    expect(runs[1]!.differences.pa_mpjpe_mm!.p! * 512).toBeCloseTo(
      Math.round(runs[1]!.differences.pa_mpjpe_mm!.p! * 512),
      9,
    );
  });

  it('corrects for all tests of all runs', () => {
    const { runs, statistics } = compare([madeRun(base), madeRun(other), madeRun(base)]);
    expect(statistics.tests).toBe(4);
    expect(runs.map(({ name }) => name)).toEqual(['A', 'B', 'C']);
    expect(runs[1]!.differences.pa_mpjpe_mm!.p_holm).toBe(4 / 10_001);
    expect(runs[2]!.differences.pa_mpjpe_mm!.p_holm).toBe(1);
  });

  it('compares what both have, and shows the rest', () => {
    const { runs } = compare([madeRun(base), madeRun({ columns: { pa_mpjpe_mm: better } })]);
    expect(Object.keys(runs[1]!.differences)).toEqual(['pa_mpjpe_mm']);
    expect(Object.keys(runs[0]!.metrics)).toEqual(['pa_mpjpe_mm', 'f5_aligned']);
  });
});

describe('unlike runs', () => {
  it.each<[string, Partial<MadeRun>, string]>([
    ['dataset', { dataset: { id: 'ho3d-v2', split: 'evaluation' } }, 'dataset ho3d-v2'],
    ['split', { dataset: { id: 'freihand', split: 'training' } }, 'split training'],
    ['reflection', { protocol: { reflection: 'forbidden' } as never }, 'reflection forbidden'],
    ['tta', { protocol: { tta: 'graphormer' } }, 'tta graphormer'],
    ['samples', { ids: errors.map((_, i) => `other ${i}`) }, 'samples 200, 0 of them the same'],
    ['ground truth', { fingerprint: 'another' }, 'ground truth folder another'],
  ])('are refused for their %s, with both values', (field, change, got) => {
    const error = codeOf(() => compare([madeRun(base), madeRun({ ...other, ...change })]));
    expect(error).toMatchObject({ code: 'runs-unlike', exitCode: 1, file: 'runs/b', got });
    expect(error.message).toContain(field);
  });

  it('are compared and marked where that is allowed', () => {
    const runs = [madeRun(base), madeRun({ ...other, protocol: { tta: 'graphormer' } })];
    const { runs: compared } = compare(runs, { allowMixed: true });
    expect(compared[1]!.mixed).toEqual([
      { field: 'tta', baseline: 'none', run: 'graphormer', concerns: 'all' },
    ]);
    expect(compared[1]!.differences.pa_mpjpe_mm).toBeDefined();
  });

  it('of two datasets stand side by side, unpaired: equal ids mean other hands there', () => {
    const runs = [madeRun(base), madeRun({ ...other, dataset: { id: 'ho3d-v2', split: 'evaluation' } })];
    const { paired, runs: compared } = compare(runs, { allowMixed: true });
    expect(paired).toBeNull();
    expect(compared[1]).toMatchObject({ differences: {}, gained: [], lost: [], joints: {} });
    expect(compared[1]!.metrics.pa_mpjpe_mm).toBeCloseTo(mean(better), 12);
  });

  it('with other samples are compared over those they share', () => {
    const half = madeRun({ columns: { pa_mpjpe_mm: better.slice(0, 50) } });
    const { paired, runs } = compare([madeRun(base), half], { allowMixed: true });
    expect(paired!.samples).toBe(50);
    expect(runs[1]!.missing).toBe(150);
    expect(runs[0]!.metrics.pa_mpjpe_mm).toBeCloseTo(mean(errors.slice(0, 50)), 12);
    const none = madeRun({ ...other, ids: errors.map((_, i) => `x${i}`) });
    expect(codeOf(() => compare([madeRun(base), none], { allowMixed: true })).code).toBe('no-shared-samples');
  });

  it('are no longer compared in what the difference concerns alone', () => {
    const raw = (run: MadeRun): MadeRun => ({
      ...run,
      columns: { ...run.columns, mpjpe_mm: run.columns.pa_mpjpe_mm! },
    });
    const runs = [
      madeRun(raw(base)),
      madeRun(raw({ ...other, protocol: { rootAlignment: 'published-root' } as never })),
    ];
    const { differences, metrics } = compare(runs).runs[1]!;
    expect(Object.keys(differences)).toEqual(['pa_mpjpe_mm', 'f5_aligned']);
    expect(metrics.mpjpe_mm).toBeDefined();
    expect(Object.keys(compare(runs, { allowMixed: true }).runs[1]!.differences)).toContain('mpjpe_mm');
    const rule = { metric: 'mpjpe_mm', allowed: 1 };
    expect(codeOf(() => compare(runs, { failIfWorse: [rule] })).code).toBe('check-impossible');
  });

  it('are not unlike because a file does not say its boxes', () => {
    const runs = [
      madeRun({ ...base, imported: false, protocol: { boxes: 'image' } }),
      madeRun({ ...other, fingerprint: 'of annotations alone' }),
    ];
    const [, run] = compare(runs).runs;
    expect(run!.mixed).toEqual([]);
    expect(run!.remarks).toHaveLength(1);
    const boxes = [
      madeRun({ ...base, protocol: { boxes: 'image' } }),
      madeRun({ ...other, protocol: { boxes: 'x.npz' } }),
    ];
    expect(codeOf(() => compare(boxes)).message).toContain('boxes');
  });
});

describe('--fail-if-worse', () => {
  const check = (text: string, runs = [madeRun(base), madeRun(other)], baseline = 0) =>
    compare(runs, { failIfWorse: [parseWorseRule(text)], baseline }).checks[0]!;

  it('knows which way is worse', () => {
    const gain = mean(errors) - mean(better);
    expect(check('pa_mpjpe_mm:0')).toMatchObject({
      passed: true,
      worse_by: expect.closeTo(-gain, 10) as number,
    });
    expect(check('f5_aligned:0').passed).toBe(true);
    expect(check('pa_mpjpe_mm:0', undefined, 1)).toMatchObject({ run: 'A', passed: false });
    expect(check('f5_aligned:0', undefined, 1).passed).toBe(false);
    expect(check(`pa_mpjpe_mm:${gain + 0.01}`, undefined, 1).passed).toBe(true);
    expect(check('pa_mpjpe_mm:0', [madeRun(base), madeRun(base)])).toMatchObject({
      passed: true,
      worse_by: 0,
    });
  });

  it('fails a run that lost samples: it might have lost the hard ones', () => {
    const holed = madeRun({ columns: { pa_mpjpe_mm: better.map((value, i) => (i === 7 ? NaN : value)) } });
    expect(check('pa_mpjpe_mm:5', [madeRun(base), holed])).toMatchObject({ passed: false, lost_samples: 1 });
    expect(check('pa_mpjpe_mm:5', [holed, madeRun(base)])).toMatchObject({ passed: true, lost_samples: 0 });
  });

  it('refuses what is no metric or no amount, listing the metrics', () => {
    for (const text of ['pa:1', 'pa_mpjpe_mm', 'pa_mpjpe_mm:', 'pa_mpjpe_mm:x', 'pa_mpjpe_mm:-1', ':1']) {
      const error = codeOf(() => parseWorseRule(text)) as { exitCode: number; expected?: string };
      expect(error).toMatchObject({ code: 'rule-invalid', exitCode: 2, got: text });
      expect(error.expected).toContain('pa_mpjpe_mm, pa_mpvpe_mm');
    }
    const absent = codeOf(() => check('sta_mpjpe_mm:1'));
    expect(absent).toMatchObject({ code: 'metric-unknown', exitCode: 2, got: 'sta_mpjpe_mm' });
    expect(codeOf(() => compare([madeRun(base), madeRun(other)], { by: 'f15' })).code).toBe('metric-unknown');
  });
});

describe('the metrics compared', () => {
  it('are all but the twins with a proper rotation', () => {
    const twins = METRICS.filter(({ alignment }) => alignment === 'similarity-proper');
    expect(twins).toHaveLength(6);
    expect(COMPARED_METRICS).toEqual(
      METRICS.filter((metric) => !twins.includes(metric)).map(({ key }) => key),
    );
  });

  it('are known: another is left out with a remark, whatever its key looks like', () => {
    const columns = { pa_mpjpe_mm: [1, 2, 3], new_mm: [1, 2, 3] };
    const runs = [madeRun({ columns: { pa_mpjpe_mm: [1, 2, 3] } }), madeRun({ columns })];
    const { runs: compared } = compare(runs);
    expect(Object.keys(compared[1]!.metrics)).toEqual(['pa_mpjpe_mm']);
    expect(Object.keys(compared[1]!.differences)).toEqual(['pa_mpjpe_mm']);
    expect(compared[0]!.remarks).toEqual([]);
    const message = 'a metric that this version does not know is left out: new_mm';
    expect(compared[1]!.remarks).toEqual([{ field: 'metrics', message }]);
    expect(codeOf(() => compare(runs, { by: 'new_mm' })).code).toBe('metric-unknown');
  });
});
