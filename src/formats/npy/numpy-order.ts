/** Puts the elements of an array that lies in memory in another order into C order, the last index running fastest. */

/** Distances between neighbours along each axis, in elements, of an array whose first index runs fastest. */
export function fortranStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const n of shape) {
    strides.push(stride);
    stride *= n;
  }
  return strides;
}

/** The same where the last index runs fastest. */
export function cStrides(shape: readonly number[]): number[] {
  return fortranStrides(shape.toReversed()).toReversed();
}

/** Copies every element of `from` to its place in C order in `to`; both hold the product of `shape` of them. */
export function copyToCOrder<T>(
  from: ArrayLike<T>,
  to: { [index: number]: T; readonly length: number },
  shape: readonly number[],
  strides: readonly number[],
): void {
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
