/** What a file of a network holds: a checkpoint, a model, or the configuration of one. */
import { extname } from 'node:path';
import { UserError } from '../../errors.js';
import { inspectCheckpoint, type CheckpointInspection } from './inspect-checkpoint.js';
import { inspectConfiguration, type ConfigurationInspection } from './inspect-configuration.js';
import { inspectOnnx, type OnnxInspection } from './inspect-onnx.js';

export type Inspection = CheckpointInspection | OnnxInspection | ConfigurationInspection;

/** @param config  the configuration of a checkpoint, which nothing else has */
export async function inspectFile(path: string, config?: string): Promise<Inspection> {
  const inspect = INSPECTORS[extname(path).toLowerCase()];
  if (inspect === undefined) return inspectCheckpoint(path, config);
  if (config !== undefined) {
    throw new UserError({
      code: 'inspect-config',
      message: 'A configuration belongs to a checkpoint alone',
      file: path,
      expected: 'no --config, or a checkpoint to inspect',
      got: `--config ${config}`,
      next: `inspect the configuration itself: hamba-eval model inspect ${config}`,
    });
  }
  return inspect(path);
}

/** By the endings of files; what has another is told by its content. */
const INSPECTORS: Readonly<Record<string, (path: string) => Promise<Inspection>>> = {
  '.onnx': inspectOnnx,
  '.yaml': inspectConfiguration,
  '.yml': inspectConfiguration,
  '.json': inspectConfiguration,
};
