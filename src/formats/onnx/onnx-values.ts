/** What the writer and the reader of ONNX models share. */

/** A fixed size, or the name of one that is known only at run time: `'N'`. */
export type Dimension = number | string;

/** A region of another file, its path relative to the model's folder. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** A value of a node's attribute; the kind matters, since ONNX tells 1 from 1.0. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

/** Makers of attributes: `{ axis: attribute.int(-1), epsilon: attribute.float(1e-6) }`. */
export const attribute = {
  int: (value: number): Attribute => ({ kind: 'int', value }),
  float: (value: number): Attribute => ({ kind: 'float', value }),
  string: (value: string): Attribute => ({ kind: 'string', value }),
  ints: (value: readonly number[]): Attribute => ({ kind: 'ints', value }),
  floats: (value: readonly number[]): Attribute => ({ kind: 'floats', value }),
  strings: (value: readonly string[]): Attribute => ({ kind: 'strings', value }),
} as const;

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** The bytes of a typed array; every machine Node 20 runs on with ONNX Runtime is little-endian. */
export function littleEndianBytes(
  values: Float32Array | Float64Array | Int32Array | BigInt64Array,
): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
