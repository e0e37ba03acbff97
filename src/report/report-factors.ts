/** The error of samples against what the dataset knows of them: as far as it differs between samples. */
import type { Factor, Spread } from './page/report-data.js';
import { equalRanges, rangeOf, spreadOf, type Range } from './page/spread.js';
import type { ReportFolder } from './report-folder.js';
import type { ReadRun } from './report-runs.js';

const MOST_SEQUENCES = 12;
const RANGES = 5;

export function factorsOf(runs: readonly ReadRun[], folder: ReportFolder | null): Factor[] {
  return [
    sequenceFactor(runs),
    occlusionFactor(runs),
    folder === null ? null : handednessFactor(runs, folder),
    folder === null ? null : sizeFactor(runs, folder),
  ].filter((factor) => factor !== null);
}

/** The spread of each run's errors in each class; a sample without a class is left out. */
function classed(
  runs: readonly ReadRun[],
  classes: readonly string[],
  classOf: (run: ReadRun, row: number) => number,
): { label: string; spreads: (Spread | null)[] }[] {
  const errors = classes.map(() => runs.map((): number[] => []));
  runs.forEach((run, index) =>
    run.errors.forEach((error, row) => {
      const at = classOf(run, row);
      if (Number.isFinite(error) && at >= 0) errors[at]![index]!.push(error);
    }),
  );
  return classes
    .map((label, at) => ({ label, spreads: errors[at]!.map(spreadOf) }))
    .filter(({ spreads }) => spreads.some((spread) => spread !== null));
}

function sequenceFactor(runs: readonly ReadRun[]): Factor | null {
  const names = [...new Set(runs.flatMap(({ scores }) => scores.sequences ?? []))];
  if (names.length < 2 || names.length === runs[0]!.scores.ids.length) return null;
  const at = new Map(names.map((name, index) => [name, index]));
  const bins = classed(runs, names, ({ scores }, row) => at.get(scores.sequences?.[row] ?? '') ?? -1);
  const meanOf = (spreads: readonly (Spread | null)[]): number =>
    spreads.reduce((sum, spread) => sum + (spread?.mean ?? 0), 0);
  bins.sort((a, b) => meanOf(b.spreads) - meanOf(a.spreads));
  const cut = bins.length > MOST_SEQUENCES;
  return {
    title: 'By sequence',
    caption: cut
      ? `Sequences: the ${MOST_SEQUENCES} of ${bins.length} with the greatest mean.`
      : 'Sequences: the greatest mean first.',
    bins: bins.slice(0, MOST_SEQUENCES),
  };
}

/** HInt says of each keypoint whether it is occluded. */
function occlusionFactor(runs: readonly ReadRun[]): Factor | null {
  const shares = new Map<string, number>();
  for (const { scores } of runs) {
    const { all, occ } = scores.keypoints?.[0]?.labelled ?? { all: null, occ: null };
    if (all === null || occ === null) continue;
    scores.ids.forEach((id, row) => {
      const sum = (flags: Uint8Array): number =>
        flags.subarray(row * 21, row * 21 + 21).reduce((total, flag) => total + flag, 0);
      const labelled = sum(all);
      if (labelled > 0) shares.set(id, (100 * sum(occ)) / labelled);
    });
  }
  return ranged(
    runs,
    'By occlusion',
    '%',
    'Occlusion: the share of a hand’s labelled keypoints that are occluded.',
    (id) => shares.get(id),
  );
}

function handednessFactor(runs: readonly ReadRun[], { samples }: ReportFolder): Factor | null {
  const bins = classed(runs, ['left hands', 'right hands'], ({ scores }, row) => {
    const sample = samples.get(scores.ids[row]!);
    return sample === undefined ? -1 : Number(sample.right);
  });
  return bins.length < 2 ? null : { title: 'By hand', caption: 'Hands: which hand it is.', bins };
}

function sizeFactor(runs: readonly ReadRun[], { samples }: ReportFolder): Factor | null {
  return ranged(
    runs,
    'By size',
    'px',
    'Size: the side of the square crop, in pixels of the photograph.',
    (id) => {
      const side = samples.get(id)?.box?.side;
      return side === undefined ? undefined : Math.round(side);
    },
  );
}

function ranged(
  runs: readonly ReadRun[],
  title: string,
  unit: string,
  caption: string,
  valueOf: (id: string) => number | undefined,
): Factor | null {
  const ids = [...new Set(runs.flatMap(({ scores }) => scores.ids))];
  const ranges = equalRanges(
    ids.flatMap((id) => valueOf(id) ?? []),
    RANGES,
  );
  if (ranges.length < 2) return null;
  const bins = classed(
    runs,
    ranges.map((range) => rangeText(range, unit)),
    ({ scores }, row) => {
      const value = valueOf(scores.ids[row]!);
      return value === undefined ? -1 : rangeOf(ranges, value);
    },
  );
  return { title, caption, bins };
}

function rangeText({ from, to }: Range, unit: string): string {
  const [low, high] = [Math.round(from), Math.round(to)];
  return low === high ? `${low} ${unit}` : `${low} – ${high} ${unit}`;
}
