/** The samples kept aside for diagnosis: the first batch, and one of each later batch, spread over the list. */
import { concatenated, SCORE_BATCH } from '../datasets/sample-batch.js';
import type { DatasetDefinition } from '../datasets/types.js';
import type { SampleProbe } from '../diagnosis/index.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { ScoreJob } from './score-pool.js';

/** Later samples at most; a mesh of 778 vertices twice is 37 KB. */
const SPREAD = 64;

export class SampleCollector {
  readonly #dataset: DatasetDefinition;
  readonly #stride: number;
  readonly #indices: number[] = [];
  readonly #parts = {
    predictedJoints: [] as Float64Array[],
    trueJoints: [] as Float64Array[],
    predictedVertices: [] as Float64Array[],
    trueVertices: [] as Float64Array[],
  };
  #predictedVertexCount = 0;
  #trueVertexCount = 0;

  constructor(dataset: DatasetDefinition, sampleCount: number) {
    this.#dataset = dataset;
    this.#stride = Math.max(1, Math.ceil(sampleCount / SCORE_BATCH / SPREAD));
  }

  /** Copies what it needs; to be called before the job is handed to another thread. */
  add(job: ScoreJob): void {
    if (job.batch > 0 && job.batch % this.#stride !== 0) return;
    const taken = job.batch === 0 ? job.count : 1;
    for (let k = 0; k < taken; k++) this.#indices.push(job.batch * SCORE_BATCH + k);
    const keep = (
      name: 'predictedJoints' | 'trueJoints' | 'predictedVertices' | 'trueVertices',
      points: number,
    ): void => {
      const values = job[name];
      if (values !== null) this.#parts[name].push(values.slice(0, taken * points * 3));
    };
    keep('predictedJoints', JOINT_COUNT);
    keep('trueJoints', JOINT_COUNT);
    keep('predictedVertices', job.predictedVertexCount);
    keep('trueVertices', job.trueVertexCount);
    this.#predictedVertexCount = job.predictedVertexCount;
    this.#trueVertexCount = job.trueVertexCount;
  }

  probe(): SampleProbe {
    return {
      count: this.#indices.length,
      indices: this.#indices,
      predictedJoints: joined(this.#parts.predictedJoints),
      trueJoints: joined(this.#parts.trueJoints),
      predictedVertices: joined(this.#parts.predictedVertices),
      trueVertices: joined(this.#parts.trueVertices),
      predictedVertexCount: this.#predictedVertexCount,
      trueVertexCount: this.#trueVertexCount,
      jointOrder: this.#dataset.jointOrder,
      axes: this.#dataset.axes,
    };
  }
}

function joined(parts: readonly Float64Array[]): Float64Array | null {
  return parts.length === 0 ? null : concatenated(parts);
}
