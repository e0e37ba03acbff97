/** Which network a file is of, and with which options; or one that is named, with the released options. */
import { extname } from 'node:path';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readWhole } from '../files/open-file.js';
import { decodeModel } from '../formats/onnx/onnx.js';
import { openTensorFile, type TensorFile } from '../formats/torch/tensor-file.js';
import type { Architecture, Tensors } from '../network/architectures/architecture.js';
import { settle, type Declaration, type Fields, type Settled } from '../network/architectures/options.js';
import { ARCHITECTURES } from '../network/architectures/registry.js';
import { readDeclarations } from './configuration.js';

/** Metadata of the models that `model build` writes. */
export const BUILT = { architecture: 'hamba-eval.architecture', options: 'hamba-eval.options' } as const;

export interface NetworkRequest {
  readonly file?: string | undefined;
  readonly arch?: string | undefined;
  readonly config?: string | undefined;
  readonly tiny: boolean;
}

export interface NetworkChoice {
  readonly architecture: Architecture;
  readonly fields: Fields;
}

export interface SettledNetwork {
  readonly settled: Settled;
  readonly declarations: readonly Declaration[];
}

export async function networkOf(request: NetworkRequest): Promise<NetworkChoice> {
  const { file, arch, config } = request;
  if (file === undefined) {
    const architecture = named(arch!);
    return { architecture, fields: (await namedSettings(architecture, request)).settled.fields };
  }
  if (extname(file).toLowerCase() === '.onnx') return builtNetwork(file);
  const opened = await openTensorFile(file);
  await opened.close();
  const architecture = recognised(opened);
  return { architecture, fields: (await settledFor(opened, architecture, config)).settled.fields };
}

export function named(id: string): Architecture {
  return ARCHITECTURES.find((architecture) => architecture.id === id)!;
}

/** The released network, or the small one, with the options of a configuration. */
export async function namedSettings(
  architecture: Architecture,
  { tiny, config }: Pick<NetworkRequest, 'tiny' | 'config'>,
): Promise<SettledNetwork> {
  const declarations = await readDeclarations(architecture, null, config);
  const base = tiny ? { ...architecture.released, ...architecture.tiny } : architecture.released;
  return { settled: settle(base, {}, declarations), declarations };
}

/** The options of a checkpoint, from its tensors and its configuration. */
export async function settledFor(
  file: TensorFile,
  architecture: Architecture,
  config: string | undefined,
): Promise<SettledNetwork> {
  const tensors = tensorsOf(file);
  const declarations = await readDeclarations(architecture, file.path, config);
  const settled = settle(architecture.released, architecture.seen(tensors), declarations);
  architecture.check?.(settled.fields, tensors);
  return { settled, declarations };
}

/** @throws UserError `network-unknown` */
export function recognised(file: TensorFile): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.recognises(tensorsOf(file)));
  if (found !== undefined) return found;
  throw new UserError({
    code: 'network-unknown',
    message: 'The checkpoint is of none of the networks that can be built',
    file: file.path,
    expected: `the tensors of ${ARCHITECTURES.map(({ title }) => title).join(', ')}`,
    got: `${file.tensors.size} tensors: ${[...file.tensors.keys()].slice(0, 4).join(', ')} …`,
    next: 'name the network with --arch to see which tensors it lacks, or export it to ONNX from its own code (docs/model-contract.md)',
  });
}

function tensorsOf({ tensors }: TensorFile): Tensors {
  return { keys: () => tensors.keys(), shapeOf: (key) => tensors.get(key)?.shape };
}

async function builtNetwork(file: string): Promise<NetworkChoice> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(file);
  } catch (error) {
    throw fileError(error, file);
  }
  const { metadata, producerName } = decodeModel(bytes, file);
  const architecture = ARCHITECTURES.find(({ id }) => id === metadata[BUILT.architecture]);
  const fields = architecture && optionsIn(metadata[BUILT.options], architecture);
  if (architecture !== undefined && fields !== undefined) return { architecture, fields };
  throw new UserError({
    code: 'model-not-built-here',
    message: 'The model does not say which network it is',
    file,
    expected: 'a model of model build, which notes the network and its options',
    got: producerName === '' ? 'a model of another program' : `a model of ${producerName}`,
    next: 'give the checkpoint, or the network with --arch',
  });
}

/** The options that a model notes; undefined where they are not those of this version of the network. */
function optionsIn(text: string | undefined, { released }: Architecture): Fields | undefined {
  try {
    const options = JSON.parse(text ?? '') as Fields;
    const isWhole = Object.keys(released).every(
      (option) => typeof options[option] === typeof released[option],
    );
    return isWhole ? options : undefined;
  } catch {
    return undefined;
  }
}
