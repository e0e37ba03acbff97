/**
 * The sidecar: a small JSON file beside the model that says what an ONNX file cannot say or says
 * unclearly (docs/model-contract.md). Every key is optional; unknown keys are refused, since a
 * misspelt key would otherwise be a silent default.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';

const name = z.string().min(1);
const size = z.tuple([z.int().positive(), z.int().positive()]);
const mean = z.tuple([z.number(), z.number(), z.number()]);
const std = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

const sidecarSchema = z.strictObject({
  input: name.optional(),
  outputs: z
    .strictObject({ joints: name.optional(), vertices: name.optional() })
    .refine((outputs) => outputs.joints !== undefined || outputs.vertices !== undefined)
    .optional(),
  size: size.optional(),
  crop: z.enum(['hamer', 'whole-image']).optional(),
  mean: mean.optional(),
  std: std.optional(),
  units: z.enum(['m', 'mm']).optional(),
  joint_order: z.enum(['openpose', 'ho3d']).optional(),
  handedness: z.enum(['right', 'both']).optional(),
});

/** What a sidecar may hold. */
export type SidecarContent = z.infer<typeof sidecarSchema>;

export interface Sidecar {
  readonly file: string;
  readonly content: SidecarContent;
}

/** What each key takes, in the words of an error. */
const EXPECTED: Readonly<Record<string, string>> = {
  '': 'a JSON object',
  input: 'the name of the image input, a string',
  outputs: '{"joints": NAME} or {"vertices": NAME} or both',
  'outputs.joints': 'the name of an output, a string',
  'outputs.vertices': 'the name of an output, a string',
  size: '[height, width] in px, two positive whole numbers',
  crop: '"hamer" or "whole-image"',
  mean: 'three numbers, R G B on the scale 0 to 1',
  std: 'three positive numbers, R G B on the scale 0 to 1',
  units: '"m" or "mm"',
  joint_order: '"openpose" or "ho3d"',
  handedness: '"right" or "both"',
};

/** The places a sidecar is looked for, in this order; the first that exists is used. */
export function sidecarPaths(modelFile: string): [own: string, shared: string] {
  const folder = dirname(modelFile);
  return [join(folder, `${basename(modelFile, extname(modelFile))}.json`), join(folder, 'model.json')];
}

/**
 * Reads the sidecar of a model: `<stem>.json` beside it, else `model.json` in the same folder.
 *
 * @returns null where there is none.
 * @throws UserError where it is no JSON, or holds a key or a value it should not.
 */
export async function readSidecar(modelFile: string): Promise<Sidecar | null> {
  for (const file of new Set(sidecarPaths(modelFile))) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw new UserError({
        code: 'sidecar-unreadable',
        message: 'The sidecar of the model cannot be read',
        file,
        got: error instanceof Error ? error.message : String(error),
        next: 'check the permissions of the file',
        cause: error,
      });
    }
    return { file, content: parseSidecar(text, file) };
  }
  return null;
}

/** The content of a sidecar; `file` is only named in errors. */
export function parseSidecar(text: string, file: string): SidecarContent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      code: 'sidecar-not-json',
      message: 'The sidecar of the model is no valid JSON',
      file,
      got: error instanceof Error ? error.message : String(error),
      next: 'mend the file (docs/model-contract.md has an example), or move it away if it is no sidecar',
      cause: error,
    });
  }
  const parsed = sidecarSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidSidecar(parsed.error.issues[0]!, value, file);
}

function invalidSidecar(issue: z.core.$ZodIssue, value: unknown, file: string): UserError {
  const next = 'mend the file (docs/model-contract.md lists the keys), or move it away if it is no sidecar';
  if (issue.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0]!].join('.');
    const known = Object.keys(EXPECTED).filter((key) =>
      issue.path.length === 0 ? key !== '' && !key.includes('.') : key.startsWith(`${issue.path.join('.')}.`),
    );
    return new UserError({
      code: 'sidecar-key-unknown',
      message: `The sidecar of the model has an unknown key: ${path}`,
      file,
      expected: `one of ${known.join(', ')}`,
      got: path,
      next,
    });
  }
  // An element of an array is reported as the whole: [height, width] says more than "size.1".
  const path = issue.path.filter((part) => typeof part === 'string');
  const key = path.join('.');
  const got: unknown = path.reduce<unknown>(
    (inner, part) => (inner as Readonly<Record<string, unknown>> | undefined)?.[part],
    value,
  );
  return new UserError({
    code: 'sidecar-value-invalid',
    message:
      key === ''
        ? 'The sidecar of the model is no JSON object'
        : `The sidecar of the model has a wrong value: ${key}`,
    file,
    expected: EXPECTED[key] ?? issue.message,
    got: JSON.stringify(got),
    next,
  });
}
