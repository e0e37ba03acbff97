/**
 * Two kinds of error leave this program.
 *
 * A `UserError` is something the user can mend: it says what was wrong, where,
 * what was found, what was expected and what to do next. Everything else that
 * is thrown is a bug, shown with its stack and exit code 70.
 */

/** What a `UserError` carries beside its message; each part is shown when present. */
export interface UserErrorDetails {
  /** Stable, machine-readable, kebab-case: `dataset-folder-missing`. */
  readonly code: string;
  /** What was wrong, in one sentence without a final full stop. */
  readonly message: string;
  /** The file or folder it was found in. */
  readonly file?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  readonly expected?: string;
  readonly got?: string;
  /** What to do next. */
  readonly next?: string;
  /** Defaults to 1: the user's input or environment. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** The JSON form of an error, printed under `--json` as `{"error": …}`. */
export interface ErrorJson {
  code: string;
  message: string;
  file?: string;
  offset?: number;
  expected?: string;
  got?: string;
  next?: string;
}

export const EXIT = {
  done: 0,
  input: 1,
  usage: 2,
  findings: 3,
  bug: 70,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

const ALTERNATIVES = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** For what an error expected: `a, b or c`. */
export function oneOf(choices: readonly string[]): string {
  return ALTERNATIVES.format(choices);
}

export class UserError extends Error {
  readonly code: string;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  readonly next: string | undefined;
  readonly exitCode: number;

  constructor(details: UserErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'UserError';
    this.code = details.code;
    this.file = details.file;
    this.offset = details.offset;
    this.expected = details.expected;
    this.got = details.got;
    this.next = details.next;
    this.exitCode = details.exitCode ?? EXIT.input;
  }

  /** The error as lines of plain text, ready for stderr. */
  toLines(): string[] {
    const lines = [this.message];
    if (this.file !== undefined) {
      lines.push(`  where     ${this.file}${this.offset === undefined ? '' : `, byte ${this.offset}`}`);
    }
    if (this.expected !== undefined) lines.push(`  expected  ${this.expected}`);
    if (this.got !== undefined) lines.push(`  got       ${this.got}`);
    if (this.next !== undefined) lines.push(`  next      ${this.next}`);
    return lines;
  }

  toJson(): ErrorJson {
    const json: ErrorJson = { code: this.code, message: this.message };
    if (this.file !== undefined) json.file = this.file;
    if (this.offset !== undefined) json.offset = this.offset;
    if (this.expected !== undefined) json.expected = this.expected;
    if (this.got !== undefined) json.got = this.got;
    if (this.next !== undefined) json.next = this.next;
    return json;
  }

  /** Rebuilds an error that crossed a worker boundary, where only plain objects survive. */
  static fromJson(json: ErrorJson): UserError {
    return new UserError(json);
  }
}
