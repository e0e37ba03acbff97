/** What an order of the 21 joints is, and the words in which orders are written down. */

/** An order of the 21 joints that predictions may turn out to be in. */
export interface KnownOrder {
  readonly name: string;
  /** Where it is used, or how it comes about. */
  readonly source: string;
  /** For each joint of this order, its index in OpenPose order. */
  readonly fromOpenPose: readonly number[];
}

/** An order that a dataset, a model's sidecar or an array of a run directory may declare. */
export interface JointOrderDefinition<Id extends string = string> extends Omit<KnownOrder, 'name'> {
  /** The order's name in run.json and in sidecars. */
  readonly id: Id;
  /** The order's name in messages, before the word 'order'. */
  readonly title: string;
  /** The order's joints in a few words. */
  readonly layout: string;
}

export type Finger = 'thumb' | 'index' | 'middle' | 'ring' | 'pinky';

export const FINGERS: readonly Finger[] = ['thumb', 'index', 'middle', 'ring', 'pinky'];

/** The order in which MANO's kinematic chain has its fingers. */
export const MANO_FINGERS: readonly Finger[] = ['index', 'middle', 'pinky', 'ring', 'thumb'];

export const WRIST = 0;

export const BASE_TO_TIP = [1, 2, 3, 4] as const;
export const TIP_TO_BASE = [4, 3, 2, 1] as const;
const WITHOUT_TIP = [1, 2, 3] as const;

/** OpenPose index of joint `level` of a finger: 1 is the base, 4 the tip. */
function joint(finger: Finger, level: number): number {
  return 1 + 4 * FINGERS.indexOf(finger) + level - 1;
}

/** One finger after the other. */
export function byFinger(fingers: readonly Finger[], levels: readonly number[]): number[] {
  return fingers.flatMap((finger) => levels.map((level) => joint(finger, level)));
}

/** All fingers' joints of one level, then those of the next. */
export function byLevel(levels: readonly number[]): number[] {
  return levels.flatMap((level) => FINGERS.map((finger) => joint(finger, level)));
}

/** Wrist, fingers without tips, then the tips. */
export function chainThenTips(chain: readonly Finger[], tips: readonly Finger[]): number[] {
  return [WRIST, ...byFinger(chain, WITHOUT_TIP), ...byFinger(tips, [4])];
}
