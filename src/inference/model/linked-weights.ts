/** Models whose weights stay in a checkpoint name its SHA-256, so that another file under its name is found out. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { readWhole } from '../../files/open-file.js';
import { decodeModel } from '../../formats/onnx/onnx.js';
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
  const said = decodeModel(bytes, model).metadata[WEIGHTS_METADATA];
  const parsed = schema.safeParse(said === undefined ? {} : JSON.parse(said));
  for (const [name, sha256] of Object.entries(parsed.data ?? {})) {
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
