/** Mirrored hands and axes of another camera convention. */
import { AXES, type Axes } from '../hand/axes.js';
import { alignSimilarity, meanPositionError } from '../metrics/index.js';
import { countOf, median, millimetres, partsText, samplesOf, type Finding } from './finding.js';
import { angleToFlip, centredError, type Flip, isBehind } from './fit.js';
import { isPaired, type PairedPart, type Part, rowOf, scaledPredictions } from './probe.js';

/**
 * A sample counts as mirrored when reflection takes this much off its error
 * and leaves a hand. A flat hand, or a bad one, may reflect by chance, but
 * then a proper rotation fits nearly as well.
 */
const MIRRORED_RATIO = 0.6;
const MIRRORED_GAIN = 0.003;
const MIRRORED_PLAUSIBLE = 0.025;
/** From this share on, the whole list is mirrored. */
const MIRRORED_MOST = 0.7;
/**
 * A rough model's mirrored hands gain less each. That nearly all samples reflect,
 * and gain by it in the median, does not happen by chance from this number on.
 */
const REFLECTED_MOST = 0.8;
const REFLECTED_RATIO = 0.8;
const REFLECTED_PLAUSIBLE = 0.03;
const REFLECTED_LEAST = 3;
/** Fewer, down to this share, are told as single samples. */
const MIRRORED_SOME = 0.05;

/**
 * The rotation onto the truth must lie this near a change of axes: the median,
 * and for `MAJORITY` of the samples the limit. An honest model turns hands by
 * 5 to 20 degrees; a rotation drawn by chance comes this near in 1 of 40 cases.
 */
const NEAR_MEDIAN = 30;
const NEAR_LIMIT = 45;
const MAJORITY = 0.8;
/** And the change of axes must take this much off the error of the centred hand. */
const CENTRED_RATIO = 0.6;
/** Hands on the other side of the camera bear a change of axes out: less is asked of rough models then. */
const BEHIND = { median: 45, limit: 70, ratio: 0.8 } as const;
/** Fewer rotations may lie near a change of axes by chance; then the side must bear it out. */
const LEAST_ROTATIONS = 3;

interface Turned {
  readonly row: number;
  /** Error with a reflection allowed and with a proper rotation only, metres. */
  readonly allowed: number;
  readonly proper: number;
  readonly mirrored: boolean;
  readonly rotationAllowed: Float64Array;
  readonly rotationProper: Float64Array;
}

function turns(part: PairedPart): Turned[] {
  const fits = part.rows.map((row) => {
    const prediction = rowOf(part.predicted, row);
    const truth = rowOf(part.truth, row);
    const best = alignSimilarity(prediction, truth, 'allowed');
    const allowed = meanPositionError(best.aligned, truth);
    const proper = best.reflected ? alignSimilarity(prediction, truth, 'forbidden') : best;
    return {
      row,
      allowed,
      proper: best.reflected ? meanPositionError(proper.aligned, truth) : allowed,
      reflected: best.reflected,
      rotationAllowed: best.transform.rotation,
      rotationProper: proper.transform.rotation,
    };
  });
  const reflected = countOf(fits, (fit) => fit.reflected);
  const allowed = median(fits.map((fit) => fit.allowed));
  const most =
    fits.length >= REFLECTED_LEAST &&
    reflected >= REFLECTED_MOST * fits.length &&
    allowed <= REFLECTED_RATIO * median(fits.map((fit) => fit.proper)) &&
    allowed <= REFLECTED_PLAUSIBLE;
  return fits.map((fit) => {
    const clearly =
      fit.allowed <= MIRRORED_RATIO * fit.proper &&
      fit.proper - fit.allowed >= MIRRORED_GAIN &&
      fit.allowed <= MIRRORED_PLAUSIBLE;
    return { ...fit, mirrored: fit.reflected && (clearly || most) };
  });
}

interface Mirror {
  readonly flip: Flip;
  readonly text: string;
  readonly remedy: string;
}

const MIRRORS: readonly Mirror[] = [
  {
    flip: [-1, 1, 1],
    text: 'x has the wrong sign',
    remedy:
      'mirror x back: models of the HaMeR family predict left hands as right ones of the mirrored image, and x must be negated afterwards (and only for those)',
  },
  {
    flip: [1, -1, 1],
    text: 'y has the wrong sign',
    remedy: 'negate y: the predictions have y up where the dataset has it down, or the reverse',
  },
  {
    flip: [1, 1, -1],
    text: 'z has the wrong sign',
    remedy: 'negate z: depth grows the other way than in the dataset',
  },
  { flip: [-1, -1, -1], text: 'all three axes have the wrong sign', remedy: 'negate the predictions' },
];

/** Whether the rotations lie around a change of axes, degrees. */
function isNear(
  rotations: readonly Float64Array[],
  flip: Flip,
  near: number = NEAR_MEDIAN,
  limit: number = NEAR_LIMIT,
): boolean {
  const angles = rotations.map((rotation) => angleToFlip(rotation, flip));
  return median(angles) <= near && countOf(angles, (angle) => angle <= limit) >= MAJORITY * angles.length;
}

/** A reflection R as the proper rotation −R, against −flip. */
function isNearMirror(rotations: readonly Float64Array[], flip: Flip): boolean {
  const negated = flip.map((sign) => -sign) as unknown as Flip;
  return isNear(
    rotations.map((rotation) => rotation.map((value) => -value)),
    negated,
  );
}

const HANDEDNESS_REMEDY =
  'check the handedness each sample was predicted with; the official alignment forgives a mirrored hand, other evaluations do not';

interface Mirrored {
  readonly part: Part;
  readonly all: readonly Turned[];
  readonly hits: readonly Turned[];
}

function mirroredFinding(group: readonly Mirrored[], mirror: Mirror | undefined): Finding {
  const { all, hits } = group[0]!;
  const most = hits.length >= MIRRORED_MOST * all.length;
  const shares =
    group.length === 2 && group[0]!.hits.length !== group[1]!.hits.length
      ? group
          .map(({ part, hits: some, all: rows }) => `${samplesOf(some.length, rows.length)} (${part.name})`)
          .join(', ')
      : `${samplesOf(hits.length, all.length)} looked at (${partsText(group.map(({ part }) => part))})`;
  const errors =
    `mirrored ${millimetres(median(hits.map((hit) => hit.allowed)))} off after alignment, ` +
    `unmirrored ${millimetres(median(hits.map((hit) => hit.proper)))}`;
  return {
    code: most ? 'predictions-mirrored' : 'some-predictions-mirrored',
    message: `the predictions are mirrored hands in ${shares}: ${errors} (medians)${mirror === undefined ? '' : `; ${mirror.text}`}`,
    remedy: mirror?.remedy ?? HANDEDNESS_REMEDY,
  };
}

interface AxesChange {
  readonly flip: Flip;
  /** What the predictions have where the dataset has the declared axes. */
  readonly text: (declared: Axes) => string;
}

const PYTORCH3D = 'PyTorch3D (x left, y up, z forward)';

const AXES_CHANGES: readonly AxesChange[] = [
  {
    flip: [1, -1, -1],
    text: (declared) => {
      const { name, directions } = AXES[declared === 'opencv' ? 'opengl' : 'opencv'];
      return `${name} (${directions})`;
    },
  },
  {
    flip: [-1, -1, 1],
    text: (declared) => (declared === 'opencv' ? PYTORCH3D : 'OpenGL turned by 180° in the image'),
  },
  {
    flip: [-1, 1, -1],
    text: (declared) =>
      declared === 'opengl' ? PYTORCH3D : 'OpenCV looking the other way (x left, z backward)',
  },
];

function signsText(flip: Flip): string {
  return ['x', 'y', 'z'].filter((_, k) => flip[k] === -1).join(' and ');
}

interface AxesHit {
  readonly part: Part;
  readonly change: AxesChange;
  readonly before: number;
  readonly after: number;
}

/** Most of these hands lie on the other side of the camera than the true ones. */
function areBehind(part: PairedPart, rows: readonly number[]): boolean {
  const opposite = countOf(rows, (row) => isBehind(rowOf(part.predicted, row), rowOf(part.truth, row)));
  return opposite >= MAJORITY * rows.length;
}

function axesHit(part: PairedPart, all: readonly Turned[]): AxesHit | undefined {
  const upright = all.filter(({ mirrored }) => !mirrored);
  if (upright.length < MAJORITY * all.length || upright.length === 0) return undefined;
  const rotations = upright.map(({ rotationProper }) => rotationProper);
  const errors = (flip: Flip): number =>
    median(upright.map(({ row }) => centredError(rowOf(part.predicted, row), rowOf(part.truth, row), flip)));
  const hit = (change: AxesChange, near: number, limit: number, ratio: number): AxesHit | undefined => {
    if (!isNear(rotations, change.flip, near, limit)) return undefined;
    const before = errors([1, 1, 1]);
    const after = errors(change.flip);
    return after <= ratio * before ? { part, change, before, after } : undefined;
  };
  const behind = areBehind(
    part,
    upright.map(({ row }) => row),
  );
  for (const change of AXES_CHANGES) {
    const borneOut = behind && change.flip[2] === -1;
    if (!borneOut && upright.length < LEAST_ROTATIONS) continue;
    const found = borneOut
      ? hit(change, BEHIND.median, BEHIND.limit, BEHIND.ratio)
      : hit(change, NEAR_MEDIAN, NEAR_LIMIT, CENTRED_RATIO);
    if (found !== undefined) return found;
  }
  return undefined;
}

export interface Oriented {
  readonly findings: Finding[];
  /** The parts in the dataset's axes, unmirrored where one axis explains it. */
  readonly parts: Part[];
}

interface TurnedPart {
  readonly part: PairedPart;
  readonly all: readonly Turned[];
}

function findMirrors(turned: readonly TurnedPart[]): {
  findings: Finding[];
  mirrors: Map<Part, Mirror>;
} {
  const told = turned
    .map(({ part, all }): Mirrored => ({ part, all, hits: all.filter(({ mirrored }) => mirrored) }))
    .filter(({ all, hits }) => hits.length > 0 && hits.length >= MIRRORED_SOME * all.length);
  const mirrors = new Map<Part, Mirror>();
  const groups = new Map<string, Mirrored[]>();
  for (const entry of told) {
    const most = entry.hits.length >= MIRRORED_MOST * entry.all.length;
    const rotations = entry.hits.map(({ rotationAllowed }) => rotationAllowed);
    const mirror = most ? MIRRORS.find(({ flip }) => isNearMirror(rotations, flip)) : undefined;
    if (mirror !== undefined) mirrors.set(entry.part, mirror);
    const key = `${most} ${mirror?.text}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const findings = [...groups.values()].map((group) => mirroredFinding(group, mirrors.get(group[0]!.part)));
  return { findings, mirrors };
}

/**
 * Joints in an order nobody knows may look mirrored (fingers counted from the
 * other side do). Where there is a mesh to ask, it must be mirrored too.
 */
function confirmedByMesh(turned: readonly TurnedPart[]): TurnedPart[] {
  const mesh = turned.find(({ part }) => part.name === 'vertices');
  if (mesh === undefined) return [...turned];
  const rows = new Map(mesh.all.map(({ row, mirrored }) => [row, mirrored]));
  return turned.map(({ part, all }) => ({
    part,
    all: all.map((turn) => ({ ...turn, mirrored: turn.mirrored && rows.get(turn.row) !== false })),
  }));
}

/** Looks for mirrored hands and for axes of another convention, and takes back what it found. */
export function bringToDeclaredAxes(parts: readonly Part[], declared: Axes): Oriented {
  const turned = confirmedByMesh(
    parts.filter((part) => isPaired(part)).map((part) => ({ part, all: turns(part) })),
  );
  const { findings, mirrors } = findMirrors(turned);
  const hits = turned.flatMap(({ part, all }) => axesHit(part, all) ?? []);
  for (const { change } of hits.filter((hit, k) => hits.findIndex((h) => h.change === hit.change) === k)) {
    const group = hits.filter((hit) => hit.change === change);
    const names = partsText(group.map(({ part }) => part));
    findings.push({
      code: 'predictions-axes',
      message:
        `the predicted ${names} are in the axes of ${change.text(declared)}, the dataset is in ${AXES[declared].name}: with ` +
        `${signsText(change.flip)} negated the error of the centred ${group[0]!.part.name} falls from ` +
        `${millimetres(group[0]!.before)} to ${millimetres(group[0]!.after)} (medians of ${group[0]!.part.rows.length} samples)`,
      remedy: `negate ${signsText(change.flip)} of the predictions`,
    });
  }
  return {
    findings,
    parts: parts.map((part) => {
      const flip = mirrors.get(part)?.flip ?? hits.find((hit) => hit.part === part)?.change.flip;
      return flip === undefined ? part : scaledPredictions(part, flip);
    }),
  };
}
