/** Everything that predicting writes: the un-augmented pass, and the fusions and kept passes of a sweep. */
import { finishAll } from '../files/finish-all.js';
import type { Axes } from '../hand/axes.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import type { PredictedBatch } from '../inference/predictor.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import { PLAIN_SET, type PredictionArray } from '../runs/prediction-sets.js';
import type { FailedRow, Journal } from '../runs/progress-journal.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { AS_PREDICTED, SetWriter, type DescribedArrays } from '../runs/set-writer.js';
import { rowsBefore, withoutRows } from './failed-rows.js';
import type { Part } from './kept-passes.js';
import { SweepWriter, type PredictedSweep, type SweepRequest, type SweptSample } from './sweep-writer.js';

/** What run.json says of the sets. */
export interface WrittenSets extends PredictedSweep {
  readonly predictions: DescribedArrays;
  /** Samples whose rows are NaN, and why. */
  readonly unpredicted: UnscoredSample[];
  /** Samples whose 2D keypoints alone are NaN, and why. */
  readonly unpredicted_keypoints: UnscoredSample[];
}

export class PredictionWriter {
  readonly #passes: number;
  readonly #plain: SetWriter;
  readonly #sweep: SweepWriter | null;
  #unpredicted: FailedRow[] = [];
  #withoutKeypoints: FailedRow[] = [];

  constructor(run: RunDirectory, samples: readonly SweptSample[], tta: SweepRequest | null) {
    this.#passes = tta?.passes.length ?? 1;
    this.#plain = new SetWriter(run, PLAIN_SET, samples.length);
    this.#sweep = tta === null ? null : new SweepWriter(run, tta, samples);
  }

  /** Batches come in order; their positions count from the first sample of the run. */
  async add(batch: PredictedBatch): Promise<void> {
    for (const part of partsOf(batch)) await this.#addReference(part, batch);
    await this.#sweep?.add(batch, partsOf(batch));
    this.#unpredicted.push(...ofReference(batch.invalid));
    this.#withoutKeypoints.push(...ofReference(batch.invalidKeypoints));
  }

  /** Goes on with what an interrupted run has left. */
  async resume(journal: Journal): Promise<void> {
    const plain = journal.sets[PLAIN_SET];
    await this.#plain.resume(plain?.arrays ?? {}, journal.done);
    this.#unpredicted = [...(plain?.unpredicted ?? [])];
    this.#withoutKeypoints = [...(plain?.unpredicted_keypoints ?? [])];
    await this.#sweep?.resume(journal);
  }

  /** What is whole of the first `done` samples, for the journal. */
  begun(done: number): Pick<Journal, 'sets' | 'failed_passes'> {
    const { sets = {}, failed_passes = [] } = this.#sweep?.begun(done) ?? {};
    const plain = {
      arrays: this.#plain.begun(),
      unpredicted: rowsBefore(this.#unpredicted, done),
      unpredicted_keypoints: rowsBefore(this.#withoutKeypoints, done),
    };
    return { sets: { [PLAIN_SET]: plain, ...sets }, failed_passes };
  }

  /** Puts every whole sample on the disk. */
  async flush(): Promise<void> {
    await this.#plain.flush();
    await this.#sweep?.flush();
  }

  /** Closes the files and leaves them for a later run. */
  async suspend(): Promise<void> {
    await finishAll([this.#plain.pause(), this.#sweep?.suspend()]);
  }

  /** Leaves nothing. */
  async abort(): Promise<void> {
    await finishAll([this.#plain.abort(), this.#sweep?.abort()]);
  }

  /** @param roots where the benchmark publishes the wrists, N × 3, if it does. */
  async close(roots: Float64Array | null, axes: Axes): Promise<WrittenSets> {
    if (roots !== null) await this.#plain.write('roots', [3], 0, roots);
    const predictions = await this.#plain.close({ ...AS_PREDICTED, roots: axes });
    const swept = (await this.#sweep?.close()) ?? {};
    return {
      predictions,
      ...swept,
      unpredicted: withoutRows(this.#unpredicted),
      unpredicted_keypoints: withoutRows(this.#withoutKeypoints),
    };
  }

  /** The rows of the un-augmented pass; all of them where there is no other. */
  async #addReference([name, row, values]: Part, { first, count }: PredictedBatch): Promise<void> {
    const [plain, passes] = [this.#plain, this.#passes];
    if (passes === 1) return plain.write(name, row, first, values);
    const width = values.length / count;
    for (let index = Math.ceil(first / passes) * passes; index < first + count; index += passes) {
      const at = (index - first) * width;
      await plain.write(name, row, index / passes, values.subarray(at, at + width));
    }
  }
}

/** The parts of a batch: the array each is kept in, and the shape of a row. */
function* partsOf(batch: PredictedBatch): Generator<[PredictionArray, number[], Float32Array]> {
  const { joints, vertices, vertexCount, keypoints2d, camera, chainJoints } = batch;
  if (joints !== undefined) yield ['joints', [JOINT_COUNT, 3], joints];
  if (vertices !== undefined) yield ['vertices', [vertexCount!, 3], vertices];
  if (chainJoints !== undefined) yield ['chain_joints', [MANO_JOINT_COUNT, 3], chainJoints];
  if (keypoints2d !== undefined) yield ['keypoints_2d', [JOINT_COUNT, 2], keypoints2d];
  if (camera !== undefined) yield ['camera', [3], camera];
}

function ofReference(failed: PredictedBatch['invalid']): FailedRow[] {
  return failed
    .filter(({ pass }) => pass === 0)
    .map(({ index: row, id, code, reason }) => ({ row, id, code, reason }));
}
