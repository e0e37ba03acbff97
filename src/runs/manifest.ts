/**
 * `run.json`: what a run is, where it stands and what it was made with.
 * Other people's scripts read it (docs/run-directory.md).
 */
import { z } from 'zod';
import { JOINT_ORDER_IDS } from '../hand/joints.js';

export const RUN_SCHEMA = 'hamba-eval/run@1';

const arrayDescription = z.object({
  /** Below the run directory; checked as text, since folders are often symlinked. */
  file: z.string().regex(/^predictions\/(?!.*\.\.)[\w./-]+\.npy$/),
  dtype: z.enum(['float32', 'float64']),
  shape: z.array(z.number().int().nonnegative()),
  joint_order: z.enum(JOINT_ORDER_IDS).optional(),
  /** `image`: x right, y down, origin at the centre of the top left pixel of the photograph. */
  axes: z.enum(['opencv', 'opengl', 'image']).optional(),
  /** `weak-perspective`: scale, tx, ty of the network's crop camera. */
  units: z.enum(['m', 'px', 'weak-perspective']),
});

const failedSample = z.object({ id: z.string(), code: z.string(), reason: z.string() });

/** What kept passes of a sample lack, and why: in the arrays that is NaN. */
const failedPasses = failedSample.extend({
  /** `0-94` or `1,5-7`. */
  passes: z.string().regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/),
  /** The 2D keypoints alone; otherwise there is no hand at all. */
  keypoints_alone: z.boolean().optional(),
});

const sweepSchema = z.object({
  passes: z.number().int().positive(),
  rotations_deg: z.array(z.number()),
  scales: z.array(z.number()),
});

const manifestSchema = z.looseObject({
  schema: z.literal(RUN_SCHEMA),
  /** About the run, not about the benchmark. */
  state: z.enum(['running', 'complete', 'interrupted', 'failed']),
  /** Everything that decides the numbers; the same configuration on the same folder is the same run. */
  configuration: z.record(z.string(), z.unknown()),
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
  coverage: z
    .object({
      scored: z.number().int().nonnegative(),
      unscored: z.number().int().nonnegative(),
      folder: z.number().int().nonnegative(),
      benchmark: z.number().int().positive(),
    })
    .optional(),
  program: z.looseObject({ name: z.string(), version: z.string() }),
  host: z.looseObject({ name: z.string(), pid: z.number().int() }),
  times: z.looseObject({
    started: z.string(),
    /** When an interrupted run was gone on with, each time. */
    resumed: z.array(z.string()).optional(),
    /** Of work so far, in all sittings: pauses between them do not count. */
    seconds: z.number().nonnegative().optional(),
  }),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ArrayDescription = z.infer<typeof arrayDescription>;
export type FailedPasses = z.infer<typeof failedPasses>;
export type SweepDescription = z.infer<typeof sweepSchema>;

/** The manifest in `value`, or the first thing that is wrong with it. */
export function parseManifest(value: unknown): { manifest: Manifest } | { problem: string } {
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return { manifest: parsed.data };
  const issue = parsed.error.issues[0];
  return { problem: issue === undefined ? 'unreadable' : `${issue.path.join('.')}: ${issue.message}` };
}
