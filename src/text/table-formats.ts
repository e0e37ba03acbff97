/**
 * One table, in every format a person may want it: an 80-column terminal, markdown, LaTeX (booktabs), csv, and the
 * records of a JSON document. Cells say what is best; each format shows that in its own way. Whatever comes from data
 * is escaped for where it goes.
 */
import { tableCsv } from './csv.js';
import { displayWidth, printable, shortened, styled, wrapText } from './text.js';

export const TABLE_FORMATS = ['table', 'markdown', 'latex', 'csv', 'json'] as const;

export type TableFormat = (typeof TABLE_FORMATS)[number];

export interface TableColumn {
  /** The name in csv and JSON; with the unit, as in metrics.json. */
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
  /** For csv and JSON, in full precision; the text where there is none. */
  readonly value?: string | number;
}

/** `null`: there is no such value. */
export type TableRow = readonly (TableCell | null)[];

export interface TableOptions {
  /** Of a LaTeX table. */
  readonly caption?: string;
  readonly label?: string;
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** @param rows as many cells each as there are columns. */
export function renderTable(
  format: Exclude<TableFormat, 'json'>,
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  options: TableOptions,
): string {
  switch (format) {
    case 'table':
      return terminalTable(columns, rows, options);
    case 'markdown':
      return markdownTable(...withoutEmpty(columns, rows));
    case 'latex':
      return latexTable(...withoutEmpty(columns, rows), options);
    case 'csv':
      return csvTable(columns, rows);
  }
}

/** The rows for a JSON document: a value that does not exist has no key. */
export function tableRecords(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
): Record<string, string | number>[] {
  return rows.map((row) =>
    Object.fromEntries(
      row.flatMap((cell, index) => (cell === null ? [] : [[columns[index]!.key, valueOf(cell)]])),
    ),
  );
}

function valueOf({ text, value }: TableCell): string | number {
  return value ?? text;
}

function csvTable(columns: readonly TableColumn[], rows: readonly TableRow[]): string {
  return tableCsv(
    columns.map(({ key }) => key),
    rows.map((row) => row.map((cell) => (cell === null ? undefined : visible(valueOf(cell))))),
  );
}

const ARROWS = { lower: '↓', higher: '↑' } as const;

/** What stands where there is no value: a dash among numbers, nothing among words. */
function absent({ align }: TableColumn): string {
  return align === 'right' ? '–' : '';
}

/** Columns in which no row has anything are left out. */
function withoutEmpty(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
): [TableColumn[], TableRow[]] {
  const kept = [...columns.keys()].filter((index) => rows.some((row) => hasText(row[index])));
  return [kept.map((index) => columns[index]!), rows.map((row) => kept.map((index) => row[index]!))];
}

function hasText(cell: TableCell | null | undefined): boolean {
  return cell !== null && cell !== undefined && cell.text !== '';
}

/** One line in which nothing moves the cursor. */
function visible<T extends string | number>(value: T): T | string {
  return typeof value === 'string' ? printable(value.replace(/\s+/g, ' ')) : value;
}

// Markdown

/** The characters that mean something inside a cell of GitHub's and Pandoc's markdown. */
function markdownText(text: string): string {
  return visible(text)
    .replace(/[\\`*_[\]|~#$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function markdownTable(columns: readonly TableColumn[], rows: readonly TableRow[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map((column) => markdownText(titleOf(column)))),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) =>
      line(
        row.map((cell, index) => {
          if (cell === null) return absent(columns[index]!);
          const text = markdownText(cell.text);
          if (cell.mark === 'best') return `**${text}**`;
          return cell.mark === 'second' ? `<u>${text}</u>` : text;
        }),
      ),
    ),
  ].join('\n');
}

// LaTeX

/** What must not reach TeX as it is, and what its older engines and fonts do not have. */
const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  _: '\\_',
  '%': '\\%',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '–': '--',
  '−': '$-$',
  '±': '$\\pm$',
  '·': '$\\cdot$',
  '†': '$\\dagger$',
  '∗': '$\\ast$',
  '≤': '$\\leq$',
  '≥': '$\\geq$',
  '≠': '$\\neq$',
  '→': '$\\rightarrow$',
  '↓': '$\\downarrow$',
  '↑': '$\\uparrow$',
  '…': '\\dots{}',
};

function latexText(text: string): string {
  return visible(text).replace(/[\\{}$&#_%~^<>|–−±·†∗≤≥≠→↓↑…]/g, (character) => LATEX[character]!);
}

function latexTable(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  { caption, label }: TableOptions,
): string {
  const line = (cells: readonly string[]): string => `    ${cells.join(' & ')} \\\\`;
  const marked = (cell: TableCell | null, column: TableColumn): string => {
    if (cell === null) return latexText(absent(column));
    const text = latexText(cell.text);
    if (cell.mark === 'best') return `\\textbf{${text}}`;
    return cell.mark === 'second' ? `\\underline{${text}}` : text;
  };
  return [
    '% \\usepackage{booktabs}',
    '\\begin{table}',
    '  \\centering',
    ...(caption === undefined ? [] : [`  \\caption{${latexText(caption)}}`]),
    ...(label === undefined ? [] : [`  \\label{${label.replace(/[^\w:.-]/g, '-')}}`]),
    `  \\begin{tabular}{${columns.map(({ align }) => (align === 'right' ? 'r' : 'l')).join('')}}`,
    '    \\toprule',
    line(columns.map((column) => latexText(titleOf(column)))),
    '    \\midrule',
    ...rows.map((row) => line(row.map((cell, index) => marked(cell, columns[index]!)))),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
  ].join('\n');
}

// Terminal

const GAP = '  ';
/** Names are not cut shorter than this to save a column. */
const SHORTEST_TEXT = 12;
const MARKS = { best: '\u001b[1m', second: '\u001b[4m' } as const;

/** A column as the terminal lays it out. */
interface Layout {
  readonly index: number;
  readonly column: TableColumn;
  readonly title: string;
  /** The narrowest it can be: its longest number, or the longest word of its title. */
  readonly least: number;
  /** Wide enough for every cell; the title may take several lines. */
  readonly cells: number;
  /** Wide enough for the title on one line, too. */
  readonly whole: number;
}

/** Laid out in at most `width` columns; a number wider than that is the one thing that passes them. */
function terminalTable(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  { colour, width }: TableOptions,
): string {
  const layouts = columns.map((column, index) => layoutOf(column, index, rows));
  const present = layouts.filter(({ index }) => rows.length === 0 || rows.some((row) => hasText(row[index])));
  const below = present.filter(({ column }) => column.terminal === 'below');
  const beside = withRoom(
    present.filter(({ column }) => column.terminal !== 'below'),
    width,
  );
  const blocks = splitIntoBlocks(beside, width);
  return blocks
    .map((block, at) => {
      // What stands below a row is said once.
      const notes = at === blocks.length - 1 ? below : [];
      return terminalBlock(block, widthsOf(block, width), notes, rows, { colour, width });
    })
    .join('\n\n');
}

function layoutOf(column: TableColumn, index: number, rows: readonly TableRow[]): Layout {
  const title = titleOf(column);
  const longestCell = Math.max(1, ...rows.map((row) => displayWidth(cellText(row[index]!, column))));
  const longestWord = Math.max(...title.split(' ').map(displayWidth));
  const cells = Math.max(longestCell, longestWord);
  const least = column.align === 'right' ? cells : Math.max(longestWord, Math.min(cells, SHORTEST_TEXT));
  return { index, column, title, least, cells, whole: Math.max(longestCell, displayWidth(title)) };
}

function titleOf({ title, better }: TableColumn): string {
  return better === undefined ? title : `${title} ${ARROWS[better]}`;
}

/** Where titles take several lines, all arrows are in the last, behind the units. */
function titleLines(column: TableColumn, width: number, isOneLine: boolean): string[] {
  if (isOneLine) return [titleOf(column)];
  if (column.better !== undefined && !column.title.includes(' '))
    return [column.title, ARROWS[column.better]];
  return wrapText(titleOf(column), width);
}

function cellText(cell: TableCell | null, column: TableColumn): string {
  return cell === null ? absent(column) : visible(cell.text);
}

function total(layouts: readonly Layout[], of: 'least' | 'cells' | 'whole'): number {
  return layouts.reduce((sum, layout) => sum + layout[of], 0) + GAP.length * (layouts.length - 1);
}

/** Leaves out, from the right, what is there only if there is room. */
function withRoom(layouts: readonly Layout[], width: number): Layout[] {
  const kept = [...layouts];
  for (let at = kept.length - 1; at >= 0 && total(kept, 'cells') > width; at--) {
    if (kept[at]!.column.terminal === 'if-room') kept.splice(at, 1);
  }
  return kept;
}

/** What does not fit even when names are cut goes below, behind the first column once more. */
function splitIntoBlocks(layouts: readonly Layout[], width: number): Layout[][] {
  const [first, ...rest] = layouts;
  if (first === undefined) return [];
  const blocks: Layout[][] = [[first]];
  for (const layout of rest) {
    const block = blocks.at(-1)!;
    if (block.length === 1 || total([...block, layout], 'least') <= width) block.push(layout);
    else blocks.push([first, layout]);
  }
  return blocks;
}

function widthsOf(layouts: readonly Layout[], width: number): number[] {
  if (total(layouts, 'whole') <= width) return layouts.map(({ whole }) => whole);
  const widths = layouts.map(({ cells }) => cells);
  for (let excess = total(layouts, 'cells') - width; excess > 0; excess--) {
    const wider = [...widths.keys()].filter((at) => widths[at]! > layouts[at]!.least);
    if (wider.length === 0) break;
    const widest = wider.reduce((most, at) => (widths[at]! > widths[most]! ? at : most));
    widths[widest]! -= 1;
  }
  return widths;
}

function terminalBlock(
  layouts: readonly Layout[],
  widths: readonly number[],
  below: readonly Layout[],
  rows: readonly TableRow[],
  { colour, width }: Pick<TableOptions, 'colour' | 'width'>,
): string {
  const isOneLine = layouts.every(({ title }, at) => displayWidth(title) <= widths[at]!);
  const lines = besideEachOther(
    layouts.map(({ column }, at) => titleLines(column, widths[at]!, isOneLine)),
    layouts,
    widths,
    'bottom',
  ).map((line) => styled(line, 'dim', colour));
  for (const row of rows) {
    const cells = layouts.map(({ index, column }, at) =>
      cellLines(cellText(row[index]!, column), column, widths[at]!),
    );
    const marks = layouts.map(({ index }) => (colour ? row[index]?.mark : undefined));
    lines.push(...besideEachOther(cells, layouts, widths, 'top', marks));
    for (const { index, column } of below) {
      const text = cellText(row[index]!, column);
      if (text === '') continue;
      lines.push(...wrapText(text, width - 4).map((line) => styled(`    ${line}`, 'dim', colour)));
    }
  }
  return lines.join('\n');
}

function cellLines(text: string, { align }: TableColumn, width: number): string[] {
  if (align === 'right' || displayWidth(text) <= width) return [text];
  return wrapText(text, width).map((line) => shortened(line, width));
}

/** Cells of one or more lines each, side by side. */
function besideEachOther(
  cells: readonly (readonly string[])[],
  layouts: readonly Layout[],
  widths: readonly number[],
  at: 'top' | 'bottom',
  marks: readonly (TableCell['mark'] | undefined)[] = [],
): string[] {
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, y) =>
    cells
      .map((lines, x) => {
        const text = lines[at === 'top' ? y : y - (height - lines.length)] ?? '';
        const padding = ' '.repeat(Math.max(0, widths[x]! - displayWidth(text)));
        const mark = marks[x];
        const shown = mark === undefined || text === '' ? text : `${MARKS[mark]}${text}\u001b[0m`;
        return layouts[x]!.column.align === 'right' ? padding + shown : shown + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
}
