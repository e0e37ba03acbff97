/** Predictions that belong to other samples: a list shifted, reversed or shuffled. */
import { countOf, median, millimetres, samplesOf, type Finding } from './finding.js';
import { alignedError } from './fit.js';
import { CLEARLY, findShifts, fitsOther } from './list-shift.js';
import { type PairedPart, rowOf } from './probe.js';
import { type FoundShift, LIST_REMEDY, shiftFinding } from './shift-finding.js';

/** Predictions that fit their own sample this well are in order. */
const FINE = 0.004;
/** Fewer pairs say nothing about a list. */
const LEAST_PAIRS = 4;
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

interface Reversal {
  /** Prediction i belongs to sample `from` − i. */
  readonly from: number;
  readonly own: number;
  readonly other: number;
  readonly inFavour: number;
  readonly pairs: number;
}

/** The reversal that fits best, where one fits. */
function bestReversal(errors: readonly Float64Array[], indices: readonly number[]): Reversal | undefined {
  const position = new Map(indices.map((index, k) => [index, k]));
  let best: Reversal | undefined;
  for (const from of new Set(indices.flatMap((a) => indices.map((b) => a + b)))) {
    const own: number[] = [];
    const other: number[] = [];
    indices.forEach((index, i) => {
      const j = position.get(from - index);
      if (j === undefined || j === i) return;
      own.push(errors[i]![i]!);
      other.push(errors[i]![j]!);
    });
    if (own.length < Math.max(LEAST_PAIRS, indices.length / 3) || !fitsOther(own, other)) continue;
    if (best !== undefined && median(other) >= best.other) continue;
    const inFavour = countOf(own, (error, k) => other[k]! < error);
    best = { from, own: median(own), other: median(other), inFavour, pairs: own.length };
  }
  return best;
}

/** The shifted parts of the probe, as far as its samples are beside each other in the list. */
function probeShifts(errors: readonly Float64Array[], places: readonly number[]): FoundShift[] {
  const position = new Map(places.map((place, row) => [place, row]));
  const error = (row: number, place: number): number => errors[row]![position.get(place) ?? -1] ?? Number.NaN;
  const list = { places, truths: places.at(-1)! + 1, error };
  return findShifts(list).map((shift) => ({
    ...shift,
    places: shift.rows.map((row) => places[row]!),
    own: median(shift.rows.map((row) => error(row, places[row]!))),
    other: median(shift.rows.map((row) => error(row, places[row]! + shift.by))),
  }));
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
    const clearly = errors[i]![j]! <= CLEARLY * errors[i]![i]!;
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

/** Shifted parts, and what they were found in. */
export interface ListShifts {
  readonly shifts: readonly FoundShift[];
  readonly part: PairedPart['name'];
  /** The id of the sample at a place; absent where ids are not known. */
  readonly idOf?: (place: number) => string;
}

export interface ListOrder {
  readonly findings: Finding[];
  /** Whether the prediction at a place of the list belongs to another sample, or may. */
  readonly isMisplaced: (place: number) => boolean;
}

const IN_ORDER: ListOrder = { findings: [], isMisplaced: () => false };

function inDisorder(finding: Finding): ListOrder {
  return { findings: [finding], isMisplaced: () => true };
}

function inShiftedParts({ shifts, part, idOf }: ListShifts): ListOrder {
  const misplaced = new Set(shifts.flatMap(({ places }) => places));
  const finding = shiftFinding(shifts, { compared: `${part}, aligned`, text: millimetres, idOf });
  return {
    findings: [finding],
    isMisplaced: (place) => shifts.some(({ whole }) => whole) || misplaced.has(place),
  };
}

/**
 * @param parts joints and vertices as far as they have truth: the first is
 *   looked at, the second must agree where only chance speaks.
 * @param indices the position of each probe row in its list.
 * @param known shifts that were found in the whole list.
 */
export function findListOrder(
  parts: readonly PairedPart[],
  indices: readonly number[],
  known?: ListShifts,
): ListOrder {
  const [part, second] = parts;
  if (part === undefined) return IN_ORDER;
  if (known !== undefined && known.shifts.length > 0) return inShiftedParts(known);
  if (part.rows.length < LEAST_PAIRS) return IN_ORDER;
  const own = part.rows.map((row) => alignedError(rowOf(part.predicted, row), rowOf(part.truth, row)));
  if (median(own) < FINE || !hasCause(part)) return IN_ORDER;
  const compared = compare(part);
  const { errors } = compared;
  const positions = part.rows.map((row) => indices[row]!);

  const shifts = probeShifts(errors, positions);
  if (shifts.length > 0) return inShiftedParts({ shifts, part: part.name });
  const reversal = bestReversal(errors, positions);
  if (reversal !== undefined) {
    const { from, inFavour, pairs } = reversal;
    return inDisorder({
      code: 'list-permuted',
      message:
        `the list of predictions is reversed: prediction i fits the truth of sample ${from} − i to ` +
        `${millimetres(reversal.other)}, its own to ${millimetres(reversal.own)} ` +
        `(${part.name}, aligned, medians; ${samplesOf(inFavour, pairs)} agree)`,
      remedy: LIST_REMEDY,
    });
  }

  const { matched, own: ownError, other } = matching(errors);
  if (matched.length >= Math.max(LEAST_PAIRS, PERMUTED * errors.length)) {
    const { i, j } = matched[0]!;
    return inDisorder({
      code: 'list-permuted',
      message:
        `the list of predictions is in another order: ${samplesOf(matched.length, errors.length)} ` +
        `looked at fit another sample's truth to ${millimetres(other)}, their own to ${millimetres(ownError)} ` +
        `(${part.name}, aligned, medians); prediction ${positions[i]!} belongs to sample ${positions[j]!}`,
      remedy: LIST_REMEDY,
    });
  }

  if (!isUnrelated(compared) || (second !== undefined && !isUnrelated(compare(second)))) return IN_ORDER;
  const others = median(errors.flatMap((row, i) => [...row].filter((_, j) => j !== i)));
  return inDisorder({
    code: 'list-unrelated',
    message:
      `the predictions fit other samples' truth as well as their own: ${millimetres(others)} against ` +
      `${millimetres(median(own))} (${part.name}, aligned, medians of ${own.length} samples)`,
    remedy: `the list is probably in another order; ${LIST_REMEDY}`,
  });
}
