/** `submission`: the zip a challenge takes, written from a run or from somebody's file, and read back as a check. */
import { rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SCORE_BATCH } from '../datasets/sample-batch.js';
import { UserError } from '../errors.js';
import { partialName } from '../files/atomic-file.js';
import { fileError } from '../files/file-errors.js';
import { startsWith } from '../files/file-start.js';
import { makeFolder } from '../files/folders.js';
import { whileLocked } from '../files/lock.js';
import type { Axes } from '../hand/axes.js';
import type { JointOrder } from '../hand/joints.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import type { RunContext } from '../progress.js';
import { oddHandLength, RecordChecks, requireCount, requireShapes } from './checks.js';
import { predictionJson, type Hands } from './prediction-json.js';
import { writePredictionZip } from './prediction-zip.js';
import { fileSource, runSource, type SubmissionSource } from './submission-source.js';
import { verifySubmission, type Verification } from './verify-submission.js';

/** Every zip with a file in it begins so. */
const ZIP_START = 'PK';

export interface SubmissionRequest {
  /** Exactly one of the two. */
  readonly run?: string | undefined;
  /** Somebody's predictions, of `dataset`. */
  readonly from?: string | undefined;
  readonly dataset?: string | undefined;
  /** Of the run's test-time augmentation; default: the un-augmented predictions. */
  readonly fusion?: string | undefined;
  /** Default: `pred.zip` in the run directory, or beside the file. */
  readonly out?: string | undefined;
  readonly decimals: number;
  readonly allowPartial: boolean;
  /** Replace what is at `out`. */
  readonly force: boolean;
  /** Scoring threads of the check. */
  readonly workers: number;
}

/** What was written, as `--json` gives it. */
export interface Submission {
  readonly submission: string;
  readonly dataset: string;
  readonly samples: number;
  /** Samples of the whole benchmark. */
  readonly benchmark: number;
  readonly fusion: string | null;
  readonly decimals: number;
  readonly units: 'm';
  readonly joint_order: JointOrder;
  readonly axes: Axes;
  /** Where the hands are: `published-root` moved to the wrists the benchmark publishes, else as they came. */
  readonly placement: 'as-predicted' | 'published-root';
  readonly bytes: number;
  /** Bytes of pred.json inside the archive. */
  readonly json_bytes: number;
  /** Median length of the hands where that is no length of hands, metres. */
  readonly odd_hand_length_m: number | null;
  readonly check: Verification;
}

/**
 * Writes beside the target, checks, then renames: an interruption leaves nothing.
 *
 * @throws UserError for what a challenge would refuse, and where another process writes the same archive;
 * Interrupted through the signal's reason.
 */
export async function writeSubmission(request: SubmissionRequest, context: RunContext): Promise<Submission> {
  const source =
    request.run === undefined
      ? fileSource(request.from!, request.dataset!)
      : await runSource(request.run, request.fusion);
  const out = request.out ?? join(request.run ?? dirname(request.from!), 'pred.zip');
  const target = resolve(out);
  await makeFolder(dirname(target));
  return whileLocked({ file: `${target}.lock`, target: out, kind: 'file' }, async () => {
    await requireFree(out, request);
    return writeChecked(source, out, request, context);
  });
}

async function writeChecked(
  source: SubmissionSource,
  out: string,
  request: SubmissionRequest,
  context: RunContext,
): Promise<Submission> {
  const partial = partialName(out);
  try {
    const written = await writeAndCount(source, partial, request, context);
    const { decimals, workers } = request;
    const check = await verifySubmission({ zip: partial, source, decimals, workers }, context);
    await rename(partial, out).catch((error: unknown) => {
      throw fileError(error, out, 'write');
    });
    const { definition } = source;
    return {
      submission: out,
      dataset: definition.id,
      benchmark: definition.protocol.sampleCount,
      fusion: request.fusion ?? null,
      decimals,
      units: 'm',
      joint_order: definition.jointOrder,
      axes: definition.axes,
      ...written,
      check,
    };
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  }
}

type Written = Pick<Submission, 'samples' | 'placement' | 'bytes' | 'json_bytes' | 'odd_hand_length_m'>;

async function writeAndCount(
  source: SubmissionSource,
  path: string,
  { decimals, allowPartial }: SubmissionRequest,
  { progress, signal }: RunContext,
): Promise<Written> {
  const predictions = await source.open(signal);
  try {
    requireCount(predictions.count, source.subject, allowPartial);
    const { joints } = predictions;
    requireShapes(joints, predictions.vertexCount, source.subject);
    const checks = new RecordChecks(source.subject);
    checks.look(joints, joints.length / (predictions.count * 3));
    const stage = progress.stage('write', predictions.count, 'samples');
    const { jsonBytes } = await writePredictionZip(
      path,
      predictionJson(checkedHands(predictions, joints, checks), {
        decimals,
        batchSize: SCORE_BATCH,
        signal,
        onProgress: (done) => stage.update(done),
      }),
    );
    await predictions.finish();
    stage.stop();
    return {
      samples: predictions.count,
      placement: predictions.roots === null ? 'as-predicted' : 'published-root',
      bytes: (await stat(path)).size,
      json_bytes: jsonBytes,
      odd_hand_length_m: oddHandLength(joints),
    };
  } finally {
    await predictions.close();
  }
}

function checkedHands(source: PredictionSource, joints: Float64Array, checks: RecordChecks): Hands {
  const vertexCount = source.vertexCount!;
  return {
    count: source.count,
    joints,
    vertexCount,
    async vertices(first, count) {
      const rows = await source.vertices(first, count);
      checks.look(rows, vertexCount, first);
      return rows;
    },
  };
}

/** @throws UserError where something is there already, or the archive would replace what it is made from. */
async function requireFree(out: string, { from, force }: SubmissionRequest): Promise<void> {
  const info = await stat(out).catch(() => null);
  if (info === null) return;
  const input = from === undefined ? null : await stat(from).catch(() => null);
  const isInput = input?.ino === info.ino && input.dev === info.dev;
  // --force is about an older archive, not about whatever a mistyped --out names.
  const isArchive = info.isFile() && !isInput && (await startsWith(out, ZIP_START));
  if (force && isArchive) return;
  throw new UserError({
    code: 'submission-exists',
    message: isInput ? 'The submission would replace the file it is made from' : 'There is something already',
    file: out,
    expected: 'a name that is free',
    got: !info.isFile() ? 'no file' : isArchive ? 'an archive' : 'a file',
    next: isArchive
      ? 'add --force to replace it, or name another file with --out'
      : 'name another file with --out',
  });
}
