/** Keypoints that belong to other samples: where a hand is in its photograph tells hands apart. */
import { median, samplesOf, type Finding } from '../finding.js';
import { findShifts } from '../list-shift.js';
import { LIST_REMEDY, shiftFinding } from '../shift-finding.js';
import { errorOf, keypointRow, type KeypointRow, type KeypointSet, type Reader } from './keypoint-rows.js';

/** Predictions that are held against every truth, and the share of them that must fit another's. */
const LOOKED_AT = 64;
const LEAST = 8;
const PERMUTED = 0.6;
/** Another's truth fits so well, and so much better than the own, sides of the box. */
const FITTING = 0.1;
const RATIO = 0.4;

const share = (value: number): string => `${(100 * value).toFixed(1)} % of the box's longer side`;

/**
 * @param readOf how a prediction is to be read, as far as a mistake was found.
 */
export function findKeypointOrder(
  set: KeypointSet,
  readOf: (row: KeypointRow) => Reader,
  idOf: (place: number) => string,
): Finding[] {
  const { places } = set;
  const truths = set.labels.count;
  const own = places.map((_, row) => keypointRow(set, row));
  const byPlace = new Map(places.map((place, row) => [place, row]));
  /** Of a prediction against the truth at another place, whose box may be elsewhere. */
  const error = (row: number, place: number): number => {
    const other = byPlace.get(place);
    const prediction = own[row];
    const truth = other === undefined ? null : own[other];
    if (!prediction || !truth) return Number.NaN;
    const read = readOf(prediction);
    return errorOf(truth, (_, joint) => {
      const [x, y] = read(prediction, joint);
      return [
        (x * prediction.side + prediction.center[0] - truth.center[0]) / truth.side,
        (y * prediction.side + prediction.center[1] - truth.center[1]) / truth.side,
      ];
    });
  };

  const shifts = findShifts({ places, truths, error }).map((shift) => ({
    ...shift,
    places: shift.rows.map((row) => places[row]!),
    own: median(shift.rows.map((row) => error(row, places[row]!))),
    other: median(shift.rows.map((row) => error(row, places[row]! + shift.by))),
  }));
  if (shifts.length > 0) return [shiftFinding(shifts, { compared: 'keypoints', text: share, idOf })];

  const usable = [...places.keys()].filter((row) => own[row] !== null);
  const stride = Math.max(1, Math.floor(usable.length / LOOKED_AT));
  const looked = usable.filter((_, k) => k % stride === 0).slice(0, LOOKED_AT);
  const moved = looked.flatMap((row) => {
    const ownError = error(row, places[row]!);
    if (ownError <= FITTING) return [];
    let [best, least] = [-1, Math.min(FITTING, RATIO * ownError)];
    for (const other of usable) {
      const value = error(row, places[other]!);
      if (value < least) [best, least] = [other, value];
    }
    return best === -1 ? [] : [{ row, best, ownError, least }];
  });
  if (moved.length < Math.max(LEAST, PERMUTED * looked.length)) return [];
  const [first] = moved as [(typeof moved)[number]];
  return [
    {
      code: 'list-permuted',
      message:
        `the list of predictions is in another order: ${samplesOf(moved.length, looked.length)} looked at fit another ` +
        `sample's truth to ${share(median(moved.map(({ least }) => least)))}, their own to ` +
        `${share(median(moved.map(({ ownError }) => ownError)))} (keypoints, medians); prediction ` +
        `${places[first.row]!} belongs to sample ${places[first.best]!}`,
      remedy: LIST_REMEDY,
    },
  ];
}
