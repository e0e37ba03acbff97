/**
 * Protocols as data: everything that decides what a number means, in plain
 * JSON, stored with every result. Numbers under different protocols are not
 * comparable; `protocolDifferences` says what differs.
 */

import type { Axes } from '../hand/axes.js';
import type { JointOrder } from '../hand/joints.js';
import { F_SCORE_THRESHOLDS_MM } from './f-score.js';
import type { ThresholdRangeMm } from './pck.js';
import { OFFICIAL_AUC_THRESHOLDS_MM } from './pck.js';
import type { Reflection } from './procrustes.js';

/** Where the 21 joints come from: the model's own output, or its vertices under a named convention. */
export type JointSource = 'model' | 'freihand' | 'ho3d' | 'smplx' | 'manopth';

/** Rules under which a benchmark of hands in 3D is scored. JSON-serialisable, read-only. */
export interface Protocol {
  /** What is compared: joints and vertices of one hand in 3D. */
  readonly measure: 'hands-3d';
  /** Dataset id: `freihand`, `ho3d-v2`, `ho3d-v3`. */
  readonly dataset: string;
  /** Raised when the same prediction could score another number. */
  readonly version: number;
  readonly jointSource: JointSource;
  readonly jointOrder: JointOrder;
  /** Camera axes of both sets. */
  readonly axes: Axes;
  /** Alignment behind the `pa_` and `_aligned` metrics; joints and vertices are aligned separately. */
  readonly alignment: 'similarity';
  readonly reflection: Reflection;
  /**
   * Where the unaligned metrics see the prediction: as predicted (`none`), or moved so that its wrist lies
   * on the one the benchmark publishes (`published-root`). Predictions come in already moved.
   */
  readonly rootAlignment: 'none' | 'published-root';
  /** Whether joints are also scored after HO-3D's scale-and-translation alignment. */
  readonly scaleTranslation: boolean;
  readonly aucThresholdsMm: ThresholdRangeMm;
  readonly fScoreThresholdsMm: readonly [5, 15];
  /** Which boxes the predictions were made from; null when not known (imported predictions). */
  readonly boxes: string | null;
  /** Test-time augmentation and fusion; null for none. */
  readonly tta: string | null;
  /** Samples of the whole benchmark. */
  readonly sampleCount: number;
}

/** Rules under which keypoints in the photograph are scored, see keypoint-pck.ts. JSON-serialisable, read-only. */
export interface KeypointProtocol {
  /** What is compared: keypoints in the photograph, px. */
  readonly measure: 'keypoints-2d';
  /** Dataset id: `hint-newdays`, `hint-visor`, `hint-ego4d`. */
  readonly dataset: string;
  /** Raised when the same prediction could score another number. */
  readonly version: 1;
  readonly jointOrder: 'openpose';
  /** Shares of the reference length within which a keypoint counts as correct, bounds included. */
  readonly pckThresholds: readonly [0.05, 0.1, 0.15];
  /** The reference length: the longer side of the hand's box before it is expanded for the crop. */
  readonly pckReference: 'box-longer-side';
  /** A keypoint is labelled where its confidence lies above this. */
  readonly labelledAbove: 0.5;
  /** Which boxes the predictions were made from; null when not known (imported predictions). */
  readonly boxes: string | null;
  /** Test-time augmentation and fusion; null for none. */
  readonly tta: string | null;
  /** Samples of the whole benchmark. */
  readonly sampleCount: number;
}

/** `measure` tells the two apart. */
export type AnyProtocol = Protocol | KeypointProtocol;
export type Measure = AnyProtocol['measure'];
export const MEASURES = ['hands-3d', 'keypoints-2d'] as const satisfies readonly Measure[];

const COMMON = {
  measure: 'hands-3d',
  version: 1,
  jointSource: 'model',
  alignment: 'similarity',
  reflection: 'allowed',
  rootAlignment: 'none',
  aucThresholdsMm: OFFICIAL_AUC_THRESHOLDS_MM,
  fScoreThresholdsMm: F_SCORE_THRESHOLDS_MM,
  boxes: null,
  tta: null,
} as const;

/** FreiHAND `eval.py`; 3,960 evaluation samples. */
export const FREIHAND_PROTOCOL: Protocol = {
  dataset: 'freihand',
  ...COMMON,
  jointOrder: 'openpose',
  axes: 'opencv',
  scaleTranslation: false,
  sampleCount: 3960,
};

/** HO-3D `eval.py`, version 2; 11,524 evaluation samples. */
export const HO3D_V2_PROTOCOL: Protocol = {
  dataset: 'ho3d-v2',
  ...COMMON,
  jointOrder: 'ho3d',
  axes: 'opengl',
  scaleTranslation: true,
  sampleCount: 11524,
};

/** HO-3D `eval.py`, version 3; 20,137 evaluation samples. */
export const HO3D_V3_PROTOCOL: Protocol = {
  ...HO3D_V2_PROTOCOL,
  dataset: 'ho3d-v3',
  sampleCount: 20137,
};

/** `EvaluatorPCK` of HaMeR on HInt's New Days of Hands; 1,754 test samples. */
export const HINT_NEWDAYS_PROTOCOL: KeypointProtocol = {
  measure: 'keypoints-2d',
  dataset: 'hint-newdays',
  version: 1,
  jointOrder: 'openpose',
  pckThresholds: [0.05, 0.1, 0.15],
  pckReference: 'box-longer-side',
  labelledAbove: 0.5,
  boxes: null,
  tta: null,
  sampleCount: 1754,
};

/** The same on HInt's part of EPIC-KITCHENS VISOR; 1,906 test samples. */
export const HINT_VISOR_PROTOCOL: KeypointProtocol = {
  ...HINT_NEWDAYS_PROTOCOL,
  dataset: 'hint-visor',
  sampleCount: 1906,
};

/** The same on HInt's part of Ego4D; 1,714 test samples. */
export const HINT_EGO4D_PROTOCOL: KeypointProtocol = {
  ...HINT_NEWDAYS_PROTOCOL,
  dataset: 'hint-ego4d',
  sampleCount: 1714,
};

/** A field in which two protocols differ, by its path: `aucThresholdsMm.to`. */
export interface ProtocolDifference {
  readonly field: string;
  /** Undefined where the field does not exist. */
  readonly left: unknown;
  readonly right: unknown;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function collect(left: unknown, right: unknown, path: string, found: ProtocolDifference[]): void {
  if (isRecord(left) && isRecord(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      collect(left[key], right[key], path === '' ? key : `${path}.${key}`, found);
    }
  } else if (!Object.is(left, right)) {
    found.push({ field: path, left, right });
  }
}

/**
 * The fields in which two protocols differ, in the order of the left one; empty
 * when their numbers may be compared. Takes anything JSON-like, so that protocols
 * read from result files of other versions, with fields more or fewer, compare too.
 */
export function protocolDifferences(left: object, right: object): ProtocolDifference[] {
  const found: ProtocolDifference[] = [];
  collect(left, right, '', found);
  return found;
}

/** @throws RangeError naming the first field in which two protocols differ: their scores do not add up. */
export function requireSameProtocol(left: object, right: object): void {
  const [difference] = protocolDifferences(left, right);
  if (difference === undefined) return;
  throw new RangeError(
    `scores under different protocols cannot be merged: ${difference.field} is ` +
      `${JSON.stringify(difference.left)} here and ${JSON.stringify(difference.right)} there`,
  );
}
