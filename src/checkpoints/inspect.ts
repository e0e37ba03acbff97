/** What a checkpoint holds: its tensors by module, and what is told of the network. */
import { UserError } from '../errors.js';
import { elements, type StoredTensor, type TensorTable } from '../formats/torch/tensor.js';
import { openTensorFile } from '../formats/torch/tensor-file.js';
import { settle, type Fields } from '../network/architectures/options.js';
import { ARCHITECTURES } from '../network/architectures/registry.js';
import { grouped, listed } from '../text/text.js';
import { readDeclarations } from './configuration.js';

export interface Inspection {
  readonly file: string;
  readonly format: TensorTable['format'];
  readonly bytes: number;
  readonly modules: readonly InspectedModule[];
  readonly tensors: readonly Pick<StoredTensor, 'name' | 'type' | 'shape'>[];
  readonly others: TensorTable['others'];
  /** Null where it is of no network that can be built. */
  readonly network: InspectedNetwork | null;
}

export interface InspectedModule {
  readonly name: string;
  readonly tensors: number;
  readonly elements: number;
  readonly types: readonly string[];
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

export async function inspectCheckpoint(path: string, config?: string): Promise<Inspection> {
  const file = await openTensorFile(path);
  try {
    const { tensors, table, size } = file;
    const modules = new Map<string, StoredTensor[]>();
    for (const tensor of tensors.values()) {
      const [module = ''] = tensor.name.split('.');
      modules.set(module, [...(modules.get(module) ?? []), tensor]);
    }
    return {
      file: path,
      format: table.format,
      bytes: size,
      modules: [...modules].map(([name, members]) => ({
        name,
        tensors: members.length,
        elements: members.reduce((sum, tensor) => sum + elements(tensor), 0),
        types: [...new Set(members.map(({ type }) => type))],
      })),
      tensors: [...tensors.values()].map(({ name, type, shape }) => ({ name, type, shape })),
      others: table.others,
      network: await inspectNetwork(path, tensors, config),
    };
  } finally {
    await file.close();
  }
}

async function inspectNetwork(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  config: string | undefined,
): Promise<InspectedNetwork | null> {
  const source = { keys: () => tensors.keys(), shapeOf: (key: string) => tensors.get(key)?.shape };
  const architecture = ARCHITECTURES.find((one) => one.recognises(source));
  if (architecture === undefined) return null;
  const { id, title, released } = architecture;
  const seen = architecture.seen(source);
  try {
    const declarations = await readDeclarations(architecture, path, config);
    const { fields, assumed } = settle(released, seen, declarations);
    architecture.check?.(fields, source);
    const configurations = declarations.map(({ file }) => file);
    return { architecture: id, title, configurations, options: fields, assumed, contradiction: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { fields, assumed } = settle(released, seen, []);
    const contradiction = error.toLines().join('\n');
    return { architecture: id, title, configurations: [], options: fields, assumed, contradiction };
  }
}

export function inspectionText(
  { file, format, bytes, modules, tensors, others, network }: Inspection,
  all: boolean,
): string {
  const total = modules.reduce((sum, module) => sum + module.elements, 0);
  const width = Math.max(8, ...modules.map(({ name }) => name.length));
  const lines = [
    `${file}: ${format}, ${grouped(bytes)} bytes`,
    '',
    ...modules.map(
      ({ name, tensors: count, elements: size, types }) =>
        `  ${name.padEnd(width)}  ${`${count} tensors`.padStart(12)}  ${grouped(size).padStart(13)}  ${types.join(', ')}`,
    ),
    `  ${'all'.padEnd(width)}  ${`${tensors.length} tensors`.padStart(12)}  ${grouped(total).padStart(13)}`,
  ];
  if (others.length > 0) lines.push('', `Passed over: ${listed(others.map(({ key }) => key))}`);
  if (all)
    lines.push('', ...tensors.map(({ name, type, shape }) => `${name}  (${shape.join(', ')})  ${type}`));
  if (network === null) lines.push('', 'It is of none of the networks that can be built.');
  else {
    lines.push(
      '',
      `${network.title}${network.configurations.length > 0 ? `, options from ${network.configurations.join(', ')}` : ''}`,
    );
    for (const [field, value] of Object.entries(network.options)) {
      lines.push(
        `  ${field.padEnd(18)} ${JSON.stringify(value)}${network.assumed.includes(field) ? '  (assumed: nothing says so)' : ''}`,
      );
    }
    if (network.contradiction !== null) lines.push('', network.contradiction);
  }
  return lines.join('\n');
}
