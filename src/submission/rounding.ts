/**
 * How far scores may move because coordinates were rounded to some decimals.
 *
 * A coordinate moves by at most ε = 0.5 · 10^-decimals m, a point by √3 ε, so an error moves by at most √3 ε plus, once
 * aligned, what the alignment itself moves, which is of second order where the hand is as large as a hand: 2 ε, that is
 * 10^(3 − decimals) mm, bounds both. HO-3D's scale-and-translation alignment divides by the length of one bone and
 * moves by one wrist, each rounded too: six times that.
 *
 * A share (F-score, AUC) moves only where a distance crosses a threshold: twice 2 ε times the share of distances per
 * mm there, which for hands is below one half. The one exception is a distance of exactly 0, which rounding makes
 * positive: at the first of the 100 thresholds of the PCK curve, half a step of 1/99 of the AUC. The wrist has it where
 * hands were moved to published wrists; a perfect prediction has it everywhere.
 */
import { JOINT_COUNT } from '../hand/joints.js';
import { findMetric } from '../metrics/index.js';

/** `mm` for errors, `share` for everything between 0 and 1. */
export interface Tolerance {
  readonly mm: number;
  readonly share: number;
}

const SCALE_TRANSLATION = 6;
const HALF_A_STEP = 0.5 / 99;
const ONE_JOINT = 1 / JOINT_COUNT;

export function roundingTolerance(decimals: number): Tolerance {
  const mm = 10 ** (3 - decimals);
  return { mm, share: Math.min(1, mm) };
}

export interface ScoreDifference {
  readonly metric: string;
  /** Absent on one side: the metric does not exist there. */
  readonly run?: number;
  readonly submission?: number;
  readonly tolerance: number;
  readonly agrees: boolean;
}

/** Every metric of either side. */
export function compareScores(
  run: Readonly<Record<string, number>>,
  submission: Readonly<Record<string, number>>,
  decimals: number,
): ScoreDifference[] {
  const bound = roundingTolerance(decimals);
  const metrics = [...new Set([...Object.keys(run), ...Object.keys(submission)])];
  return metrics.map((metric) => {
    const tolerance = toleranceOf(metric, run, bound);
    const [left, right] = [run[metric], submission[metric]];
    return {
      metric,
      ...(left === undefined ? {} : { run: left }),
      ...(right === undefined ? {} : { submission: right }),
      tolerance,
      agrees: left !== undefined && right !== undefined && Math.abs(left - right) <= tolerance,
    };
  });
}

function toleranceOf(key: string, run: Readonly<Record<string, number>>, bound: Tolerance): number {
  const metric = findMetric(key);
  const factor = metric?.alignment === 'scale-translation' ? SCALE_TRANSLATION : 1;
  if (metric?.unit === 'mm') return factor * bound.mm;
  const error = metric?.measure === 'hands-3d' && metric.aucOf !== undefined ? run[metric.aucOf] : undefined;
  if (error === undefined) return bound.share;
  return factor * bound.share + HALF_A_STEP * (error <= factor * bound.mm ? 1 : ONE_JOINT);
}
