/** Arrays of a user's own, known by their names alone. Their axes and joint order are the benchmark's. */
import type { DatasetDefinition } from '../../datasets/types.js';
import { UserError } from '../../errors.js';
import { HAMER_NAME, OUTPUT_NAMES, plainName, ROLE_WORDS, type OutputRole } from '../../hand/output-names.js';
import type { OpenArrays, OpenHandles } from '../array-source.js';
import {
  JOINT_FORM,
  KEYPOINT_FORM,
  pointShape,
  shapeText,
  VERTEX_FORM,
  type ArrayRows,
  type PointForm,
} from '../point-rows.js';
import type { PredictionOrigin, RowNames } from '../prediction-source.js';
import { scoredArrays } from '../scored-arrays.js';
import type { OpenPredictionsOptions } from './prediction-format.js';

/** An array before it is read. */
export interface StoredArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its type, as an error shows it. */
  readonly type: string;
  readonly holds: 'numbers' | 'integers' | 'texts' | 'objects' | 'unknown';
}

/** What a file or folder holds, whatever its format is. */
export interface ArrayStore {
  readonly arrays: readonly StoredArray[];
  open(name: string): Promise<ArrayRows>;
  texts(name: string): Promise<readonly string[]>;
  /** The names of the rows where each row has an entry or a file of its own. */
  readonly entries?: RowNames;
}

type Role = Exclude<OutputRole, 'camera'>;

const FORMS: Readonly<Record<Role, PointForm>> = {
  joints: JOINT_FORM,
  vertices: VERTEX_FORM,
  keypoints_2d: KEYPOINT_FORM,
};
/** What an array without a known name is recognised by, as a model's output is. */
const TELLING_POINTS: Readonly<Record<Role, number>> = { joints: 21, vertices: 778, keypoints_2d: 21 };
/** Names of something else; `keypoints` are in the photograph or in space, as their shape says. */
const OTHER_NAMES: Readonly<Record<Role, readonly string[]>> = {
  joints: [...OUTPUT_NAMES.vertices, ...OUTPUT_NAMES.keypoints_2d],
  vertices: [...OUTPUT_NAMES.joints, ...OUTPUT_NAMES.keypoints_2d],
  keypoints_2d: OUTPUT_NAMES.vertices,
};
/** Scored against itself, the ground truth is perfect. */
const TRUTH_NAME = /(^|_)(gt|true|truth|targets?|labels?)(_|$)/;

/** Names under which people keep the names of photographs. */
const ROW_NAMES =
  /^(?:(?:img|image|photo|file|sample|frame)_?(?:name|path|file|id|key)?s?|f?names?|ids?|paths?|keys?)$/;
/** Whole numbers name samples under these alone: other counts of rows are of something else. */
const ID_NAMES = /^(?:.*_)?ids?$/;

export function mayNameRows(name: string): boolean {
  return ROW_NAMES.test(plainName(name));
}

/** Whether it is a name of points, whatever points they are. */
export function namesPoints(name: string): boolean {
  return Object.values(OUTPUT_NAMES).some((names) => names.includes(plainName(name)));
}

/** The arrays that the benchmark scores, and what stands beside them. */
export async function namedArrays(
  origin: PredictionOrigin,
  { protocol, axes, jointOrder }: DatasetDefinition,
  store: ArrayStore,
  held: OpenHandles,
  requireRows: OpenPredictionsOptions['requireRows'],
): Promise<OpenArrays> {
  const { names } = scoredArrays(protocol);
  const roles = names.filter((name): name is Role => name in FORMS);
  const found = new Map(roles.map((role) => [role, byName(origin, store, role)]));
  const taken = (): readonly StoredArray[] => [...found.values()].filter((array) => array !== null);
  for (const role of roles) {
    if (found.get(role) === null) found.set(role, byShape(origin, store, role, taken()));
  }
  const open = async (role: Role): Promise<ArrayRows | null> => {
    const array = found.get(role) ?? null;
    return array === null ? null : held.openPlain(store.open(array.name));
  };
  const opened = async (role: Role): Promise<OpenArrays['joints']> => {
    const reader = await open(role);
    return reader === null ? null : { reader, axes };
  };
  const beside = store.arrays.filter((array) => !taken().includes(array));
  const rows = rowsOf(found);
  const naming = beside.filter((array) => array.name !== 'ids' && namesRows(array, rows));
  const unused = beside.filter(
    (array) => array.name !== 'ids' && !naming.includes(array) && array.shape[0] === rows,
  );
  const ids = store.arrays.find(({ name }) => name === 'ids');
  const named = ids !== undefined || naming.length > 0 || store.entries !== undefined;
  const entries = ids?.shape.reduce((a, b) => a * b, 1) ?? 0;
  await requireRows?.(Math.max(rows ?? 0, entries), { named, atLeast: false });
  return {
    joints: await opened('joints'),
    vertices: await opened('vertices'),
    keypoints: await open('keypoints_2d'),
    roots: null,
    ids: ids !== undefined ? await store.texts('ids') : null,
    rowNames: [
      ...(store.entries === undefined ? [] : [store.entries]),
      ...(await Promise.all(naming.map((array) => rowNames(store, array)))).flat(),
    ],
    jointOrder,
    notes: [...[...found].flatMap(([role, array]) => takenNote(role, array)), ...unusedNote(unused)],
    ...(store.arrays.length === 0 ? {} : { others: describe(store.arrays) }),
  };
}

/** An array of the role's own name whatever its shape is, so that a wrong one is an error; of other names, one that fits. */
function byName(origin: PredictionOrigin, { arrays }: ArrayStore, role: Role): StoredArray | null {
  const own = arrays.find(({ name }) => name === role);
  if (own !== undefined) return own;
  const fitting = arrays.filter(
    (array) =>
      OUTPUT_NAMES[role].includes(plainName(array.name)) &&
      isNumeric(array) &&
      pointShape(array.shape, FORMS[role]) !== null,
  );
  return fitting.find(({ name }) => name === HAMER_NAME[role]) ?? theOne(origin, role, fitting);
}

function byShape(
  origin: PredictionOrigin,
  { arrays }: ArrayStore,
  role: Role,
  taken: readonly StoredArray[],
): StoredArray | null {
  const { axes } = FORMS[role];
  const fitting = arrays.filter((array) => {
    const { shape } = array;
    const name = plainName(array.name);
    if (taken.includes(array) || !isNumeric(array)) return false;
    if (OTHER_NAMES[role].includes(name) || TRUTH_NAME.test(name)) return false;
    const points = TELLING_POINTS[role];
    const isTelling = shape.at(-2) === points && shape.at(-1) === axes;
    return isTelling && pointShape(shape, { points, axes }) !== null;
  });
  return theOne(origin, role, fitting);
}

function theOne(origin: PredictionOrigin, role: Role, fitting: readonly StoredArray[]): StoredArray | null {
  const [first, another] = fitting;
  if (another === undefined) return first ?? null;
  throw new UserError({
    code: 'predictions-arrays',
    message: `Several arrays may be the predicted ${ROLE_WORDS[role]}`,
    file: origin.path,
    expected: `one, or one named '${role}'`,
    got: describe(fitting),
    next: `name the predicted ones '${role}'`,
  });
}

function isNumeric({ holds }: StoredArray): boolean {
  return holds === 'numbers' || holds === 'integers';
}

/** How many samples the arrays are of; null where nothing was found. */
function rowsOf(found: ReadonlyMap<Role, StoredArray | null>): number | null {
  for (const [role, array] of found) {
    if (array !== null) return pointShape(array.shape, FORMS[role])?.[0] ?? array.shape[0] ?? null;
  }
  return null;
}

function namesRows({ name, shape, holds }: StoredArray, rows: number | null): boolean {
  if (rows === null || shape.reduce((a, b) => a * b, 1) !== rows) return false;
  if (holds === 'texts') return true;
  return holds === 'objects' ? mayNameRows(name) : holds === 'integers' && ID_NAMES.test(plainName(name));
}

async function rowNames(store: ArrayStore, { name, holds }: StoredArray): Promise<readonly RowNames[]> {
  try {
    return [{ label: `'${name}'`, values: await store.texts(name), isRequired: false }];
  } catch (error) {
    // Python objects may be anything.
    if (holds === 'objects' && error instanceof UserError) return [];
    throw error;
  }
}

function takenNote(role: Role, array: StoredArray | null): readonly string[] {
  if (array === null || array.name === role) return [];
  return [`The ${ROLE_WORDS[role]} are read from ${describe([array])}.`];
}

function unusedNote(unused: readonly StoredArray[]): readonly string[] {
  if (unused.length === 0) return [];
  return [`Not used, though there is one entry a row: ${describe(unused)}.`];
}

/** Names that an error lists. */
const MAX_LISTED = 12;

/** `arr_0 (24, 21, 3) <f4, …`. */
function describe(arrays: readonly StoredArray[]): string {
  const shown = arrays.slice(0, MAX_LISTED).map(({ name, shape, type }) => {
    const plain = /^[\w./ -]+$/.test(name) ? name : JSON.stringify(name);
    return `${plain} ${shapeText(shape)} ${type}`;
  });
  return shown.join(', ') + (arrays.length > MAX_LISTED ? `, … (${arrays.length} in all)` : '');
}
