/**
 * A graph under construction whose values know their shapes, so that a wrong connection fails where it is made and
 * every module's multiply-accumulates and activations are counted on the way.
 *
 * Operators are ONNX's of opset 17; none needs control flow or a custom domain, so every execution provider has them.
 * With `half` the products run in float16 and everything else in float32, as PyTorch's autocast does.
 */
import {
  attribute,
  DATA_TYPE,
  ELEMENT_BYTES,
  GraphBuilder,
  type Attribute,
  type ExternalData,
} from '../formats/onnx/onnx.js';
import {
  Batch,
  broadcast,
  dimText,
  elementsOf,
  productOf,
  sameDim,
  shapeText,
  sizeOf,
  type Dim,
  type Shape,
} from './dimensions.js';
import type { Weights, WeightProblem, WeightType } from './weights.js';

/** A value of the graph. */
export interface Value {
  readonly name: string;
  readonly shape: Shape;
  /** float32 unless given. */
  readonly type?: WeightType;
}

/** What one module costs for one image. */
export interface ModuleCost {
  /** Products of matrices and convolutions; element-wise work is not counted. */
  multiplyAccumulates: number;
  /** Bytes of all values that its operators write. */
  activationBytes: number;
}

export interface GraphSettings {
  readonly name: string;
  readonly weights: Weights;
  readonly half?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly producerVersion?: string;
}

/** Operators that write nothing: they see the same numbers with other axes. */
const VIEWS: ReadonlySet<string> = new Set(['Reshape', 'Unsqueeze']);

/** Bytes of a float32 activation. */
const ACTIVATION_BYTES = 4;

export class Graph {
  readonly #builder: GraphBuilder;
  readonly #weights: Weights;
  readonly #half: boolean;
  readonly #modules: string[] = [];
  readonly #constants = new Map<string, Value>();
  /** Values that never change from run to run: what is computed from them alone costs nothing. */
  readonly #fixed = new Set<string>();
  readonly costs = new Map<string, ModuleCost>();
  /** Shapes of all values that are computed, by their names. */
  readonly shapes = new Map<string, Shape>();
  /** The tensors that were bound, with their sizes. */
  readonly used = new Map<string, readonly number[]>();
  readonly problems: WeightProblem[] = [];
  readonly #notes = new Map<string, () => Value>();
  readonly #counters = new Map<string, number>();

  constructor({ name, weights, half = false, metadata, producerVersion }: GraphSettings) {
    this.#builder = new GraphBuilder({
      name,
      producerName: 'hamba-eval',
      ...(producerVersion === undefined ? {} : { producerVersion }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    this.#weights = weights;
    this.#half = half;
  }

  toBytes(): Uint8Array {
    return this.#builder.toBytes();
  }

  /** Counts products that the network makes and this graph does not need. */
  countProducts(multiplyAccumulates: number): void {
    this.#count(multiplyAccumulates, [0]);
  }

  /** Counts what `build` adds as the module `name`'s, within the module around it. */
  module<T>(name: string, build: () => T): T {
    this.#modules.push(name);
    try {
      return build();
    } finally {
      this.#modules.pop();
    }
  }

  input(name: string, shape: Shape): Value {
    this.shapes.set(name, shape);
    return { name: this.#builder.input(name, 'float32', shape.map(onnxDim)), shape };
  }

  output(name: string, value: Value): void {
    this.#builder.nodeInto('Identity', [value.name], [name]);
    this.#builder.output(name, 'float32', value.shape.map(onnxDim));
  }

  /** Remembers a value under the name that the reference implementations give it. */
  note(name: string, value: Value): Value {
    this.#notes.set(name, () => value);
    return value;
  }

  /** The same for a value in another layout, which is made where it is asked for. */
  noteAs(name: string, build: () => Value): void {
    this.#notes.set(name, build);
  }

  /** Makes every value noted an output. */
  outputNotes(): void {
    for (const [name, build] of this.#notes) this.output(name, build());
  }

  // ------------------------------------------------------------------------------------------- tensors of a checkpoint

  /** The tensor `key`, which must have the sizes `shape`. */
  weight(key: string, shape: readonly number[], type: WeightType = 'float32'): Value {
    return this.#bind(key, shape, shape, 0, type);
  }

  /** The `index`-th of the slices along the first axis of the tensor `key` of sizes `whole`. */
  weightSlice(key: string, whole: readonly number[], index: number): Value {
    const shape = whole.slice(1);
    return this.#bind(key, whole, shape, index * elementsOf(shape), 'float32');
  }

  /** `count` rows of the tensor `key` of sizes `whole`, the first of them `from`. */
  weightRows(key: string, whole: readonly number[], from: number, count: number): Value {
    const [, ...row] = whole;
    return this.#bind(key, whole, [count, ...row], from * elementsOf(row), 'float32');
  }

  /** Whether there is a tensor `key` of these sizes. */
  has(key: string, sizes: readonly number[]): boolean {
    return this.#weights.shapeOf(key, sizes) !== undefined;
  }

  #bind(
    key: string,
    whole: readonly number[],
    shape: readonly number[],
    from: number,
    type: WeightType,
  ): Value {
    const count = elementsOf(shape);
    const part = count === elementsOf(whole) ? '' : `[${from}:${from + count}]`;
    const name = `${key}${part}${type === 'float16' ? ' as float16' : ''}`;
    const known = this.#constants.get(name);
    if (known !== undefined) return { ...known, shape };
    this.used.set(key, whole);
    const got = this.#weights.shapeOf(key, whole);
    const fits = got !== undefined && sameSizes(got, whole);
    if (!fits) this.problems.push({ key, expected: whole, got });
    // A graph with problems is never written; it is built on, so that all of them are found.
    const bytes = fits ? this.#weights.place({ key, from, count, type }, whole) : nowhere(count, type);
    this.#builder.external(name, type, shape, bytes);
    return this.#constant(name, shape, type);
  }

  /** Bound as halves where products run in float16, else as it is. */
  productWeight(
    key: string,
    whole: readonly number[],
    rows?: { readonly from: number; readonly count: number },
  ): Value {
    const type = this.#half ? 'float16' : 'float32';
    const [, ...row] = whole;
    return rows === undefined
      ? this.#bind(key, whole, whole, 0, type)
      : this.#bind(key, whole, [rows.count, ...row], rows.from * elementsOf(row), type);
  }

  // ------------------------------------------------------------------------------------------- constants

  #constant(name: string, shape: Shape, type: WeightType = 'float32'): Value {
    const value = { name, shape, type };
    this.#constants.set(name, value);
    this.#fixed.add(name);
    return value;
  }

  /** Numbers written into the graph, once for each name. */
  constant(name: string, data: ArrayLike<number>, shape: readonly number[] = [data.length]): Value {
    return this.#constants.get(name) ?? this.#constant(this.#builder.float32(name, data, shape), shape);
  }

  scalar(value: number): Value {
    return this.constant(`scalar ${value}`, [value], []);
  }

  #integers(values: readonly number[]): string {
    const name = `int64 [${values.join(' ')}]`;
    if (!this.#constants.has(name)) this.#constant(this.#builder.int64(name, values), [values.length]);
    return name;
  }

  // ------------------------------------------------------------------------------------------- operators

  #op(
    opType: string,
    inputs: readonly string[],
    shape: Shape,
    attributes: Readonly<Record<string, Attribute>> = {},
    multiplyAccumulates = 0,
  ): Value {
    const name = this.#builder.node(opType, inputs, attributes, { name: this.#freshName(opType) });
    if (inputs.every((input) => this.#fixed.has(input) || input === '')) this.#fixed.add(name);
    else if (!VIEWS.has(opType)) this.#count(multiplyAccumulates, shape);
    this.shapes.set(name, shape);
    return { name, shape };
  }

  /** `Decoder/MatMul_3`: which module a node belongs to shows in any viewer of ONNX files. */
  #freshName(opType: string): string {
    const path = [...this.#modules, opType].join('/');
    const next = this.#counters.get(path) ?? 0;
    this.#counters.set(path, next + 1);
    return `${path}_${next}`;
  }

  #count(multiplyAccumulates: number, shape: Shape): void {
    for (let depth = 1; depth <= this.#modules.length; depth++) {
      const path = this.#modules.slice(0, depth).join('/');
      const cost = this.costs.get(path) ?? { multiplyAccumulates: 0, activationBytes: 0 };
      cost.multiplyAccumulates += multiplyAccumulates;
      cost.activationBytes += elementsOf(shape) * ACTIVATION_BYTES;
      this.costs.set(path, cost);
    }
  }

  #elementwise(opType: string, a: Value, b: Value): Value {
    return this.#op(opType, [a.name, b.name], broadcast(a.shape, b.shape));
  }

  add(a: Value, b: Value): Value {
    return this.#elementwise('Add', a, b);
  }

  sub(a: Value, b: Value): Value {
    return this.#elementwise('Sub', a, b);
  }

  mul(a: Value, b: Value): Value {
    return this.#elementwise('Mul', a, b);
  }

  div(a: Value, b: Value): Value {
    return this.#elementwise('Div', a, b);
  }

  /** The larger of two values, element by element. */
  larger(a: Value, b: Value): Value {
    return this.#elementwise('Max', a, b);
  }

  /** 1 where two values are equal, else 0. */
  equal(a: Value, b: Value): Value {
    return this.#cast(this.#elementwise('Equal', a, b), 'float32');
  }

  sum(values: readonly Value[]): Value {
    return values.slice(1).reduce((total, value) => this.add(total, value), values[0]!);
  }

  unary(
    opType: 'Relu' | 'Sigmoid' | 'Erf' | 'Exp' | 'Softplus' | 'Neg' | 'Abs' | 'Sqrt' | 'Round',
    x: Value,
  ): Value {
    return this.#op(opType, [x.name], x.shape);
  }

  /** Limits every element to the range from `low` to `high`. */
  clip(x: Value, low: number, high: number): Value {
    return this.#op('Clip', [x.name, this.scalar(low).name, this.scalar(high).name], x.shape);
  }

  softmax(x: Value): Value {
    return this.#op('Softmax', [x.name], x.shape, { axis: attribute.int(-1) });
  }

  /** Layer normalisation over the last axis. */
  layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Value {
    return this.#op('LayerNormalization', [x.name, weight.name, bias.name], x.shape, {
      axis: attribute.int(-1),
      epsilon: attribute.float(epsilon),
    });
  }

  batchNorm(
    x: Value,
    [weight, bias, mean, variance]: readonly [Value, Value, Value, Value],
    epsilon: number,
  ): Value {
    const inputs = [x, weight, bias, mean, variance].map(({ name }) => name);
    return this.#op('BatchNormalization', inputs, x.shape, { epsilon: attribute.float(epsilon) });
  }

  reduce(
    opType: 'ReduceMean' | 'ReduceMax' | 'ReduceL2' | 'ReduceSum',
    x: Value,
    axis: number,
    keep = false,
  ): Value {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const shape = x.shape.flatMap((dim, i) => (i === at ? (keep ? [1] : []) : [dim]));
    const keepdims = attribute.int(keep ? 1 : 0);
    // Opset 13 made the axes of a sum an input; those of the others stay an attribute until opset 18.
    if (opType === 'ReduceSum') return this.#op(opType, [x.name, this.#integers([at])], shape, { keepdims });
    return this.#op(opType, [x.name], shape, { axes: attribute.ints([at]), keepdims });
  }

  transpose(x: Value, order: readonly number[]): Value {
    const shape = order.map((axis) => x.shape[axis]!);
    return this.#op('Transpose', [x.name], shape, { perm: attribute.ints(order) });
  }

  reshape(x: Value, shape: Shape): Value {
    if (!sameDim(productOf(x.shape), productOf(shape))) {
      throw new Error(`network: ${shapeText(x.shape)} cannot be seen as ${shapeText(shape)}`);
    }
    // 0 keeps the size that the axis has, −1 is what is left over.
    const sizes = shape.map((dim, axis) =>
      dim instanceof Batch ? (sameDim(x.shape[axis] ?? 0, dim) ? 0 : -1) : dim,
    );
    return this.#op('Reshape', [x.name, this.#integers(sizes)], shape);
  }

  /** The value with an axis of length one put in before `axis`. */
  expandDims(x: Value, axis: number): Value {
    const at = axis < 0 ? axis + x.shape.length + 1 : axis;
    return this.#op(
      'Unsqueeze',
      [x.name, this.#integers([at])],
      [...x.shape.slice(0, at), 1, ...x.shape.slice(at)],
    );
  }

  /** A value (1, …) once for every sample of `like`. */
  forEverySample(x: Value, like: Value): Value {
    const shape = [like.shape[0]!, ...x.shape.slice(1)];
    const batch = this.#op('Shape', [like.name], [1], { start: attribute.int(0), end: attribute.int(1) });
    const rest = x.shape.slice(1).map(() => 1);
    const sizes = this.#op('Concat', [batch.name, this.#integers(rest)], [shape.length], {
      axis: attribute.int(0),
    });
    return this.#op('Expand', [x.name, sizes.name], shape);
  }

  concat(values: readonly Value[], axis: number): Value {
    const [first] = values;
    const at = axis < 0 ? axis + first!.shape.length : axis;
    const total = values.reduce((size, { shape }) => size + sizeOf(shape[at]!), 0);
    const shape = first!.shape.map((dim, i) => (i === at ? total : dim));
    for (const value of values) {
      if (value.shape.some((dim, i) => i !== at && !sameDim(dim, shape[i]!))) {
        throw new Error(`network: ${shapeText(value.shape)} does not continue ${shapeText(first!.shape)}`);
      }
    }
    return this.#op(
      'Concat',
      values.map(({ name }) => name),
      shape,
      { axis: attribute.int(at) },
    );
  }

  /** Cuts a value into pieces of these lengths along an axis. */
  split(x: Value, axis: number, lengths: readonly number[]): Value[] {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const total = lengths.reduce((sum, length) => sum + length, 0);
    if (total !== x.shape[at])
      throw new Error(`network: ${shapeText(x.shape)} has no ${total} along axis ${at}`);
    const name = this.#freshName('Split');
    const names = lengths.map((_, i) => `${name}.${i}`);
    this.#builder.nodeInto(
      'Split',
      [x.name, this.#integers(lengths)],
      names,
      { axis: attribute.int(at) },
      { name },
    );
    const fixed = this.#fixed.has(x.name);
    return names.map((piece, i) => {
      const shape = x.shape.map((dim, j) => (j === at ? lengths[i]! : dim));
      if (fixed) this.#fixed.add(piece);
      else this.#count(0, shape);
      this.shapes.set(piece, shape);
      return { name: piece, shape };
    });
  }

  slice(x: Value, axis: number, from: number, to: number): Value {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const shape = x.shape.map((dim, i) => (i === at ? to - from : dim));
    const [start, end, along] = [[from], [to], [at]].map((values) => this.#integers(values));
    return this.#op('Slice', [x.name, start!, end!, along!], shape);
  }

  /** The entries of an axis in the order of `indices`; one number alone takes the axis away. */
  gather(x: Value, axis: number, indices: readonly number[] | Value): Value {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const list = Array.isArray(indices) ? undefined : (indices as Value);
    const name = list?.name ?? this.#integers(indices as readonly number[]);
    const picked = list?.shape ?? [(indices as readonly number[]).length];
    const shape = [...x.shape.slice(0, at), ...picked, ...x.shape.slice(at + 1)];
    return this.#op('Gather', [x.name, name], shape, { axis: attribute.int(at) });
  }

  // ------------------------------------------------------------------------------------------- products

  /** Product of matrices, batched over the axes before the last two. */
  matmul(a: Value, b: Value): Value {
    const [rows, inner] = a.shape.slice(-2) as [Dim, Dim];
    const [same, columns] = b.shape.slice(-2) as [Dim, Dim];
    if (!sameDim(inner, same)) {
      throw new Error(
        `network: the product of ${shapeText(a.shape)} and ${shapeText(b.shape)} does not exist`,
      );
    }
    const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
    return this.#product('MatMul', [a, b], shape, {}, elementsOf(shape) * sizeOf(inner));
  }

  /** x W + bias for rows of numbers x; W is (in, out), or (out, in) with `transposed`. */
  gemm(x: Value, weight: Value, bias: Value | undefined, transposed: boolean): Value {
    const [rows, width] = x.shape as [Dim, number];
    const [inner, columns] = (transposed ? [...weight.shape].reverse() : weight.shape) as [number, number];
    if (x.shape.length !== 2 || width !== inner) {
      throw new Error(`network: ${shapeText(x.shape)} does not fit the weights ${shapeText(weight.shape)}`);
    }
    const attributes = transposed ? { transB: attribute.int(1) } : {};
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
    return this.#product('Gemm', inputs, [rows, columns], attributes, sizeOf(rows) * inner * columns);
  }

  conv(x: Value, weight: Value, bias: Value | undefined, settings: ConvSettings): Value {
    const [, , height, width] = x.shape as [Dim, number, number, number];
    const [out, each, kernel] = weight.shape as [number, number, number];
    const { stride = 1, padding = 0, groups = 1 } = settings;
    const after = (size: number): number => Math.floor((size + 2 * padding - kernel) / stride) + 1;
    const shape = [x.shape[0]!, out, after(height), after(width)];
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
    const products = elementsOf(shape) * each * kernel * kernel;
    return this.#product('Conv', inputs, shape, convAttributes(kernel, stride, padding, groups), products);
  }

  convTranspose(x: Value, weight: Value, { stride = 1, padding = 0 }: ConvSettings): Value {
    const [, , height, width] = x.shape as [Dim, number, number, number];
    const [inner, out, kernel] = weight.shape as [number, number, number];
    const after = (size: number): number => (size - 1) * stride - 2 * padding + kernel;
    const shape = [x.shape[0]!, out, after(height), after(width)];
    const products = height * width * inner * out * kernel * kernel;
    return this.#product(
      'ConvTranspose',
      [x, weight],
      shape,
      convAttributes(kernel, stride, padding, 1),
      products,
    );
  }

  #product(
    opType: string,
    inputs: readonly Value[],
    shape: Shape,
    attributes: Readonly<Record<string, Attribute>>,
    products: number,
  ): Value {
    if (inputs.every(({ type }) => type !== 'float16'))
      return this.#op(
        opType,
        inputs.map(({ name }) => name),
        shape,
        attributes,
        products,
      );
    const names = inputs.map((input) => this.#halfOf(input));
    const product = this.#op(opType, names, shape, attributes, products);
    return this.#cast(product, 'float32');
  }

  #halfOf({ name, shape, type }: Value): string {
    return type === 'float16' ? name : this.#cast({ name, shape }, 'float16').name;
  }

  #cast(x: Value, to: 'float32' | 'float16'): Value {
    return { ...this.#op('Cast', [x.name], x.shape, { to: attribute.int(DATA_TYPE[to]) }), type: to };
  }
}

export interface ConvSettings {
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

function convAttributes(
  kernel: number,
  stride: number,
  padding: number,
  groups: number,
): Record<string, Attribute> {
  return {
    kernel_shape: attribute.ints([kernel, kernel]),
    strides: attribute.ints([stride, stride]),
    pads: attribute.ints([padding, padding, padding, padding]),
    group: attribute.int(groups),
  };
}

function sameSizes(got: readonly number[], expected: readonly number[]): boolean {
  // A Linear that was trained as a 1×1 convolution keeps that convolution's axes.
  const plain = got.length > expected.length && got.slice(expected.length).every((size) => size === 1);
  const sizes = plain ? got.slice(0, expected.length) : got;
  return sizes.length === expected.length && sizes.every((size, axis) => size === expected[axis]);
}

function nowhere(count: number, type: WeightType): ExternalData {
  return { location: 'nowhere', offset: 0, length: count * ELEMENT_BYTES[type] };
}

function onnxDim(dim: Dim): number | string {
  return dim instanceof Batch ? dimText(dim) : dim;
}
