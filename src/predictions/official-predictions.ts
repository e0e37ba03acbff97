/** The official prediction file: `pred.json`, plain or as the only entry of a zip. */
import { concatenated, SCORE_BATCH } from '../datasets/sample-batch.js';
import type { DatasetDefinition, Notice } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { RecordBatch } from '../formats/json/number-json.js';
import { RecordStream } from '../formats/json/record-stream.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { OpenPredictionsOptions } from './formats/prediction-format.js';
import { officialForm } from './official-layout.js';
import type { PredictionOrigin, PredictionSource } from './prediction-source.js';

const NO_MESHES: Notice = {
  code: 'predictions-without-meshes',
  message: 'the predictions hold no meshes, so vertices are not scored',
  remedy:
    'write [joints, vertices] into pred.json to score them; a run that stopped early leaves such a file',
};

/**
 * Reads the joints and stops at the first vertices.
 *
 * @throws UserError for anything that is not `[[N×21×3], [N×V×3]]`; the second list may be empty.
 */
export async function openOfficialPredictions(
  origin: PredictionOrigin,
  container: 'plain' | 'zip',
  dataset: DatasetDefinition,
  { signal, requireRows }: OpenPredictionsOptions,
): Promise<PredictionSource> {
  signal?.throwIfAborted();
  const { path } = origin;
  const { layout, note } = await officialForm(path, container);
  const stream = new RecordStream({ path, layout, batchSize: SCORE_BATCH, container, digest: true });
  const abort = (): void => void stream.close();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const parts: Float64Array[] = [];
    let ahead: RecordBatch | null;
    while ((ahead = await stream.next()) !== null && ahead.section === 0) {
      await requireRows?.(ahead.first + ahead.count, { named: false, atLeast: true });
      parts.push(ahead.values);
    }
    signal?.throwIfAborted();
    checkFirst(path, parts.length > 0, ahead);
    const joints = concatenated(parts);
    const notes = note === null ? [] : [note];
    return new OfficialPredictions(origin, dataset, { stream, joints, ahead, notes });
  } catch (error) {
    await stream.close();
    // A reader that was stopped complains of it.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** @param mesh the first of the meshes. */
function checkFirst(path: string, hasJoints: boolean, mesh: RecordBatch | null): void {
  const vertices = mesh === null ? null : vertexCount(mesh);
  if (vertices === 0) {
    throw new UserError({
      code: 'predictions-arrays',
      message: 'The meshes have no vertices',
      file: path,
      expected: 'V × 3 numbers for each mesh, or an empty second list: [joints, []]',
      got: 'an empty list for the first mesh',
      next: 'write the vertices in metres, or leave the meshes out',
    });
  }
  if (vertices !== null && !Number.isInteger(vertices)) {
    throw new UserError({
      code: 'predictions-arrays',
      message: 'The meshes have the wrong shape',
      file: path,
      expected: 'V × 3 numbers for each mesh',
      got: `${vertices * 3}`,
      next: 'write the vertices as (N, V, 3), in metres',
    });
  }
  if (hasJoints) return;
  throw new UserError({
    code: mesh === null ? 'nothing-to-score' : 'predictions-without-joints',
    message:
      mesh === null
        ? 'The prediction file holds no predictions'
        : 'The prediction file holds meshes but no joints',
    file: path,
    expected: '[joints, vertices]',
    got: mesh === null ? 'two empty lists' : '[[], vertices]',
    next:
      mesh === null
        ? 'write the file again, with one entry per sample in both lists'
        : "write the joints too, or give the vertices alone as .npz: numpy.savez('preds.npz', vertices=vertices)",
  });
}

function vertexCount({ shape }: RecordBatch): number {
  return shape.reduce((a, b) => a * b, 1) / 3;
}

class OfficialPredictions implements PredictionSource {
  readonly origin: PredictionOrigin;
  readonly count: number;
  readonly ids = null;
  readonly joints: Float64Array | null;
  readonly keypoints = null;
  readonly chainJoints = null;
  readonly roots = null;
  readonly failed = new Map();
  readonly vertexCount: number | null;
  readonly jointOrder;
  readonly axes;
  readonly notices;
  readonly notes;
  readonly #stream: RecordStream;
  #ahead: RecordBatch | null;

  constructor(
    origin: PredictionOrigin,
    dataset: DatasetDefinition,
    read: {
      readonly stream: RecordStream;
      readonly joints: Float64Array;
      /** The first of the meshes. */
      readonly ahead: RecordBatch | null;
      readonly notes: readonly string[];
    },
  ) {
    const { stream, joints, ahead, notes } = read;
    this.origin = origin;
    this.count = joints.length / (JOINT_COUNT * 3);
    this.joints = joints;
    this.vertexCount = ahead === null ? null : vertexCount(ahead);
    this.jointOrder = dataset.jointOrder;
    this.axes = dataset.axes;
    this.notices = ahead === null ? [NO_MESHES] : [];
    this.notes = notes;
    this.#stream = stream;
    this.#ahead = ahead;
  }

  async vertices(first: number, count: number): Promise<Float64Array> {
    const batch = this.#ahead ?? (await this.#stream.next());
    this.#ahead = null;
    if (batch === null) throw this.#lengthMismatch(first, 'fewer');
    if (batch.first !== first || batch.count !== count) {
      throw batch.count < count
        ? this.#lengthMismatch(batch.first + batch.count, 'fewer')
        : this.#lengthMismatch(batch.first + batch.count, 'more');
    }
    return batch.values;
  }

  async finish(): Promise<number> {
    const surplus = this.#ahead ?? (await this.#stream.next());
    if (surplus !== null) throw this.#lengthMismatch(surplus.first + surplus.count, 'more');
    const { sha256, busyMs } = this.#stream.summary();
    this.origin.sha256 = sha256!;
    return busyMs;
  }

  async close(): Promise<void> {
    await this.#stream.close();
  }

  #lengthMismatch(vertices: number, direction: 'fewer' | 'more'): UserError {
    return new UserError({
      code: 'predictions-count',
      message: `The prediction file has ${direction} meshes than joint sets`,
      file: this.origin.path,
      expected: `${this.count} entries in both lists of [joints, vertices]`,
      got: `${this.count} joint sets, ${direction === 'more' ? 'at least ' : ''}${vertices} meshes`,
      next: 'write the file again; a run that stopped early leaves such a file',
    });
  }
}
