import { absent, titleOf, visible, withoutEmpty, type TableFormat } from './table-format.js';

/** Markdown, as GitHub and Pandoc read it. */
export const MARKDOWN: TableFormat = {
  id: 'markdown',
  around: 'paragraphs',
  render(allColumns, allRows) {
    const [columns, rows] = withoutEmpty(allColumns, allRows);
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
  },
  paragraph: (note) => note.replaceAll('*', '\\*'),
};

/** The characters that mean something inside a cell of GitHub's and Pandoc's markdown. */
function markdownText(text: string): string {
  return visible(text)
    .replace(/[\\`*_[\]|~#$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
