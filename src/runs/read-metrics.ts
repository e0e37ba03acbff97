/** Reads the result of a finished run back. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { METRICS_SCHEMA, type MetricsDocument } from './metrics-document.js';
import type { RunDirectory } from './run-directory.js';

/**
 * What is in metrics.json; null where there is none: the run predicted without ground truth.
 *
 * @throws UserError where the run is not finished, or the file is not what this version writes.
 */
export async function readMetrics(run: RunDirectory): Promise<MetricsDocument | null> {
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
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<MetricsDocument> | null;
    if (value?.schema === METRICS_SCHEMA) return value as MetricsDocument;
    problem = `schema ${JSON.stringify(value?.schema) ?? 'absent'}`;
  } catch (error) {
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
