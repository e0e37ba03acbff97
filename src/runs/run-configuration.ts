/** Everything that decides the numbers of a run: the same configuration on the same folder is the same run. */
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../errors.js';
import type { RunConfiguration } from './manifest.js';

export function otherRun(path: string, old: RunConfiguration, wanted: RunConfiguration): UserError {
  const keys = differences(old, wanted);
  const [first = ''] = keys;
  const others = keys.length > 1 ? ` (${keys.slice(1).join(', ')} differ too)` : '';
  const [wantedValue, oldValue] = describeDifference(first, wanted[first], old[first]);
  return new UserError({
    code: 'output-other-run',
    message: 'The output folder already holds another run',
    file: path,
    expected: wantedValue + others,
    got: wantedValue === oldValue ? `a run made before that changed: ${oldValue}` : oldValue,
    next: 'name another folder with --out, or add --force to replace that run',
  });
}

/** Both values of a key in few words: a path where there is one, else the first field that differs. */
function describeDifference(key: string, wanted: unknown, old: unknown): [string, string] {
  if (isRecord(wanted) && isRecord(old)) {
    if (typeof wanted.path === 'string' && typeof old.path === 'string') {
      return [`${key} ${wanted.path}`, `${key} ${old.path}`];
    }
    const [field] = differingKeys(old, wanted);
    if (field !== undefined) return describeDifference(`${key}.${field}`, wanted[field], old[field]);
  }
  const show = (value: unknown): string => `${key} ${JSON.stringify(value) ?? 'absent'}`;
  return [show(wanted), show(old)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What differs where a dataset folder was copied or moved, and what it has in common with what it was. */
const OF_THE_COPY = ['data', 'annotations_modified'];
const OF_THE_CONTENT = 'annotations_sha256';

/** By what two configurations are different runs; nothing where they are the same, be it on a copy of the dataset. */
export function differences(a: RunConfiguration, b: RunConfiguration): string[] {
  const [before, after] = [a[OF_THE_CONTENT], b[OF_THE_CONTENT]];
  const isKnown = before !== undefined && after !== undefined;
  const keys = differingKeys(a, b).filter((key) => key !== OF_THE_CONTENT || isKnown);
  const isOfCopy = isKnown && before === after && keys.every((key) => OF_THE_COPY.includes(key));
  return isOfCopy ? [] : keys;
}

/** Whether the same run is wanted on a copy of the dataset. */
export function isOnCopy(a: RunConfiguration, b: RunConfiguration): boolean {
  return differences(a, b).length === 0 && OF_THE_COPY.some((key) => a[key] !== b[key]);
}

function differingKeys(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  const plain = (value: unknown): unknown =>
    value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => !isDeepStrictEqual(plain(a[key]), plain(b[key])),
  );
}
