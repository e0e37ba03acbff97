/**
 * Reads a csv of a run directory column by column. Not a reader of other people's csv: what this program does not
 * write is an error with its line.
 */
import { CsvError } from 'csv-parse';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { openStream } from '../../files/open-file.js';
import { csvRows } from '../../text/csv-reader.js';
import type { Cell } from '../../text/csv.js';

/** The columns to read, which the header must have. */
export interface WantedColumns {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
}

interface Column<T> {
  readonly name: string;
  /** Among the cells of a row. */
  readonly place: number;
  readonly values: T[];
}

export class CsvTable {
  readonly #file: string;
  readonly header: readonly string[];
  readonly #texts: readonly Column<string>[];
  readonly #numbers: readonly Column<number>[];
  /** Where each row begins, counted from 1, the header included. */
  readonly #lines: number[] = [];

  private constructor(file: string, header: readonly string[], { texts, numbers }: WantedColumns) {
    this.#file = file;
    this.header = header;
    this.#texts = texts.map((name) => this.#column<string>(name));
    this.#numbers = numbers.map((name) => this.#column<number>(name));
  }

  /**
   * @param wanted the columns to read, by the header.
   * @throws UserError where the file cannot be read, is no such csv or lacks a column.
   */
  static async read(file: string, wanted: (header: readonly string[]) => WantedColumns): Promise<CsvTable> {
    const source = await openStream(file, 2 ** 16).catch((error: unknown) => {
      throw fileError(error, file);
    });
    let table: CsvTable | null = null;
    let line = 1;
    try {
      for await (const cells of csvRows(source)) {
        if (table === null) table = new CsvTable(file, cells, wanted(cells));
        else table.#add(cells, line);
        line += 1;
        // A quoted cell may hold line ends.
        for (const cell of cells) if (cell.includes('\n')) line += cell.split('\n').length - 1;
      }
    } catch (error) {
      throw error instanceof CsvError ? malformed(file, error) : fileError(error, file);
    } finally {
      source.destroy();
    }
    if (table === null) throw damaged(file, 1, WRITTEN, 'an empty file');
    return table;
  }

  /** Rows without the header. */
  get count(): number {
    return this.#lines.length;
  }

  /** The values of a column that was asked for; so are the two methods below. */
  text(name: string): readonly string[] {
    return valuesOf(this.#texts, name);
  }

  /** NaN where a cell is empty. */
  number(name: string): readonly number[] {
    return valuesOf(this.#numbers, name);
  }

  /** All columns of numbers but those named. */
  numbersWithout(...names: readonly string[]): Map<string, Float64Array> {
    const others = this.#numbers.filter(({ name }) => !names.includes(name));
    return new Map(others.map(({ name, values }) => [name, Float64Array.from(values)]));
  }

  /** What is wrong with a row, counted from 0. */
  damaged(row: number, expected: string, got: string): UserError {
    return damaged(this.#file, this.#lines[row]!, expected, got);
  }

  #column<T>(name: string): Column<T> {
    const place = this.header.indexOf(name);
    if (place < 0) throw damaged(this.#file, 1, `a column ${name}`, this.header.join(', '));
    return { name, place, values: [] };
  }

  #add(cells: readonly string[], line: number): void {
    const width = this.header.length;
    if (cells.length !== width)
      throw damaged(this.#file, line, `${width} cells a row`, `${cells.length} cells`);
    this.#lines.push(line);
    for (const { place, values } of this.#texts) values.push(cells[place]!);
    for (const { name, place, values } of this.#numbers) {
      const text = cells[place]!;
      const value = Number(text);
      if (!Number.isFinite(value)) throw damaged(this.#file, line, `a number in ${name}`, text);
      values.push(text === '' ? NaN : value);
    }
  }
}

function valuesOf<T>(columns: readonly Column<T>[], name: string): readonly T[] {
  return columns.find((column) => column.name === name)!.values;
}

/** A number as it is written: NaN is an empty cell. */
export function numberCell(value: number): Cell {
  return Number.isNaN(value) ? undefined : value;
}

const WRITTEN = 'a csv as hamba-eval writes it';

/** What the csv parser refuses, in our words. */
const MALFORMED: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted cell that does not end',
  INVALID_OPENING_QUOTE: 'a quote within a cell',
  CSV_INVALID_CLOSING_QUOTE: 'text behind a closing quote',
};

/** In the row behind the last whole one: that a quote does not end is noticed only at the end of the file. */
function malformed(file: string, error: CsvError): UserError {
  return damaged(file, Number(error.records) + 1, WRITTEN, MALFORMED[error.code] ?? error.message);
}

function damaged(file: string, line: number, expected: string, got: string): UserError {
  return new UserError({
    code: 'run-damaged',
    message: `A file of the run directory is not as it was written (line ${line})`,
    file,
    expected,
    got,
    next: 'make the run again with hamba-eval run --force',
  });
}
