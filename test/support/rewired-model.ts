/** A model taken apart, so that tests can wire it wrongly and write it again. */
import {
  attribute,
  decodeModel,
  GraphBuilder,
  littleEndianBytes,
  type Attribute,
  type OnnxNode,
  type OnnxTensor,
} from '../../src/formats/onnx/onnx.js';

type Attributes = Readonly<Record<string, Attribute>>;

export class RewiredModel {
  readonly #source;
  readonly #nodes: OnnxNode[];
  readonly #constants: OnnxTensor[];
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#source = decodeModel(bytes);
    this.#nodes = [...this.#source.nodes];
    this.#constants = [...this.#source.initializers];
  }

  /** Nodes that fit; a fault that finds none would be no fault. */
  all(fits: (node: OnnxNode) => boolean): OnnxNode[] {
    const found = this.#nodes.filter(fits);
    if (found.length === 0) throw new Error('no node fits');
    return found;
  }

  only(fits: (node: OnnxNode) => boolean): OnnxNode {
    const [first, ...more] = this.all(fits);
    if (more.length > 0) throw new Error(`${more.length + 1} nodes fit, ${first!.name} among them`);
    return first!;
  }

  /** The node that reads a value. */
  reader(value: string, opType?: string): OnnxNode {
    return this.only(
      (node) => node.inputs.includes(value) && (opType === undefined || node.opType === opType),
    );
  }

  /** The node that writes a value. */
  writer(value: string): OnnxNode {
    return this.only(({ outputs }) => outputs.includes(value));
  }

  /** Puts another node in the place of one, with its outputs. */
  replace(node: OnnxNode, change: Partial<Pick<OnnxNode, 'opType' | 'inputs' | 'attributes'>>): void {
    this.#nodes[this.#nodes.indexOf(node)] = { ...node, ...change };
  }

  /** Lets a value through as it is. */
  bypass(node: OnnxNode, input = node.inputs[0]!): void {
    this.replace(node, { opType: 'Identity', inputs: [input], attributes: {} });
  }

  /** Changes what a node reads as its `index`-th input. */
  before(node: OnnxNode, index: number, change: (value: string) => string): void {
    const at = this.#nodes.indexOf(node);
    const tail = this.#nodes.splice(at);
    const changed = change(node.inputs[index]!);
    this.#nodes.push(...tail);
    this.replace(node, { inputs: node.inputs.with(index, changed) });
  }

  /** Changes what a node writes, for all that read it. */
  after(node: OnnxNode, change: (value: string) => string): void {
    const [output] = node.outputs;
    const own = `${output} before the fault`;
    const at = this.#nodes.indexOf(node);
    const tail = this.#nodes.splice(at + 1);
    this.#nodes[at] = { ...node, outputs: [own] };
    const last = this.#nodes.length;
    change(own);
    if (this.#nodes.length === last) throw new Error('nothing was changed');
    this.#nodes.push({ ...this.#nodes.pop()!, outputs: [output!] }, ...tail);
  }

  /** A new node at the place where `before` or `after` writes; returns its output. */
  op(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = `fault ${this.#count++}`;
    this.#nodes.push({ name, opType, domain: '', inputs, outputs: [name], attributes });
    return name;
  }

  number(value: number): string {
    return this.#constant('float32', [], littleEndianBytes(Float32Array.of(value)));
  }

  integers(values: readonly number[]): string {
    const data = littleEndianBytes(BigInt64Array.from(values, BigInt));
    return this.#constant('int64', [values.length], data);
  }

  #constant(type: 'float32' | 'int64', dims: readonly number[], data: Uint8Array): string {
    const name = `fault ${this.#count++}`;
    this.#constants.push({ name, type, dims, data, external: undefined });
    return name;
  }

  /** The whole numbers of a constant; undefined where it holds something else. */
  integersOf(name: string): number[] | undefined {
    const found = this.#constants.find((constant) => constant.name === name);
    if (found?.type !== 'int64' || found.data === undefined) return undefined;
    return Array.from(new BigInt64Array(found.data.slice().buffer), Number);
  }

  setNumber(name: string, value: number): void {
    const at = this.#constants.findIndex((constant) => constant.name === name);
    if (at < 0) throw new Error(`no constant ${name}`);
    this.#constants[at] = { ...this.#constants[at]!, data: littleEndianBytes(Float32Array.of(value)) };
  }

  toBytes(): Uint8Array {
    const { name, inputs, outputs } = this.#source;
    const builder = new GraphBuilder({ name });
    for (const value of inputs) builder.input(value.name, value.type!, value.dims!);
    for (const { name: constant, type, dims, data, external } of this.#constants) {
      const kind = type as 'float32' | 'int64';
      if (external === undefined) builder.tensor(constant, kind, dims, data!);
      else builder.external(constant, kind, dims, external);
    }
    for (const node of this.#nodes)
      builder.nodeInto(node.opType, node.inputs, node.outputs, node.attributes, { name: node.name });
    for (const value of outputs) builder.output(value.name, value.type!, value.dims!);
    return builder.toBytes();
  }
}

export { attribute };
