/** A markdown table that reads well as plain text too. */

export type Alignment = 'left' | 'right';

export interface Column {
  readonly title: string;
  readonly align: Alignment;
}

export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, c) =>
    Math.max(3, title.length, ...rows.map((row) => row[c]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, c) => padded(cell, widths[c]!, columns[c]!.align)).join(' | ')} |`;
  const rule = columns.map(({ align }, c) => {
    const dashes = '-'.repeat(widths[c]! - 1);
    return align === 'right' ? `${dashes}:` : `${dashes}-`;
  });
  return [line(columns.map(({ title }) => title)), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

function padded(cell: string, width: number, align: Alignment): string {
  return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
}
