/** What the challenges refuse, and what they would take and score as something else than it is. */
import { challenges } from '../datasets/registry.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { MANO_VERTEX_COUNT } from '../hand/joint-conventions.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { listed } from '../text/text.js';

const SHOWN_SAMPLES = 5;

/** The samples of a submission, for messages. */
export interface Subject {
  /** The run directory or the prediction file. */
  readonly file: string;
  readonly definition: DatasetDefinition;
  /** The name of a row; by its number where ids are not known. */
  readonly nameOf: (row: number) => string;
  /** Why a sample has no prediction, where that is known. */
  readonly reasonOf: (row: number) => string | undefined;
}

/** @throws UserError where the benchmark has no submission format: such are scored on one's own machine. */
export function requireFormat({ id, title, officialScores }: DatasetDefinition): void {
  if (officialScores !== null) return;
  throw new UserError({
    code: 'submission-no-format',
    message: `${title} has no challenge server and no submission format`,
    expected: listed(
      challenges().map((dataset) => dataset.id),
      'or',
    ),
    got: id,
    next: "its labels are public: score with 'hamba-eval run'",
  });
}

/** @throws UserError where there are fewer or more samples than the benchmark has, unless fewer are allowed. */
export function requireCount(count: number, { file, definition }: Subject, allowPartial: boolean): void {
  const { sampleCount } = definition.protocol;
  if (count === sampleCount || (allowPartial && count < sampleCount && count > 0)) return;
  throw new UserError({
    code: 'submission-count',
    message:
      count < sampleCount
        ? 'A submission holds every sample of the benchmark'
        : 'There are more samples than the benchmark has',
    file,
    expected: `${sampleCount} samples, the evaluation split of ${definition.title}`,
    got: `${count}`,
    next:
      count < sampleCount
        ? 'predict the whole split; --allow-partial writes a zip for a folder of your own, which no server takes'
        : 'check that --dataset is the one the predictions are for',
  });
}

/** @throws UserError where joints or MANO's 778 vertices are missing. */
export function requireShapes(
  joints: Float64Array | null,
  vertexCount: number | null,
  { file, definition }: Subject,
): asserts joints is Float64Array {
  if (joints !== null && vertexCount === MANO_VERTEX_COUNT) return;
  throw new UserError({
    code: 'submission-shapes',
    message: `${definition.title}'s challenge wants joints and MANO meshes`,
    file,
    expected: `21 joints and ${MANO_VERTEX_COUNT} vertices a sample`,
    got: [
      joints === null ? 'no joints' : '21 joints',
      vertexCount === null ? 'no vertices' : `${vertexCount} vertices`,
    ].join(', '),
    next: 'predict both; the official evaluator has no figures for anything else',
  });
}

/** Looks at every record on its way into the file. */
export class RecordChecks {
  readonly #subject: Subject;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /**
   * @param points records of `pointCount` × 3, the first of them that of sample `first`.
   * @throws UserError that names the samples.
   */
  look(points: Float64Array, pointCount: number, first = 0): void {
    const length = pointCount * 3;
    const missing: number[] = [];
    const turned: number[] = [];
    for (let at = 0, row = first; at < points.length; at += length, row++) {
      const record = points.subarray(at, at + length);
      if (!isFinite(record)) missing.push(row);
      else if (this.#subject.definition.officialScores === 'ho3d' && isInFront(record)) turned.push(row);
    }
    if (missing.length > 0) throw this.#unscored(missing);
    if (turned.length > 0) throw this.#otherAxes(turned);
  }

  #unscored(rows: readonly number[]): UserError {
    const { file, reasonOf } = this.#subject;
    const named = (row: number): string => {
      const reason = reasonOf(row);
      return reason === undefined ? this.#subject.nameOf(row) : `${this.#subject.nameOf(row)} (${reason})`;
    };
    return new UserError({
      code: 'submission-unscored',
      message:
        rows.length === 1 ? 'One sample has no prediction' : `${rows.length} samples have no prediction`,
      file,
      expected: 'finite numbers for every sample: the format has no way to leave one out',
      got: list(rows, named),
      next: 'predict those samples, then write the submission again',
    });
  }

  /** `pred.py` of HO-3D ends with an error there. */
  #otherAxes(rows: readonly number[]): UserError {
    return new UserError({
      code: 'submission-axes',
      message: `HO-3D's own script refuses ${rows.length === 1 ? 'a sample' : `${rows.length} samples`}: every point lies at z > 0`,
      file: this.#subject.file,
      expected: 'OpenGL axes: y up, the hand along −z',
      got: `z > 0 throughout in ${list(rows, this.#subject.nameOf)}`,
      next: 'negate y and z of every point (OpenCV to OpenGL), then write the submission again',
    });
  }
}

function list(rows: readonly number[], named: (row: number) => string): string {
  const shown = rows.slice(0, SHOWN_SAMPLES).map(named).join(', ');
  return rows.length > SHOWN_SAMPLES ? `${shown} and ${rows.length - SHOWN_SAMPLES} more` : shown;
}

function isFinite(record: Float64Array): boolean {
  for (const value of record) if (!Number.isFinite(value)) return false;
  return true;
}

function isInFront(record: Float64Array): boolean {
  for (let k = 2; k < record.length; k += 3) if (!(record[k]! > 0)) return false;
  return true;
}

/** From the wrist to the farthest joint, metres: 0.06 for a fist to 0.22 for a large, open hand, with room on both sides. */
const HAND_LENGTHS: readonly [number, number] = [0.03, 0.4];

/** The median length of the hands, where that is no length of hands; null where it is. */
export function oddHandLength(joints: Float64Array): number | null {
  const width = JOINT_COUNT * 3;
  const lengths = new Float64Array(joints.length / width).map((_, hand) => {
    let longest = 0;
    for (let k = 3; k < width; k += 3) {
      const [x, y, z] = [0, 1, 2].map(
        (axis) => joints[hand * width + k + axis]! - joints[hand * width + axis]!,
      );
      longest = Math.max(longest, Math.hypot(x!, y!, z!));
    }
    return longest;
  });
  const median = lengths.sort()[Math.floor(lengths.length / 2)] ?? 0;
  return median < HAND_LENGTHS[0] || median > HAND_LENGTHS[1] ? median : null;
}
