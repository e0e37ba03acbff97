/**
 * Reads the csv files of a run directory, a row at a time: RFC 4180 with a
 * header, every row as long as it. Not a reader of other people's csv: what this
 * program does not write is an error with its line.
 */
import { createReadStream } from 'node:fs';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';

export interface CsvRow {
  /** In the header's order. */
  readonly cells: readonly string[];
  /** Counted from 1, the header included. */
  readonly line: number;
}

/**
 * The header first, then every row.
 *
 * @throws UserError where the file cannot be read or is no such csv.
 */
export async function* csvRows(file: string): AsyncGenerator<CsvRow> {
  const splitter = new CsvSplitter(file);
  try {
    for await (const piece of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
      yield* splitter.add(piece as string);
    }
  } catch (error) {
    throw fileError(error, file);
  }
  yield* splitter.end();
}

/** Takes text in pieces, gives rows as they end. */
class CsvSplitter {
  private cells: string[] = [];
  private cell = '';
  private state: 'plain' | 'quoted' | 'quote-in-quoted' = 'plain';
  private line = 1;
  private startLine = 1;
  private width = -1;
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  *add(piece: string): Generator<CsvRow> {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const character = piece[at]!;
      if (this.state === 'quoted') {
        if (character === '\n') this.line++;
        if (character !== '"') continue;
        this.cell += piece.slice(from, at);
        this.state = 'quote-in-quoted';
      } else if (character === '"') {
        if (this.state === 'quote-in-quoted') this.cell += '"';
        else if (this.cell + piece.slice(from, at) !== '') throw this.wrong('a quote within a cell');
        this.state = 'quoted';
        from = at + 1;
      } else if (character === ',' || character === '\n') {
        if (this.state === 'plain') this.cell += piece.slice(from, at);
        this.state = 'plain';
        this.cells.push(this.cell);
        this.cell = '';
        from = at + 1;
        if (character === '\n') yield this.row();
      } else if (this.state === 'quote-in-quoted') throw this.wrong('text behind a closing quote');
    }
    if (this.state !== 'quote-in-quoted') this.cell += piece.slice(from);
  }

  *end(): Generator<CsvRow> {
    if (this.state === 'quoted') throw this.wrong('a quoted cell that does not end');
    if (this.cell === '' && this.cells.length === 0 && this.state === 'plain') {
      if (this.width < 0) throw this.wrong('an empty file');
      return;
    }
    this.cells.push(this.cell);
    yield this.row();
  }

  private row(): CsvRow {
    const cells = this.cells;
    const line = this.startLine;
    if (this.width < 0) this.width = cells.length;
    if (cells.length !== this.width) throw this.wrong(`${cells.length} cells`, `${this.width} cells a row`);
    this.cells = [];
    this.startLine = ++this.line;
    return { cells, line };
  }

  private wrong(got: string, expected = 'a csv as hamba-eval writes it'): UserError {
    return damaged(this.file, this.startLine, expected, got);
  }
}

/** What is wrong with a file of a run directory, and where. */
export function damaged(file: string, line: number, expected: string, got: string): UserError {
  return new UserError({
    code: 'run-damaged',
    message: `A file of the run directory is not as it was written (line ${line})`,
    file,
    expected,
    got,
    next: 'make the run again with hamba-eval run --force',
  });
}

/** The positions of named columns. */
export function columnPositions(file: string, header: CsvRow, names: readonly string[]): number[] {
  return names.map((name) => {
    const at = header.cells.indexOf(name);
    if (at < 0) throw damaged(file, 1, `a column ${name}`, header.cells.join(', '));
    return at;
  });
}

/** A cell as a number, NaN where it is empty. */
export function numberIn(file: string, { cells, line }: CsvRow, at: number, name: string): number {
  const text = cells[at]!;
  if (text === '') return NaN;
  const value = Number(text);
  if (!Number.isFinite(value)) throw damaged(file, line, `a number in ${name}`, text);
  return value;
}
