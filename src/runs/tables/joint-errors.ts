/** `joint_errors.npy`: the error of every joint of every sample, for whoever compares two runs joint by joint. */
import { fileError } from '../../files/file-errors.js';
import { readWhole } from '../../files/open-file.js';
import { NpyWriter, readNpy, toFloat64 } from '../../formats/npy/npy.js';
import type { JointErrors } from '../../metrics/index.js';
import type { RunDirectory } from '../run-directory.js';

/** The last axis of the array, in this order; the last one where it is scored. */
const KINDS = ['raw', 'aligned', 'scaleTranslation'] as const satisfies readonly (keyof JointErrors)[];

/** For each sample of a run; null where it is not scored. */
export type JointErrorTable = readonly (JointErrors | null)[];

export async function writeJointErrors(run: RunDirectory, table: JointErrorTable): Promise<void> {
  const first = table.find((errors) => errors !== null);
  if (first === undefined) return;
  const kinds = KINDS.filter((kind) => first[kind] !== undefined);
  const joints = first.raw.length;
  const values = new Float64Array(table.length * joints * kinds.length).fill(NaN);
  table.forEach((errors, row) => {
    if (errors === null) return;
    kinds.forEach((kind, k) => {
      errors[kind]?.forEach((error, joint) => {
        values[(row * joints + joint) * kinds.length + k] = error;
      });
    });
  });
  const shape = [table.length, joints, kinds.length];
  const writer = await NpyWriter.create(run.file('jointErrors'), { shape, dtype: '<f8' });
  try {
    await writer.writeRows(0, values);
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Null where there is none: runs of before had none. */
export async function readJointErrors(file: string): Promise<JointErrorTable | null> {
  const bytes = await readWhole(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(error, file);
  });
  if (bytes === null) return null;
  const array = readNpy(bytes, file);
  const values = toFloat64(array, file);
  const [rows = 0, joints = 0, count = 0] = array.shape;
  return Array.from({ length: rows }, (_, row) => {
    const of = (kind: number): Float64Array =>
      Float64Array.from({ length: joints }, (__, joint) => values[(row * joints + joint) * count + kind]!);
    const raw = of(0);
    if (raw.every(Number.isNaN)) return null;
    return { raw, aligned: of(1), ...(count > 2 ? { scaleTranslation: of(2) } : {}) };
  });
}
