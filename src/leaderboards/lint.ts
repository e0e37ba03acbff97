/**
 * Looks for figures of a row that contradict each other. Papers round, so each relation is given the room that the
 * printed digits leave it; what remains is a misprint, another protocol, or a figure worth asking about.
 */
import {
  HAND_METRICS,
  KEYPOINT_METRICS,
  metricOf,
  SUBSET_NAMES,
  type KeypointSubset,
} from '../metrics/index.js';
import type { LeaderboardRow } from './leaderboard.js';
import type { PublishedRow, PublishedTable } from './published-table.js';

export interface LintFinding {
  readonly method: string;
  /** Where a published row appeared. */
  readonly venue?: string;
  /** The run directory, of a row of one's own. */
  readonly run?: string;
  readonly tta: boolean;
  readonly rule: 'f-order' | 'auc-error' | 'joints-vertices' | 'pck-order' | 'subset-order';
  /** What is wrong, with the figures, in one sentence without a final full stop. */
  readonly message: string;
}

type Rule = (figure: (key: string) => number | undefined) => string[];

const RULES: Readonly<Record<LintFinding['rule'], Rule>> = {
  'f-order': fOrder,
  'auc-error': aucAgainstError,
  'joints-vertices': jointsAgainstVertices,
  'pck-order': pckOrder,
  'subset-order': subsetOrder,
};

/** None where nothing is published. */
export function lintTable(table: PublishedTable | null): LintFinding[] {
  return (table?.rows ?? []).flatMap(lintRow);
}

export function lintRow({ method, venue, tta, printed }: PublishedRow): LintFinding[] {
  return contradictions(printed).map((found) => ({ method, venue, tta, ...found }));
}

/** Runs by the digits that a table would print of them: the rules have room for those. */
export function lintRuns(rows: readonly LeaderboardRow[]): LintFinding[] {
  return rows.flatMap(({ method, run, figures }) => {
    if (run === null) return [];
    const printed = new Map([...figures].map(([key, { text }]) => [key, text]));
    const name = run.tta === null ? method : `${method} (${run.tta})`;
    return contradictions(printed).map((found) => ({
      method: name,
      run: run.path,
      tta: run.tta !== null,
      ...found,
    }));
  });
}

function contradictions(printed: ReadonlyMap<string, string>): Pick<LintFinding, 'rule' | 'message'>[] {
  const figure = (key: string): number | undefined => {
    const text = printed.get(key);
    return text === undefined ? undefined : Number(text);
  };
  return Object.entries(RULES).flatMap(([rule, find]) =>
    find(figure).map((message) => ({ rule: rule as LintFinding['rule'], message })),
  );
}

/** Whatever is within 5 mm is within 15 mm. */
function fOrder(figure: (key: string) => number | undefined): string[] {
  const [f5, f15] = [figure('f5_aligned'), figure('f15_aligned')];
  if (f5 === undefined || f15 === undefined || f5 <= f15) return [];
  return [`F@5 ${f5} is larger than F@15 ${f15}`];
}

/** Half a printed digit of the error (0.05 mm of 50 mm) and of the AUC, and 0.0005 for its 100 thresholds. */
const AUC_ROOM = 0.05 / 50 + 0.0005 + 0.0005;

/** The area under a PCK curve from 0 to 50 mm is 1 − error / 50 mm; errors beyond 50 mm only make it larger. */
function aucAgainstError(figure: (key: string) => number | undefined): string[] {
  return HAND_METRICS.flatMap(({ key, name, aucOf }) => {
    if (aucOf === undefined) return [];
    const [e, a] = [figure(aucOf), figure(key)];
    if (e === undefined || a === undefined) return [];
    const expected = 1 - e / 50;
    if (Math.abs(a - expected) <= AUC_ROOM + 1e-12) return [];
    return [
      `${name} ${a} does not go with ${metricOf(aucOf).label} ${e} mm: 1 − ${e}/50 is ${expected.toFixed(3)}${
        a < expected ? ', and no error can make the area smaller than that' : ''
      }`,
    ];
  });
}

/** Both are distances on one hand after alignment; no two in these tables that agree elsewhere are farther apart. */
const APART = 0.15;

function jointsAgainstVertices(figure: (key: string) => number | undefined): string[] {
  const [joints, vertices] = [figure('pa_mpjpe_mm'), figure('pa_mpvpe_mm')];
  if (joints === undefined || vertices === undefined) return [];
  const apart = Math.abs(vertices - joints) / Math.min(joints, vertices);
  if (apart <= APART) return [];
  return [
    `PA-MPVPE ${vertices} mm is ${(apart * 100).toFixed(0)} % apart from PA-MPJPE ${joints} mm; elsewhere they are within a few percent`,
  ];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** More is correct where more is allowed. */
function pckOrder(figure: (key: string) => number | undefined): string[] {
  const printed = KEYPOINT_METRICS.flatMap(({ key, subset, threshold }) => {
    const value = figure(key);
    return value === undefined ? [] : [{ subset, threshold, value }];
  });
  return printed.flatMap(({ subset, threshold, value }, index) => {
    const before = printed[index - 1];
    if (before?.subset !== subset || before.value <= value) return [];
    return [
      `PCK@${before.threshold} ${SUBSET_NAMES[subset]} ${percent(before.value)} is larger than PCK@${threshold} ${percent(value)}`,
    ];
  });
}

/**
 * All joints are the visible and the occluded ones, with half a printed digit on either side. The figures are means
 * over joints, whose shares of occluded samples differ, so a small excursion can be true; it is worth a look.
 */
function subsetOrder(figure: (key: string) => number | undefined): string[] {
  return [...new Set(KEYPOINT_METRICS.map(({ threshold }) => threshold))].flatMap((threshold) => {
    const of = (subset: KeypointSubset): number | undefined => {
      const metric = KEYPOINT_METRICS.find(
        (other) => other.threshold === threshold && other.subset === subset,
      );
      return metric && figure(metric.key);
    };
    const [all, vis, occ] = [of('all'), of('vis'), of('occ')];
    if (all === undefined || vis === undefined || occ === undefined) return [];
    const room = 0.001;
    if (all >= Math.min(vis, occ) - room && all <= Math.max(vis, occ) + room) return [];
    return [
      `PCK@${threshold} of all joints ${percent(all)} does not lie between visible ${percent(vis)} and occluded ${percent(occ)}`,
    ];
  });
}
