/**
 * `scores.txt` as the official evaluators write it: FreiHAND `eval.py` and
 * HO-3D `eval.py`. Same keys, same order, centimetres, six decimals.
 *
 * Means are taken as they do: over the keypoints of the means over the samples;
 * vertices all count the same number of samples, so their pooled mean is that.
 *
 * Predictions whose vertex count differs from the ground truth's take the
 * official branch for another topology: `mesh_*` is −100 (mean) and −1 (AUC),
 * and aligned F-scores come from the faulty `align_by_trafo`. Those values
 * stand in scores.txt only; `ScoreAccumulator.result()` has the correct ones.
 * The official script decides on the topology once, from sample 0; a set that
 * mixes both has no official scores here.
 */

import type { PckCurve } from './pck.js';
import type { JointScore, ScoreAccumulator, ScoreResult } from './score-accumulator.js';

export type OfficialKind = 'freihand' | 'ho3d';

export interface AvailableOfficialScores {
  readonly state: 'available';
  /** `'other'` marks the faulty branch. */
  readonly topology: 'same' | 'other';
  /** Keys and values (cm, shares) in the file's order. */
  readonly entries: readonly (readonly [key: string, value: number])[];
  /** The whole file. */
  readonly text: string;
}

export interface UnavailableOfficialScores {
  readonly state: 'unavailable';
  /** Why, in one sentence without a final full stop. */
  readonly reason: string;
}

export type OfficialScores = AvailableOfficialScores | UnavailableOfficialScores;

/**
 * `'%f' % value` of C and Python: six decimals, exact ties to the even digit
 * (`toFixed` takes the larger one).
 *
 * @throws RangeError when the value is not finite.
 */
export function formatSixDecimals(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`a score must be finite: got ${value}`);
  if (Math.abs(value) >= 1e21) return `${BigInt(value).toString()}.000000`;
  // A double lies halfway between two multiples of 1e-6 only if it is an odd multiple of 2^-7.
  const steps = value * 128;
  if (Number.isInteger(steps) && steps % 2 !== 0) {
    const lower = Math.floor(steps * 7812.5);
    return ((lower % 2 === 0 ? lower : lower + 1) / 1e6).toFixed(6);
  }
  return value.toFixed(6);
}

function unavailable(reason: string): UnavailableOfficialScores {
  return { state: 'unavailable', reason };
}

/** Mean over joints of a per-joint value. */
function overJoints(joints: readonly JointScore[], value: (joint: JointScore) => number): number {
  let sum = 0;
  for (const joint of joints) sum += value(joint);
  return sum / joints.length;
}

/** Centimetres from millimetres. */
function cm(mm: number): number {
  return mm / 10;
}

type Entry = readonly [string, number];

function jointEntries(kind: OfficialKind, joints: readonly JointScore[]): Entry[] {
  const aligned = kind === 'freihand' ? 'xyz_al' : 'xyz_procrustes_al';
  const entries: Entry[] = [
    ['xyz_mean3d', cm(overJoints(joints, (joint) => joint.mpjpe_mm))],
    ['xyz_auc3d', overJoints(joints, (joint) => joint.auc)],
    [`${aligned}_mean3d`, cm(overJoints(joints, (joint) => joint.pa_mpjpe_mm))],
    [`${aligned}_auc3d`, overJoints(joints, (joint) => joint.auc_aligned)],
  ];
  if (kind === 'ho3d') {
    entries.push(
      ['xyz_scale_trans_al_mean3d', cm(overJoints(joints, (joint) => joint.sta_mpjpe_mm!))],
      ['xyz_scale_trans_al_auc3d', overJoints(joints, (joint) => joint.auc_sta!)],
    );
  }
  return entries;
}

/** Why the official script has no scores for these samples, or undefined when it has. */
function obstacle(
  kind: OfficialKind,
  accumulator: ScoreAccumulator,
  result: ScoreResult,
): string | undefined {
  const { protocol, topology } = accumulator;
  if (result.scored === 0) return 'no sample was scored';
  if (result.unscored > 0) {
    return `the official script scores every sample: ${result.unscored} of ${result.scored + result.unscored} are unscored`;
  }
  if (protocol.reflection !== 'allowed') {
    return 'the official alignment allows reflections, the protocol forbids them';
  }
  if (kind === 'ho3d' && !protocol.scaleTranslation) {
    return 'the HO-3D script scores the scale-and-translation alignment, the protocol leaves it out';
  }
  const withJoints = result.counts.mpjpe_mm ?? 0;
  if (withJoints < result.scored) {
    return `the official script needs joints: ${result.scored - withJoints} of ${result.scored} samples have none`;
  }
  if (kind === 'ho3d' && result.counts.sta_mpjpe_mm !== result.scored) {
    return 'the scale-and-translation alignment needs at least 5 joints';
  }
  const withVertices = topology.same + topology.other;
  if (withVertices < result.scored) {
    return `the official script needs vertices: ${result.scored - withVertices} of ${result.scored} samples have none`;
  }
  if (topology.same > 0 && topology.other > 0) {
    return `${topology.same} samples have as many vertices as the ground truth and ${topology.other} have not`;
  }
  return undefined;
}

/**
 * The official scores of everything an accumulator has seen, or why there are
 * none: samples unscored, joints or vertices missing, reflections forbidden, topologies mixed.
 */
export function officialScores(kind: OfficialKind, accumulator: ScoreAccumulator): OfficialScores {
  const result = accumulator.result();
  const reason = obstacle(kind, accumulator, result);
  if (reason !== undefined) return unavailable(reason);
  const { metrics } = result;
  const trafo = accumulator.officialTrafo;
  const entries = jointEntries(kind, result.joints);
  if (trafo === undefined) {
    entries.push(
      ['mesh_mean3d', cm(metrics.mpvpe_mm!)],
      ['mesh_auc3d', metrics.auc_v!],
      ['mesh_al_mean3d', cm(metrics.pa_mpvpe_mm!)],
      ['mesh_al_auc3d', metrics.auc_v_aligned!],
    );
  } else {
    entries.push(['mesh_mean3d', -100], ['mesh_auc3d', -1], ['mesh_al_mean3d', -100], ['mesh_al_auc3d', -1]);
  }
  entries.push(
    ['f_score_5', metrics.f5!],
    ['f_al_score_5', trafo?.f5 ?? metrics.f5_aligned!],
    ['f_score_15', metrics.f15!],
    ['f_al_score_15', trafo?.f15 ?? metrics.f15_aligned!],
  );
  return {
    state: 'available',
    topology: trafo === undefined ? 'same' : 'other',
    entries,
    text: entries.map(([key, value]) => `${key}: ${formatSixDecimals(value)}\n`).join(''),
  };
}

/** `pck_data.json` of FreiHAND `eval.py`: per curve the thresholds in cm and the shares. */
export interface OfficialPckData {
  xyz?: [number[], number[]];
  xyz_al?: [number[], number[]];
  mesh?: [number[], number[]];
  mesh_al?: [number[], number[]];
}

function official(curve: PckCurve): [number[], number[]] {
  return [curve.thresholds_m.map((threshold) => threshold * 100), [...curve.pck]];
}

/** The curves of a result as the official script dumps them; a curve without data has no key. */
export function officialPckData(result: ScoreResult): OfficialPckData {
  const data: OfficialPckData = {};
  for (const name of ['xyz', 'xyz_al', 'mesh', 'mesh_al'] as const) {
    const curve = result.curves[name];
    if (curve !== undefined) data[name] = official(curve);
  }
  return data;
}
