/** Run directories of several checkpoints or prediction files: those that are there, and the others made. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UserError } from '../errors.js';
import type { RunContext } from '../progress.js';
import { RUN_FILES } from '../runs/run-files.js';
import { defaultRunDirectory, run, type ModelRequest } from './run.js';

/** What each of them is told; `batchSize` where it is a checkpoint. */
export type SubjectsRequest = Omit<ModelRequest, 'model' | 'predictions' | 'out' | 'existing' | 'tta'>;

/** Whether a run directory is meant, and not what is to be run. */
function isRunDirectory(subject: string): boolean {
  return existsSync(join(subject, RUN_FILES.manifest));
}

/**
 * Runs each subject that is no run directory into its default one; a run that
 * is finished there under the same configuration is taken as it is.
 *
 * @param subjects run directories, checkpoints (.onnx) and prediction files.
 * @returns their run directories, in the same order.
 * @throws UserError as `run` does, and where two subjects would share a directory.
 */
export async function runSubjects(
  subjects: readonly string[],
  request: SubjectsRequest,
  context: RunContext,
): Promise<string[]> {
  const paths = subjects.map((subject) =>
    isRunDirectory(subject) ? subject : defaultRunDirectory(request.dataset, subject),
  );
  subjects.forEach((subject, index) => {
    const first = paths.indexOf(paths[index]!);
    if (subjects[first] !== subject) throw sharedDirectory(subject, subjects[first]!, paths[index]!);
  });
  for (const [index, subject] of subjects.entries()) {
    if (isRunDirectory(subject)) continue;
    context.progress.note(`${subject} → ${paths[index]!}`);
    const input = extname(subject) === '.onnx' ? { model: subject } : { predictions: subject };
    try {
      await run({ ...request, ...input, existing: 'refuse' }, context);
    } catch (error) {
      throw error instanceof UserError && error.code.startsWith('output-') ? inTheWay(error) : error;
    }
  }
  return paths;
}

/** What `run` advises, --out and --force, is not among the flags here. */
function inTheWay(error: UserError): UserError {
  return new UserError({
    ...error.toJson(),
    next: 'run it with hamba-eval run and --out, or --force, and give the run directory in its place',
    cause: error,
  });
}

function sharedDirectory(subject: string, other: string, path: string): UserError {
  return new UserError({
    code: 'run-directories-collide',
    message: 'Two of the things to run have the same default run directory',
    file: path,
    expected: 'names that differ',
    got: `${other} and ${subject}`,
    next: 'run one of them with hamba-eval run --out first, and give that run directory in its place',
  });
}
