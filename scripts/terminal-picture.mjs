// Draws what a terminal showed as an SVG: reads ANSI text from stdin, writes to the file named.
//   tmux capture-pane -p -e | node scripts/terminal-picture.mjs docs/images/demo.svg
import { readFileSync, writeFileSync } from 'node:fs';

const [, , file, title = 'hamba-eval'] = process.argv;
const CELL = { width: 8.4, height: 19 };
const MARGIN = 16;
const BAR = 30;
const COLOURS = { 31: '#f47067', 32: '#8ddb8c', 33: '#e5c07b' };

const lines = readFileSync(0, 'utf8').replace(/\s+$/, '').split('\n');
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const ESCAPE = String.fromCharCode(27);
const STYLE = new RegExp(`(${ESCAPE}\\[[\\d;]*m)`);

/** Runs of text with one style each, and the column they start in. */
function runs(line) {
  const found = [];
  let style = {};
  let column = 0;
  for (const piece of line.split(STYLE)) {
    if (!piece.startsWith(ESCAPE)) {
      if (piece.trim() !== '') found.push({ text: piece, column, style });
      column += [...piece].length;
      continue;
    }
    for (const code of piece.slice(2, -1).split(';').map(Number)) {
      if (code === 0) style = {};
      else if (code === 1) style = { ...style, bold: true };
      else if (code === 2) style = { ...style, dim: true };
      else if (code === 39) style = { ...style, colour: undefined };
      else if (COLOURS[code] !== undefined) style = { ...style, colour: COLOURS[code] };
    }
  }
  return found;
}

const width = 80 * CELL.width + 2 * MARGIN;
const height = lines.length * CELL.height + 2 * MARGIN + BAR;
const texts = lines.flatMap((line, row) =>
  runs(line).map(({ text, column, style }) => {
    const lead = text.length - text.trimStart().length;
    const content = text.trim();
    const x = MARGIN + (column + lead) * CELL.width;
    const y = BAR + MARGIN + row * CELL.height + 14;
    const fill = style.colour ?? (style.dim ? '#8b949e' : '#d6dde5');
    const weight = style.bold ? ' font-weight="bold"' : '';
    // textLength keeps the columns whatever monospace font is at hand.
    const length = ([...content].length * CELL.width).toFixed(1);
    return `<text x="${x.toFixed(1)}" y="${y}" fill="${fill}"${weight} textLength="${length}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped(content)}</text>`;
  }),
);

writeFileSync(
  file,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
${['#f47067', '#e5c07b', '#8ddb8c'].map((fill, k) => `<circle cx="${20 + 18 * k}" cy="20" r="5.5" fill="${fill}"/>`).join('\n')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${texts.join('\n')}
</g>
</svg>
`,
);
