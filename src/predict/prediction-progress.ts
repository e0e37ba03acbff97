/**
 * How far predicting has come, kept so that the same command goes on after Ctrl-C, a crash or a power failure, with the
 * same bytes: batches are cut from one sequence of rows, so a run goes on where a batch begins with a sample.
 */
import { cpus } from 'node:os';
import process from 'node:process';
import { UserError } from '../errors.js';
import { DECODE_OPTIONS } from '../imaging/decode.js';
import { loadSharp } from '../imaging/sharp.js';
import { providerByName } from '../inference/session/providers.js';
import type { Session } from '../inference/session/session.js';
import type { Progress } from '../progress.js';
import { readJournal, PROGRESS_SCHEMA, writeJournal, type Journal } from '../runs/progress-journal.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { grouped } from '../text/text.js';
import type { PredictionWriter } from './prediction-writer.js';

/** What the sequence of batches depends on. */
export interface Plan {
  readonly samples: number;
  readonly passes: number;
  readonly batchSize: number;
}

/** Everything outside the run's configuration that may change the last digits. */
export type MadeWith = Readonly<Record<string, string>>;

type Counts = Readonly<Record<string, number>>;

/** Milliseconds between two entries, where that costs no more than one part in fifty of the time. */
const INTERVAL_MS = 10_000;
const MOST_OF_THE_TIME = 1 / 50;

/** What the journal must have been made with: another version or processor rounds otherwise. */
export async function madeWith({ providerUsed, runtimeVersion }: Session): Promise<MadeWith> {
  const sharp = await loadSharp();
  return {
    provider: providerUsed,
    'ONNX Runtime': runtimeVersion,
    decoder: DECODE_OPTIONS.decoder,
    sharp: sharp.versions.sharp ?? '',
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    ...(providerByName(providerUsed).sharesCores ? { processor: cpus()[0]?.model ?? '' } : {}),
  };
}

/** The most samples whose rows, out of `rows`, make whole batches: there a batch begins with a sample. */
export function wholeSamples(rows: number, { samples, passes, batchSize }: Plan): number {
  if (rows >= samples * passes) return samples;
  const step = batchSize / greatestCommonDivisor(batchSize, passes);
  return Math.floor(rows / (step * passes)) * step;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Writes the journal of a run now and then. */
export class PredictionProgress {
  readonly #run: RunDirectory;
  readonly #writer: PredictionWriter;
  readonly #plan: Plan;
  readonly #madeWith: MadeWith;
  /** The last place to go on from, and what the work up to it took. */
  #place: { readonly done: number; readonly timings: Counts };
  /** The place that is in the journal. */
  #recorded: number;
  #due = 0;

  /** @param from the journal that is gone on from; null at the beginning. */
  constructor(
    run: RunDirectory,
    writer: PredictionWriter,
    { plan, madeWith, from }: { plan: Plan; madeWith: MadeWith; from: Journal | null },
  ) {
    this.#run = run;
    this.#writer = writer;
    this.#plan = plan;
    this.#madeWith = madeWith;
    this.#recorded = from?.done ?? 0;
    this.#place = { done: this.#recorded, timings: from?.timings ?? {} };
  }

  /** After each batch: rows [0, rows) are written. `timings`: of all sittings so far. */
  async reached(rows: number, timings: () => Counts): Promise<void> {
    const { samples, passes } = this.#plan;
    const done = wholeSamples(rows, this.#plan);
    if (done * passes !== rows) return;
    this.#place = { done, timings: timings() };
    if (performance.now() >= this.#due || done === samples) await this.#record();
  }

  /** Where predicting ends early: says whether there is something to go on from; the arrays are left for it, or removed. */
  async leave(): Promise<boolean> {
    try {
      if (this.#place.done > this.#recorded) await this.#record();
    } catch {
      // The disk may be full: what is in the journal already still holds.
    }
    if (this.#recorded === 0) await this.#writer.abort();
    else await this.#writer.suspend().catch(() => undefined);
    return this.#recorded > 0;
  }

  async #record(): Promise<void> {
    const started = performance.now();
    const { done, timings } = this.#place;
    const { samples, passes, batchSize } = this.#plan;
    await this.#writer.flush();
    await writeJournal(this.#run.path, {
      schema: PROGRESS_SCHEMA,
      written: new Date().toISOString(),
      samples,
      passes,
      batch_size: batchSize,
      made_with: { ...this.#madeWith },
      done,
      ...this.#writer.begun(done),
      timings: { ...timings },
    });
    this.#recorded = done;
    await this.#run.update({});
    const cost = performance.now() - started;
    this.#due = performance.now() + Math.max(INTERVAL_MS, cost / MOST_OF_THE_TIME);
  }
}

/**
 * The writer of a run, at its beginning or where an earlier sitting has left it; what cannot be gone on with is removed,
 * and a note says why.
 *
 * @throws UserError where the files of the earlier sitting cannot be read at all; they stay.
 */
export async function openWriter(
  run: RunDirectory,
  create: () => PredictionWriter,
  { plan, madeWith, progress }: { plan: Plan; madeWith: MadeWith; progress: Progress },
): Promise<{ writer: PredictionWriter; from: Journal | null }> {
  const read = await readJournal(run.path);
  if (read === null) return { writer: create(), from: null };
  const problem = 'problem' in read ? read.problem : difference(read, plan, madeWith);
  const outcome = problem ?? (await resumed(create(), read as Journal));
  if (typeof outcome !== 'string') {
    progress.note(describePlace(read as Journal));
    return { writer: outcome, from: read as Journal };
  }
  progress.note(`What was predicted before cannot be gone on with, and predicting starts over: ${outcome}.`);
  await run.startOver();
  return { writer: create(), from: null };
}

/** What of the files is not as the journal has it, or the writer that goes on with them. */
async function resumed(writer: PredictionWriter, journal: Journal): Promise<PredictionWriter | string> {
  try {
    await writer.resume(journal);
    return writer;
  } catch (error) {
    await writer.suspend().catch(() => undefined);
    const isOther = error instanceof UserError && ['npy-resume', 'file-missing'].includes(error.code);
    if (!isOther) throw error;
    return `${error.file ?? ''}: ${error.code === 'file-missing' ? 'it is gone' : `it has ${error.got ?? ''}`}`;
  }
}

/** What the journal was made with that this run is not; null where both agree. */
function difference(journal: Journal, plan: Plan, now: MadeWith): string | null {
  const before: MadeWith = journal.made_with;
  const other = [...new Set([...Object.keys(now), ...Object.keys(before)])].find(
    (key) => now[key] !== before[key],
  );
  if (other !== undefined) {
    return `they were made with ${other} ${before[other] ?? 'unknown'}, and this is ${now[other] ?? 'unknown'}`;
  }
  const { samples, passes, batch_size: batchSize, done } = journal;
  const isSame = samples === plan.samples && passes === plan.passes && batchSize === plan.batchSize;
  const isPlace = done > 0 && wholeSamples(done * passes, plan) === done;
  return isSame && isPlace ? null : 'they are of other samples, passes or batches';
}

/** `goes on from image 1,205 of 3,960 (interrupted 2026-11-22 10:04)`. */
function describePlace({ done, samples, written }: Journal): string {
  const when = `(interrupted ${localTime(new Date(written))})`;
  return done === samples
    ? `all ${grouped(samples)} images are predicted ${when}`
    : `goes on from image ${grouped(done + 1)} of ${grouped(samples)} ${when}`;
}

function localTime(time: Date): string {
  const two = (value: number): string => value.toString().padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
