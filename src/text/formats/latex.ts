import {
  absent,
  titleOf,
  visible,
  withoutEmpty,
  type TableCell,
  type TableColumn,
  type TableFormat,
} from './table-format.js';

/** LaTeX with booktabs. */
export const LATEX: TableFormat = {
  id: 'latex',
  around: 'captions',
  render(allColumns, allRows, { caption, label }) {
    const [columns, rows] = withoutEmpty(allColumns, allRows);
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
  },
};

/** What must not reach TeX as it is, and what its older engines and fonts do not have. */
const ESCAPES: Readonly<Record<string, string>> = {
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
  return visible(text).replace(/[\\{}$&#_%~^<>|–−±·†∗≤≥≠→↓↑…]/g, (character) => ESCAPES[character]!);
}
