/**
 * Sizes of a value's axes. The batch is not known before the graph runs: an axis that grows with it is written as a
 * multiple of N, and at most one axis of a value is.
 */

/** A fixed size, or a multiple of the batch. */
export type Dim = number | Batch;

export class Batch {
  readonly times: number;

  constructor(times: number) {
    this.times = times;
  }
}

/** One for each sample of the batch. */
export const N = new Batch(1);

export type Shape = readonly Dim[];

export function sameDim(a: Dim, b: Dim): boolean {
  return a instanceof Batch ? b instanceof Batch && a.times === b.times : a === b;
}

/** The size for a batch of one. */
export function sizeOf(dim: Dim): number {
  return dim instanceof Batch ? dim.times : dim;
}

/** Elements for a batch of one. */
export function elementsOf(shape: Shape): number {
  return shape.reduce<number>((product, dim) => product * sizeOf(dim), 1);
}

/** `[N, 21, 3]`, as errors and ONNX write it. */
export function shapeText(shape: Shape): string {
  return `[${shape.map(dimText).join(', ')}]`;
}

export function dimText(dim: Dim): string {
  if (!(dim instanceof Batch)) return `${dim}`;
  return dim.times === 1 ? 'N' : `${dim.times}*N`;
}

export function productOf(dims: Shape): Dim {
  const size = elementsOf(dims);
  return dims.some((dim) => dim instanceof Batch) ? new Batch(size) : size;
}

/** The shape of two values combined element by element, as NumPy broadcasts them. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const one = a[axis - rank + a.length] ?? 1;
    const other = b[axis - rank + b.length] ?? 1;
    if (one === 1) return other;
    if (other === 1 || sameDim(one, other)) return one;
    throw new Error(`network: ${shapeText(a)} and ${shapeText(b)} do not broadcast`);
  });
}
