/** Text as a terminal shows it: control characters made visible, columns made even. */
import stringWidth from 'string-width';

/**
 * `text` without anything a terminal would obey: names from a user's data are
 * printed, and an escape sequence in a folder name must stay text.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    if (character === '\n' || character === '\t') return character;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** `3,960` */
export function grouped(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `a, b and c` */
export function listed(names: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

/** Columns that a terminal takes for `text`: two for a Chinese character, none for an accent or a colour. */
export function displayWidth(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}

/** `text` with spaces behind it up to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `text` on one line, cut in the middle so that it fits `width` columns: both ends of a path matter. */
export function shortened(text: string, width: number): string {
  const line = text.replace(/[\n\t]/g, ' ');
  if (displayWidth(line) <= width) return line;
  const head = Math.ceil((width - 1) / 3);
  const characters = Array.from(SEGMENTER.segment(line), ({ segment }) => segment);
  const start = fitting(characters, head);
  const end = fitting(characters.reverse(), width - 1 - head).reverse();
  return `${start.join('')}…${end.join('')}`;
}

/** The first of them, as many as `width` columns hold. */
function fitting(characters: readonly string[], width: number): string[] {
  let room = width;
  const end = characters.findIndex((character) => (room -= displayWidth(character)) < 0);
  return characters.slice(0, end < 0 ? characters.length : end);
}

export type Style = 'bold' | 'dim' | 'yellow' | 'green';

const SGR: Record<Style, string> = { bold: '1', dim: '2', yellow: '33', green: '32' };

/** `text` in `style` where colour is on; `printable` must have been applied to foreign text before. */
export function styled(text: string, style: Style, colour: boolean): string {
  return colour ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text;
}

/** `text` broken at spaces into lines of at most `width` columns; a longer word keeps a line of its own. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
