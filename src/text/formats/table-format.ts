/**
 * A table as data, and what a format of it is. Cells say what is best; each format shows that in its own way. Whatever
 * comes from data is escaped for where it goes.
 */
import { printable } from '../text.js';

export interface TableColumn {
  /** The name for programs; with the unit, as in metrics.json. */
  readonly key: string;
  /** The name for people, unit included; a terminal may break it at its spaces. */
  readonly title: string;
  /** Numbers stand to the right, and are never broken or cut; text stands to the left and may be. */
  readonly align: 'left' | 'right';
  /** An arrow beside the title. */
  readonly better?: 'lower' | 'higher';
  /**
   * In a terminal: `below` puts the cell on a line of its own below its row, `if-room` leaves the column out where
   * the width does not suffice. All other formats show every column that is not empty.
   */
  readonly terminal?: 'below' | 'if-room';
}

export interface TableCell {
  readonly text: string;
  readonly mark?: 'best' | 'second';
  /** For programs, in full precision; the text where there is none. */
  readonly value?: string | number;
}

/** `null`: there is no such value. */
export type TableRow = readonly (TableCell | null)[];

export interface TableOptions {
  /** For formats whose tables carry them. */
  readonly caption?: string;
  readonly label?: string;
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** What a report puts around the tables of a format. */
export type Surroundings =
  /** The layout of a screen, with all that a report has to say. */
  | 'screen'
  /** Notes in paragraphs below. */
  | 'paragraphs'
  /** Nothing: notes are in the captions. */
  | 'captions'
  /** Nothing at all: the report is one table for programs, under the keys of metrics.json. */
  | 'nothing';

export interface TableFormat {
  /** What `--format` calls it. */
  readonly id: string;
  readonly around: Surroundings;
  /** @param rows as many cells each as there are columns. */
  render(columns: readonly TableColumn[], rows: readonly TableRow[], options: TableOptions): string;
  /** A note as a paragraph, where it is not written as it is. */
  paragraph?(note: string): string;
}

export const ARROWS = { lower: '↓', higher: '↑' } as const;

/** What stands where there is no value: a dash among numbers, nothing among words. */
export function absent({ align }: TableColumn): string {
  return align === 'right' ? '–' : '';
}

/** Columns in which no row has anything are left out. */
export function withoutEmpty(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
): [TableColumn[], TableRow[]] {
  const kept = [...columns.keys()].filter((index) => rows.some((row) => hasText(row[index])));
  return [kept.map((index) => columns[index]!), rows.map((row) => kept.map((index) => row[index]!))];
}

export function hasText(cell: TableCell | null | undefined): boolean {
  return cell !== null && cell !== undefined && cell.text !== '';
}

/** One line in which nothing moves the cursor. */
export function visible<T extends string | number>(value: T): T | string {
  return typeof value === 'string' ? printable(value.replace(/\s+/g, ' ')) : value;
}

export function titleOf({ title, better }: TableColumn): string {
  return better === undefined ? title : `${title} ${ARROWS[better]}`;
}
