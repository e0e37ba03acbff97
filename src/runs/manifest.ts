/**
 * `run.json`: what a run is, where it stands and what it was made with.
 * Other people's scripts read it (docs/run-directory.md).
 */
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { readText } from '../files/open-file.js';
import { parseJson } from '../formats/json/json-text.js';
import { AXES_IDS } from '../hand/axes.js';
import { JOINT_ORDER_IDS } from '../hand/joints.js';
import { RUN_FILES, type RunFile } from './run-files.js';

const SCHEMA_OF_ANY_VERSION = 'hamba-eval/run@';
export const RUN_SCHEMA = `${SCHEMA_OF_ANY_VERSION}1` as const;

const arrayDescription = z.object({
  /** Below the run directory; checked as text, since folders are often symlinked. */
  file: z.string().regex(/^predictions\/(?!.*\.\.)[\w./-]+\.npy$/),
  dtype: z.enum(['float32', 'float64']),
  shape: z.array(z.number().int().nonnegative()),
  joint_order: z.enum(JOINT_ORDER_IDS).optional(),
  /** `image`: x right, y down, origin at the centre of the top left pixel of the photograph. */
  axes: z.enum([...AXES_IDS, 'image']).optional(),
  /** `weak-perspective`: scale, tx, ty of the network's crop camera. */
  units: z.enum(['m', 'px', 'weak-perspective']),
});

export const failedSample = z.object({ id: z.string(), code: z.string(), reason: z.string() });

/** What kept passes of a sample lack, and why: in the arrays that is NaN. */
const failedPasses = failedSample.extend({
  /** `0-94` or `1,5-7`. */
  passes: z.string().regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/),
  /** The 2D keypoints alone; otherwise there is no hand at all. */
  keypoints_alone: z.boolean().optional(),
});

export const sweepSchema = z.object({
  passes: z.number().int().positive(),
  rotations_deg: z.array(z.number()),
  scales: z.array(z.number()),
});

export const coverageSchema = z.object({
  scored: z.number().int().nonnegative(),
  unscored: z.number().int().nonnegative(),
  folder: z.number().int().nonnegative(),
  benchmark: z.number().int().positive(),
});

/** What is read of a configuration again; the rest is compared with that of another run alone. */
const configurationSchema = z.looseObject({
  /** Absent where predictions were imported. */
  model: z.looseObject({ path: z.string().optional(), sha256: z.string().optional() }).optional(),
  /** Fingerprint of the dataset folder, see datasets/fingerprint.ts. */
  fingerprint: z.string().optional(),
  protocol: z.looseObject({ boxes: z.string().nullish() }).optional(),
  /** Positions of the samples in the folder, as ranges; absent where they are all. */
  selection: z.string().optional(),
  /** `3/16`: the rows are a part of those samples. */
  shard: z.string().optional(),
});

type Configuration = z.infer<typeof configurationSchema>;

/** Handed on as it is: what differs between two configurations is told in the order of their keys. */
const configuration = z.custom<Configuration>().superRefine((value, context) => {
  const issues = configurationSchema.safeParse(value).error?.issues ?? [];
  for (const { path, message } of issues) context.addIssue({ code: 'custom', path, message });
});

/** Milliseconds or counts by stage. */
const timings = z.record(z.string(), z.number());

const manifestSchema = z.looseObject({
  schema: z.literal(RUN_SCHEMA),
  /** About the run, not about the benchmark. */
  state: z.enum(['running', 'complete', 'interrupted', 'failed']),
  /** Everything that decides the numbers; the same configuration on the same folder is the same run. */
  configuration,
  dataset: z.looseObject({
    id: z.string(),
    folder: z.string(),
    split: z.string(),
    /** Whose order the rows are in. */
    order: z.enum(['official', 'metadata']).optional(),
  }),
  predictions: z.record(z.string(), arrayDescription).optional(),
  /** The sweep of test-time augmentation. */
  sweep: sweepSchema.optional(),
  /** What each fusion of it made, and every pass where they were kept. */
  fused: z
    .record(
      z.string(),
      z.object({
        predictions: z.record(z.string(), arrayDescription),
        unpredicted: z.array(failedSample),
        unpredicted_keypoints: z.array(failedSample).optional(),
      }),
    )
    .optional(),
  passes: z
    .array(
      z.object({
        index: z.number().int().nonnegative(),
        name: z.string(),
        rotation_deg: z.number(),
        scale: z.number(),
        predictions: z.record(z.string(), arrayDescription),
      }),
    )
    .optional(),
  failed_passes: z.array(failedPasses).optional(),
  /** Positions of the rows whose photograph was flipped for the network, and the prediction flipped back. */
  mirrored: z.array(z.number().int().nonnegative()).optional(),
  /** Samples without a prediction, and those without one in the photograph alone: their rows are NaN. */
  unpredicted: z.array(failedSample).optional(),
  unpredicted_keypoints: z.array(failedSample).optional(),
  /** Rows are the samples named in samples.txt, not all of the folder's. */
  selected: z.boolean().optional(),
  coverage: coverageSchema.optional(),
  program: z.looseObject({ name: z.string(), version: z.string() }),
  host: z.looseObject({ name: z.string(), pid: z.number().int() }),
  times: z.looseObject({
    started: z.string(),
    /** When an interrupted run was gone on with, each time. */
    resumed: z.array(z.string()).optional(),
    /** Seconds of work so far, in all sittings: pauses between them do not count. */
    seconds: z.number().nonnegative().optional(),
    finished: z.string().optional(),
  }),
  /** How photographs were decoded. */
  decode: z.looseObject({}).optional(),
  /** Milliseconds that the stages of predicting took. */
  timings: timings.optional(),
  /** The predictions that were scored. */
  origin: z
    .looseObject({
      kind: z.string(),
      path: z.string(),
      /** The split that a run directory is of. */
      split: z.string().optional(),
      /** Of a run directory: which boxes its predictions were made from; null where it does not know. */
      boxes: z.string().nullish(),
      /** SHA-256 of a file that was read to its end. */
      sha256: z.string().optional(),
    })
    .optional(),
  score_timings: timings.optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
/** Everything that decides the numbers; see `configurationSchema`. */
export type RunConfiguration = Readonly<Configuration>;
export type ArrayDescription = z.infer<typeof arrayDescription>;
export type FailedPasses = z.infer<typeof failedPasses>;
export type SweepDescription = z.infer<typeof sweepSchema>;

/** A run directory to whoever reads of it, whether it is being written or has been for long. */
export interface RunFolder {
  /** The folder as the user named it. */
  readonly path: string;
  readonly manifest: Manifest;
  /** The path of a file in it. */
  file(name: RunFile): string;
}

/** The manifest in `value`, or the first thing that is wrong with it. */
export function parseManifest(value: unknown): { manifest: Manifest } | { problem: string } {
  const parsed = manifestSchema.safeParse(value);
  return parsed.success ? { manifest: parsed.data } : { problem: firstProblem(parsed.error) };
}

/** What zod found first, behind the path of the field. */
export function firstProblem({ issues: [issue] }: z.ZodError): string {
  return issue === undefined ? 'unreadable' : `${issue.path.join('.')}: ${issue.message}`;
}

/** @throws UserError where the folder is no run directory, or its run.json is damaged or of another version. */
export async function readManifest(path: string): Promise<Manifest> {
  const read = await readManifestText(path);
  if ('problem' in read) throw unreadableManifest(path, read);
  return read.manifest;
}

/**
 * Of a run that may be replaced: null where its run.json is damaged or of another version.
 *
 * @throws UserError where nothing says that run.json is of this program
 */
export async function readReplaceable(path: string): Promise<Manifest | null> {
  const read = await readManifestText(path);
  if (!('problem' in read)) return read.manifest;
  if (!read.isOurs) throw unreadableManifest(path, read);
  return null;
}

interface Unreadable {
  readonly problem: string;
  readonly isOurs: boolean;
}

async function readManifestText(path: string): Promise<{ readonly manifest: Manifest } | Unreadable> {
  let text: string;
  try {
    text = await readText(join(path, RUN_FILES.manifest));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError({
      code: 'run-directory-missing',
      message: 'This is not a run directory',
      file: path,
      expected: 'a folder with a run.json written by hamba-eval run',
      got: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no run.json' : (error as Error).message,
      next: 'make one with hamba-eval run',
      cause: error,
    });
  }
  const isOurs = text.includes(SCHEMA_OF_ANY_VERSION);
  try {
    return { isOurs, ...parseManifest(parseJson(text)) };
  } catch (error) {
    return { isOurs, problem: text.trim() === '' ? 'an empty file' : (error as Error).message };
  }
}

function unreadableManifest(path: string, { problem, isOurs }: Unreadable): UserError {
  return new UserError({
    code: 'run-manifest-unreadable',
    message: 'run.json is not a manifest of this version of hamba-eval',
    file: join(path, RUN_FILES.manifest),
    expected: `a document with "schema": "${RUN_SCHEMA}"`,
    got: problem,
    next: isOurs
      ? 'make the run again with --force, or use the version that wrote it'
      : `name another folder; if ${path} is a run that was damaged, delete it and make the run again`,
  });
}
