/** How a comparison is shown: 80 columns, colour only where it is on, every format escaped and complete. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/comparison/compare.js';
import type { ComparisonDocument } from '../../src/comparison/comparison-document.js';
import { checkLines } from '../../src/comparison/comparison-notes.js';
import { comparisonText } from '../../src/comparison/comparison-text.js';
import { Random } from '../../src/statistics/random.js';
import { CSV } from '../../src/text/formats/csv.js';
import { LATEX } from '../../src/text/formats/latex.js';
import { MARKDOWN } from '../../src/text/formats/markdown.js';
import { TERMINAL } from '../../src/text/formats/terminal.js';
import { madeRun } from './support.js';

const ESCAPE = '\u001b';
const KEYS = ['pa_mpjpe_mm', 'pa_mpvpe_mm', 'f5_aligned', 'auc_j_sta', 'mpjpe_mm'];

/** Runs of 60 samples, the later ones better; the third under other rules. */
function document(
  count: number,
  path = (index: number) => `reports/freihand-run${index}`,
): ComparisonDocument {
  const random = new Random(9);
  const runs = Array.from({ length: count }, (_, index) =>
    madeRun({
      path: path(index),
      columns: Object.fromEntries(
        KEYS.map((key) => [
          key,
          Array.from({ length: 60 }, () =>
            key.endsWith('_mm')
              ? (key === 'mpjpe_mm' ? 900 : 7) - index + random.normal()
              : 0.7 + 0.05 * index,
          ),
        ]),
      ),
      ...(index === 2 ? { protocol: { tta: 'graphormer' } } : {}),
    }),
  );
  return compare(runs, { allowMixed: true, failIfWorse: [{ metric: 'pa_mpjpe_mm', allowed: 0.1 }] });
}

describe('the terminal', () => {
  it.each([2, 3, 9])('shows %d runs in 80 columns, without colour where there is none', (count) => {
    const text = comparisonText(
      document(count, (index) => `/a/very/long/path/${'deep/'.repeat(20)}run${index}`),
      TERMINAL,
      false,
    );
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).not.toContain(ESCAPE);
    expect(comparisonText(document(count), TERMINAL, true)).toContain(`${ESCAPE}[1m`);
  });

  it('says what the figures rest on and what sets runs apart', () => {
    const text = comparisonText(document(3), TERMINAL, false);
    expect(text).toContain('partial 60 of 3,960 samples');
    expect(text).toMatch(/^C ≠ reports\/freihand-run2 \(graphormer\)$/m);
    expect(text).toContain('≠ C: tta is graphormer; A: none.');
    expect(text).toContain("Holm's correction for 10 tests");
    expect(text).toMatch(/^A {3}reports\/freihand-run0 {2}\(baseline\)$/m);
    expect(text).toContain('passed: B is');
  });

  it('keeps what a terminal would obey out of it', () => {
    const text = comparisonText(
      document(2, () => `evil${ESCAPE}[31m`),
      TERMINAL,
      false,
    );
    expect(text).toContain('evil\\x1b[31m');
    expect(text).not.toContain(ESCAPE);
  });

  it('shows identical runs as such', () => {
    const run = madeRun({ columns: { pa_mpjpe_mm: [5, 6, 7] } });
    const text = comparisonText(compare([run, run]), TERMINAL, false);
    expect(text).toMatch(/^PA-MPJPE mm ↓ +6\.00 +6\.00 +0\.00 +0\.00 to 0\.00 +1 +0$/m);
    expect(text).toContain('B better in 0 %, equal in 100 %, worse in 0 %');
  });

  it('shows PCK in percent, and says so', () => {
    const run = madeRun({ columns: { pck_0_05_all: [0.5, 0.25] } });
    // In memory there are no keypoints: the mean of shares stands for the figure here.
    expect(comparisonText(compare([run, run]), TERMINAL, false)).toMatch(
      /^PCK@0\.05 all % ↑ +37\.5 +37\.5 +0\.0/m,
    );
  });
});

describe('the formats for papers', () => {
  it('mark the best and the second of each metric', () => {
    const markdown = comparisonText(document(3), MARKDOWN, false);
    expect(markdown).toMatch(/^\| A \| reports\/freihand-run0 \| 6\.\d\d \|/m);
    expect(markdown).toMatch(/^\| B \| reports\/freihand-run1 \| <u>\d\.\d\d<\/u> \|/m);
    expect(markdown).toMatch(/^\| C ≠ \| reports\/freihand-run2 \(graphormer\) \| \*\*\d\.\d\d\*\* \|/m);
    expect(markdown).toContain('| C − A |');
    const latex = comparisonText(document(3), LATEX, false);
    expect(latex.match(/\\toprule/g)).toHaveLength(3);
    expect(latex).toMatch(/B & reports\/freihand-run1 & \\underline\{\d\.\d\d\}/);
    expect(latex).toMatch(/C \$\\neq\$ & reports\/freihand-run2 \(graphormer\) & \\textbf\{\d\.\d\d\}/);
    expect(latex).toContain('AUC\\_J STA');
  });

  it('escape names from the disk', () => {
    const named = document(2, (index) => `a_b|${index}%`);
    expect(comparisonText(named, MARKDOWN, false)).toContain('a\\_b\\|0%');
    expect(comparisonText(named, LATEX, false)).toContain('a\\_b\\textbar{}0\\%');
  });
});

describe('csv', () => {
  it('holds a run and metric a row, in full precision, under the keys of metrics.json', () => {
    const compared = document(3);
    const [header, ...lines] = comparisonText(compared, CSV, false).split('\n');
    expect(header).toBe(
      'name,run,baseline,metric,value,baseline_value,difference,low,high,level,p,p_holm,improved,equal,worse,samples,missing,mixed,tta',
    );
    expect(lines).toHaveLength(3 * KEYS.length);
    const cells = lines.find((line) => line.startsWith('C,') && line.includes(',pa_mpjpe_mm,'))!.split(',');
    const found = compared.runs[2]!.differences.pa_mpjpe_mm!;
    expect(cells.slice(4)).toEqual(
      [
        compared.runs[2]!.metrics.pa_mpjpe_mm,
        compared.runs[0]!.metrics.pa_mpjpe_mm,
        found.difference,
        found.low,
        found.high,
        0.95,
        found.p,
        found.p_holm,
        found.improved,
        found.equal,
        found.worse,
        60,
        0,
        'tta',
        'graphormer',
      ].map(String),
    );
  });
});

describe('the lines of checks', () => {
  it('name the run, the amount and its unit', () => {
    const runs = [5, 5.25, 4].map((value) => madeRun({ columns: { pa_mpjpe_mm: [value, value, value] } }));
    const rule = { metric: 'pa_mpjpe_mm', allowed: 0.1 };
    expect(checkLines(compare(runs, { failIfWorse: [rule] }))).toEqual([
      'FAILED: B is 0.25 mm worse than A in PA-MPJPE (allowed: 0.10 mm)',
      'passed: C is 1.00 mm better than A in PA-MPJPE (allowed: 0.10 mm)',
    ]);
  });
});
