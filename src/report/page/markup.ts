/**
 * HTML that cannot be broken by what is put into it: text in a template is escaped
 * unless it is markup of this module's own making. Escaped text is safe as the content of
 * an element and between the double quotes of an attribute, the only two places it is put;
 * data for scripts goes through `scriptData`.
 */
import { createHash } from 'node:crypto';

/** Markup that is safe to put into a page. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type MarkupValue = Markup | string | number | null | undefined | readonly MarkupValue[];

export const NOTHING: Markup = new Markup('');

/** A template whose strings and numbers are escaped, lists joined, `null` and `undefined` left out. */
export function markup(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let text = parts[0]!;
  values.forEach((value, index) => {
    text += escaped(value) + parts[index + 1]!;
  });
  return new Markup(text);
}

function escaped(value: MarkupValue): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(escaped).join('');
  return escapeText(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that no reader should obey: controls (but tab and line feed), and those that turn the direction of text. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu;

/** `text` for an element or a quoted attribute; control characters and direction marks become visible. */
export function escapeText(text: string): string {
  return text
    .replace(UNPRINTABLE, (character) => `\\u{${character.charCodeAt(0).toString(16).padStart(4, '0')}}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/**
 * JSON for a `<script type="application/json">`: nothing in it ends the element or opens a
 * comment in it, and U+2028 and U+2029 are spelt out. NaN has no JSON: it is refused.
 */
export function scriptData(value: unknown): Markup {
  const text = JSON.stringify(value, (key, item: unknown) => {
    if (typeof item === 'number' && !Number.isFinite(item))
      throw new TypeError(`${key} is ${item}, which JSON does not know`);
    return item;
  });
  return new Markup(
    text.replace(/[<>&\u2028\u2029]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }),
  );
}

/** A content security policy names an inline script or style by this; of exactly the bytes between the tags. */
export function policyHash(content: string): string {
  return `'sha256-${createHash('sha256').update(content, 'utf8').digest('base64')}'`;
}
