/**
 * The pipelined predictor: crops are made ahead of the session, or in turns with one that wants the
 * same cores, the session has its next batch waiting, and results come out in the order of samples
 * and passes.
 */
import type { View } from '../hand/view.js';
import { openCropSource, unlessAborted, type CropBatch, type ImageSample } from './crops/crop-source.js';
import type { Mano } from './mano/mano-points.js';
import { batchSizeFor, fetchesOf, type ModelContract } from './model/model-contract.js';
import { BatchReader, type PredictedBatch } from './predicted-batch.js';
import { providerByName } from './session/providers.js';
import type { RunResult, Session } from './session/session.js';
import { noTimings, type StageTimings } from './timings.js';

export type { ImageSample } from './crops/crop-source.js';
export type { PredictedBatch } from './predicted-batch.js';

export interface PredictOptions {
  /** The photographs in the order of the rows; each is read when it is needed. */
  readonly samples: Iterable<ImageSample>;
  readonly session: Session;
  readonly contract: ModelContract;
  /** What the model is fixed to, or 4, unless given. */
  readonly batchSize?: number;
  /**
   * The ways each sample is shown, in this order: row k of the results is sample ⌊k / passes⌋ in pass
   * k mod passes. As its box shows it unless given.
   */
  readonly passes?: readonly View[];
  /** The user's MANO; needed where the contract forms the hand from its parameters. */
  readonly mano?: Mano;
  /** Photographs being decoded outside the crop threads, or waiting for these, at a time; 6 unless given. Changes no result. */
  readonly decodeConcurrency?: number;
  /** Most threads that crop; by the number of cores unless given. Changes no result. */
  readonly workers?: number;
  /** What a photograph that cannot be read does: end the work with its error, or become an invalid sample. */
  readonly unreadable?: 'stop' | 'skip';
  readonly signal?: AbortSignal;
  /** Added to while predicting. */
  readonly timings?: StageTimings;
}

/** One batch in the session, one waiting for it. */
const RUNS_IN_FLIGHT = 2;

/**
 * Predicts all samples, batch by batch. The session is left open.
 *
 * The memory held does not depend on the number of samples: a few batches of crops, two in the
 * session, and whatever the caller keeps.
 *
 * @throws UserError for a photograph that cannot be read (unless skipped), an output of the wrong
 *         shape, or a model that fails; the signal's reason when that is aborted.
 */
export async function* predict(options: PredictOptions): AsyncGenerator<PredictedBatch, void, undefined> {
  const { session, contract, signal, passes, mano } = options;
  const timings = options.timings ?? noTimings();
  const batchSize = batchSizeFor(contract, options.batchSize);
  const reader = new BatchReader(contract, batchSize, session.file, {
    ...(passes === undefined ? {} : { passes }),
    ...(mano === undefined ? {} : { mano }),
  });
  const sharesCores = providerByName(session.providerUsed).sharesCores;
  const source = openCropSource({ ...options, batchSize, timings, sharesCores });
  const { layout, size } = contract.input;
  const dims = layout === 'nhwc' ? [batchSize, ...size, 3] : [batchSize, 3, ...size];
  const fetches = fetchesOf(contract);
  const running: { readonly batch: CropBatch; readonly result: Promise<RunResult> }[] = [];
  let isFirst = true;

  const finish = async (): Promise<PredictedBatch> => {
    const { batch, result } = running.shift()!;
    const { outputs, data, runMs, idleMs } = await unlessAborted(result, signal);
    source.recycle(data);
    source.ran(runMs);
    const predicted = reader.read(batch, outputs);
    timings.runMs += runMs;
    // Idle before the first batch is the time before there was work at all.
    timings.waitMs += isFirst ? 0 : idleMs;
    timings.batches += 1;
    timings.crops += predicted.count;
    isFirst = false;
    return predicted;
  };

  const batches = source.batches();
  try {
    for (;;) {
      let next: IteratorResult<CropBatch, void>;
      try {
        next = await batches.next();
      } catch (error) {
        // What was begun before the bad photograph is still handed out.
        while (running.length > 0 && signal?.aborted !== true) yield await finish();
        throw error;
      }
      if (next.done === true) break;
      const { data } = next.value;
      const result = session.run({ input: contract.input.name, dims, data, fetches });
      result.catch(() => undefined); // told when its turn comes
      running.push({ batch: next.value, result });
      const mayRun = next.value.endsTurn ? 0 : RUNS_IN_FLIGHT - 1;
      while (running.length > mayRun) yield await finish();
    }
    while (running.length > 0) yield await finish();
  } finally {
    await batches.return();
  }
}
