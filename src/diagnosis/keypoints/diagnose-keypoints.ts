/**
 * Diagnosis of keypoints in the photograph: what a look at some predictions of each hand, and at the order of all of
 * them, tells. docs/diagnosis.md has the findings and the reasons for the thresholds.
 */
import { JOINT_COUNT } from '../../hand/joints.js';
import { countOf, median, samplesOf, type Finding } from '../finding.js';
import { siftConstant, siftCopies, siftPlaceholders } from '../placeholders.js';
import type { Part } from '../probe.js';
import {
  asGiven,
  errorOf,
  keypointRow,
  type KeypointRow,
  type KeypointSet,
  type Reader,
} from './keypoint-rows.js';
import { findKeypointOrder } from './keypoint-order.js';
import { readingOf } from './reading.js';
import { mistakesOf, type Maker, type Mistake } from './reading-text.js';
import { fit, PLAIN, type Shape } from './shape-fit.js';

/** Hands looked at, spread over the list. */
const LOOKED_AT = 512;
/** Fewer hands of a kind are looked at together with the others. */
const LEAST = 8;

export interface KeypointDiagnosisRequest extends KeypointSet {
  readonly maker: Maker;
  readonly idOf: (place: number) => string;
}

/** Hands of one kind, and how they are to be read. */
interface Group {
  readonly name: 'left' | 'right' | 'all';
  readonly rows: readonly KeypointRow[];
  readonly mistakes: readonly Mistake[];
  readonly read: Reader;
}

/** Findings about the predictions, the gravest first; none for an honest model, however bad. Nothing given is changed. */
export function diagnoseKeypoints(request: KeypointDiagnosisRequest): Finding[] {
  const { maker } = request;
  const stride = Math.max(1, Math.ceil(request.places.length / LOOKED_AT));
  const looked = [...request.places.keys()].filter((row) => row % stride === 0);
  const sifted = sift(request, looked);
  if (sifted.rows.length === 0) return sifted.findings;
  const rows = sifted.rows.flatMap((row) => keypointRow(request, row) ?? []);
  const groups = groupsOf(rows).map((group) => judged(group, maker));
  const findings = [...sifted.findings, ...told(groups, rows.length)];
  const mirrored = findings.some(({ code }) => code === 'predictions-mirrored') ? [] : someMirrored(groups);
  const readOf = (row: KeypointRow): Reader =>
    groups.find(({ name }) => name === 'all' || (name === 'right') === row.right)?.read ?? asGiven;
  return [...findings, ...findKeypointOrder(request, readOf, request.idOf), ...mirrored];
}

const REWRITE = 'look at how the file was written: no figure of such predictions means anything';

interface SiftedRows {
  readonly findings: Finding[];
  readonly rows: readonly number[];
}

/** Placeholders, constants and copies are looked for as among hands in space, in a plane. */
function sift({ predicted, places }: KeypointSet, looked: readonly number[]): SiftedRows {
  const values = new Float64Array(looked.length * JOINT_COUNT * 3);
  looked.forEach((row, k) => {
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const at = (row * JOINT_COUNT + joint) * 2;
      values.set(predicted.subarray(at, at + 2), (k * JOINT_COUNT + joint) * 3);
    }
  });
  const indices = looked.map((row) => places[row]!);
  const all = [...looked.keys()];
  let parts: Part[] = [
    { name: 'keypoints', predicted: { values, points: JOINT_COUNT }, truth: null, rows: all },
  ];
  const findings: Finding[] = [];
  for (const step of [
    (given: Part[]) => siftPlaceholders(given, indices),
    siftConstant,
    (given: Part[]) => siftCopies(given, looked.length, indices),
  ]) {
    const sifted = step(parts);
    findings.push(...sifted.findings);
    parts = sifted.parts;
  }
  const ours = findings.map((finding) =>
    finding.code === 'predictions-placeholder' ? { ...finding, remedy: REWRITE } : finding,
  );
  return { findings: ours, rows: parts.flatMap((part) => part.rows.map((k) => looked[k]!)) };
}

/** Left and right hands apart, where there are enough of both: a left hand is easily mistaken in its own way. */
function groupsOf(rows: readonly KeypointRow[]): Pick<Group, 'name' | 'rows'>[] {
  const [left, right] = [rows.filter((row) => !row.right), rows.filter((row) => row.right)];
  if (left.length < LEAST || right.length < LEAST) return [{ name: 'all', rows }];
  return [
    { name: 'left', rows: left },
    { name: 'right', rows: right },
  ];
}

function judged({ name, rows }: Pick<Group, 'name' | 'rows'>, maker: Maker): Group {
  const reading = readingOf(rows);
  if (reading === null) return { name, rows, mistakes: [], read: asGiven };
  const { shape, placement, read } = reading;
  return { name, rows, mistakes: mistakesOf(shape, placement, maker), read };
}

const percent = (share: number): string =>
  share < 10
    ? `${(100 * share).toFixed(1)} %`
    : `${Number(share.toPrecision(2)).toLocaleString('en-US')} times`;

/** A mistake of both kinds of hand is told once. */
function told(groups: readonly Group[], all: number): Finding[] {
  const keys = [...new Set(groups.flatMap(({ mistakes }) => mistakes.map(({ key }) => key)))];
  return keys.map((key) => {
    const with_ = groups.filter(({ mistakes }) => mistakes.some((mistake) => mistake.key === key));
    const { code, what, remedy } = with_[0]!.mistakes.find((mistake) => mistake.key === key)!;
    const before = with_.flatMap(({ rows }) => rows.map((row) => errorOf(row, asGiven)));
    const after = with_.flatMap(({ rows, read }) => rows.map((row) => errorOf(row, read)));
    const agree = countOf(before, (error, k) => after[k]! < error);
    const whose = before.length === all ? '' : ` of ${with_[0]!.name} hands`;
    return {
      code,
      message:
        `the predicted keypoints${whose} ${what}: read as they are meant, they are ${percent(median(after))} of the ` +
        `box's longer side off instead of ${percent(median(before))} (medians; ${samplesOf(agree, before.length)} agree)`,
      remedy,
    };
  });
}

/** A hand counts as mirrored where its shape fits so much better mirrored, and well. */
const MIRRORED_RATIO = 0.5;
const MIRRORED_RESIDUAL = 0.1;
const UNMIRRORED_RESIDUAL = 0.12;
const SOME_SHARE = 0.05;
const SOME_LEAST = 4;
const MIRRORED: Shape = { turn: { exchanged: false, signs: [-1, 1] }, permutation: null };

/** Some hands are mirrored, whichever: the handedness of the list is not that of the dataset. */
function someMirrored(groups: readonly Group[]): Finding[] {
  const rows = groups.filter(({ mistakes }) => mistakes.length === 0).flatMap((group) => group.rows);
  const mirrored = rows.filter((row) => {
    const [given, other] = [fit(row, PLAIN).residual, fit(row, MIRRORED).residual];
    return given >= UNMIRRORED_RESIDUAL && other <= Math.min(MIRRORED_RESIDUAL, MIRRORED_RATIO * given);
  });
  if (mirrored.length < Math.max(SOME_LEAST, SOME_SHARE * rows.length)) return [];
  return [
    {
      code: 'some-predictions-mirrored',
      message: `the predicted keypoints are mirrored hands in ${samplesOf(mirrored.length, rows.length)} looked at, the first is sample ${mirrored[0]!.place}`,
      remedy: 'check the handedness of these samples: left hands are given as they appear in the photograph',
    },
  ];
}
