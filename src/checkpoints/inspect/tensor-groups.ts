/** Tensors by module: the first part of their names, `backbone.…`; what is named in another way is a constant of a graph. */

export interface ListedTensor {
  readonly name: string;
  /** Null where the file names a type that nobody knows. */
  readonly type: string | null;
  readonly shape: readonly number[];
}

export interface InspectedModule {
  readonly name: string;
  readonly tensors: number;
  readonly elements: number;
  readonly types: readonly string[];
}

export function modulesOf(tensors: Iterable<ListedTensor>): InspectedModule[] {
  const modules = new Map<string, ListedTensor[]>();
  for (const tensor of tensors) {
    const [name] = /^\w+(?=\.|$)/.exec(tensor.name) ?? ['constants'];
    const members = modules.get(name);
    if (members === undefined) modules.set(name, [tensor]);
    else members.push(tensor);
  }
  return [...modules].map(([name, members]) => ({
    name,
    tensors: members.length,
    elements: members.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    types: [...new Set(members.map(({ type }) => type ?? 'unknown'))],
  }));
}
