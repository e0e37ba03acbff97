/** Reads a written submission back: through the program's own scorer where the run has scores, number by number elsewhere. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SCORE_BATCH } from '../datasets/sample-batch.js';
import { UserError } from '../errors.js';
import { run as evaluate } from '../evaluation/run.js';
import { fileError } from '../files/file-errors.js';
import { PRED_ZIP } from '../predictions/formats/pred-zip.js';
import type { RunContext } from '../progress.js';
import type { MetricValues } from '../runs/metrics-document.js';
import { compareScores, roundingTolerance, type ScoreDifference, type Tolerance } from './rounding.js';
import type { ScoredRun, SubmissionSource } from './submission-source.js';

export type Verification =
  | {
      readonly kind: 'scores';
      readonly agrees: boolean;
      readonly tolerance: Tolerance;
      readonly metrics: readonly ScoreDifference[];
    }
  | {
      readonly kind: 'numbers';
      readonly agrees: boolean;
      /** Why it was not scored, in one clause. */
      readonly because: string;
      /** How many numbers were compared. */
      readonly numbers: number;
      readonly largest_difference_m: number;
      readonly tolerance_m: number;
    };

export interface VerificationRequest {
  readonly zip: string;
  readonly source: SubmissionSource;
  readonly decimals: number;
  /** Scoring threads. */
  readonly workers: number;
}

export async function verifySubmission(
  request: VerificationRequest,
  context: RunContext,
): Promise<Verification> {
  const { scored } = request.source;
  const obstacle = scored === null ? 'there are no scores to compare with' : await cannotScore(scored);
  if (scored === null || obstacle !== null) return compareNumbers(request, context, obstacle ?? '');
  let metrics: MetricValues;
  try {
    metrics = await score(request, scored, context);
  } catch (error) {
    // What is wrong with the folder is no fault of the zip.
    if (!(error instanceof UserError)) throw error;
    return compareNumbers(request, context, `its folder cannot be scored any more (${error.message})`);
  }
  const differences = compareScores(scored.metrics, metrics, request.decimals);
  return {
    kind: 'scores',
    agrees: differences.every(({ agrees }) => agrees),
    tolerance: roundingTolerance(request.decimals),
    metrics: differences,
  };
}

async function cannotScore({ run, isWholeFolder }: ScoredRun): Promise<string | null> {
  if (!isWholeFolder) return 'the run is about some samples of its folder only';
  const { folder } = run.manifest.dataset;
  const info = await stat(folder).catch(() => null);
  return info?.isDirectory() === true ? null : `the folder it was scored on is not there (${folder})`;
}

/** Exactly what `run --predictions` makes of the zip, in a folder that is removed. */
async function score(
  { zip, workers }: VerificationRequest,
  { run, document }: ScoredRun,
  { progress, signal }: RunContext,
): Promise<MetricValues> {
  const { id, folder, split } = run.manifest.dataset;
  const { protocol } = document;
  const prefix = join(dirname(zip), '.hamba-eval-check-');
  const scratch = await mkdtemp(prefix).catch((error: unknown) => {
    throw fileError(error, prefix, 'write');
  });
  try {
    const outcome = await evaluate(
      {
        dataset: id,
        data: folder,
        split,
        predictions: zip,
        out: join(scratch, 'run'),
        workers,
        reflection: protocol.measure === 'hands-3d' ? protocol.reflection : undefined,
        existing: 'refuse',
      },
      {
        // Its notes were made when the run was scored.
        progress: {
          stage: (_, total, unit) => progress.stage('check', total, unit),
          note: () => undefined,
          close: () => undefined,
        },
        signal,
      },
    );
    return outcome.document!.metrics;
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param because why it was not scored. */
async function compareNumbers(
  { zip, source, decimals }: VerificationRequest,
  { progress, signal }: RunContext,
  because: string,
): Promise<Verification> {
  const written = await PRED_ZIP.open({ kind: PRED_ZIP.kind, path: zip }, source.definition, { signal });
  try {
    const original = await source.open(signal);
    try {
      const stage = progress.stage('check', original.count, 'samples');
      let largest = largestDifference(original.joints!, written.joints!);
      let numbers = written.joints!.length;
      for (let first = 0; first < original.count; first += SCORE_BATCH) {
        signal.throwIfAborted();
        const count = Math.min(SCORE_BATCH, original.count - first);
        const rows = await written.vertices(first, count);
        largest = Math.max(largest, largestDifference(await original.vertices(first, count), rows));
        numbers += rows.length;
        stage.update(first + count);
      }
      await written.finish();
      stage.stop();
      // Half a unit of the last decimal, and the double nearest to it.
      const tolerance = 0.5 * 10 ** -decimals * (1 + 1e-6);
      return {
        kind: 'numbers',
        agrees: largest <= tolerance,
        because,
        numbers,
        largest_difference_m: largest,
        tolerance_m: tolerance,
      };
    } finally {
      await original.close();
    }
  } finally {
    await written.close();
  }
}

/** Infinity where they differ in length. */
function largestDifference(left: Float64Array, right: Float64Array): number {
  if (left.length !== right.length) return Infinity;
  let largest = 0;
  for (let k = 0; k < left.length; k++) largest = Math.max(largest, Math.abs(left[k]! - right[k]!));
  return largest;
}
