/** Annotation files: numbers as nested JSON lists. */

/** One list as pieces of text, an item at a time. */
export function* jsonList(items: Iterable<unknown>): Generator<string> {
  let separator = '[';
  for (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ', ';
  }
  yield separator === '[' ? '[]' : ']';
}

/** N×3 nested, to 10 nm: finer than anything a metric shows, half the bytes of full doubles. */
export function pointRows(points: ArrayLike<number>): number[][] {
  return Array.from({ length: points.length / 3 }, (_, i) =>
    [0, 1, 2].map((axis) => Math.round(points[i * 3 + axis]! * 1e8) / 1e8),
  );
}
