/**
 * Scoring threads, for one prediction set after another. Jobs go to whichever
 * thread is free; results come back in the order of the jobs, so that nothing
 * depends on the number of threads.
 */
import type {
  JointErrors,
  Protocol,
  SampleMetrics,
  ScoreAccumulatorJson,
  ScoringStage,
} from '../metrics/index.js';
import { builtFile } from '../workers/built-file.js';
import { WorkerThread } from '../workers/worker-thread.js';

export interface ScoreJob {
  /** Position of the batch; jobs of a set are submitted in this order, from 0. */
  readonly batch: number;
  readonly count: number;
  /** count × 21 × 3, metres. */
  readonly predictedJoints: Float64Array | null;
  readonly trueJoints: Float64Array | null;
  /** count × V × 3, metres; the two may differ in V. */
  readonly predictedVertices: Float64Array | null;
  readonly predictedVertexCount: number;
  readonly trueVertices: Float64Array | null;
  readonly trueVertexCount: number;
}

export type SampleRow =
  | {
      readonly state: 'scored';
      readonly metrics: SampleMetrics;
      readonly jointsReflected: boolean | undefined;
      readonly verticesReflected: boolean | undefined;
      /** Where each joint is wanted, and joints are scored. */
      readonly jointErrors?: JointErrors | undefined;
    }
  | {
      readonly state: 'unscored';
      /** As docs/metrics.md lists them, or of the error that left the sample without a prediction. */
      readonly code: string;
      readonly reason: string;
    };

/** What is wanted of a set: the metrics alone, each sample's beside, joints, curves and counts too, or each joint of each sample as well. */
export type Wanted = 'metrics' | 'samples' | 'everything' | 'each-joint';

/** What one thread has added up. */
export interface ThreadTotals {
  readonly accumulator: ScoreAccumulatorJson;
  /** Where the thread's time went. */
  readonly milliseconds: Readonly<Record<ScoringStage, number>>;
}

/** What a scoring thread can be asked. */
export interface ScoreService {
  /** A row for each sample of the job; none where `metrics` alone are wanted. */
  score(job: ScoreJob, wanted: Wanted): readonly SampleRow[];
  /** Ends a set: the next job is of another. */
  totals(): ThreadTotals;
}

type ScoreThread = WorkerThread<ScoreService>;

/** Jobs a thread may have waiting beside the one it works on. */
const WAITING_PER_THREAD = 1;

export class ScorePool {
  readonly #threads: readonly ScoreThread[];
  readonly #idle: ScoreThread[];
  readonly #queued: ScoreJob[] = [];
  readonly #early = new Map<number, readonly SampleRow[]>();
  #wanted: Wanted = 'everything';
  #onRows: (rows: readonly SampleRow[]) => void = () => undefined;
  #next = 0;
  #submitted = 0;
  #failure: Error | null = null;
  #wake: (() => void)[] = [];

  constructor(threads: number, protocol: Protocol) {
    const file = builtFile('score/score.worker.js');
    this.#threads = Array.from(
      { length: Math.max(1, threads) },
      () => new WorkerThread(file, 'a scoring thread', protocol),
    );
    this.#idle = [...this.#threads];
  }

  /**
   * Begins a set, once the one before is drained.
   *
   * @param onRows receives what came of the jobs in the order of submission.
   */
  begin(wanted: Wanted, onRows: (rows: readonly SampleRow[]) => void): void {
    this.#wanted = wanted;
    this.#onRows = onRows;
    this.#next = 0;
    this.#submitted = 0;
  }

  /** Resolves once the job is with a thread or near the front of the queue: the submitter's brake. */
  async submit(job: ScoreJob): Promise<void> {
    this.#submitted += 1;
    this.#queued.push(job);
    this.#dispatch();
    while (this.#queued.length > this.#threads.length * WAITING_PER_THREAD) await this.#change();
    this.#throwFailure();
  }

  /** Waits until every job of the set has been handed to `onRows`, and gives what the threads have added up. */
  async drain(): Promise<readonly ThreadTotals[]> {
    while (this.#next < this.#submitted) await this.#change();
    return Promise.all(this.#threads.map((thread) => thread.call('totals', [])));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #dispatch(): void {
    while (this.#idle.length > 0 && this.#queued.length > 0) {
      void this.#score(this.#idle.pop()!, this.#queued.shift()!);
    }
  }

  async #score(thread: ScoreThread, job: ScoreJob): Promise<void> {
    const buffers = [job.predictedJoints, job.trueJoints, job.predictedVertices, job.trueVertices]
      .filter((values) => values !== null)
      .map((values) => values.buffer as ArrayBuffer);
    try {
      this.#early.set(job.batch, await thread.call('score', [job, this.#wanted], buffers));
      this.#idle.push(thread);
      for (let ready; (ready = this.#early.get(this.#next)) !== undefined; this.#next++) {
        this.#early.delete(this.#next);
        this.#onRows(ready);
      }
      this.#dispatch();
    } catch (error) {
      this.#failure ??= error as Error;
    }
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }

  #change(): Promise<void> {
    this.#throwFailure();
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
