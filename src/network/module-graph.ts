/** One module of a network as a graph of its own, to be measured alone, for a batch of one. */
import { decodeModel, GraphBuilder, type OnnxNode } from '../formats/onnx/onnx.js';
import { elementsOf, sizeOf } from './dimensions.js';
import type { Graph } from './graph.js';

export interface ModuleGraph {
  readonly bytes: Uint8Array;
  readonly input: string;
  /** Numbers that go in: all values that the module reads from outside, one after the other. */
  readonly inputs: number;
  readonly outputs: readonly string[];
}

/** @returns null where the network has no such module. */
export function moduleGraph(g: Graph, module: string): ModuleGraph | null {
  const { nodes, initializers } = decodeModel(g.toBytes());
  const isInside = ({ name }: OnnxNode): boolean => name.startsWith(`${module}/`);
  const inside = nodes.filter(isInside);
  if (inside.length === 0) return null;

  // What is computed from weights alone is a part of every module that reads it, as it is for the runtime.
  const constants = new Map(initializers.map((constant) => [constant.name, constant]));
  const fixed = new Map<string, OnnxNode>();
  for (const node of nodes) {
    if (node.inputs.every((input) => input === '' || constants.has(input) || fixed.has(input)))
      for (const output of node.outputs) fixed.set(output, node);
  }
  const wanted = new Set(inside);
  const entering = new Set<string>();
  const made = new Set(inside.flatMap(({ outputs }) => outputs));
  // The set grows while it is gone through: what is added is gone through, too.
  for (const { inputs } of wanted) {
    for (const input of inputs) {
      if (input === '' || constants.has(input) || made.has(input)) continue;
      const source = fixed.get(input);
      if (source === undefined) entering.add(input);
      else wanted.add(source);
    }
  }

  const builder = new GraphBuilder({ name: module });
  const read = new Set([...wanted].flatMap(({ inputs }) => inputs));
  for (const { name, type, dims, data, external } of initializers) {
    if (!read.has(name) || type === undefined || type === 'string') continue;
    if (external === undefined) builder.tensor(name, type, dims, data!);
    else builder.external(name, type, dims, external);
  }
  const pieces = [...entering].map((name) => ({ name, shape: g.shapes.get(name)! }));
  const sizes = pieces.map(({ shape }) => elementsOf(shape));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const all = builder.input('all values', 'float32', [total]);
  const flat = pieces.map(({ name }) => `${name} in a row`);
  builder.nodeInto('Split', [all, builder.int64('lengths of the values', sizes)], flat);
  pieces.forEach(({ name, shape }, i) => {
    const axes = builder.int64(`shape of ${name}`, shape.map(sizeOf));
    builder.nodeInto('Reshape', [flat[i]!, axes], [name]);
  });
  for (const { name, opType, inputs, outputs, attributes } of nodes.filter((node) => wanted.has(node)))
    builder.nodeInto(opType, inputs, outputs, attributes, { name });

  const readOutside = new Set(nodes.flatMap((node) => (isInside(node) ? [] : node.inputs)));
  const leaving = [...made].filter((value) => readOutside.has(value) && !fixed.has(value));
  for (const value of leaving) builder.output(value, 'float32', g.shapes.get(value)!.map(sizeOf));
  return { bytes: builder.toBytes(), input: all, inputs: total, outputs: leaving };
}
