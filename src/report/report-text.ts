/** What `report` prints at its end. */
import { grouped, printable, wrapText } from '../text/text.js';

const WIDTH = 80;

export interface WrittenReport {
  readonly file: string;
  readonly bytes: number;
  readonly missing: readonly string[];
}

export function reportText({ file, bytes, missing }: WrittenReport): string {
  const left = missing.flatMap((sentence) => wrapText(`left out: ${printable(sentence)}`, WIDTH));
  return [
    '',
    ...left,
    ...(left.length > 0 ? [''] : []),
    `report  ${printable(file)} (${grouped(Math.round(bytes / 1000))} kB)`,
    '',
  ].join('\n');
}
