/**
 * Scoring threads, for one prediction set after another. Jobs go to whichever
 * thread is free; results come back in the order of the jobs, so that nothing
 * depends on the number of threads.
 */
import { Worker } from 'node:worker_threads';
import type { Protocol, SampleMetrics, ScoreAccumulatorJson, ScoringStage } from '../metrics/index.js';

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
    }
  | {
      readonly state: 'unscored';
      /** As docs/metrics.md lists them, or of the error that left the sample without a prediction. */
      readonly code: string;
      readonly reason: string;
    };

export interface BatchScore {
  readonly batch: number;
  /** Empty where no rows are wanted. */
  readonly rows: readonly SampleRow[];
}

/** What is wanted of a set: the metrics alone, each sample's beside, or joints, curves and counts too. */
export type Wanted = 'metrics' | 'samples' | 'everything';

/** What one thread has added up. */
export interface ThreadTotals {
  readonly accumulator: ScoreAccumulatorJson;
  /** Where the thread's time went. */
  readonly milliseconds: Readonly<Record<ScoringStage, number>>;
}

export type ToScorer =
  | { readonly type: 'job'; readonly job: ScoreJob; readonly wanted: Wanted }
  /** Ends a set: the next job is of another. */
  | { readonly type: 'totals' };

export type FromScorer =
  | { readonly type: 'score'; readonly score: BatchScore }
  | { readonly type: 'totals'; readonly totals: ThreadTotals };

/** Jobs a thread may have waiting beside the one it works on. */
const WAITING_PER_THREAD = 1;

export class ScorePool {
  private readonly threads: Worker[];
  private readonly idle: Worker[];
  private readonly queued: ScoreJob[] = [];
  private readonly early = new Map<number, BatchScore>();
  private wanted: Wanted = 'everything';
  private onScore: (score: BatchScore) => void = () => undefined;
  private totals: ThreadTotals[] = [];
  private next = 0;
  private submitted = 0;
  private failure: Error | null = null;
  private wake: (() => void)[] = [];

  constructor(threads: number, protocol: Protocol) {
    this.threads = Array.from({ length: Math.max(1, threads) }, () => this.startThread(protocol));
    this.idle = [...this.threads];
  }

  /**
   * Begins a set, once the one before is drained.
   *
   * @param onScore receives the scores in the order of submission.
   */
  begin(wanted: Wanted, onScore: (score: BatchScore) => void): void {
    this.wanted = wanted;
    this.onScore = onScore;
    this.next = 0;
    this.submitted = 0;
    this.totals = [];
  }

  /** Resolves once the job is with a thread or near the front of the queue: the submitter's brake. */
  async submit(job: ScoreJob): Promise<void> {
    this.submitted += 1;
    this.queued.push(job);
    this.dispatch();
    while (this.queued.length > this.threads.length * WAITING_PER_THREAD) await this.change();
    this.throwFailure();
  }

  /** Waits until every job of the set has been handed to `onScore`, and gives what the threads have added up. */
  async drain(): Promise<readonly ThreadTotals[]> {
    while (this.next < this.submitted) await this.change();
    for (const thread of this.threads) thread.postMessage({ type: 'totals' } satisfies ToScorer);
    while (this.totals.length < this.threads.length) await this.change();
    this.throwFailure();
    return this.totals;
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()));
  }

  private startThread(protocol: Protocol): Worker {
    const thread = new Worker(new URL('../../dist/score/score.worker.js', import.meta.url), {
      workerData: protocol,
    });
    thread.on('message', (message: FromScorer) => {
      if (message.type === 'totals') {
        this.totals.push(message.totals);
        this.notify();
        return;
      }
      const { score } = message;
      this.idle.push(thread);
      this.early.set(score.batch, score);
      for (let ready; (ready = this.early.get(this.next)) !== undefined; this.next++) {
        this.early.delete(this.next);
        this.onScore(ready);
      }
      this.dispatch();
      this.notify();
    });
    thread.on('error', (error: Error) => this.end(error));
    thread.once('exit', (code) =>
      this.end(new Error(`a scoring thread ended unexpectedly with exit code ${code}`)),
    );
    return thread;
  }

  /** The first reason stays. Of no matter once all totals are in. */
  private end(reason: Error): void {
    this.failure ??= reason;
    this.notify();
  }

  private dispatch(): void {
    while (this.idle.length > 0 && this.queued.length > 0) {
      const job = this.queued.shift()!;
      const buffers = [job.predictedJoints, job.trueJoints, job.predictedVertices, job.trueVertices]
        .filter((values) => values !== null)
        .map((values) => values.buffer as ArrayBuffer);
      const message: ToScorer = { type: 'job', job, wanted: this.wanted };
      this.idle.pop()!.postMessage(message, buffers);
    }
  }

  private change(): Promise<void> {
    this.throwFailure();
    return new Promise((resolve) => this.wake.push(resolve));
  }

  private notify(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const resolve of waiting) resolve();
  }

  private throwFailure(): void {
    if (this.failure !== null) throw this.failure;
  }
}
