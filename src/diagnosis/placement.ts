/** Where the hands are: behind the camera, around the origin, far away, joints apart from their mesh. */
import { AXES, flipAxes, type Axes } from '../hand/axes.js';
import { jointNames, type JointOrder } from '../hand/joints.js';
import { centroid } from '../hand/vectors.js';
import { alignSimilarity, applySimilarity, positionErrors } from '../metrics/index.js';
import {
  countOf,
  factorText,
  median,
  metresText,
  millimetres,
  partsText,
  samplesOf,
  type Finding,
} from './finding.js';
import { alignedError, CLEAR_DEPTH, mean, isBehind } from './fit.js';
import { isPaired, type PairedPart, type Part, type PointRows, rowOf, scaledPredictions } from './probe.js';

const MAJORITY = 0.8;
/**
 * A hand whose centroid is this near the origin, and at most half as far away as the true
 * one, is not placed in the camera's frame. Whatever its root, a hand reaches 0.2 m:
 * MANO's own origin lies between wrist and knuckles. True hands are 0.25 m and more away.
 */
const AT_ORIGIN = 0.2;
const NEARER = 0.5;
const TRUTH_AWAY = 0.25;
const ROOT_SHARE = 0.9;
/** A point is the root when it is this near the origin, metres. */
const ROOT = 0.001;
/** How many times as far away as the truth; wrong depths of honest models stay within 2. */
const FAR = 5;
/** Joints carried along by their mesh lie this much beyond their own aligned error, metres, and this many times. */
const APART = 0.02;
const APART_RATIO = 2;
/** Without corresponding vertices: joints lie inside a hand, within this distance of its surface. */
const OFF_MESH = 0.03;

function depths(side: PointRows, rows: readonly number[]): number[] {
  return rows.map((row) => centroid(rowOf(side, row))[2]);
}

function distances(side: PointRows, rows: readonly number[]): number[] {
  return rows.map((row) => Math.hypot(...centroid(rowOf(side, row))));
}

interface Placed {
  readonly findings: Finding[];
  readonly parts: Part[];
}

/** Ground truth on the wrong side of the camera for the declared axes; turned into them for the checks that follow. */
export function bringTruthToDeclaredAxes(parts: readonly Part[], declared: Axes): Placed {
  const { name, forward } = AXES[declared];
  const wrong = parts.filter(({ truth, rows }) => {
    if (truth === null) return false;
    return countOf(depths(truth, rows), (z) => z * forward < -CLEAR_DEPTH) >= MAJORITY * rows.length;
  });
  if (wrong.length === 0) return { findings: [], parts: [...parts] };
  const { truth, rows } = wrong[0]!;
  return {
    findings: [
      {
        code: 'truth-axes',
        message:
          `the true ${partsText(wrong)} lie at z = ${metresText(median(depths(truth!, rows)))} ` +
          `(median of ${rows.length} samples), but the dataset is declared to have ${name} axes (hands at z ${forward > 0 ? '>' : '<'} 0)`,
        remedy: 'check that the folder is the dataset named, with its annotation files as published',
      },
    ],
    parts: parts.map((part) => {
      if (!wrong.includes(part)) return part;
      const { values, points } = part.truth!;
      return { ...part, truth: { values: flipAxes(values.slice()), points } };
    }),
  };
}

/** Predictions placed behind the camera, though no change of axes explains it; takes the side back. */
export function bringBeforeCamera(parts: readonly Part[]): Placed {
  const behind = parts.filter(({ truth, predicted, rows }) => {
    if (truth === null) return false;
    const opposite = countOf(rows, (row) => isBehind(rowOf(predicted, row), rowOf(truth, row)));
    return opposite >= MAJORITY * rows.length;
  });
  if (behind.length === 0) return { findings: [], parts: [...parts] };
  const { truth, predicted, rows } = behind[0]!;
  return {
    findings: [
      {
        code: 'predictions-behind-camera',
        message:
          `the predicted ${partsText(behind)} lie on the other side of the camera, at z = ` +
          `${metresText(median(depths(predicted, rows)))} where the truth is at ${metresText(median(depths(truth!, rows)))} ` +
          `(medians of ${rows.length} samples)`,
        remedy:
          'check the signs of the camera translation, and whether hand and translation are in the same axes',
      },
    ],
    parts: parts.map((part) => (behind.includes(part) ? scaledPredictions(part, [1, 1, -1]) : part)),
  };
}

function isRootRelative({ truth, predicted, rows }: Part): boolean {
  if (truth === null) return false;
  const trueDistances = distances(truth, rows);
  const hits = countOf(distances(predicted, rows), (distance, k) => {
    const away = trueDistances[k]!;
    return away >= TRUTH_AWAY && distance <= Math.min(AT_ORIGIN, NEARER * away);
  });
  return hits >= ROOT_SHARE * rows.length;
}

/** Which point of the part sits at the origin, in words. */
function rootText(part: Part, order: JointOrder): string {
  const { predicted, rows } = part;
  const atOrigin = (point: number): number =>
    countOf(rows, (row) => {
      const points = rowOf(predicted, row);
      return Math.hypot(points[point * 3]!, points[point * 3 + 1]!, points[point * 3 + 2]!) <= ROOT;
    });
  if (part.name === 'joints') {
    const root = jointNames(order).findIndex((_, joint) => atOrigin(joint) >= ROOT_SHARE * rows.length);
    if (root >= 0) return `${jointNames(order)[root]} at the origin`;
  }
  const centred = countOf(distances(predicted, rows), (distance) => distance <= ROOT);
  if (centred >= ROOT_SHARE * rows.length) return 'centroid at the origin';
  return `centroid ${millimetres(median(distances(predicted, rows)))} from the origin`;
}

/** Predictions around the origin, or many times too far away. */
export function findPlacement(parts: readonly Part[], order: JointOrder, apart: boolean): Finding[] {
  const findings: Finding[] = [];
  const relative = parts.filter(isRootRelative);
  // One part of two: then they are apart from each other, and that has been told.
  if (relative.length > 0 && !(apart && relative.length < parts.length)) {
    const { truth, rows } = relative[0]!;
    findings.push({
      code: 'predictions-root-relative',
      message:
        `the predicted ${partsText(relative)} are root-relative (${rootText(relative[0]!, order)}) while the true hands ` +
        `are ${metresText(median(distances(truth!, rows)))} away (medians of ${rows.length} samples): metrics without alignment mean little`,
      remedy:
        'quote the aligned metrics only, or add the camera translation (or a known root position) to joints and vertices alike',
    });
  }
  const far = parts.flatMap((part) => {
    const { truth, predicted, rows } = part;
    if (truth === null || relative.includes(part)) return [];
    const trueDistances = distances(truth, rows);
    const ratios = distances(predicted, rows).map(
      (distance, k) => distance / Math.max(ROOT, trueDistances[k]!),
    );
    return countOf(ratios, (ratio) => ratio >= FAR) >= MAJORITY * rows.length ? [{ part, ratios }] : [];
  });
  if (far.length > 0) {
    const { part, ratios } = far[0]!;
    findings.push({
      code: 'predictions-far-away',
      message:
        `the predicted ${partsText(far.map((entry) => entry.part))} are hands of the right size but ` +
        `${factorText(median(ratios))} times as far away as the true ones: ` +
        `${metresText(median(distances(part.predicted, part.rows)))} against ` +
        `${metresText(median(distances(part.truth!, part.rows)))} (medians of ${part.rows.length} samples)`,
      remedy:
        "check the camera translation: another unit than the hand's, or one for a model's own focal length (HaMeR's 5000 px) instead of the photograph's",
    });
  }
  return findings;
}

function apartFinding(offset: number, samples: string, detail: string): Finding {
  return {
    code: 'joints-apart-from-mesh',
    message: `the predicted joints and vertices do not belong together: the joints lie ${millimetres(offset)} from where ${detail} (median; ${samples} agree)`,
    remedy:
      "write joints and vertices in one frame, with the same translation (HaMeR's own export mixes wrist-relative joints with unshifted vertices), and from the same pass",
  };
}

/** Joints carried along by the mesh's alignment must land where joints are. */
function apartByAlignment(joints: PairedPart, vertices: PairedPart): Finding[] {
  const rows = joints.rows.filter((row) => vertices.rows.includes(row));
  const offsets = rows.map((row) => {
    const truth = rowOf(joints.truth, row);
    const mesh = alignSimilarity(rowOf(vertices.predicted, row), rowOf(vertices.truth, row), 'allowed');
    const carried = mean(
      positionErrors(applySimilarity(mesh.transform, rowOf(joints.predicted, row)), truth),
    );
    const own = alignedError(rowOf(joints.predicted, row), truth);
    const meshError = mean(positionErrors(mesh.aligned, rowOf(vertices.truth, row)));
    return { carried, limit: Math.max(APART + own, APART_RATIO * own, APART_RATIO * meshError) };
  });
  const hits = offsets.filter(({ carried, limit }) => carried > limit);
  if (rows.length === 0 || hits.length < MAJORITY * rows.length) return [];
  return [
    apartFinding(
      median(hits.map(({ carried }) => carried)),
      samplesOf(hits.length, rows.length),
      'they belong in their mesh',
    ),
  ];
}

function nearestDistance(points: Float64Array, at: number, mesh: Float64Array): number {
  let least = Infinity;
  for (let k = 0; k < mesh.length; k += 3) {
    const dx = mesh[k]! - points[at]!;
    const dy = mesh[k + 1]! - points[at + 1]!;
    const dz = mesh[k + 2]! - points[at + 2]!;
    least = Math.min(least, dx * dx + dy * dy + dz * dz);
  }
  return Math.sqrt(least);
}

/** Rows a nearest-vertex search is made for: it is slow, and a frame mixed up is mixed up everywhere. */
const SEARCHED = 16;

function apartByDistance(joints: Part, vertices: Part): Finding[] {
  const rows = joints.rows.filter((row) => vertices.rows.includes(row)).slice(0, SEARCHED);
  const offsets = rows.map((row) => {
    const points = rowOf(joints.predicted, row);
    const mesh = rowOf(vertices.predicted, row);
    const nearest: number[] = [];
    for (let k = 0; k < points.length; k += 3) nearest.push(nearestDistance(points, k, mesh));
    return median(nearest);
  });
  const hits = offsets.filter((offset) => offset > OFF_MESH);
  if (rows.length === 0 || hits.length < MAJORITY * rows.length) return [];
  return [apartFinding(median(hits), samplesOf(hits.length, rows.length), 'the nearest vertex is')];
}

/** Joints and vertices of one prediction that are not of one hand. */
export function findApart(joints: Part | undefined, vertices: Part | undefined): Finding[] {
  if (joints === undefined || vertices === undefined) return [];
  return isPaired(joints) && isPaired(vertices)
    ? apartByAlignment(joints, vertices)
    : apartByDistance(joints, vertices);
}
