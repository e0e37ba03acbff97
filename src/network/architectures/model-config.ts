/** `model_config.yaml` of the released code bases, read by dotted path. What the network here cannot be is refused. */
import { UserError } from '../../errors.js';
import type { Declared, FieldValue } from './options.js';

export class ModelConfig {
  readonly file: string;
  readonly #content: unknown;
  /** Paths of the values that were asked for, tables left out. */
  readonly read = new Set<string>();

  constructor(content: unknown, file: string) {
    this.#content = content;
    this.file = file;
  }

  /** The value at `MODEL.BACKBONE.TYPE`; undefined where the file has none. */
  at(path: string): unknown {
    const value = path
      .split('.')
      .reduce<unknown>(
        (inner, key) =>
          typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
            ? (inner as Readonly<Record<string, unknown>>)[key]
            : undefined,
        this.#content,
      );
    if (!isTable(value)) this.read.add(path);
    return value;
  }

  /** What the file has and nobody asked for; a table of which that holds as a whole is named once. */
  unread(): string[] {
    return unreadIn(this.#content, '', this.read);
  }

  /** A flag of the released code counts where it is present and true. */
  isOn(path: string): boolean {
    return this.at(path) === true;
  }

  /** What the file says at `path`, for a field; nothing where it says nothing of that type. */
  declared(path: string, type: 'number' | 'boolean' | 'string' | 'numbers'): Declared | undefined {
    const value = this.at(path);
    if (value === undefined || value === null) return undefined;
    const fits = type === 'numbers' ? isNumbers(value) : typeof value === type;
    if (!fits) throw this.refused(path, `a value of the type ${type}`, 'correct it, or leave it out');
    return { value: value as FieldValue, key: path };
  }

  /** Refuses the file unless the value at `path`, where there is one, is among `allowed`. */
  require(path: string, allowed: readonly FieldValue[], why: string): void {
    const value = this.at(path);
    if (value === undefined || allowed.some((one) => one === value)) return;
    throw this.refused(path, allowed.map((one) => JSON.stringify(one)).join(' or '), why);
  }

  /** Refuses the file unless the flag at `path` is on. */
  requireOn(path: string, why: string): void {
    if (!this.isOn(path)) throw this.refused(path, 'true', why);
  }

  refused(path: string, expected: string, why: string): UserError {
    const value = this.at(path);
    return new UserError({
      code: 'network-unsupported',
      message: `The configuration asks for a network that cannot be built: ${path}`,
      file: this.file,
      expected,
      got: value === undefined ? 'nothing' : `${path}: ${JSON.stringify(value)}`,
      next: why,
    });
  }
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadIn(table: unknown, prefix: string, read: ReadonlySet<string>): string[] {
  if (!isTable(table)) return [];
  return Object.entries(table).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    const isTouched = [...read].some((one) => one === path || one.startsWith(`${path}.`));
    if (!isTouched) return [path];
    return unreadIn(value, `${path}.`, read);
  });
}
