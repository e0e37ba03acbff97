/**
 * The sidecar: a small JSON file beside the model that says what an ONNX file cannot say or says
 * unclearly (docs/model-contract.md). Every key is optional; unknown keys are refused, since a
 * misspelt key would otherwise be a silent default.
 */
import { basename, dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { oneOf, UserError } from '../../errors.js';
import { openFile } from '../../files/open-file.js';
import { parseJson } from '../../formats/json/json-text.js';
import { JOINT_ORDER_IDS } from '../../hand/joints.js';
import { CROP_KIND_NAMES } from '../crops/crop-kinds.js';

const name = z.string().min(1);
const size = z.tuple([z.int().positive(), z.int().positive()]);
const mean = z.tuple([z.number(), z.number(), z.number()]);
const std = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

const sidecarSchema = z.strictObject({
  input: name.optional(),
  outputs: z
    .strictObject({
      joints: name.optional(),
      vertices: name.optional(),
      keypoints_2d: name.optional(),
      camera: name.optional(),
    })
    .refine((outputs) => Object.keys(outputs).length > 0)
    .optional(),
  mano: z
    .strictObject({
      pose: name,
      betas: name,
      representation: z.enum(['matrix', '6d', 'axis-angle']),
      global_orient: name.optional(),
      mean_pose: z.enum(['absolute', 'relative']).optional(),
    })
    .optional(),
  points_from: z.enum(['outputs', 'mano']).optional(),
  layout: z.enum(['nchw', 'nhwc']).optional(),
  channels: z.enum(['rgb', 'bgr']).optional(),
  size: size.optional(),
  crop: z.enum(CROP_KIND_NAMES).optional(),
  mean: mean.optional(),
  std: std.optional(),
  units: z.enum(['m', 'mm']).optional(),
  joint_order: z.enum(JOINT_ORDER_IDS).optional(),
  keypoints_2d_units: z.enum(['crop', 'patch']).optional(),
  focal_length: z.number().positive().optional(),
  handedness: z.enum(['right', 'both']).optional(),
});

/** What a sidecar may hold. */
export type SidecarContent = z.infer<typeof sidecarSchema>;

export interface Sidecar {
  readonly file: string;
  readonly content: SidecarContent;
}

const OUTPUT_NAME = 'the name of an output, a string';

/** What each key takes, in the words of an error. */
const EXPECTED: Readonly<Record<string, string>> = {
  '': 'a JSON object',
  input: 'the name of the image input, a string',
  outputs: '{"joints": NAME}, or vertices, keypoints_2d and camera, any of them',
  'outputs.joints': OUTPUT_NAME,
  'outputs.vertices': OUTPUT_NAME,
  'outputs.keypoints_2d': OUTPUT_NAME,
  'outputs.camera': OUTPUT_NAME,
  mano: '{"pose": NAME, "betas": NAME, "representation": "6d"}',
  'mano.pose': OUTPUT_NAME,
  'mano.betas': OUTPUT_NAME,
  'mano.representation': '"matrix", "6d" or "axis-angle"',
  'mano.global_orient': OUTPUT_NAME,
  'mano.mean_pose': '"absolute" or "relative"',
  points_from: '"outputs" or "mano"',
  layout: '"nchw" or "nhwc"',
  channels: '"rgb" or "bgr"',
  size: '[height, width] in px, two positive whole numbers',
  crop: oneOf(CROP_KIND_NAMES.map((kind) => `"${kind}"`)),
  mean: 'three numbers, R G B on the scale 0 to 1',
  std: 'three positive numbers, R G B on the scale 0 to 1',
  units: '"m" or "mm"',
  joint_order: oneOf(JOINT_ORDER_IDS.map((id) => `"${id}"`)),
  keypoints_2d_units: '"crop" or "patch"',
  focal_length: 'a positive number of px',
  handedness: '"right" or "both"',
};

/** No sidecar is longer; a prediction file of the model's name is, and is not read to find that out. */
const MAX_BYTES = 1_000_000;
const SHOWN_CHARACTERS = 120;

/** The places a sidecar is looked for, in this order; the first that exists is used. */
export function sidecarPaths(modelFile: string): [own: string, shared: string] {
  const folder = dirname(modelFile);
  return [join(folder, `${basename(modelFile, extname(modelFile))}.json`), join(folder, 'model.json')];
}

/**
 * Reads the sidecar of a model: `<stem>.json` beside it, else `model.json` in the same folder. A model is never its
 * own sidecar, whatever it is called.
 *
 * @returns null where there is none.
 * @throws UserError where it is no JSON, or holds a key or a value it should not.
 */
export async function readSidecar(modelFile: string): Promise<Sidecar | null> {
  for (const file of new Set(sidecarPaths(modelFile))) {
    if (resolve(file) === resolve(modelFile)) continue;
    const text = await readText(file);
    if (text !== null) return { file, content: parseSidecar(text, file) };
  }
  return null;
}

/** @returns null where there is no such file. */
async function readText(file: string): Promise<string | null> {
  try {
    const handle = await openFile(file);
    try {
      const { size } = await handle.stat();
      if (size > MAX_BYTES) throw tooLarge(file, size);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    const isFolder = code === 'EISDIR';
    throw new UserError({
      code: 'sidecar-unreadable',
      message: 'The sidecar of the model cannot be read',
      file,
      expected: 'a JSON file',
      got: isFolder ? 'a folder' : error instanceof Error ? error.message : String(error),
      next: isFolder ? 'move the folder away, or rename it' : 'check the permissions of the file',
      cause: error,
    });
  }
}

function tooLarge(file: string, bytes: number): UserError {
  return new UserError({
    code: 'sidecar-too-large',
    message: 'The file in the place of the model’s sidecar is too long to be one',
    file,
    expected: `a JSON object of at most ${MAX_BYTES} bytes`,
    got: `${bytes} bytes`,
    next: 'move the file away, or rename it: it has the name of a sidecar (docs/model-contract.md)',
  });
}

/** The content of a sidecar; `file` is only named in errors. */
export function parseSidecar(text: string, file: string): SidecarContent {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new UserError({
      code: 'sidecar-not-json',
      message: 'The sidecar of the model is no valid JSON',
      file,
      got: shorten(error instanceof Error ? error.message : String(error)),
      next: 'mend the file (docs/model-contract.md has an example), or move it away if it is no sidecar',
      cause: error,
    });
  }
  const parsed = sidecarSchema.safeParse(value);
  if (!parsed.success) throw invalidSidecar(parsed.error.issues[0]!, value, file);
  requireUnitScale(parsed.data, file);
  return parsed.data;
}

/** Mean and std of pixels from 0 to 255 would be taken for those of pixels from 0 to 1, and black fed to the network. */
function requireUnitScale(content: SidecarContent, file: string): void {
  const given = (['mean', 'std'] as const).flatMap((key) => {
    const values = content[key];
    return values === undefined ? [] : [{ key, values, largest: Math.max(...values.map(Math.abs)) }];
  });
  if (given.every(({ largest }) => largest <= 1)) return;
  const text = (key: string, values: readonly number[]): string => `"${key}": ${JSON.stringify(values)}`;
  // Beside a mean of 123.675 a std of 1 is of the same scale; one of 0.229 is not.
  const mended = given.map(({ key, values, largest }) =>
    text(key, largest < 1 ? values : values.map((value) => Number((value / 255).toPrecision(15)))),
  );
  throw new UserError({
    code: 'sidecar-pixel-scale',
    message: 'The sidecar of the model has mean or std on the scale 0 to 255',
    file,
    expected: 'mean and std of pixels on the scale 0 to 1: no number above 1',
    got: given.map(({ key, values }) => text(key, values)).join(', '),
    next: `divide by 255: write ${mended.join(', ')}`,
  });
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
      message: `The sidecar of the model has an unknown key: ${shorten(path)}`,
      file,
      expected: `one of ${known.join(', ')}`,
      got: shorten(path),
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
    got: got === undefined ? 'nothing' : shorten(JSON.stringify(got)),
    next,
  });
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS - 1)}…`;
}
