/**
 * `predictions/progress.json`: up to which sample the unfinished arrays of a run are on the disk, and all else that
 * predicting needs to go on from there. It is there while a checkpoint predicts, and no longer.
 */
import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileDurably } from '../files/atomic-file.js';
import { fileError } from '../files/file-errors.js';
import { readText } from '../files/open-file.js';
import { parseJson } from '../formats/json/json-text.js';
import { RUN_FILES } from './run-files.js';

export const PROGRESS_SCHEMA = 'hamba-eval/progress@1';

const count = z.number().int().nonnegative();

/** A sample that lacks something, by its row. */
const failedRow = z.object({ row: count, id: z.string(), code: z.string(), reason: z.string() });

const journalSet = z.object({
  arrays: z.record(z.string(), z.object({ dtype: z.enum(['float32', 'float64']), shape: z.array(count) })),
  unpredicted: z.array(failedRow),
  unpredicted_keypoints: z.array(failedRow),
});

const journalSchema = z.object({
  schema: z.literal(PROGRESS_SCHEMA),
  written: z.iso.datetime(),
  /** What the batches and their numbers depend on beside the configuration of the run. */
  samples: count,
  passes: count.min(1),
  batch_size: count.min(1),
  made_with: z.record(z.string(), z.string()),
  /** Samples that are whole in every array. */
  done: count,
  /** What each prediction set has, by the folder of the set. */
  sets: z.record(z.string(), journalSet),
  failed_passes: z.array(
    failedRow.extend({ passes: z.array(count).min(1), keypoints_alone: z.boolean().optional() }),
  ),
  /** Milliseconds and counts of the sittings so far, by stage. */
  timings: z.record(z.string(), z.number().nonnegative()),
});

export type Journal = z.infer<typeof journalSchema>;
export type JournalSet = z.infer<typeof journalSet>;
/** What each prediction set has, by the folder of the set. */
export type JournalSets = Journal['sets'];
export type JournalArrays = JournalSet['arrays'];
export type FailedRow = z.infer<typeof failedRow>;
export type FailedPassRow = Journal['failed_passes'][number];

/** Whether predicting was begun in the run directory and not finished. */
export async function hasJournal(run: string): Promise<boolean> {
  const info = await stat(fileOf(run)).catch(() => null);
  return info !== null;
}

/** Writes the journal; when this is over it is on the disk. */
export async function writeJournal(run: string, journal: Journal): Promise<void> {
  const body = JSON.stringify(journal);
  await writeFileDurably(fileOf(run), `${JSON.stringify({ sha256: digest(body), journal })}\n`);
}

/** @returns null where there is none, or what is wrong with the one that is there. */
export async function readJournal(run: string): Promise<Journal | { readonly problem: string } | null> {
  const file = fileOf(run);
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(error, file);
  }
  return parseJournal(text);
}

export async function removeJournal(run: string): Promise<void> {
  await rm(fileOf(run), { force: true });
}

function parseJournal(text: string): Journal | { readonly problem: string } {
  let value: { readonly sha256?: unknown; readonly journal?: { readonly schema?: unknown } } | null;
  try {
    value = parseJson(text) as typeof value;
  } catch {
    return { problem: `${RUN_FILES.progress} is cut off or no JSON` };
  }
  const schema = value?.journal?.schema;
  if (schema !== PROGRESS_SCHEMA) {
    return {
      problem: `${RUN_FILES.progress} is not of this version (schema ${JSON.stringify(schema) ?? 'absent'})`,
    };
  }
  const parsed = journalSchema.safeParse(value!.journal);
  if (!parsed.success || value!.sha256 !== digest(JSON.stringify(value!.journal))) {
    return { problem: `${RUN_FILES.progress} is not as it was written` };
  }
  return parsed.data;
}

function fileOf(run: string): string {
  return join(run, RUN_FILES.progress);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
