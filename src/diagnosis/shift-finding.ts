/** A list that is shifted, in words. */
import { type Finding, samplesOf } from './finding.js';
import type { Shift } from './list-shift.js';

/** A shift with what it comes to. */
export interface FoundShift extends Pick<Shift, 'by' | 'inFavour' | 'whole' | 'toEnd'> {
  /** Of the predictions that are shifted, ascending. */
  readonly places: readonly number[];
  /** How far the predictions are from their own truths, and from those that they fit: medians. */
  readonly own: number;
  readonly other: number;
}

export const LIST_REMEDY =
  "write the predictions in the dataset's own order (docs/datasets), or give them with ids so that they are matched by id";

/** Parts that are told one by one. */
const TOLD = 3;

export interface ShiftWords {
  /** What was compared and how, in a few words. */
  readonly compared: string;
  /** An error with its unit. */
  readonly text: (error: number) => string;
  /** The id of the sample at a place; absent where ids are not known. */
  readonly idOf?: ((place: number) => string) | undefined;
}

/** @param shifts one or more, in the list's order. */
export function shiftFinding(shifts: readonly FoundShift[], { compared, text, idOf }: ShiftWords): Finding {
  const [first] = shifts as readonly [FoundShift];
  const named = (place: number): string => {
    const id = idOf?.(place) ?? '';
    return id === '' || Number(id) === place ? `${place}` : `${place} (${id})`;
  };
  const where = (shift: FoundShift): string => {
    const by = `by ${Math.abs(shift.by)}`;
    if (shift.whole) return by;
    const start = `${by} from sample ${named(shift.places[0]!)}`;
    return shift.toEnd ? `${start} on` : `${start} to ${named(shift.places.at(-1)!)}`;
  };
  const direction = (by: number): string => (by > 0 ? 'later' : 'earlier');
  const longest = shifts.reduce((a, b) => (b.places.length > a.places.length ? b : a));
  const parts = shifts.slice(0, TOLD).map(where);
  const more = shifts.length > TOLD ? [`in ${shifts.length - TOLD} more places`] : [];
  const several = shifts.length > 1 ? ' in the longest part' : '';
  const cause = first.by > 0 ? 'a sample that was left out' : 'a sample too many';
  return {
    code: 'list-shifted',
    message:
      `the list of predictions is shifted ${[...parts, ...more].join(', ')}: prediction i fits the truth of the sample ` +
      `${Math.abs(longest.by)} ${direction(longest.by)}${several} to ${text(longest.other)}, its own to ${text(longest.own)} ` +
      `(${compared}, medians; ${samplesOf(longest.inFavour, longest.places.length)} agree)`,
    remedy: `look for ${cause} ${first.whole ? 'before these' : `at sample ${named(first.places[0]!)}`}; ${LIST_REMEDY}`,
  };
}
