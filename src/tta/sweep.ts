/**
 * The passes of test-time augmentation: the same photograph, cropped under several rotations and scales.
 *
 * Rotation is in degrees, positive turns the content of the crop counter-clockwise. Scale multiplies the side of the
 * box: 0.7 zooms in. The un-augmented pass (rotation 0, scale 1) is the reference: every sweep holds it, and it comes
 * first, so that a fusion has it before any other.
 */
import { EXIT, UserError } from '../errors.js';
import { isPlain, type View } from '../hand/view.js';

/** One crop of every sample. */
export interface Pass extends View {
  /** Place in the sweep; the reference is 0. */
  readonly index: number;
  /** Fit for a file name: `rot-90_scale0.7`. */
  readonly name: string;
}

/** Every rotation at every scale. */
export interface Sweep {
  readonly rotations: readonly number[];
  readonly scales: readonly number[];
}

export type SweepPreset = 'graphormer';

/**
 * `graphormer`: MeshGraphormer's `run_hand_multiscale.py`, also behind METRO's FreiHAND rows: 19 rotations at 5
 * scales, 95 passes.
 */
export const SWEEP_PRESETS: Readonly<Record<SweepPreset, Sweep>> = {
  graphormer: {
    rotations: [-90, -80, -70, -60, -50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
    scales: [0.7, 0.8, 0.9, 1.0, 1.1],
  },
};

const MAX_VALUES = 1000;
/** Ten times the published sweep; beyond it stands a slip of the keyboard. */
const MAX_PASSES = 1000;

/** What one axis of the sweep takes, in the words of an error. */
interface Axis {
  readonly flag: string;
  readonly code: string;
  readonly expected: string;
  readonly example: string;
  readonly allows: (value: number) => boolean;
  readonly range: string;
}

const ROTATIONS: Axis = {
  flag: '--rotations',
  code: 'tta-rotations',
  expected: 'degrees, as START:STOP:STEP or as a list',
  example: '--rotations=-90:90:10 or --rotations=-30,0,30',
  allows: (value) => value > -180 && value <= 180,
  range: 'degrees above -180 and up to 180',
};

const SCALES: Axis = {
  flag: '--scales',
  code: 'tta-scales',
  expected: 'factors of the box side, as START:STOP:STEP or as a list',
  example: '--scales 0.7:1.1:0.1 or --scales 0.9,1,1.1',
  allows: (value) => value > 0 && value <= 10,
  range: 'factors above 0 and up to 10',
};

/**
 * Rotations from the command line, degrees: `-90:90:10` (both ends belong to it) or `-30,0,30`.
 *
 * @throws UserError `tta-rotations`
 */
export function parseRotations(text: string): number[] {
  return parseAxis(text, ROTATIONS);
}

/**
 * Scales from the command line: `0.7,0.8,0.9` or `0.7:1.1:0.1` (both ends belong to it).
 *
 * @throws UserError `tta-scales`
 */
export function parseScales(text: string): number[] {
  return parseAxis(text, SCALES);
}

function parseAxis(text: string, axis: Axis): number[] {
  const values = text.includes(':')
    ? parseRange(text, axis)
    : text.split(',').map((part) => toNumber(part, text, axis));
  for (const [i, value] of values.entries()) {
    if (!axis.allows(value)) throw invalid(axis, text, `${axis.flag} goes too far`, axis.range, `${value}`);
    if (values.indexOf(value) < i) {
      throw invalid(axis, text, `${axis.flag} names a value twice`, 'each value once', `${value} twice`);
    }
  }
  return values;
}

function parseRange(text: string, axis: Axis): number[] {
  const parts = text.split(':');
  if (parts.length !== 3) throw invalid(axis, text, `${axis.flag} cannot be read`, axis.expected);
  const [start, stop, step] = parts.map((part) => toNumber(part, text, axis)) as [number, number, number];
  const steps = (stop - start) / step;
  const whole = Math.round(steps);
  if (!(Math.abs(steps - whole) < 1e-9 && whole >= 0)) {
    const expected = 'a step other than 0 that leads from the start to the stop exactly';
    throw invalid(axis, text, `The steps of ${axis.flag} do not reach its stop`, expected);
  }
  if (whole >= MAX_VALUES) {
    throw invalid(axis, text, `${axis.flag} holds too many values`, `at most ${MAX_VALUES}`, `${whole + 1}`);
  }
  // Decimal digits as typed: 0.7 + 2 · 0.1 is 0.9, not 0.8999999999999999.
  return Array.from({ length: whole + 1 }, (_, i) => Number((start + i * step).toFixed(9)) + 0);
}

function toNumber(part: string, text: string, axis: Axis): number {
  const trimmed = part.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed)) return Number(trimmed) + 0;
  throw invalid(axis, text, `${axis.flag} cannot be read`, axis.expected, `"${trimmed}" in "${text}"`);
}

function invalid(axis: Axis, text: string, message: string, expected: string, got = `"${text}"`): UserError {
  return new UserError({
    code: axis.code,
    message,
    expected,
    got,
    next: `write for example ${axis.example}`,
    exitCode: EXIT.usage,
  });
}

/**
 * The passes of a sweep: the reference first, then scale by scale, every rotation at each, in the order given.
 *
 * @throws UserError `tta-no-reference` where rotation 0 or scale 1 is not among them, `tta-too-many-passes`
 */
export function sweepPasses({ rotations, scales }: Sweep): Pass[] {
  const count = rotations.length * scales.length;
  if (!rotations.includes(0) || !scales.includes(1)) {
    const [axis, missing] = rotations.includes(0) ? [SCALES, '1'] : [ROTATIONS, '0'];
    throw new UserError({
      code: 'tta-no-reference',
      message:
        'The sweep lacks the un-augmented pass, which fusions align to and which is reported beside them',
      expected: 'rotation 0 among the rotations and scale 1 among the scales',
      got: `rotations ${rotations.join(', ')}; scales ${scales.join(', ')}`,
      next: `add ${missing} to ${axis.flag}`,
      exitCode: EXIT.usage,
    });
  }
  if (count > MAX_PASSES) {
    throw new UserError({
      code: 'tta-too-many-passes',
      message: 'The sweep has too many passes',
      expected: `at most ${MAX_PASSES}`,
      got: `${rotations.length} rotations × ${scales.length} scales = ${count}`,
      next: 'take fewer rotations or scales',
      exitCode: EXIT.usage,
    });
  }
  const views = scales.flatMap((scale) => rotations.map((rotationDegrees) => ({ rotationDegrees, scale })));
  return [...views.filter(isPlain), ...views.filter((view) => !isPlain(view))].map((view, index) => ({
    index,
    ...view,
    name: `rot${view.rotationDegrees}_scale${view.scale}`,
  }));
}
