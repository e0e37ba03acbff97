/** What a comparison says in sentences: which samples, what the figures rest on, and whether checks pass. */
import { DATASETS } from '../datasets/registry.js';
import { isPartial } from '../runs/metrics-document.js';
import { formatMetric, metricLabel, withUnit } from '../text/metric-text.js';
import { grouped } from '../text/text.js';
import type { ComparisonDocument, WorseCheck } from './comparison-document.js';
import { SIGNIFICANT, UNLIKE_MARK } from './comparison-tables.js';

export function datasetTitle({ dataset }: ComparisonDocument): string {
  return DATASETS.find(({ id }) => id === dataset.id)?.title ?? dataset.id;
}

export function samplesText({ paired, runs }: ComparisonDocument): string {
  if (paired === null) return 'not paired';
  const { coverage } = runs[0]!;
  const whole = !isPartial({ ...coverage, scored: paired.samples });
  const count = whole
    ? `all ${grouped(paired.samples)} samples`
    : `partial ${grouped(paired.samples)} of ${grouped(coverage.benchmark)} samples`;
  return paired.units === 'groups' ? `${count} in ${grouped(paired.count)} groups` : count;
}

/** What the figures rest on, and everything that qualifies them. */
export function notes(document: ComparisonDocument): string[] {
  const { paired, statistics, runs } = document;
  const lines: string[] = [];
  if (paired === null)
    lines.push('The runs are about different samples: nothing is paired, no difference shown.');
  else if (statistics.tests > 0) {
    const together =
      paired.units === 'groups' ? '; samples of one video sequence (or hand) stay together' : ' by sample';
    lines.push(
      `${100 * statistics.level} % bootstrap intervals and permutation p, paired${together}; * p < ${SIGNIFICANT} after Holm's correction for ${statistics.tests} tests.`,
    );
  }
  for (const run of runs) {
    for (const { field, baseline, run: value, concerns } of run.mixed) {
      const what = concerns === 'all' ? '' : ', which the metrics without alignment depend on';
      lines.push(
        `${UNLIKE_MARK} ${run.name}: ${field} is ${value}; ${document.baseline}: ${baseline}${what}.`,
      );
    }
    if (run.missing > 0) {
      lines.push(
        run.missing === 1
          ? `${run.name} has not scored one sample that another run has; it is left out for all.`
          : `${run.name} has not scored ${grouped(run.missing)} samples that another run has; they are left out for all.`,
      );
    }
    for (const { message } of run.remarks) lines.push(`${run.name}: ${message}.`);
  }
  return lines;
}

/** One line a check, whatever the format. */
export function checkLines(document: ComparisonDocument): string[] {
  return document.checks.map((check) => checkLine(check, document.baseline));
}

export function checkLine(check: WorseCheck, baseline: string): string {
  const { run, metric, allowed, worse_by: worseBy, lost_samples: lost, passed } = check;
  const amount = (value: number): string => withUnit(metric, formatMetric(metric, value));
  const change =
    worseBy === 0
      ? 'no different from'
      : `${amount(Math.abs(worseBy))} ${worseBy > 0 ? 'worse' : 'better'} than`;
  const missing =
    lost === 0
      ? ''
      : `; ${lost === 1 ? 'a sample that' : `${grouped(lost)} samples that`} ${baseline} has ${lost === 1 ? 'is' : 'are'} not scored`;
  return `${passed ? 'passed' : 'FAILED'}: ${run} is ${change} ${baseline} in ${metricLabel(metric)} (allowed: ${amount(allowed)})${missing}`;
}
