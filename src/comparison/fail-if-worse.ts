/** `--fail-if-worse METRIC:AMOUNT`: a bound on how much worse a run may be than the baseline. */
import { UserError } from '../errors.js';
import { metricOf, worseBy } from '../metrics/index.js';
import type { ComparedRun, WorseCheck } from './comparison-document.js';
import { COMPARED_METRICS } from './run-scores.js';

export interface WorseRule {
  /** A key of metrics.json. */
  readonly metric: string;
  /** In the metric's unit there: mm, or a share from 0 to 1. */
  readonly allowed: number;
}

/** @throws UserError (usage) where the text is no such rule. */
export function parseWorseRule(text: string): WorseRule {
  const [, metric = '', amount = ''] = /^([^:]*):(.*)$/.exec(text) ?? [];
  const allowed = amount.trim() === '' ? NaN : Number(amount);
  if (!COMPARED_METRICS.includes(metric) || !(allowed >= 0 && allowed < Infinity)) {
    throw new UserError({
      code: 'rule-invalid',
      message: '--fail-if-worse needs a metric and an amount',
      expected: `METRIC:AMOUNT, such as pa_mpjpe_mm:0.1; metrics are ${COMPARED_METRICS.join(', ')}`,
      got: text,
      next: "give the amount in the metric's unit: mm for keys that end in _mm, else a share from 0 to 1",
      exitCode: 2,
    });
  }
  return { metric, allowed };
}

/**
 * Each rule against one run. Samples that the baseline has and the run lost cannot be
 * compared; a check that looked past them would pass a model for failing on the hard ones.
 *
 * @throws UserError where a rule's metric has no difference.
 */
export function checkWorse(
  { name, run, differences }: ComparedRun,
  rules: readonly WorseRule[],
  lostSamples: number,
): WorseCheck[] {
  return rules.map(({ metric, allowed }) => {
    const difference = differences[metric]?.difference;
    if (difference === undefined) {
      throw new UserError({
        code: 'check-impossible',
        message: `--fail-if-worse ${metric} cannot be decided: the runs are not compared in it`,
        file: run,
        next: 'the table without --fail-if-worse says what keeps them apart; runs of one dataset, split and protocol can be checked',
      });
    }
    const amount = worseBy(metricOf(metric), difference);
    return {
      run: name,
      metric,
      allowed,
      worse_by: amount,
      lost_samples: lostSamples,
      passed: amount <= allowed && lostSamples === 0,
    };
  });
}
