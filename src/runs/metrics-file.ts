/** Writes and reads `metrics.json`, the result of a finished run. */
import { z } from 'zod';
import { UserError } from '../errors.js';
import { readText } from '../files/open-file.js';
import { jsonText, parseJson } from '../formats/json/json-text.js';
import { JOINT_ORDER_IDS } from '../hand/joints.js';
import { MEASURES } from '../metrics/index.js';
import { coverageSchema, failedSample, firstProblem, sweepSchema, type RunFolder } from './manifest.js';
import { METRICS_SCHEMA, type MetricsDocument } from './metrics-document.js';
import type { RunDirectory } from './run-directory.js';

const values = z.record(z.string(), z.number());
const intervals = z.record(z.string(), z.object({ low: z.number(), high: z.number(), level: z.number() }));

const documentSchema = z.object({
  schema: z.literal(METRICS_SCHEMA),
  dataset: z.object({ id: z.string(), split: z.string() }),
  coverage: coverageSchema,
  /**
   * A protocol of any version: `protocolDifferences` finds what differs, field by field. Here is what is read by name;
   * that of this version has a joint order.
   */
  protocol: z
    .object({
      measure: z.enum(MEASURES),
      version: z.number().optional(),
      jointOrder: z.enum(JOINT_ORDER_IDS).optional(),
      boxes: z.string().nullish(),
      tta: z.string().nullish(),
      reflection: z.string().optional(),
      aucThresholdsMm: z.object({ from: z.number(), to: z.number(), count: z.number() }).optional(),
    })
    .refine(({ version, jointOrder }) => version !== 1 || jointOrder !== undefined, 'no jointOrder'),
  metrics: values,
  confidence: intervals,
  tta: z.record(z.string(), values).optional(),
  tta_sweep: sweepSchema.optional(),
  tta_coverage: z.record(z.string(), coverageSchema.pick({ scored: true, unscored: true })).optional(),
  tta_confidence: z.record(z.string(), intervals).optional(),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), remedy: z.string() })),
  unscored: z.array(failedSample),
});

export async function writeMetrics(run: RunDirectory, document: MetricsDocument): Promise<void> {
  await run.writeText('metrics', jsonText(document));
}

/**
 * What is in metrics.json; null where there is none: the run predicted without ground truth.
 *
 * @throws UserError where the run is not finished, or the file is not what this version writes.
 */
export async function readMetrics(run: RunFolder): Promise<MetricsDocument | null> {
  const { path, manifest } = run;
  if (manifest.state !== 'complete') {
    throw new UserError({
      code: 'run-unfinished',
      message: 'This run did not finish',
      file: path,
      expected: "state 'complete'",
      got: `state '${manifest.state}'`,
      next: 'give the command that began it once more; it goes on where it can',
    });
  }
  // A run without ground truth has no coverage either; one that lost its result must not pass for such a run.
  if (manifest.coverage === undefined) return null;
  const file = run.file('metrics');
  let problem: string;
  try {
    const value = parseJson(await readText(file)) as Partial<MetricsDocument> | null;
    const { error } = documentSchema.safeParse(value);
    // As it was written, not as it was parsed, which would change the order of its keys.
    if (error === undefined) return value as MetricsDocument;
    const isOurs = value?.schema === METRICS_SCHEMA;
    problem = isOurs ? firstProblem(error) : `schema ${JSON.stringify(value?.schema) ?? 'absent'}`;
  } catch (error) {
    if (error instanceof UserError) throw error;
    problem = (error as Error).message;
  }
  throw new UserError({
    code: 'run-damaged',
    message: 'The run is finished, but its result cannot be read',
    file,
    expected: `the metrics.json that was written with it (schema '${METRICS_SCHEMA}')`,
    got: problem,
    next: 'make the run again with --force',
  });
}
