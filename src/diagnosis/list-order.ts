/** Predictions that belong to other samples: a list shifted, reversed or shuffled. */
import { countOf, median, millimetres, samplesOf, type Finding } from './finding.js';
import { alignedError } from './fit.js';
import { type PairedPart, type Part, rowOf } from './probe.js';

/** Predictions that fit their own sample this well are in order. */
const FINE = 0.004;
/** Error against the other sample over error against the own; few pairs need a clearer case. */
const RATIO = 0.6;
const RATIO_FEW = 0.45;
const FEW = 8;
/** Fewer pairs say nothing about a list. */
const LEAST_PAIRS = 4;
const MAJORITY = 0.8;
/** Share of samples that must have found their own partner for a list to count as permuted. */
const PERMUTED = 0.6;
/**
 * Without partners in the probe: the own truth's mean rank among all truths, 0 best,
 * 0.5 by chance. With 24 samples chance stays above 0.38 in 49 of 50 lists, and a
 * model with 30 mm of noise on every coordinate has a mean rank of 0.2.
 */
const CHANCE_RANK = 0.4;
const CHANCE_LEAST = 24;
/** Poses must differ for ranks to mean anything (frames of one video do not), metres after alignment. */
const VARIED = 0.012;
/** Predictions must vary as hands do, neither like a mean pose nor like noise: share of the truth's variety. */
const VARIETY = [0.5, 1.6] as const;
/**
 * The whole table of errors is made only where a few rows give cause: this many are held
 * against every truth, and this share must find a clearly better one, or rank this badly.
 */
const SCREENED = 10;
const SCREEN_RATIO = 0.75;
const SCREEN_SHARE = 0.3;
const SCREEN_RANK = 0.25;
/** Vertices compared where there are no joints; all would cost without telling more. */
const VERTICES_COMPARED = 60;

/** Rows as separate point sets, thinned out. */
function thinned(part: PairedPart, side: 'predicted' | 'truth'): Float64Array[] {
  const stride = Math.max(1, Math.floor(part.predicted.points / VERTICES_COMPARED));
  return part.rows.map((row) => {
    const points = rowOf(part[side], row);
    if (stride === 1) return points;
    return points.filter((_, k) => Math.floor(k / 3) % stride === 0);
  });
}

/** A rule that says which truth prediction i belongs to. */
interface Rule {
  readonly kind: 'shift' | 'reversal';
  /** i + by, or by − i. */
  readonly by: number;
}

interface Ruled extends Rule {
  readonly own: number;
  readonly other: number;
  readonly inFavour: number;
  readonly pairs: number;
}

function fits(own: readonly number[], other: readonly number[]): boolean {
  const ratio = median(other) / median(own);
  const better = countOf(own, (error, k) => other[k]! < error);
  return ratio <= (own.length < FEW ? RATIO_FEW : RATIO) && better >= MAJORITY * own.length;
}

/** The shift or reversal that fits best, where one fits. */
function bestRule(errors: readonly Float64Array[], indices: readonly number[]): Ruled | undefined {
  const position = new Map(indices.map((index, k) => [index, k]));
  const pairs = indices.flatMap((a) => indices.map((b) => [a, b] as const));
  const shifts = new Set(pairs.map(([a, b]) => b - a).filter((by) => by !== 0));
  const reversals = new Set(pairs.map(([a, b]) => a + b));
  const rules: Rule[] = [
    ...[...shifts].map((by): Rule => ({ kind: 'shift', by })),
    ...[...reversals].map((by): Rule => ({ kind: 'reversal', by })),
  ];
  let best: Ruled | undefined;
  for (const { kind, by } of rules) {
    const own: number[] = [];
    const other: number[] = [];
    indices.forEach((index, i) => {
      const j = position.get(kind === 'shift' ? index + by : by - index);
      if (j === undefined || j === i) return;
      own.push(errors[i]![i]!);
      other.push(errors[i]![j]!);
    });
    if (own.length < Math.max(LEAST_PAIRS, indices.length / 3) || !fits(own, other)) continue;
    if (best !== undefined && median(other) >= best.other) continue;
    const inFavour = countOf(own, (error, k) => other[k]! < error);
    best = { kind, by, own: median(own), other: median(other), inFavour, pairs: own.length };
  }
  return best;
}

interface Matching {
  /** Row positions whose best truth is another's, whose best prediction they are in turn. */
  readonly matched: readonly { readonly i: number; readonly j: number }[];
  readonly own: number;
  readonly other: number;
}

function matching(errors: readonly Float64Array[]): Matching {
  const count = errors.length;
  const bestOfRow = errors.map((row) => row.indexOf(Math.min(...row)));
  const bestOfColumn = errors.map((_, j) => {
    let best = 0;
    for (let i = 1; i < count; i++) if (errors[i]![j]! < errors[best]![j]!) best = i;
    return best;
  });
  const matched = bestOfRow.flatMap((j, i) => {
    const clearly = errors[i]![j]! <= RATIO * errors[i]![i]!;
    return j !== i && bestOfColumn[j] === i && clearly ? [{ i, j }] : [];
  });
  return {
    matched,
    own: median(matched.map(({ i }) => errors[i]![i]!)),
    other: median(matched.map(({ i, j }) => errors[i]![j]!)),
  };
}

/** Mean over the samples of the share of other truths that fit a prediction better than its own. */
function meanRank(errors: readonly Float64Array[]): number {
  const ranks = errors.map((row, i) => countOf([...row], (error) => error < row[i]!) / (row.length - 1));
  return ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
}

/** Median error between rows half the list apart. */
function variety(rows: readonly Float64Array[]): number {
  const half = rows.length >> 1;
  return median(rows.slice(0, half).map((row, k) => alignedError(row, rows[k + half]!)));
}

const REMEDY =
  "write the predictions in the dataset's own order (docs/datasets), or give them with ids so that they are matched by id";

function ruleFinding(part: Part, rule: Ruled): Finding {
  const by = Math.abs(rule.by);
  const errors =
    `${millimetres(rule.other)}, its own to ${millimetres(rule.own)} ` +
    `(${part.name}, aligned, medians; ${samplesOf(rule.inFavour, rule.pairs)} agree)`;
  if (rule.kind === 'reversal') {
    return {
      code: 'list-permuted',
      message: `the list of predictions is reversed: prediction i fits the truth of sample ${by} − i to ${errors}`,
      remedy: REMEDY,
    };
  }
  const [direction, cause] =
    rule.by > 0 ? ['later', 'a sample that was left out'] : ['earlier', 'a sample too many'];
  return {
    code: 'list-shifted',
    message: `the list of predictions is shifted by ${by}: prediction i fits the truth of the sample ${by} ${direction} to ${errors}`,
    remedy: `look for ${cause} before these; ${REMEDY}`,
  };
}

function hasCause(part: PairedPart): boolean {
  const predicted = thinned(part, 'predicted');
  const truth = thinned(part, 'truth');
  const stride = Math.max(1, Math.floor(predicted.length / SCREENED));
  const rows = predicted.flatMap((_, i) => (i % stride === 0 ? [i] : []));
  let better = 0;
  let rank = 0;
  for (const i of rows) {
    const errors = truth.map((other) => alignedError(predicted[i]!, other));
    const own = errors[i]!;
    if (Math.min(...errors) <= SCREEN_RATIO * own) better++;
    rank += countOf(errors, (error) => error < own) / (errors.length - 1);
  }
  return better >= SCREEN_SHARE * rows.length || rank >= SCREEN_RANK * rows.length;
}

interface Compared {
  readonly own: readonly number[];
  /** Row by row the error of its prediction against every truth, metres. */
  readonly errors: readonly Float64Array[];
  readonly predicted: readonly Float64Array[];
  readonly truth: readonly Float64Array[];
}

function compare(part: PairedPart): Compared {
  const predicted = thinned(part, 'predicted');
  const truth = thinned(part, 'truth');
  const own = predicted.map((row, i) => alignedError(row, truth[i]!));
  const errors = predicted.map((row, i) =>
    Float64Array.from(truth, (other, j) => (i === j ? own[i]! : alignedError(row, other))),
  );
  return { own, errors, predicted, truth };
}

/** Varied hands against varied truths, and none of them fits its own better than another's. */
function isUnrelated({ errors, predicted, truth }: Compared): boolean {
  if (errors.length < CHANCE_LEAST || meanRank(errors) < CHANCE_RANK) return false;
  const ratio = variety(predicted) / variety(truth);
  return variety(truth) >= VARIED && ratio >= VARIETY[0] && ratio <= VARIETY[1];
}

/**
 * @param parts joints and vertices as far as they have truth: the first is
 *   looked at, the second must agree where only chance speaks.
 * @param indices the position of each probe row in its list.
 */
export function findListOrder(parts: readonly PairedPart[], indices: readonly number[]): Finding[] {
  const [part, second] = parts;
  if (part === undefined || part.rows.length < LEAST_PAIRS) return [];
  const own = part.rows.map((row) => alignedError(rowOf(part.predicted, row), rowOf(part.truth, row)));
  if (median(own) < FINE || !hasCause(part)) return [];
  const compared = compare(part);
  const { errors } = compared;
  const positions = part.rows.map((row) => indices[row]!);

  const rule = bestRule(errors, positions);
  if (rule !== undefined) return [ruleFinding(part, rule)];

  const { matched, own: ownError, other } = matching(errors);
  if (matched.length >= Math.max(LEAST_PAIRS, PERMUTED * errors.length)) {
    const { i, j } = matched[0]!;
    return [
      {
        code: 'list-permuted',
        message:
          `the list of predictions is in another order: ${samplesOf(matched.length, errors.length)} ` +
          `looked at fit another sample's truth to ${millimetres(other)}, their own to ${millimetres(ownError)} ` +
          `(${part.name}, aligned, medians); prediction ${positions[i]!} belongs to sample ${positions[j]!}`,
        remedy: REMEDY,
      },
    ];
  }

  if (!isUnrelated(compared) || (second !== undefined && !isUnrelated(compare(second)))) return [];
  const others = median(errors.flatMap((row, i) => [...row].filter((_, j) => j !== i)));
  return [
    {
      code: 'list-unrelated',
      message:
        `the predictions fit other samples' truth as well as their own: ${millimetres(others)} against ` +
        `${millimetres(median(own))} (${part.name}, aligned, medians of ${own.length} samples)`,
      remedy: `the list is probably in another order; ${REMEDY}`,
    },
  ];
}
