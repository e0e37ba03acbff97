/**
 * Tiny ONNX models for tests, written with a protobuf encoder of a few lines that shares nothing
 * with the program's own ONNX writer (field numbers: onnx.proto3 of ONNX 1.16).
 */

type Dimension = number | string;
type Field = [number: number, value: number | string | Uint8Array];

/** A protobuf message: numbers as varints, strings and bytes length-prefixed. */
function message(...fields: Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      parts.push(varint(number << 3), varint(value));
    } else {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      parts.push(varint((number << 3) | 2), varint(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const repeated = (number: number, values: readonly (number | string | Uint8Array)[]): Field[] =>
  values.map((value) => [number, value]);

export const ELEMENT = { float32: 1, uint8: 2, int64: 7, float16: 10, float64: 11 } as const;
export type Element = keyof typeof ELEMENT;

export interface Value {
  name: string;
  shape: readonly Dimension[];
  type?: Element;
}

function valueInfo({ name, shape, type = 'float32' }: Value): Uint8Array {
  const dims = shape.map((dim) => message(typeof dim === 'number' ? [1, dim] : [2, dim]));
  const tensor = message([1, ELEMENT[type]], [2, message(...repeated(1, dims))]);
  return message([1, name], [2, message([1, tensor])]);
}

export function floats(name: string, dims: readonly number[], values: ArrayLike<number>): Uint8Array {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return message(...repeated(1, dims), [2, ELEMENT.float32], [8, name], [9, raw]);
}

export function integers(name: string, values: readonly number[]): Uint8Array {
  const raw = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
  return message([1, values.length], [2, ELEMENT.int64], [8, name], [9, raw]);
}

/** A float32 tensor whose bytes are in another file. */
export function externalFloats(name: string, dims: readonly number[], location: string): Uint8Array {
  const entry = message([1, 'location'], [2, location]);
  return message(...repeated(1, dims), [2, ELEMENT.float32], [8, name], [13, entry], [14, 1]);
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
  domain = '',
): Uint8Array {
  const encoded = Object.entries(attributes).map(([name, value]) =>
    typeof value === 'number'
      ? message([1, name], [3, value], [20, 2])
      : message([1, name], ...repeated(8, value), [20, 7]),
  );
  return message(
    ...repeated(1, inputs),
    ...repeated(2, outputs),
    [4, op],
    ...repeated(5, encoded),
    ...repeated(7, domain === '' ? [] : [domain]),
  );
}

export interface GraphParts {
  nodes: readonly Uint8Array[];
  initializers?: readonly Uint8Array[];
  inputs: readonly Value[];
  outputs: readonly Value[];
  opset?: number;
  irVersion?: number;
}

export function onnx(graph: GraphParts): Uint8Array {
  const graphProto = message(
    ...repeated(1, graph.nodes),
    [2, 'tiny'],
    ...repeated(5, graph.initializers ?? []),
    ...repeated(11, graph.inputs.map(valueInfo)),
    ...repeated(12, graph.outputs.map(valueInfo)),
  );
  return message(
    [1, graph.irVersion ?? 8],
    [8, message([2, graph.opset ?? 17])],
    [8, message([1, 'com.example'], [2, 1])],
    [7, graphProto],
  );
}

export interface PoolOutput {
  name: string;
  /** 21 for joints, V for vertices: the rows the model really returns. */
  rows: number;
  /** rows × 3, added to the mean colour. Zeros unless given. */
  constant?: ArrayLike<number>;
  /** Multiplies the mean colour of the image. 1 unless given. */
  gain?: number;
  /** As declared in the file; [N, rows, 3] unless given. */
  shape?: readonly Dimension[];
}

/**
 * A model that pools: each output row is `constant + gain · mean colour of the input (R, G, B)`.
 *
 * @param nanAbove  the outputs of an image whose mean (after normalisation) exceeds this are NaN.
 */
export function poolingModel(options: {
  input?: Value;
  outputs: readonly PoolOutput[];
  nanAbove?: number;
}): Uint8Array {
  const input = options.input ?? { name: 'img', shape: ['N', 3, 256, 256] };
  const batch = input.shape[0] ?? 'N';
  const limit = options.nanAbove ?? 1e6;
  const nodes = [
    node('ReduceMean', [input.name], ['mean'], { axes: [2, 3], keepdims: 0 }),
    node('Reshape', ['mean', 'row_shape'], ['colour']),
    // √(limit − mean) · 0: zero, or NaN where the mean exceeds the limit.
    node('Sub', ['limit', 'colour'], ['below']),
    node('Sqrt', ['below'], ['root']),
    node('Mul', ['root', 'zero'], ['poison']),
  ];
  const initializers = [
    integers('row_shape', [-1, 1, 3]),
    floats('limit', [1], [limit]),
    floats('zero', [1], [0]),
  ];
  for (const { name, rows, constant, gain } of options.outputs) {
    nodes.push(
      node('Mul', ['colour', `${name}.gain`], [`${name}.scaled`]),
      node('Add', [`${name}.scaled`, 'poison'], [`${name}.row`]),
      node('Add', [`${name}.row`, `${name}.constant`], [name]),
    );
    initializers.push(
      floats(`${name}.gain`, [1], [gain ?? 1]),
      floats(`${name}.constant`, [1, rows, 3], constant ?? new Float32Array(rows * 3)),
    );
  }
  return onnx({
    nodes,
    initializers,
    inputs: [input],
    outputs: options.outputs.map(({ name, rows, shape }) => ({ name, shape: shape ?? [batch, rows, 3] })),
  });
}
