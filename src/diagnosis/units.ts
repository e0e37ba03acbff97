/** Millimetres, centimetres or a normalised size where metres belong. */
import { gatherFromOpenPose, type JointOrder } from '../hand/joints.js';
import { centroid } from '../hand/vectors.js';
import { countOf, factorText, median, partsText, type Finding } from './finding.js';
import { type Part, type PointRows, rowOf, scaledPredictions } from './probe.js';

/**
 * Root mean square distance of a hand's joints from their centroid, metres:
 * 0.041 (fist) to 0.066 (spread) over 300 procedural adult hands; meshes 0.045 to 0.068.
 */
const HAND_RADIUS = 0.05;
/**
 * How far from a unit's exact factor a median may lie and still name the unit.
 * Hands, children's included, stay within it about `HAND_RADIUS`; the next
 * thing people use, a bone of length 1 (a factor of 30 to 45), stays outside.
 */
const UNIT_TOLERANCE = 1.7;
/** Truth larger or smaller than a hand by this is no hand in metres, whatever the unit. */
const TRUTH_FACTOR = 4;
/** Noise of 60 mm a coordinate makes a hand 2.3 times as large; no honest model does more. */
const PREDICTION_FACTOR = 3;

interface Unit {
  /** Numbers a metre. */
  readonly factor: number;
  readonly name: string;
}

const UNITS: readonly Unit[] = [
  { factor: 1000, name: 'millimetres' },
  { factor: 100, name: 'centimetres' },
  { factor: 1e-3, name: 'metres divided by 1000' },
  { factor: 1e-2, name: 'metres divided by 100' },
];

/** Root mean square distance from the centroid. */
function radius(points: Float64Array): number {
  const [x, y, z] = centroid(points);
  let squared = 0;
  for (let k = 0; k < points.length; k += 3) {
    squared += (points[k]! - x) ** 2 + (points[k + 1]! - y) ** 2 + (points[k + 2]! - z) ** 2;
  }
  return Math.sqrt(squared / (points.length / 3));
}

function radii(side: PointRows, rows: readonly number[]): number[] {
  return rows.map((row) => radius(rowOf(side, row)));
}

function unitOf(factor: number): Unit | undefined {
  return UNITS.find(
    (unit) => factor >= unit.factor / UNIT_TOLERANCE && factor <= unit.factor * UNIT_TOLERANCE,
  );
}

export interface Rescaled {
  readonly findings: Finding[];
  /** The parts in metres on both sides, as far as that could be told. */
  readonly parts: Part[];
}

interface Measured {
  readonly part: Part;
  readonly factor: number;
  readonly unit: Unit | undefined;
}

/** Parts by the unit they are in; parts of no known unit stay apart from each other. */
function byUnit(measured: readonly Measured[]): Measured[][] {
  const groups: Measured[][] = [];
  for (const entry of measured) {
    const group = groups.find(([first]) => entry.unit !== undefined && first!.unit === entry.unit);
    if (group === undefined) groups.push([entry]);
    else group.push(entry);
  }
  return groups;
}

function isOff(factor: number, limit: number): boolean {
  return factor > limit || factor < 1 / limit;
}

function rescaledTruth(parts: readonly Part[]): Rescaled {
  const off: Measured[] = [];
  for (const part of parts) {
    if (part.truth === null) continue;
    const factor = median(radii(part.truth, part.rows)) / HAND_RADIUS;
    if (isOff(factor, TRUTH_FACTOR)) off.push({ part, factor, unit: unitOf(factor) });
  }
  const findings = byUnit(off).map((group): Finding => {
    const { unit, factor } = group[0]!;
    const names = partsText(group.map((entry) => entry.part));
    const size = `about ${factorText(factor)} times the size of a hand in metres`;
    return unit === undefined
      ? {
          code: 'truth-units',
          message: `the true ${names} are ${size}, which is no unit known here`,
          remedy: 'give the ground truth in metres, as the datasets publish it',
        }
      : {
          code: 'truth-units',
          message: `the true ${names} are in ${unit.name}, not metres: ${size}`,
          remedy: `divide the ground truth by ${factorText(unit.factor)}, or take the annotation files as published`,
        };
  });
  return {
    findings,
    parts: parts.map((part) => {
      const found = off.find((entry) => entry.part === part);
      if (found === undefined) return part;
      const divisor = found.unit?.factor ?? found.factor;
      const { values, points } = part.truth!;
      return { ...part, truth: { values: values.map((value) => value / divisor), points } };
    }),
  };
}

/** Joints 9 and 10 in OpenPose order: the bone FreiHAND normalises by. */
const SCALE_BONE = [9, 10] as const;
/** A bone counts as of length 1 within this share, in nine of ten samples. */
const UNIT_BONE_TOLERANCE = 0.02;
const UNIT_BONE_SHARE = 0.9;

/** The predictions are scaled so that the middle finger's first bone has length 1. */
function hasUnitBone(part: Part, order: JointOrder): boolean {
  if (part.name !== 'joints') return false;
  const [a, b] = SCALE_BONE.map((joint) => gatherFromOpenPose(order).indexOf(joint) * 3);
  const fitting = countOf(part.rows, (row) => {
    const points = rowOf(part.predicted, row);
    const length = Math.hypot(...[0, 1, 2].map((axis) => points[a! + axis]! - points[b! + axis]!));
    return Math.abs(length - 1) <= UNIT_BONE_TOLERANCE;
  });
  return fitting >= UNIT_BONE_SHARE * part.rows.length;
}

function rescaledPredictions(parts: readonly Part[], order: JointOrder): Rescaled {
  const off: Measured[] = [];
  for (const part of parts) {
    const { predicted, truth, rows } = part;
    const sizes = radii(predicted, rows);
    const trueSizes = truth === null ? rows.map(() => HAND_RADIUS) : radii(truth, rows);
    const factor = median(sizes.map((size, k) => size / trueSizes[k]!));
    if (isOff(factor, truth === null ? TRUTH_FACTOR : PREDICTION_FACTOR)) {
      off.push({ part, factor, unit: unitOf(factor) });
    }
  }
  const findings = byUnit(off).map((group): Finding => {
    const { part, unit, factor } = group[0]!;
    const names = partsText(group.map((entry) => entry.part));
    const against = part.truth === null ? 'a hand in metres' : 'the true ones';
    const size = `${factorText(factor)} times the size of ${against} (median of ${part.rows.length} samples)`;
    if (unit !== undefined) {
      return {
        code: 'predictions-units',
        message: `the predicted ${names} are in ${unit.name}, not metres: ${size}`,
        remedy:
          unit.factor > 1
            ? `divide the predictions by ${factorText(unit.factor)}`
            : `multiply the predictions by ${factorText(1 / unit.factor)}: they were probably converted twice`,
      };
    }
    const bone = hasUnitBone(part, order);
    return {
      code: 'predictions-scale',
      message:
        `the predicted ${names} are ${size}` +
        (bone ? ', with the first bone of the middle finger of length 1' : ', which is no unit known here'),
      remedy: bone
        ? 'multiply each sample by the length of that bone in metres (FreiHAND: evaluation_scale.json); until then only aligned metrics mean anything'
        : 'bring the predictions to metres; until then only aligned metrics mean anything',
    };
  });
  return {
    findings,
    parts: parts.map((part) => {
      const found = off.find((entry) => entry.part === part);
      if (found === undefined) return part;
      const factor = 1 / (found.unit?.factor ?? found.factor);
      return scaledPredictions(part, [factor, factor, factor]);
    }),
  };
}

/** Reports ground truth and predictions that are not in metres, and brings them there for the checks that follow. */
export function bringToMetres(parts: readonly Part[], order: JointOrder): Rescaled {
  const truth = rescaledTruth(parts);
  const predictions = rescaledPredictions(truth.parts, order);
  return { findings: [...truth.findings, ...predictions.findings], parts: predictions.parts };
}
