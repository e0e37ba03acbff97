/** Text as a terminal shows it: control characters made visible, columns made even. */

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

/** `text` on one line, cut in the middle so that it fits `width` characters: both ends of a path matter. */
export function shortened(text: string, width: number): string {
  const line = text.replace(/[\n\t]/g, ' ');
  if (line.length <= width) return line;
  const head = Math.ceil((width - 1) / 3);
  return `${line.slice(0, head)}…${line.slice(line.length - (width - 1 - head))}`;
}

export type Style = 'bold' | 'dim' | 'yellow' | 'green';

const SGR: Record<Style, string> = { bold: '1', dim: '2', yellow: '33', green: '32' };

/** `text` in `style` where colour is on; `printable` must have been applied to foreign text before. */
export function styled(text: string, style: Style, colour: boolean): string {
  return colour ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text;
}

/** `text` broken at spaces into lines of at most `width` characters; a longer word keeps a line of its own. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
