/** Names beside the rows of a file, read as ids where they are those of the dataset's samples. */
import type { DatasetFolder, Notice } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { plainId } from './match-ids.js';
import type { PredictionSource, RowNames } from './prediction-source.js';

/** Suffixes of files that are named after a photograph. */
const SUFFIX = /\.(?:jpe?g|png|webp|bmp|json|np[yz]|txt|pkl|mat)$/i;

/** What a list of names says of the rows. */
interface Reading {
  readonly names: RowNames;
  /** The sample of each row; null where the name is none's. */
  readonly ids: readonly (string | null)[];
}

/**
 * A source whose rows are matched by what stands beside them: ids, base names and paths of photographs, with or
 * without their suffix.
 *
 * @param sampleIds the folder's samples; asked for where there are names.
 * @throws UserError where some names are samples and others are not, or two lists name different samples.
 */
export async function matchedByNames(
  source: PredictionSource,
  folder: DatasetFolder,
  sampleIds: () => Promise<readonly string[]>,
): Promise<PredictionSource> {
  const { ids, rowNames = [], notices, notes = [] } = source;
  if (ids === null && rowNames.length === 0) return source;
  const known = await sampleIds();
  const sampleOf = sampleFinder(known, folder);
  const read = (names: RowNames): Reading => ({ names, ids: names.values.map(sampleOf) });
  const own = ids === null ? null : read({ label: "'ids'", values: ids, isRequired: true });
  const readings = rowNames.map(read);
  const whole = readings.filter(isWhole);
  const unused = readings.filter((reading) => !isWhole(reading));
  // Ids that are not whole are left as they are, to be refused where they are matched.
  const [first, ...others] = own === null ? whole : [own, ...whole];
  if (first !== undefined && isWhole(first)) for (const other of others) requireSame(source, first, other);
  if (own === null) for (const reading of unused) refuseBroken(source, reading, known);
  return {
    ...source,
    ids: first !== undefined && isWhole(first) ? first.ids : ids,
    notices: [...notices, ...unused.map((reading) => unusedNotice(reading, known))],
    notes:
      first === undefined || first === own
        ? notes
        : [...notes, `The rows are matched to the samples by ${first.names.label}.`],
  };
}

/** Finds the one sample that a name is of; null where there is none, or more than one. */
function sampleFinder(
  sampleIds: readonly string[],
  { split, definition }: DatasetFolder,
): (name: string) => string | null {
  const byBase = new Map<string, string[]>();
  for (const id of sampleIds) {
    const base = partsOf(id).at(-1)!;
    byBase.set(base, [...(byBase.get(base) ?? []), id]);
  }
  const otherSplits = definition.splits.filter((other) => other !== split);
  const find = (name: string): string | null => {
    const parts = partsOf(name);
    const folders = parts.slice(0, -1);
    if (folders.some((part) => otherSplits.includes(part))) return null;
    const candidates = byBase.get(parts.at(-1)!) ?? [];
    // A path names the folders of an id, in their order and with others between; a base name may name none.
    const named = candidates.filter((id) => isWithin(partsOf(id).slice(0, -1), folders));
    const fitting = named.length > 0 || folders.length > 0 ? named : candidates;
    return fitting.length === 1 ? fitting[0]! : null;
  };
  return (name) => find(name) ?? (SUFFIX.test(name) ? find(name.replace(SUFFIX, '')) : null);
}

function partsOf(name: string): string[] {
  return name.split(/[\\/]+/).map(plainId);
}

function isWithin(wanted: readonly string[], parts: readonly string[]): boolean {
  let next = 0;
  for (const part of parts) if (part === wanted[next]) next++;
  return next === wanted.length;
}

function isWhole(reading: Reading): reading is Reading & { readonly ids: readonly string[] } {
  const { ids } = reading;
  return ids.length > 0 && !ids.includes(null) && new Set(ids).size === ids.length;
}

function requireSame(source: PredictionSource, one: Reading, other: Reading): void {
  const row = one.ids.findIndex((id, index) => id !== other.ids[index]);
  if (row === -1) return;
  throw nameError(source, {
    message: `${one.names.label} and ${other.names.label} name different samples`,
    expected: 'one name a row, or names of the same sample',
    got: `${JSON.stringify(one.names.values[row]!)} and ${JSON.stringify(other.names.values[row]!)} in row ${row}`,
    next: `leave out the one that does not name the rows`,
  });
}

/** Names of which some are samples are names: the others are a mistake. */
function refuseBroken(source: PredictionSource, { names, ids }: Reading, known: readonly string[]): void {
  const { label, values, isRequired } = names;
  const isMostlyNames = ids.filter((id) => id !== null).length * 2 > ids.length;
  if (!isRequired && !isMostlyNames) return;
  const row = ids.indexOf(null);
  const at = (index: number): string => `${JSON.stringify(values[index]!)} in row ${index}`;
  if (row !== -1) {
    throw nameError(source, {
      message: `${label} names a sample that is not in the folder`,
      expected: `names of the folder's samples, such as ${known[0] ?? 'none'}`,
      got: at(row),
      next: 'leave that row out, or give the folder and the split that the predictions are of',
    });
  }
  const seen = new Set<string | null>();
  const again = ids.findIndex((id) => seen.size === seen.add(id).size);
  throw nameError(source, {
    message: `${label} names a sample twice`,
    expected: 'each sample of the folder at most once',
    got: `${at(ids.indexOf(ids[again]!))} and ${at(again)}`,
    next: 'leave one of the two rows out',
  });
}

function unusedNotice({ names: { label, values } }: Reading, known: readonly string[]): Notice {
  return {
    code: 'predictions-names-unused',
    message: `${label} has a text for each row (${JSON.stringify(values[0]!)} …) and none is a sample of the folder: it is not used, and says nothing of the order of the rows`,
    remedy: `write the samples of the rows as in the folder (${known[0]!} …) if that is what it is for; leave it out if not`,
  };
}

function nameError(
  { origin }: PredictionSource,
  details: { message: string; expected: string; got: string; next: string },
): UserError {
  return new UserError({ code: 'predictions-ids', file: origin.path, ...details });
}
