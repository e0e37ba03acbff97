/** In which order the four directions of a VSS block visit the positions of a map (VMamba's cross scan and its variants). */

export type ScanKind = 'cross' | 'bidi' | 'uni';

export interface MapSize {
  readonly rows: number;
  readonly columns: number;
}

/** For each direction, the row-major position that each step visits. */
export function scanOrders(kind: ScanKind, { rows, columns }: MapSize): number[][] {
  const byRow = Array.from({ length: rows * columns }, (_, i) => i);
  const byColumn = byRow.map((step) => (step % rows) * columns + Math.floor(step / rows));
  switch (kind) {
    case 'cross':
      return [byRow, byColumn, byRow.toReversed(), byColumn.toReversed()];
    case 'bidi':
      return [byRow, byRow, byRow.toReversed(), byRow.toReversed()];
    case 'uni':
      return [byRow, byRow, byRow, byRow];
  }
}

/** The order that undoes an order. */
export function inverseOrder(order: readonly number[]): number[] {
  const inverse = new Array<number>(order.length);
  order.forEach((position, step) => (inverse[position] = step));
  return inverse;
}
