/** `doctor`: what this machine has for a run, and what to do about what does not work. */
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import process from 'node:process';
import { datasetById, recognisedAs } from '../datasets/registry.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { loadSharp } from '../imaging/sharp.js';
import { readManoFile } from '../inference/mano/mano-file.js';
import { tryProviders, type ProviderTrial } from '../inference/session/provider-trial.js';
import { runtimeVersion } from '../inference/session/runtime-package.js';
import { programInfo } from '../program.js';

/** Something that works, or not; and what to do where it does not, or not wholly. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly advice: string | null;
}

export interface NamedFolder {
  readonly dataset: string;
  readonly folder: string;
  /** The flag, variable or file that names the folder. */
  readonly from: string;
}

export interface DoctorRequest {
  /** Path of the configuration file, and why it cannot be used. */
  readonly config: { readonly file: string; readonly exists: boolean; readonly problem: UserError | null };
  /** Dataset folders that are named somewhere. */
  readonly folders: readonly NamedFolder[];
  readonly mano: string | null;
}

export interface Diagnosis {
  readonly program: ReturnType<typeof programInfo>;
  readonly versions: { readonly node: string; readonly onnxruntime: string };
  readonly machine: {
    readonly platform: string;
    readonly processor: string;
    readonly cores: number;
    readonly memory_bytes: number;
    readonly free_memory_bytes: number;
  };
  readonly providers: readonly ProviderTrial[];
  readonly config: { readonly file: string; readonly exists: boolean };
  /** Config file, dataset folders, MANO file. */
  readonly checks: readonly Check[];
}

export async function examine({ config, folders, mano }: DoctorRequest): Promise<Diagnosis> {
  const checks: Check[] = [];
  if (config.problem !== null) checks.push(failed('configuration', config.problem));
  await loadSharp().catch((error: UserError) => checks.push(failed('sharp', error)));
  for (const named of folders) checks.push(await check(named.dataset, () => openNamed(named)));
  if (mano !== null) {
    checks.push(
      await check('MANO file', async () => {
        const { sha256, side } = await readManoFile(mano);
        const hand = side === 'right' ? 'right hand' : 'hand undecided';
        return { detail: `${mano} (${hand}, sha256 ${sha256.slice(0, 12)}…)`, advice: null };
      }),
    );
  }
  return {
    program: programInfo(),
    versions: { node: process.versions.node, onnxruntime: runtimeVersion() },
    machine: {
      platform: `${process.platform}-${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memory_bytes: totalmem(),
      free_memory_bytes: freemem(),
    },
    providers: await tryProviders(),
    config: { file: config.file, exists: config.exists },
    checks,
  };
}

/** Opens a folder as the dataset under whose name it stands. */
async function openNamed({ dataset, folder, from }: NamedFolder): Promise<Pick<Check, 'detail' | 'advice'>> {
  const definition = datasetById(dataset);
  await requireMarks(definition, folder, from);
  const { notices } = await definition.open(folder, { split: 'evaluation' });
  // What a folder lacks may be as it should be: one of ground truth alone scores predictions.
  const lacks = notices.map(({ message }) => `; ${message}`).join('');
  const advice = notices.map(({ remedy }) => remedy).join('; ');
  return { detail: `${folder} (${from})${lacks}`, advice: advice === '' ? null : advice };
}

/** Files of several benchmarks have the same names: one may open as another, and be scored as it. */
async function requireMarks({ id, title }: DatasetDefinition, folder: string, from: string): Promise<void> {
  const found = await recognisedAs(folder);
  if (found.length === 0 || found.some((other) => other.id === id)) return;
  throw new UserError({
    code: 'dataset-other',
    message: `The folder is not ${title}'s`,
    file: folder,
    expected: `a folder in ${title}'s official layout`,
    got: `one of ${found.map((other) => other.title).join(' or ')}`,
    next: `name it ${found.map((other) => other.id).join(' or ')} (${from}), and the folder of ${title} ${id}`,
  });
}

async function check(name: string, look: () => Promise<Pick<Check, 'detail' | 'advice'>>): Promise<Check> {
  try {
    return { name, ok: true, ...(await look()) };
  } catch (error) {
    if (error instanceof UserError) return failed(name, error);
    throw error;
  }
}

function failed(name: string, { message, got, file, next }: UserError): Check {
  const detail = [message, file, got === undefined ? undefined : `got ${got}`].filter(
    (part) => part !== undefined,
  );
  return { name, ok: false, detail: detail.join('; '), advice: next ?? null };
}
