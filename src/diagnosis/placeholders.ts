/**
 * Rows that are no hands: zeros or ones that stand for something withheld or
 * failed, one point repeated, the same hand for every sample, copies.
 */
import { countOf, partsText, samplesOf, type Finding } from './finding.js';
import { type Part, type PointRows, rowOf } from './probe.js';

/** Points closer to each other than this share of the row's largest coordinate count as one point. */
const COLLAPSED = 1e-7;
/** Coordinates beyond this are not scored either (src/metrics/points.ts); squares would overflow. */
const LARGEST = 1e100;
/**
 * Two hands are the same when no coordinate differs by more than this share of
 * the hand's own size. Single precision at a distance of metres stays below it;
 * two frames of a still hand through a real model do not.
 */
const SAME = 1e-5;
/** Copies among the predictions are worth a word from this share and number on: a pair may be one image twice. */
const COPIES_SHARE = 0.1;
const COPIES_LEAST = 2;

type RowKind = 'hand' | 'not-finite' | 'collapsed';

function kindOf(points: Float64Array): RowKind {
  const [x, y, z] = [points[0]!, points[1]!, points[2]!];
  let largest = 0;
  let spread = 0;
  // A sum keeps what a comparison with NaN would lose.
  let sum = 0;
  for (let k = 0; k < points.length; k += 3) {
    const [a, b, c] = [points[k]!, points[k + 1]!, points[k + 2]!];
    sum += a + b + c;
    largest = Math.max(largest, Math.abs(a), Math.abs(b), Math.abs(c));
    spread = Math.max(spread, Math.abs(a - x), Math.abs(b - y), Math.abs(c - z));
  }
  if (!Number.isFinite(sum) || largest > LARGEST) return 'not-finite';
  return spread <= COLLAPSED * largest ? 'collapsed' : 'hand';
}

/** `all 0` where every coordinate of the rows is the same number, `one point repeated` elsewhere. */
function contentText(side: PointRows, rows: readonly number[]): string {
  const value = rowOf(side, rows[0]!)[0]!;
  const uniform = rows.every((row) => rowOf(side, row).every((coordinate) => coordinate === value));
  return uniform ? `all ${value}` : 'one point repeated';
}

interface SortedRows {
  readonly part: Part;
  /** Rows that hold numbers. */
  readonly finite: readonly number[];
  readonly collapsed: readonly number[];
}

function sortRows(part: Part, side: PointRows): SortedRows {
  const kinds = part.rows.map((row) => kindOf(rowOf(side, row)));
  return {
    part,
    finite: part.rows.filter((_, k) => kinds[k] !== 'not-finite'),
    collapsed: part.rows.filter((_, k) => kinds[k] === 'collapsed'),
  };
}

/** Where in the list the rows `some` of `all` lie, in words. */
function pattern(some: readonly number[], all: readonly number[], indices: readonly number[]): string {
  if (some.length === 0 || some.length === all.length) return '';
  const positions = some.map((row) => all.indexOf(row));
  const [first] = positions;
  const isTail = positions.at(-1) === all.length - 1 && positions.length === all.length - first!;
  if (isTail && positions.length > 1) return `, everything from sample ${indices[some[0]!]!} on`;
  const second = positions.length > 2 && positions.every((p, k) => p === first! + 2 * k);
  if (second && positions.length >= Math.floor(all.length / 2)) return ', every second one';
  return `, the first is sample ${indices[some[0]!]!}`;
}

/** The larger share first; parts with as many rows of the kind share one sentence. */
function grouped(sorted: readonly SortedRows[]): SortedRows[][] {
  const groups: SortedRows[][] = [];
  for (const entry of sorted.filter(({ collapsed }) => collapsed.length > 0)) {
    const group = groups.find(([other]) => other!.collapsed.join() === entry.collapsed.join());
    if (group === undefined) groups.push([entry]);
    else group.push(entry);
  }
  return groups;
}

export interface Sifted {
  readonly findings: Finding[];
  /** The parts with the rows that are hands on both sides. */
  readonly parts: Part[];
}

/** Takes out rows whose truth or prediction holds NaN or is a placeholder; the latter is reported. */
export function siftPlaceholders(parts: readonly Part[], indices: readonly number[]): Sifted {
  const findings: Finding[] = [];
  const truths = parts.flatMap((part) => (part.truth === null ? [] : [sortRows(part, part.truth)]));
  for (const group of grouped(truths)) {
    const { collapsed, finite, part } = group[0]!;
    const names = partsText(group.map((entry) => entry.part));
    findings.push({
      code: 'truth-placeholder',
      message:
        `the true ${names} of ${samplesOf(collapsed.length, finite.length)} looked at are placeholders ` +
        `(${contentText(part.truth!, collapsed)})${pattern(collapsed, finite, indices)}`,
      remedy:
        'take the released annotation files; files made for the evaluation server hold placeholders where the ground truth was withheld, and no number against them means anything',
    });
  }
  const predictions = parts.map((part) => sortRows(part, part.predicted));
  for (const group of grouped(predictions)) {
    const { collapsed, finite, part } = group[0]!;
    const names = partsText(group.map((entry) => entry.part));
    const whole = collapsed.length === finite.length;
    findings.push({
      code: whole ? 'predictions-placeholder' : 'predictions-partly-placeholder',
      message:
        `the predicted ${names} of ${samplesOf(collapsed.length, finite.length)} looked at are no hands ` +
        `(${contentText(part.predicted, collapsed)})${pattern(collapsed, finite, indices)}`,
      remedy: whole
        ? 'look at how the file was written: aligned, such a prediction still scores some 60 mm and looks like a number'
        : 'predict these samples too, or write NaN for them: they are scored as if they were hands',
    });
  }
  const usable = parts.map((part) => {
    const truth = truths.find((entry) => entry.part === part);
    const prediction = predictions.find((entry) => entry.part === part)!;
    const good = ({ finite, collapsed }: SortedRows): number[] =>
      finite.filter((row) => !collapsed.includes(row));
    const rows = good(prediction).filter((row) => truth === undefined || good(truth).includes(row));
    return { ...part, rows };
  });
  return { findings, parts: usable.filter(({ rows }) => rows.length > 0) };
}

/** Largest difference of two rows as a share of the second's size; `moved` first puts their first points onto each other. */
function difference(a: Float64Array, b: Float64Array, moved: boolean): number {
  let largest = 0;
  let size = 0;
  for (let k = 0; k < a.length; k++) {
    const shift = moved ? a[k % 3]! - b[k % 3]! : 0;
    largest = Math.max(largest, Math.abs(a[k]! - b[k]! - shift));
    size = Math.max(size, Math.abs(b[k]! - b[k % 3]!));
  }
  return size === 0 ? Infinity : largest / size;
}

function allSame(side: PointRows, rows: readonly number[], moved: boolean): boolean {
  const first = rowOf(side, rows[0]!);
  return rows.length > 1 && rows.every((row) => difference(rowOf(side, row), first, moved) <= SAME);
}

/**
 * Takes out what is the same for every sample: such a part has nothing more to
 * tell, and comparing it would only produce chance findings.
 */
export function siftConstant(parts: readonly Part[]): Sifted {
  const findings: Finding[] = [];
  const frozen = parts.filter(({ truth, rows }) => truth !== null && allSame(truth, rows, false));
  if (frozen.length > 0) {
    findings.push({
      code: 'truth-constant',
      message: `the true ${partsText(frozen)} are the same hand in all ${frozen[0]!.rows.length} samples looked at`,
      remedy:
        'take the released annotation files: this looks like a template that was written for every sample',
    });
  }
  const constant = parts.filter(({ predicted, rows }) => allSame(predicted, rows, true));
  if (constant.length > 0) {
    const still = constant.every(({ predicted, rows }) => allSame(predicted, rows, false));
    findings.push({
      code: 'predictions-constant',
      message:
        `the predicted ${partsText(constant)} are the same hand in all ${constant[0]!.rows.length} samples looked at` +
        (still ? '' : ', moved about but neither turned nor bent'),
      remedy:
        'fine for a mean-pose baseline; otherwise look at what the model is fed: a constant input or an untrained head gives a constant hand',
    });
  }
  return { findings, parts: parts.filter((part) => !frozen.includes(part) && !constant.includes(part)) };
}

/** Rows that equal an earlier row whose truth they do not share. */
function copies(part: Part): number[] {
  const found: number[] = [];
  const originals = new Map<number, number[]>();
  for (const row of part.rows) {
    const points = rowOf(part.predicted, row);
    const key = points[0]! + points[points.length - 1]!;
    const earlier = (originals.get(key) ?? []).find((other) =>
      rowOf(part.predicted, other).every((value, k) => value === points[k]),
    );
    if (earlier === undefined) {
      originals.set(key, [...(originals.get(key) ?? []), row]);
      continue;
    }
    const { truth } = part;
    const twins = truth !== null && difference(rowOf(truth, row), rowOf(truth, earlier), false) <= SAME;
    if (!twins) found.push(row);
  }
  return found;
}

/** Reports predictions that are copies of earlier ones and takes them out. */
export function siftCopies(parts: readonly Part[], count: number, indices: readonly number[]): Sifted {
  const copied = parts.map((part) => ({ part, rows: copies(part) }));
  const told = copied.filter(
    ({ part, rows }) => rows.length >= Math.max(COPIES_LEAST, COPIES_SHARE * part.rows.length),
  );
  const rest = copied.map(({ part, rows }) => ({
    ...part,
    rows: part.rows.filter((row) => !rows.includes(row)),
  }));
  if (told.length === 0) return { findings: [], parts: rest };
  const { part, rows } = told[0]!;
  const ofBefore = countOf(rows, (row) =>
    rowOf(part.predicted, row).every((value, k) => value === rowOf(part.predicted, Math.max(0, row - 1))[k]),
  );
  const adjacent = count > 1 && ofBefore === rows.length ? ' of the sample before' : ' of an earlier one';
  return {
    findings: [
      {
        code: 'predictions-repeated',
        message:
          `the predicted ${partsText(told.map((entry) => entry.part))} of ${samplesOf(rows.length, part.rows.length)} ` +
          `looked at are exact copies${adjacent}${pattern(rows, part.rows, indices)}`,
        remedy:
          'look at the loop that wrote the list: a stale buffer, a last batch padded to full size, or a list stretched to the expected length',
      },
    ],
    parts: rest,
  };
}
