/** What a number JSON file must look like, and the words its errors use for that. */

export type Dimension = number | 'any';

export interface RecordLayout {
  /** 'list': `[record, …]`; 'sections': `[[record, …], [record, …]]` (pred.json: joints, then vertices). */
  readonly nesting: 'list' | 'sections';
  /** Number of sections required (2 for pred.json); ignored for 'list'. */
  readonly sections?: number;
  /**
   * Numbers of one record: `[]` a scalar, `[n]` a vector, `[21, 3]` a matrix; up to three dimensions. 'any' is
   * fixed by the first record of its section.
   */
  readonly shape: readonly Dimension[];
  /** The shape of each section, where they differ: `[[21, 3], ['any', 3]]`. */
  readonly sectionShapes?: readonly (readonly Dimension[])[];
  /** What one record is called in errors; 'record' when left out. */
  readonly recordName?: string;
  /** What the sections are called in errors: `['joints', 'vertices']`. */
  readonly sectionNames?: readonly string[];
}

/** A run of consecutive records of one section. */
export interface RecordBatch {
  section: number;
  /** Index of the first record in its section. */
  first: number;
  count: number;
  /** Shape of one record. */
  shape: number[];
  /** count × prod(shape), row-major, exactly sized, owned by the receiver: it may be transferred to another thread. */
  values: Float64Array;
}

export interface NumberJsonSummary {
  /** Records per section; a list is one section. */
  counts: number[];
  /** Shape of one record per section. An 'any' of a section without records is 0. */
  shapes: number[][];
  /** Length of the file. */
  bytes: number;
  /** The file starts with a UTF-8 byte order mark, which is skipped here and which Python's json refuses. */
  byteOrderMark: boolean;
}

export function sectionShape(layout: RecordLayout, section: number): readonly Dimension[] {
  return layout.sectionShapes?.[section] ?? layout.shape;
}

export function sectionCount(layout: RecordLayout): number {
  return layout.nesting === 'list' ? 1 : (layout.sections ?? layout.sectionShapes?.length ?? 1);
}

/** `21 x 3 numbers`, `one number`. */
function describeShape(shape: readonly Dimension[]): string {
  if (shape.length === 0) return 'one number';
  return `${shape.map((n) => (n === 'any' ? 'n' : String(n))).join(' x ')} numbers`;
}

/** `a list of samples, each 21 x 3 numbers: [[[x, …], …], …]`. */
export function describeLayout(layout: RecordLayout): string {
  const name = layout.recordName ?? 'record';
  if (layout.nesting === 'list') return `a list with ${describeShape(layout.shape)} for each ${name}`;
  const count = sectionCount(layout);
  const names = layout.sectionNames === undefined ? `${count} lists` : `[${layout.sectionNames.join(', ')}]`;
  const shapes = [
    ...new Set(Array.from({ length: count }, (_, i) => describeShape(sectionShape(layout, i)))),
  ];
  return `${names}, each a list with ${shapes.join(' or ')} for each ${name}`;
}

/** Rejects a layout that no file could have; a mistake of the program, not of the user. */
export function checkLayout(layout: RecordLayout): void {
  if (layout.nesting === 'sections' && sectionCount(layout) < 1)
    throw new RangeError('a layout needs a section');
  for (let i = 0; i < sectionCount(layout); i++) {
    const shape = sectionShape(layout, i);
    const sound = shape.every((n) => n === 'any' || (Number.isInteger(n) && n >= 0));
    if (shape.length > 3 || !sound) throw new RangeError(`not a record shape: [${shape.join(', ')}]`);
  }
}
