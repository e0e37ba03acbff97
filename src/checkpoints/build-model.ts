/**
 * From a checkpoint to an ONNX file that every execution provider runs. The weights stay where they are: the model
 * refers to the checkpoint's own bytes, unless a copy is asked for or halves are.
 */
import { link, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic-file.js';
import { openTensorFile, type TensorFile } from '../formats/torch/tensor-file.js';
import { WEIGHTS_METADATA } from '../inference/model/linked-weights.js';
import { readManoFile } from '../inference/mano/mano-file.js';
import { sha256OfFile } from '../inference/model/model-file.js';
import type { Architecture } from '../network/architectures/architecture.js';
import type { Declaration, Fields } from '../network/architectures/options.js';
import { buildNetwork } from '../network/build.js';
import type { Graph } from '../network/graph.js';
import type { ManoWeights } from '../network/layers/mano.js';
import { programInfo } from '../program.js';
import { BUILT, named, namedSettings, recognised, settledFor } from './network-of.js';
import { manoConstants } from './mano-constants.js';
import { requireManoTables } from './mano-tables.js';
import { RandomWeights } from './random-weights.js';
import { StoredWeights } from './stored-weights.js';

export interface BuildRequest {
  readonly checkpoint?: string | undefined;
  readonly arch?: string | undefined;
  readonly config?: string | undefined;
  readonly mano?: string | undefined;
  readonly out?: string | undefined;
  readonly copy: boolean;
  readonly precision: 'fp32' | 'fp16';
  readonly random: boolean;
  readonly tiny: boolean;
  readonly seed: number;
  readonly intermediates: boolean;
  readonly force: boolean;
}

export interface BuiltModel {
  readonly model: string;
  readonly sidecar: string;
  readonly architecture: string;
  readonly title: string;
  readonly checkpoint: string | null;
  readonly checkpoint_sha256: string | null;
  /** Whether the model refers to the checkpoint's own bytes. */
  readonly in_place: boolean;
  /** File beside the model that holds weights; null where all lie in the checkpoint. */
  readonly data: string | null;
  readonly precision: 'fp32' | 'fp16';
  readonly options: Fields;
  /** Options that neither a tensor nor a file told. */
  readonly assumed: readonly {
    readonly option: string;
    readonly value: unknown;
    readonly settled_by: string;
  }[];
  readonly configurations: readonly string[];
  readonly tensors: { readonly used: number; readonly spare: number; readonly unknown: readonly string[] };
  /** Where the hand model comes from. */
  readonly mano: 'checkpoint' | 'file' | 'random';
}

export async function buildModel(request: BuildRequest): Promise<BuiltModel> {
  if (request.random) return buildRandom(request);
  const file = await openTensorFile(request.checkpoint!);
  try {
    return await buildFrom(file, request);
  } finally {
    await file.close();
  }
}

async function buildFrom(file: TensorFile, request: BuildRequest): Promise<BuiltModel> {
  const architecture = request.arch === undefined ? recognised(file) : named(request.arch);
  const { settled, declarations } = await settledFor(file, architecture, request.config);

  const model = request.out ?? join(dirname(file.path), `${basename(file.path, extname(file.path))}.onnx`);
  await requireFree(model, request.force);
  const half = request.precision === 'fp16';
  const location = request.copy || half ? null : await linked(file.path, model);
  const data = `${model}.data`;
  const weights = new StoredWeights(file, location, basename(data));
  const own = file.tensors.has('mano.v_template');
  await requireManoTables(file);
  const mano = own ? undefined : await fileMano(request.mano, file.path);
  const sha256 = await sha256OfFile(file.path);
  const linkedWeights = location === null ? {} : { [location]: sha256 };
  const g = buildNetwork({
    architecture,
    fields: settled.fields,
    weights,
    half,
    intermediates: request.intermediates,
    metadata: metadataOf(architecture, settled.fields, {
      checkpoint: basename(file.path),
      sha256,
      linkedWeights,
    }),
    producerVersion: programInfo().version,
    ...(mano === undefined ? {} : { mano }),
  });
  const copied = weights.copiedBytes > 0;
  if (copied) await weights.writeCopies(data);
  const sidecar = await writeModel(model, g, architecture, settled.fields);
  const known = new Set(architecture.spare(settled.fields).map(({ key }) => key));
  const left = [...file.tensors.keys()].filter((key) => !g.used.has(key));
  const isSpare = (key: string): boolean =>
    known.has(key) || key.endsWith('.num_batches_tracked') || key.startsWith('discriminator.');
  return {
    ...common(request, architecture, model, sidecar, settled, declarations),
    checkpoint: file.path,
    checkpoint_sha256: sha256,
    in_place: location !== null,
    data: copied ? data : null,
    tensors: {
      used: g.used.size,
      spare: left.filter(isSpare).length,
      unknown: left.filter((key) => !isSpare(key)),
    },
    mano: own ? 'checkpoint' : 'file',
  };
}

async function buildRandom(request: BuildRequest): Promise<BuiltModel> {
  const architecture = named(request.arch!);
  const { settled, declarations } = await namedSettings(architecture, request);
  const model = request.out ?? `${architecture.id}-random.onnx`;
  await requireFree(model, request.force);
  const data = `${model}.data`;
  const weights = new RandomWeights(basename(data));
  const g = buildNetwork({
    architecture,
    fields: settled.fields,
    weights,
    half: request.precision === 'fp16',
    intermediates: request.intermediates,
    metadata: metadataOf(architecture, settled.fields, { random_seed: request.seed }),
    producerVersion: programInfo().version,
  });
  await weights.writeCopies(data, request.seed);
  const sidecar = await writeModel(model, g, architecture, settled.fields);
  return {
    ...common(request, architecture, model, sidecar, { ...settled, assumed: [] }, declarations),
    checkpoint: null,
    checkpoint_sha256: null,
    in_place: false,
    data,
    tensors: { used: g.used.size, spare: 0, unknown: [] },
    mano: 'random',
  };
}

function common(
  request: BuildRequest,
  architecture: Architecture,
  model: string,
  sidecar: string,
  { fields, assumed }: { fields: Fields; assumed: readonly string[] },
  declarations: readonly Declaration[],
): Omit<BuiltModel, 'checkpoint' | 'checkpoint_sha256' | 'in_place' | 'data' | 'tensors' | 'mano'> {
  return {
    model,
    sidecar,
    architecture: architecture.id,
    title: architecture.title,
    precision: request.precision,
    options: fields,
    assumed: assumed
      .filter((field) => architecture.unseen[field] !== undefined)
      .map((field) => ({ option: field, value: fields[field], settled_by: architecture.unseen[field]! })),
    configurations: declarations.map(({ file }) => file),
  };
}

async function writeModel(
  model: string,
  g: Graph,
  architecture: Architecture,
  fields: Fields,
): Promise<string> {
  await writeFileAtomic(model, g.toBytes());
  const sidecar = `${model.slice(0, -extname(model).length)}.json`;
  const content = {
    input: 'img',
    crop: architecture.crop,
    focal_length: fields.focal,
    handedness: 'right',
  };
  await writeFileAtomic(sidecar, `${JSON.stringify(content, null, 2)}\n`);
  return sidecar;
}

function metadataOf(
  architecture: Architecture,
  fields: Fields,
  { linkedWeights = {}, ...source }: { linkedWeights?: Record<string, string> } & Record<string, unknown>,
): Record<string, string> {
  return {
    [BUILT.architecture]: architecture.id,
    [BUILT.options]: JSON.stringify(fields),
    'hamba-eval.source': JSON.stringify(source),
    [WEIGHTS_METADATA]: JSON.stringify(linkedWeights),
  };
}

async function requireFree(model: string, force: boolean): Promise<void> {
  if (extname(model) !== '.onnx') {
    throw new UserError({
      code: 'model-out-name',
      message: 'The model needs the ending .onnx',
      file: model,
      expected: 'a path such as hamba.onnx',
      got: basename(model),
      next: 'give --out with that ending',
    });
  }
  const exists = await stat(model).then(
    () => true,
    () => false,
  );
  if (!exists || force) return;
  throw new UserError({
    code: 'model-out-exists',
    message: 'There is a file of this name already',
    file: model,
    next: 'give another --out, or replace it with --force',
  });
}

/**
 * How the model may refer to the checkpoint. ONNX Runtime follows no path out of the model's folder, so a checkpoint
 * that lies elsewhere gets a second name there: a hard link, which takes no space.
 */
async function linked(checkpoint: string, model: string): Promise<string> {
  const folder = resolve(dirname(model));
  const inside = relative(folder, resolve(checkpoint));
  if (!inside.startsWith('..') && resolve(folder, inside) === resolve(checkpoint)) return inside;
  const name = basename(checkpoint);
  try {
    await link(checkpoint, join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isSameFile(checkpoint, join(folder, name)))) return name;
    throw new UserError({
      code: 'model-out-elsewhere',
      message: 'The model cannot refer to a checkpoint in another place',
      file: model,
      expected: `a model beside ${checkpoint} or in a folder above it`,
      got: code === 'EEXIST' ? `another ${name} is there` : `no hard link there: ${(error as Error).message}`,
      next: 'leave --out out, or copy the weights with --copy',
      cause: error,
    });
  }
  return name;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)]);
  return one.ino === other.ino && one.dev === other.dev;
}

async function fileMano(path: string | undefined, checkpoint: string): Promise<(g: Graph) => ManoWeights> {
  if (path === undefined) {
    throw new UserError({
      code: 'network-mano',
      message: 'The checkpoint was saved without the hand model',
      file: checkpoint,
      expected: 'mano.v_template and its kind in it, or your MANO_RIGHT.pkl',
      got: 'neither',
      next: 'give models/MANO_RIGHT.pkl of the download from https://mano.is.tue.mpg.de with --mano; it is copied into the model, so the model is yours alone then',
    });
  }
  const { model } = await readManoFile(path);
  return (g) => manoConstants(g, model);
}
