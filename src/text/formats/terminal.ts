import { displayWidth, shortened, styled, wrapText } from '../text.js';
import {
  absent,
  ARROWS,
  hasText,
  titleOf,
  visible,
  type TableCell,
  type TableColumn,
  type TableFormat,
  type TableOptions,
  type TableRow,
} from './table-format.js';

/** Laid out in at most `width` columns of a terminal; a number wider than that is the one thing that passes them. */
export const TERMINAL: TableFormat = {
  id: 'table',
  around: 'screen',
  render(columns, rows, { colour, width }) {
    const layouts = columns.map((column, index) => layoutOf(column, index, rows));
    const present = layouts.filter(
      ({ index }) => rows.length === 0 || rows.some((row) => hasText(row[index])),
    );
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
  },
};

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

function layoutOf(column: TableColumn, index: number, rows: readonly TableRow[]): Layout {
  const title = titleOf(column);
  const longestCell = Math.max(1, ...rows.map((row) => displayWidth(cellText(row[index]!, column))));
  const longestWord = Math.max(...title.split(' ').map(displayWidth));
  const cells = Math.max(longestCell, longestWord);
  const least = column.align === 'right' ? cells : Math.max(longestWord, Math.min(cells, SHORTEST_TEXT));
  return { index, column, title, least, cells, whole: Math.max(longestCell, displayWidth(title)) };
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
