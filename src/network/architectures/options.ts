/**
 * What a network's configuration is made of: sizes that its tensors show, options that none shows, and what files
 * declare. A declared value that contradicts a tensor is an error that names both; where nothing says anything, the
 * released network's value holds and is named as assumed.
 */
import { oneOf, UserError } from '../../errors.js';

export type FieldValue = number | boolean | string | readonly number[];

/** Values by field; `jr.depths` is a field of a part. */
export type Fields = Readonly<Record<string, FieldValue>>;

/** What one file says. */
export interface Declaration {
  readonly file: string;
  readonly values: Readonly<Record<string, Declared>>;
}

export interface Declared {
  readonly value: FieldValue;
  /** How the file itself calls it: `MODEL.DECODER_MAMBA.DEPTHS`. */
  readonly key: string;
}

/** What tensors show, and which one shows it. */
export interface Seen {
  readonly value: FieldValue;
  /** `mano_head.decpose.weight is (96, 1578)`. */
  readonly evidence: string;
  /** Whether a declared value says the same; equality unless given. */
  readonly agrees?: (declared: FieldValue) => boolean;
}

export interface Settled {
  readonly fields: Fields;
  /** Fields that neither a tensor nor a file told. */
  readonly assumed: readonly string[];
}

/**
 * Settles every field of `released`.
 *
 * @param declarations the later ones win
 * @throws UserError `network-contradiction`
 */
export function settle(
  released: Fields,
  seen: Readonly<Record<string, Seen>>,
  declarations: readonly Declaration[],
): Settled {
  const fields: Record<string, FieldValue> = {};
  const assumed: string[] = [];
  for (const [field, usual] of Object.entries(released)) {
    const shown = seen[field];
    const last = declarations.findLast(({ values }) => values[field] !== undefined);
    const declared = last?.values[field];
    const agrees = shown?.agrees ?? ((value: FieldValue) => isSame(value, shown!.value));
    if (shown !== undefined && declared !== undefined && !agrees(declared.value)) {
      throw contradiction(last!.file, declared, shown);
    }
    if (shown === undefined && declared === undefined) assumed.push(field);
    fields[field] = declared?.value ?? shown?.value ?? usual;
  }
  return { fields, assumed };
}

function isSame(a: FieldValue, b: FieldValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function contradiction(file: string, { key, value }: Declared, shown: Seen): UserError {
  return new UserError({
    code: 'network-contradiction',
    message: `The configuration contradicts the checkpoint's tensors: ${key}`,
    file,
    expected: `${JSON.stringify(shown.value)}: ${shown.evidence}`,
    got: `${key}: ${JSON.stringify(value)}`,
    next: `give the configuration that belongs to this checkpoint with --config, or correct ${key} in it`,
  });
}

/**
 * Reads our own JSON of fields, parts one level deep.
 *
 * @param released tells which fields there are and of what type
 * @throws UserError `network-field-unknown`, `network-field-value`
 */
export function declarationOf(
  content: Readonly<Record<string, unknown>>,
  file: string,
  released: Fields,
  choices: Readonly<Record<string, readonly string[]>>,
): Declaration {
  const values: Record<string, Declared> = {};
  for (const [key, value] of Object.entries(flat(content))) {
    if (key === 'architecture' || key.startsWith('discriminator')) continue;
    const usual = released[key];
    if (usual === undefined) {
      throw new UserError({
        code: 'network-field-unknown',
        message: `The configuration has an unknown field: ${key}`,
        file,
        expected: `fields among ${Object.keys(released).join(', ')}`,
        got: key,
        next: 'correct the name, or leave the field out: what the tensors show needs no configuration',
      });
    }
    const allowed = choices[key];
    const fits = allowed === undefined ? hasType(value, usual) : allowed.includes(value as string);
    if (!fits) {
      throw new UserError({
        code: 'network-field-value',
        message: `The configuration has a wrong value: ${key}`,
        file,
        expected: allowed === undefined ? typeText(usual) : oneOf(allowed),
        got: JSON.stringify(value) ?? 'nothing',
        next: `correct ${key}; the released network has ${JSON.stringify(usual)}`,
      });
    }
    values[key] = { value: value as FieldValue, key };
  }
  return { file, values };
}

function flat(content: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(content).flatMap(([key, value]): [string, unknown][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, part]) => [`${key}.${inner}`, part])
        : [[key, value]],
    ),
  );
}

function hasType(value: unknown, usual: FieldValue): boolean {
  if (Array.isArray(usual))
    return Array.isArray(value) && value.length > 0 && value.every((x) => isCount(x, 1));
  if (typeof usual === 'number') return isCount(value, 0) || (typeof value === 'number' && value > 0);
  return typeof value === typeof usual;
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) < 1e6;
}

function typeText(usual: FieldValue): string {
  if (Array.isArray(usual)) return 'a list of whole numbers';
  return typeof usual === 'number' ? 'a number that is not negative' : 'true or false';
}
