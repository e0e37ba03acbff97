/** Where and how large predicted hands lie in relation to the photograph and to the box: the unit they are in. */
import { median } from '../finding.js';
import { medianError, type KeypointRow, type Point, type Reader } from './keypoint-rows.js';
import { fit, slotsOf, turned, unturned, type Fit, type Shape } from './shape-fit.js';

export type Placement =
  /** px of the photograph; what is turned is turned about its own middle or edges. */
  | { readonly kind: 'photograph' }
  /** px of the photograph; what is turned is turned about the middle of the box. */
  | { readonly kind: 'box' }
  /** The middle of every box lies at `middle`, and its longer side is `side` long. */
  | { readonly kind: 'crop'; readonly middle: Point; readonly side: number }
  /** px of the photograph, times `by`. */
  | { readonly kind: 'scaled'; readonly by: number }
  /** Shares of the photograph's width and height. */
  | { readonly kind: 'fractions' }
  /** px, but counted from the box, whose middle lies at so many sides. */
  | { readonly kind: 'from-box'; readonly middle: Point }
  /** Scaled by `by` about the middle of the box, then moved by `offset` sides. */
  | { readonly kind: 'misread'; readonly by: number; readonly offset: Point };

export interface Placed {
  readonly placement: Placement;
  readonly read: Reader;
}

/** A unit is another one from this factor and this share of the side on: no honest model is that far off. */
const LEAST_FACTOR = 1.5;
const LEAST_OFFSET = 0.25;
/** Scaled about the corner of the photograph, all hands move together. */
const LEAST_SCALING = 1.05;
/** Shares of a photograph lie from 0 to 1, and a model's a little beside. */
const LARGEST_FRACTION = 1.5;
/** Of two placements that fit nearly as well, the one that is tried first is taken. */
const NEARLY = 1.15;

/** Where middles of boxes lie in crops as people have them: at 0, in the middle of 0 to 1, or of so many px. */
const CROP_MIDDLES = [0, 0.5, 32, 48, 64, 96, 112, 128, 160, 192, 256];
const SIDES = [0, 0.5, -0.5, 1, -1];
/** What lies so near to a usual number is that: shares of the side, and of the number. */
const NEAR = 0.06;
const NEAR_FACTOR = 0.1;

/** The nearest usual number, where one is near. */
function usual(value: number, numbers: readonly number[], within: number): number {
  const distance = (other: number): number => Math.abs(other - value);
  const nearest = numbers.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return distance(nearest) <= within ? nearest : value;
}

function middlesOf(points: readonly Point[], numbers: readonly number[], within: number): Point {
  const along = (axis: 0 | 1): number => usual(median(points.map((point) => point[axis])), numbers, within);
  return [along(0), along(1)];
}

/** How often `unit` goes into `point`. */
function lengthAlong([x, y]: Point, unit: Point): number {
  return (x * unit[0] + y * unit[1]) / (unit[0] ** 2 + unit[1] ** 2);
}

const isFar = (factor: number, limit: number): boolean => factor > limit || factor < 1 / limit;

/** What the hands come to where the middle of the box lies at `middle` and its side is `side` long, both in px. */
function reader(shape: Shape, where: (row: KeypointRow) => { middle: Point; side: number }): Reader {
  const slots = slotsOf(shape);
  return (row, joint) => {
    const { middle, side } = where(row);
    const [x, y] = [row.predicted[slots[joint]! * 2]!, row.predicted[slots[joint]! * 2 + 1]!];
    return unturned([(x - middle[0]) / side, (y - middle[1]) / side], shape.turn);
  };
}

/** Each placement that the fits allow, those first that need the least explanation. */
function candidates(rows: readonly KeypointRow[], shape: Shape): Placed[] {
  const { turn } = shape;
  const fits = new Map(rows.map((row) => [row, fit(row, shape)]));
  const of = <T>(look: (row: KeypointRow, fit: Fit) => T): T[] =>
    rows.map((row) => look(row, fits.get(row)!));
  const isFlipped = turn.signs.some((sign) => sign < 0);
  const found: Placed[] = [];
  const add = (placement: Placement, where: (row: KeypointRow) => { middle: Point; side: number }): void => {
    found.push({ placement, read: reader(shape, where) });
  };

  if (!isFlipped) {
    add({ kind: 'photograph' }, (row) => ({ middle: turned(row.center, turn), side: row.side }));
  }
  add({ kind: 'box' }, ({ center, side }) => ({ middle: center, side }));
  const aside = of(({ center, side }, { middle: [x, y] }) => Math.hypot(x - center[0], y - center[1]) / side);
  if (isFlipped && median(aside) > LEAST_OFFSET) {
    // How large the photograph is shows in the fit alone: x becomes W − 1 − x.
    add({ kind: 'photograph' }, (row) => {
      const [x, y] = turned(row.center, turn);
      const { middle } = fit(row, shape);
      return {
        middle: [turn.signs[0] < 0 ? middle[0] : x, turn.signs[1] < 0 ? middle[1] : y],
        side: row.side,
      };
    });
  }
  const scale = median(of((_, { scale }) => scale));
  const middle = middlesOf(
    of((_, { middle }) => middle),
    CROP_MIDDLES,
    NEAR * scale,
  );
  const extent = middle[1] === 0 ? 1 : 2 * middle[1];
  const side = usual(scale, [extent / 2, extent], NEAR_FACTOR * scale);
  add({ kind: 'crop', middle, side }, () => ({ middle, side }));

  const far = usual(
    median(of(({ center }, { middle }) => lengthAlong(middle, turned(center, turn)))),
    [0.25, 0.5, 2, 4],
    NEAR / 2,
  );
  if (!isFlipped && isFar(far, LEAST_SCALING)) {
    add({ kind: 'scaled', by: far }, ({ center, side }) => {
      const [x, y] = turned(center, turn);
      return { middle: [x * far, y * far], side: side * far };
    });
  }
  const fractions = of(({ predicted }) => Math.max(...predicted.map(Math.abs)));
  if (!isFlipped && median(fractions) <= LARGEST_FRACTION) {
    found.push({ placement: { kind: 'fractions' }, read: fractionReader(shape) });
  }
  const start = middlesOf(
    of(({ side }, { middle: [x, y] }) => [x / side, y / side]),
    SIDES,
    NEAR,
  );
  add({ kind: 'from-box', middle: start }, ({ side }) => ({
    middle: [start[0] * side, start[1] * side],
    side,
  }));
  const factor = median(of(({ side }, { scale }) => scale / side));
  const by = usual(factor, [0.5, 1, 2], NEAR_FACTOR * factor);
  // What a network sees of a left hand may be mirrored, and lie on the other side of the box.
  for (const isMirrored of [false, true]) {
    const sign = ({ right }: KeypointRow): number => (isMirrored && !right ? -1 : 1);
    const offset = middlesOf(
      of((row, { middle: [x, y] }) => [
        (sign(row) * (x - row.center[0])) / row.side,
        (y - row.center[1]) / row.side,
      ]),
      SIDES,
      NEAR * Math.min(1, factor),
    );
    if (!isFar(by, LEAST_FACTOR) && Math.max(...offset.map(Math.abs)) < LEAST_OFFSET) continue;
    add({ kind: 'misread', by, offset }, (row) => ({
      middle: [row.center[0] + sign(row) * offset[0] * row.side, row.center[1] + offset[1] * row.side],
      side: row.side * by,
    }));
  }
  return found;
}

/** Width and height of each photograph are not known: what fits best is taken. */
function fractionReader(shape: Shape): Reader {
  const slots = slotsOf(shape);
  const sizes = new Map<KeypointRow, Point>();
  const sizeOf = (row: KeypointRow): Point => {
    const known = sizes.get(row);
    if (known !== undefined) return known;
    const axis = (k: 0 | 1): number => {
      let [up, down] = [0, 0];
      for (const joint of row.labelled) {
        const u = row.predicted[slots[joint]! * 2 + (shape.turn.exchanged ? 1 - k : k)]!;
        up += u * (row.truth[joint * 2 + k]! * row.side + row.center[k]);
        down += u * u;
      }
      return up / down;
    };
    const size = [axis(0), axis(1)] as const;
    sizes.set(row, size);
    return size;
  };
  return (row, joint) => {
    const at = slots[joint]! * 2;
    const [x, y] = unturned([row.predicted[at]!, row.predicted[at + 1]!], shape.turn);
    const [width, height] = sizeOf(row);
    return [(x * width - row.center[0]) / row.side, (y * height - row.center[1]) / row.side];
  };
}

/** The placement in which the predictions fit best. */
export function bestPlacement(rows: readonly KeypointRow[], shape: Shape): Placed {
  const tried = candidates(rows, shape).map((placed) => ({ placed, error: medianError(rows, placed.read) }));
  const least = Math.min(...tried.map(({ error }) => error));
  return tried.find(({ error }) => error <= NEARLY * least)!.placed;
}
