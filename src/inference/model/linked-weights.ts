/** Models whose weights stay in a checkpoint name its SHA-256, so that another file under its name is found out. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { readWhole } from '../../files/open-file.js';
import { decodeModel, type OnnxModel } from '../../formats/onnx/onnx.js';
import { sha256OfFile } from './model-file.js';

/** The model's metadata: a JSON object of file names and their SHA-256. */
export const WEIGHTS_METADATA = 'hamba-eval.weights';

/** Models that refer to a checkpoint are far smaller; larger ones hold their weights themselves. */
const MAX_BYTES = 32 * 2 ** 20;

const schema = z.record(z.string(), z.string());

/** @throws UserError `model-weights-changed` where a file that the model refers to is no longer the one it was built from */
export async function requireLinkedWeights(model: string, signal?: AbortSignal): Promise<void> {
  if ((await stat(model)).size > MAX_BYTES) return;
  const bytes = await readWhole(model);
  if (!bytes.includes(WEIGHTS_METADATA)) return;
  for (const [name, sha256] of Object.entries(recordedWeights(decodeModel(bytes, model), model))) {
    const file = join(dirname(model), name);
    const got = await sha256OfFile(file, signal);
    if (got === sha256) continue;
    throw new UserError({
      code: 'model-weights-changed',
      message: 'The checkpoint that the model refers to is not the one it was built from',
      file,
      expected: `SHA-256 ${sha256}`,
      got,
      next: `put the checkpoint back, or build the model again: hamba-eval model build --checkpoint ${file} --out ${model} --force`,
    });
  }
}

/**
 * The SHA-256 of each file that the model says it was built from.
 *
 * @throws UserError `model-weights-metadata` where it says so in a way that nobody writes
 */
export function recordedWeights(
  { metadata }: Pick<OnnxModel, 'metadata'>,
  file: string,
): Readonly<Record<string, string>> {
  const said = metadata[WEIGHTS_METADATA] ?? '{}';
  try {
    return schema.parse(JSON.parse(said));
  } catch (cause) {
    throw new UserError({
      code: 'model-weights-metadata',
      message: 'The model does not say which checkpoint it was built from',
      file,
      expected: `${WEIGHTS_METADATA}: a JSON object of file names and their SHA-256`,
      got: said.slice(0, 80),
      next: 'build the model again: hamba-eval model build --checkpoint FILE --force',
      cause,
    });
  }
}
