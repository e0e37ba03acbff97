/** A model against outputs that are known: the largest difference of each, in mm where it is a length. */
import { UserError } from '../errors.js';
import { readWhole } from '../files/open-file.js';
import { fileError } from '../files/file-errors.js';
import { readNpy, toFloat64, type NpyArray } from '../formats/npy/npy.js';
import { readNpz, type NpzFile } from '../formats/npy/npz.js';
import { OUTPUT_NAMES, plainName } from '../hand/output-names.js';
import { requireLinkedWeights } from '../inference/model/linked-weights.js';
import { requireModelFile } from '../inference/model/model-file.js';
import { openSession, type RunResult, type Session } from '../inference/session/session.js';

export interface VerifyRequest {
  readonly model: string;
  readonly inputs: string;
  readonly expected: string;
}

export interface OutputDifference {
  readonly name: string;
  readonly output: string;
  readonly largest: number;
  readonly unit: 'mm' | null;
  /** The largest of the expected numbers, to judge the difference by; metres where they are lengths. */
  readonly scale: number;
}

export interface ModelVerification {
  readonly model: string;
  readonly outputs: readonly OutputDifference[];
  /** Expected arrays that no output has the name of. */
  readonly unmatched: readonly string[];
}

export async function verifyModel({ model, inputs, expected }: VerifyRequest): Promise<ModelVerification> {
  await requireModelFile(model);
  await requireLinkedWeights(model);
  const image = await readArray(inputs);
  const known = await readNpz(expected);
  const session = await openSession({ model });
  try {
    const pairs = known.names.flatMap((name) => {
      const output = outputFor(name, session);
      return output === undefined ? [] : [{ name, output }];
    });
    if (pairs.length === 0) throw nothingToCompare(known, session);
    const fetches = [...new Set(pairs.map(({ output }) => output))];
    const data = Float32Array.from(toFloat64(image, inputs));
    const { outputs } = await session.run({
      input: session.inputs[0]!.name,
      data,
      dims: image.shape,
      fetches,
    });
    const compared: OutputDifference[] = [];
    for (const { name, output } of pairs) {
      compared.push(compare(name, output, await known.read(name), outputs[output]!, known));
    }
    const matched = new Set(pairs.map(({ name }) => name));
    return { model, outputs: compared, unmatched: known.names.filter((name) => !matched.has(name)) };
  } finally {
    known.close();
    await session.close();
  }
}

async function readArray(file: string): Promise<NpyArray> {
  try {
    return readNpy(await readWhole(file), file);
  } catch (error) {
    throw fileError(error, file);
  }
}

/** The output of that name, or the one that plays the same part under another name. */
function outputFor(name: string, { outputs }: Session): string | undefined {
  const same = outputs.find((output) => output.name === name);
  if (same !== undefined) return same.name;
  const role = Object.values(OUTPUT_NAMES).find((names) => names.includes(plainName(name)));
  return outputs.find((output) => role?.includes(plainName(output.name)) === true)?.name;
}

function nothingToCompare(known: NpzFile, { file, outputs }: Session): UserError {
  return new UserError({
    code: 'verify-nothing',
    message: 'No expected array has the name of an output',
    file,
    expected: `names among ${outputs.map(({ name }) => name).join(', ')}`,
    got: known.listNames(),
    next: 'name the arrays as the outputs; model build --intermediates gives out the values between the layers',
  });
}

function compare(
  name: string,
  output: string,
  want: NpyArray,
  got: RunResult['outputs'][string],
  known: NpzFile,
): OutputDifference {
  if (want.shape.join() !== got.dims.join()) {
    throw new UserError({
      code: 'verify-shape',
      message: `The output ${output} has another shape than ${name}`,
      file: known.place(name),
      expected: `(${got.dims.join(', ')})`,
      got: `(${want.shape.join(', ')})`,
      next: 'compute the expected arrays from the same inputs',
    });
  }
  const values = toFloat64(want, known.place(name));
  const numbers = got.data as Float32Array;
  let largest = 0;
  let scale = 0;
  values.forEach((value, i) => {
    // A number that is none is as far off as can be, never equal.
    const difference = Math.abs(value - numbers[i]!);
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
    scale = Math.max(scale, Math.abs(value));
  });
  const inMetres = /joints$|vertices$|keypoints_3d$|verts$/.test(plainName(name)) && got.dims.at(-1) === 3;
  return { name, output, largest: inMetres ? largest * 1000 : largest, unit: inMetres ? 'mm' : null, scale };
}

export function verificationLines({ outputs, unmatched }: ModelVerification): string {
  const width = Math.max(...outputs.map(({ name }) => name.length));
  const lines = outputs.map(
    ({ name, largest, unit, scale }) =>
      `${name.padEnd(width)}  ${largest.toExponential(1).padStart(8)} ${unit ?? '  '}  of ${scale.toPrecision(3)}${unit === null ? '' : ' m'}`,
  );
  if (unmatched.length > 0) lines.push('', `No output: ${unmatched.join(', ')}`);
  return ['Largest difference of each output', '', ...lines].join('\n');
}
