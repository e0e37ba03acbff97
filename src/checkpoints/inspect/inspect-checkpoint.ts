/** What a checkpoint holds: its tensors by module, and what is told of the network. */
import { UserError } from '../../errors.js';
import type { TensorTable } from '../../formats/torch/tensor.js';
import { openTensorFile } from '../../formats/torch/tensor-file.js';
import type { Tensors } from '../../network/architectures/architecture.js';
import { settle, type Fields } from '../../network/architectures/options.js';
import { ARCHITECTURES } from '../../network/architectures/registry.js';
import { readDeclarations } from '../configuration.js';
import { modulesOf, type InspectedModule, type ListedTensor } from './tensor-groups.js';

export interface CheckpointInspection {
  readonly kind: 'checkpoint';
  readonly file: string;
  readonly format: TensorTable['format'];
  readonly bytes: number;
  readonly modules: readonly InspectedModule[];
  readonly tensors: readonly ListedTensor[];
  readonly others: TensorTable['others'];
  /** Null where it is of no network that can be built. */
  readonly network: InspectedNetwork | null;
}

export interface InspectedNetwork {
  readonly architecture: string;
  readonly title: string;
  readonly configurations: readonly string[];
  readonly options: Fields;
  readonly assumed: readonly string[];
  /** What keeps the network from being built. */
  readonly contradiction: string | null;
}

export async function inspectCheckpoint(path: string, config?: string): Promise<CheckpointInspection> {
  const opened = await openTensorFile(path);
  await opened.close();
  const { tensors, table, size } = opened;
  const listed = [...tensors.values()].map(({ name, type, shape }) => ({ name, type, shape }));
  const source: Tensors = { keys: () => tensors.keys(), shapeOf: (key) => tensors.get(key)?.shape };
  return {
    kind: 'checkpoint',
    file: path,
    format: table.format,
    bytes: size,
    modules: modulesOf(listed),
    tensors: listed,
    others: table.others,
    network: await inspectNetwork(path, source, config),
  };
}

async function inspectNetwork(
  path: string,
  tensors: Tensors,
  config: string | undefined,
): Promise<InspectedNetwork | null> {
  const architecture = ARCHITECTURES.find((one) => one.recognises(tensors));
  if (architecture === undefined) return null;
  const { id, title, released } = architecture;
  const seen = architecture.seen(tensors);
  try {
    const declarations = await readDeclarations(architecture, path, config);
    const { fields, assumed } = settle(released, seen, declarations);
    architecture.check?.(fields, tensors);
    const configurations = declarations.map(({ file }) => file);
    return { architecture: id, title, configurations, options: fields, assumed, contradiction: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { fields, assumed } = settle(released, seen, []);
    const contradiction = error.toLines().join('\n');
    return { architecture: id, title, configurations: [], options: fields, assumed, contradiction };
  }
}
