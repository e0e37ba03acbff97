/** JSON documents that people read and edit, too. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A document as editors save it: a byte order mark before it is no part of it. */
export function parseJson(text: string): unknown {
  // The mark of UTF-16, where the text was read as UTF-8.
  if (text.startsWith('\ufffd\ufffd')) throw new SyntaxError('UTF-16 text; save the file as UTF-8');
  return JSON.parse(text.replace(/^\ufeff/, ''));
}
