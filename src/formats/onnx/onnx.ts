/**
 * ONNX models: a builder that writes graphs; the reader is re-exported here.
 * Weights may lie in the model (`tensor`, `float32`, `int64`) or in another
 * file beside it (`external`), which is how networks above protobuf's 2 GiB
 * limit, or weights that already lie in a checkpoint, are referred to.
 */
import {
  ATTRIBUTE_TYPE,
  type AttributeMessage,
  DATA_TYPE,
  type DataType,
  ELEMENT_BYTES,
  EXTERNAL_LOCATION,
  type GraphMessage,
  ModelMessage,
  type ModelMessageObject,
  type ValueInfoMessage,
} from './onnx-schema.js';
import {
  type Attribute,
  type Dimension,
  type ExternalData,
  elementCount,
  littleEndianBytes,
} from './onnx-values.js';

export { DATA_TYPE, ELEMENT_BYTES, type DataType } from './onnx-schema.js';
export * from './onnx-reader.js';
export * from './onnx-values.js';

export interface GraphOptions {
  readonly name: string;
  /** Version of the standard operators (default 17, from 2022). */
  readonly opset?: number;
  /** Version of the file format (default 8, of the same age as opset 17). */
  readonly irVersion?: number;
  /** Versions of further operator domains, such as `com.microsoft`. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly doc?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface NodeOptions {
  /** The node's name, and its output's unless `outputs` is given; made up when absent. */
  readonly name?: string;
  readonly domain?: string;
}

/**
 * Builds one graph in order: a node may only use values that exist already, so
 * the result is sorted as ONNX demands. Values are known by name; a misuse
 * (unknown or repeated name, data of the wrong size) is a bug and throws an `Error`.
 */
export class GraphBuilder {
  readonly #options: GraphOptions;
  readonly #graph: GraphMessage;
  readonly #values = new Set<string>();
  readonly #nodeNames = new Set<string>();
  readonly #counters = new Map<string, number>();

  constructor(options: GraphOptions) {
    this.#options = options;
    this.#graph = { name: options.name, node: [], initializer: [], input: [], output: [] };
  }

  /** Declares an input and returns its name. */
  input(name: string, type: DataType, dims: readonly Dimension[]): string {
    this.#define(name);
    this.#graph.input.push(valueInfo(name, type, dims));
    return name;
  }

  /** Declares that the value `name`, which a node has made, leaves the graph. */
  output(name: string, type: DataType, dims: readonly Dimension[]): void {
    this.#require(name, `output '${name}'`);
    this.#graph.output.push(valueInfo(name, type, dims));
  }

  /** A float32 constant; `dims` defaults to one axis. */
  float32(name: string, data: ArrayLike<number>, dims: readonly number[] = [data.length]): string {
    return this.tensor(name, 'float32', dims, littleEndianBytes(Float32Array.from(data)));
  }

  /** An int64 constant such as a shape; `dims` defaults to one axis, `[]` makes a scalar. */
  int64(name: string, data: readonly number[], dims: readonly number[] = [data.length]): string {
    const values = BigInt64Array.from(data, (value) => BigInt(value));
    return this.tensor(name, 'int64', dims, littleEndianBytes(values));
  }

  /** A constant from its little-endian, row-major bytes, which are kept, not copied, until `toBytes`. */
  tensor(name: string, type: Exclude<DataType, 'string'>, dims: readonly number[], data: Uint8Array): string {
    checkSize(name, type, dims, data.length);
    this.#define(name);
    this.#graph.initializer.push({ name, dims: [...dims], dataType: DATA_TYPE[type], rawData: data });
    return name;
  }

  /** A constant whose bytes lie in another file. */
  external(
    name: string,
    type: Exclude<DataType, 'string'>,
    dims: readonly number[],
    data: ExternalData,
  ): string {
    checkSize(name, type, dims, data.length);
    this.#define(name);
    this.#graph.initializer.push({
      name,
      dims: [...dims],
      dataType: DATA_TYPE[type],
      dataLocation: EXTERNAL_LOCATION,
      externalData: [
        { key: 'location', value: data.location },
        { key: 'offset', value: data.offset.toString() },
        { key: 'length', value: data.length.toString() },
      ],
    });
    return name;
  }

  /**
   * Adds a node with one output and returns that output's name.
   *
   * @param inputs names of values; '' leaves an optional input out
   */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): string {
    const name = options.name ?? this.#freshName(opType);
    this.nodeInto(opType, inputs, [name], attributes, { ...options, name });
    return name;
  }

  /** Adds a node with named outputs ('' leaves an optional one out) and returns their names. */
  nodeInto<Outputs extends readonly string[]>(
    opType: string,
    inputs: readonly string[],
    outputs: Outputs,
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): Outputs {
    const name = options.name ?? this.#freshName(opType);
    if (this.#nodeNames.has(name)) throw new Error(`ONNX graph: two nodes are named '${name}'`);
    this.#nodeNames.add(name);
    for (const input of inputs) if (input !== '') this.#require(input, `node '${name}' (${opType})`);
    for (const output of outputs) if (output !== '') this.#define(output);
    this.#graph.node.push({
      name,
      opType,
      input: [...inputs],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([key, value]) => attributeMessage(key, value)),
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    });
    return outputs;
  }

  /** The finished model as the bytes of an `.onnx` file. */
  toBytes(): Uint8Array {
    const { opset = 17, irVersion = 8, domains = {}, metadata = {} } = this.#options;
    const model: ModelMessageObject = {
      irVersion,
      producerName: this.#options.producerName ?? '',
      producerVersion: this.#options.producerVersion ?? '',
      docString: this.#options.doc ?? '',
      opsetImport: [
        { domain: '', version: opset },
        ...Object.entries(domains).map(([domain, version]) => ({ domain, version })),
      ],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: this.#graph,
    };
    return ModelMessage.encode(ModelMessage.create(model)).finish();
  }

  #define(name: string): void {
    if (name === '') throw new Error('ONNX graph: a value needs a name');
    if (this.#values.has(name)) throw new Error(`ONNX graph: the value '${name}' is defined twice`);
    this.#values.add(name);
  }

  #require(name: string, where: string): void {
    if (!this.#values.has(name)) throw new Error(`ONNX graph: ${where} uses the unknown value '${name}'`);
  }

  #freshName(opType: string): string {
    const next = this.#counters.get(opType) ?? 0;
    this.#counters.set(opType, next + 1);
    const name = `${opType}_${next}`;
    return this.#values.has(name) || this.#nodeNames.has(name) ? this.#freshName(opType) : name;
  }
}

function valueInfo(name: string, type: DataType, dims: readonly Dimension[]): ValueInfoMessage {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: DATA_TYPE[type], shape: { dim } } } };
}

const encoder = new TextEncoder();

function attributeMessage(name: string, attr: Attribute): AttributeMessage {
  const head = { name, type: ATTRIBUTE_TYPE[attr.kind] };
  switch (attr.kind) {
    case 'int':
      return { ...head, i: attr.value };
    case 'float':
      return { ...head, f: attr.value };
    case 'string':
      return { ...head, s: encoder.encode(attr.value) };
    case 'ints':
      return { ...head, ints: [...attr.value] };
    case 'floats':
      return { ...head, floats: [...attr.value] };
    case 'strings':
      return { ...head, strings: attr.value.map((value) => encoder.encode(value)) };
  }
}

function checkSize(
  name: string,
  type: Exclude<DataType, 'string'>,
  dims: readonly number[],
  bytes: number,
): void {
  const expected = elementCount(dims) * ELEMENT_BYTES[type];
  if (bytes !== expected) {
    throw new Error(
      `ONNX graph: '${name}' of ${type} [${dims.join(', ')}] takes ${expected} bytes, got ${bytes}`,
    );
  }
}
