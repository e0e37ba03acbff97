/**
 * The script of the page: the compiled files of client/, one after the other in one module.
 * They are few, ours, and know each other by name, so joining them is taking out what names the files.
 */
import { readFile } from 'node:fs/promises';

/** Each before those that use it. */
const FILES = ['scene.js', 'page.js'] as const;

/** Compiled, whether this runs from dist/ or, in tests, from src/. */
const FOLDER = new URL('../../../dist/report/page/client/', import.meta.url);

export async function clientScript(): Promise<string> {
  const texts = await Promise.all(FILES.map((name) => readFile(new URL(name, FOLDER), 'utf8')));
  return texts.map(withoutModuleSyntax).join('\n');
}

/** `import … from './x.js'` goes, `export` before a declaration goes; what the compiler writes has each at the start of a line. */
export function withoutModuleSyntax(text: string): string {
  return text
    .replace(/^import\s[^;]*?from '\.\/[\w-]+\.js';\n/gm, '')
    .replace(/^export (?=(?:const|function|class|let)\b)/gm, '')
    .replace(/^export \{\};\n/gm, '');
}
