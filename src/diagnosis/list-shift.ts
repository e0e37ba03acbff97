/**
 * Parts of a list where prediction i belongs to the truth of sample i + k, the same k for all of the part: a sample
 * left out or too many shifts what follows, up to the end or to the next such mistake. Each prediction speaks for a
 * shift by how much better it fits that truth than its own and those beside; the most likely division of the list is
 * that with the largest sum, less a price for each change (dynamic programming). Frames of one video are alike, so
 * that no truth stands out from those beside it, and nothing is said.
 */
import { countOf, median } from './finding.js';

export interface SampleList {
  /** The place of each prediction among the truths, ascending. */
  readonly places: readonly number[];
  /** How many places there are. */
  readonly truths: number;
  /** How badly a prediction fits the truth at a place, in any unit; NaN where there is none. */
  readonly error: (row: number, place: number) => number;
}

/** Predictions `rows` belong to the truths `by` places on. */
export interface Shift {
  readonly by: number;
  /** The rows with both truths, ascending. */
  readonly rows: readonly number[];
  /** How many of them fit the other truth better. */
  readonly inFavour: number;
  /** It goes from the first prediction to the last, as far as they have both truths. */
  readonly whole: boolean;
  /** It goes on to the last prediction. */
  readonly toEnd: boolean;
}

/** Shifts that are always tried; larger ones where predictions that do not fit their own truth give cause. */
const NEAR = 4;
/** Predictions that are held against the truths around them, how far around, and how many larger shifts are tried. */
const SCOUTS = 256;
const SCOUTED = 64;
const LARGER = 6;
/** Scouts that must agree, and how much better than its own a truth must fit. */
const LEAST_VOTES = 3;
export const CLEARLY = 0.6;
/** Few predictions need a clearer case. */
const CLEARLY_FEW = 0.45;
const FEW = 8;
const LEAST = 4;
const MAJORITY = 0.8;
/** Both lists must overlap by this share for a shift to be tried. */
const OVERLAP = 1 / 3;
/** A truth that fits a little better speaks against a shift, and none for one by more than this; natural logarithms. */
const MARGIN = 0.25;
const MOST = 2;
/** With which a chance finding in a list is as rare as one in a thousand; see the simulation of the tests. */
const RARITY = Math.log(1000);
const PRICE = 0.5;
/** A list that is shifted as a whole is likelier than one without its second sample. */
const START = 0.5;

/** Shifts larger than `NEAR` for which single predictions speak. */
function largerShifts({ places, truths, error }: SampleList): number[] {
  const stride = Math.max(1, Math.floor(places.length / SCOUTS));
  const votes = new Map<number, number>();
  for (let row = 0; row < places.length; row += stride) {
    const place = places[row]!;
    const first = Math.max(0, place - SCOUTED);
    const last = Math.min(truths - 1, place + SCOUTED);
    let [best, least] = [place, CLEARLY * error(row, place)];
    for (let other = first; other <= last; other++) {
      const at = error(row, other);
      if (at < least) [best, least] = [other, at];
    }
    const by = best - place;
    if (Math.abs(by) > NEAR) votes.set(by, (votes.get(by) ?? 0) + 1);
  }
  return [...votes]
    .filter(([by, count]) => count >= LEAST_VOTES && truths - Math.abs(by) >= OVERLAP * truths)
    .sort(([a, more], [b, less]) => less - more || a - b)
    .slice(0, LARGER)
    .map(([by]) => by);
}

function nearShifts(truths: number): number[] {
  const all = Array.from({ length: 2 * NEAR + 1 }, (_, k) => k - NEAR);
  return all.filter((by) => by !== 0 && truths - Math.abs(by) >= OVERLAP * truths);
}

/** The shift of each row in the most likely division of the list; 0 where there is none. */
function divided({ places, error }: SampleList, shifts: readonly number[]): Int32Array {
  const states = [0, ...shifts];
  const count = states.length;
  const price = PRICE * (Math.log(places.length * count) + RARITY);
  const compared = [...new Set(states.flatMap((by) => [by - 1, by, by + 1]))];
  const errors = new Float64Array(compared.length);
  const at = (by: number): number => compared.indexOf(by);
  const looks = shifts.map((by) => ({ own: at(by), others: [at(0), at(by - 1), at(by + 1)] }));
  let sums = Float64Array.from(states, (by) => (by === 0 ? 0 : START - price));
  let next = new Float64Array(count);
  const from = new Uint8Array(places.length * count);
  for (let row = 0; row < places.length; row++) {
    for (let k = 0; k < compared.length; k++) errors[k] = error(row, places[row]! + compared[k]!);
    let best = 0;
    for (let state = 1; state < count; state++) if (sums[state]! > sums[best]!) best = state;
    const changed = sums[best]! - price;
    for (let state = 0; state < count; state++) {
      const stays = sums[state]! >= changed;
      from[row * count + state] = stays ? state : best;
      next[state] = (stays ? sums[state]! : changed) + (state === 0 ? 0 : gain(errors, looks[state - 1]!));
    }
    [sums, next] = [next, sums];
  }
  const path = new Int32Array(places.length);
  let state = sums.indexOf(Math.max(...sums));
  for (let row = places.length - 1; row >= 0; row--) {
    path[row] = states[state]!;
    state = from[row * count + state]!;
  }
  return path;
}

/** How much a prediction speaks for a shift; nothing where it or its truth is none. */
function gain(
  errors: Float64Array,
  look: { readonly own: number; readonly others: readonly number[] },
): number {
  let least = Infinity;
  // Beyond either end of the list there is no truth to compare with.
  for (const other of look.others) if (errors[other]! < least) least = errors[other]!;
  const gained = Math.log(least / errors[look.own]!) - MARGIN;
  return Number.isNaN(gained) || least === Infinity ? 0 : Math.max(-MOST, Math.min(MOST, gained));
}

/** Whether predictions fit the other truth so much better than their own that it is no chance. */
export function fitsOther(own: readonly number[], other: readonly number[]): boolean {
  const few = own.length < FEW;
  const better = countOf(own, (error, k) => other[k]! < error);
  return (
    own.length >= LEAST &&
    median(other) <= (few ? CLEARLY_FEW : CLEARLY) * median(own) &&
    better >= MAJORITY * own.length
  );
}

/** The shifted parts of a list, in its order; none for an honest model, however bad. */
export function findShifts(list: SampleList): Shift[] {
  const { places, truths, error } = list;
  const shifts = [...nearShifts(truths), ...largerShifts(list)];
  if (places.length < LEAST || shifts.length === 0) return [];
  const path = divided(list, shifts);
  const found: Shift[] = [];
  for (let first = 0, end; first < path.length; first = end) {
    const by = path[first]!;
    end = first + 1;
    while (path[end] === by) end++;
    if (by === 0) continue;
    const isPaired = (row: number): boolean =>
      !Number.isNaN(error(row, places[row]!) + error(row, places[row]! + by));
    const paired = Array.from(places.keys()).filter(isPaired);
    const rows = paired.filter((row) => row >= first && row < end);
    const own = rows.map((row) => error(row, places[row]!));
    const other = rows.map((row) => error(row, places[row]! + by));
    if (!fitsOther(own, other)) continue;
    const inFavour = countOf(own, (value, k) => other[k]! < value);
    const toEnd = rows.at(-1) === paired.at(-1);
    found.push({ by, rows, inFavour, whole: toEnd && rows[0] === paired[0], toEnd });
  }
  return found;
}
