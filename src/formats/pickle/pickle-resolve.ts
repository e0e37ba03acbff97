/**
 * Gives the records of NumPy, SciPy and chumpy their meaning, from the innermost outwards, each once: what the
 * pickle shares stays shared. Nothing here calls itself, so that no nesting can exhaust JavaScript's stack.
 */
import { addEntries, addItems, globalKey } from './pickle-calls.js';
import { CHUMPY_MEANINGS } from './pickle-chumpy.js';
import { NUMPY_MEANINGS } from './pickle-numpy.js';
import { MAX_ENTRIES, VALUE_COST, type PickleSource } from './pickle-source.js';
import { SPARSE_MEANINGS } from './pickle-sparse.js';
import { PickleRecord, PickleTuple, type PickleValue } from './pickle-values.js';

const MEANINGS = new Map([...NUMPY_MEANINGS, ...SPARSE_MEANINGS, ...CHUMPY_MEANINGS]);

/** A value that holds others, on the way from the root to where the walk is. */
interface Visit {
  readonly holder: Holder;
  /** Replaced in place. */
  readonly children: PickleValue[];
  next: number;
  changed: boolean;
  /** The result; until it is there, a value that stands for itself. */
  value: PickleValue;
  /** How many holders deep it goes, itself included. */
  height: number;
  open: boolean;
}

/** The root, with every known record in it replaced. */
export function resolvePickle(source: PickleSource, root: PickleValue): PickleValue {
  const stopAt = source.opcodeAt;
  const visits = new Map<Holder, Visit>();
  const outer: PickleValue[] = [root];
  const path: Visit[] = [newVisit(outer, outer, outer)];
  for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
    if (visit.next === visit.children.length) {
      path.pop();
      close(source, visit, stopAt);
      continue;
    }
    const child = visit.children[visit.next]!;
    const entered = isHolder(child) ? visits.get(child) : undefined;
    if (isHolder(child) && entered === undefined) {
      if (visits.size >= MAX_ENTRIES)
        throw source.tooLarge('Too many objects', `at most ${MAX_ENTRIES}`, 'more');
      const inner = newVisit(child, childrenOf(source, child), child);
      visits.set(child, inner);
      path.push(inner);
      continue;
    }
    if (entered !== undefined) adopt(source, visit, entered);
    visit.next++;
  }
  return outer[0]!;
}

type Holder = PickleValue[] | PickleTuple | Map<PickleValue, PickleValue> | Set<PickleValue> | PickleRecord;

function isHolder(value: PickleValue): value is Holder {
  return (
    Array.isArray(value) ||
    value instanceof PickleTuple ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof PickleRecord
  );
}

function newVisit(holder: Holder, children: PickleValue[], value: PickleValue): Visit {
  return { holder, children, next: 0, changed: false, value, height: 0, open: true };
}

function childrenOf(source: PickleSource, holder: Holder): PickleValue[] {
  if (Array.isArray(holder)) return holder;
  if (holder instanceof PickleTuple) return holder.items;
  if (holder instanceof PickleRecord) {
    const { args, kwargs = null, state = null, items = null, entries = null } = holder;
    return [args, kwargs, state, items, entries];
  }
  source.charge(2 * VALUE_COST * holder.size);
  return holder instanceof Set ? [...holder] : [...holder].flat();
}

/** Takes the result of a child over into the value that holds it. */
function adopt(source: PickleSource, visit: Visit, child: Visit): void {
  if (child.open) {
    // A list, dict or plain record may hold itself; an array has to be complete before it can be made.
    if (child.holder instanceof PickleRecord && meaningOf(child.holder) !== undefined) {
      throw source.error(
        {
          code: 'cycle',
          message: 'An array or matrix holds itself',
          expected: 'arrays that can be made from the inside out',
          got: `${child.holder.module}.${child.holder.name} inside itself`,
          next: 'take the reference out before pickle.dump',
        },
        child.holder.offset,
      );
    }
    return;
  }
  if (child.height > visit.height) visit.height = child.height;
  if (child.value === visit.children[visit.next]) return;
  visit.children[visit.next] = child.value;
  visit.changed = true;
}

function meaningOf(
  record: PickleRecord,
): ((s: PickleSource, r: PickleRecord) => PickleValue | undefined) | undefined {
  return MEANINGS.get(globalKey(record.module, record.name));
}

/** All children are done. */
function close(source: PickleSource, visit: Visit, stopAt: number): void {
  const { holder, children } = visit;
  visit.open = false;
  visit.height++;
  source.opcodeAt = stopAt;
  if (visit.height > source.maxDepth + 1) {
    throw source.error({
      code: 'too-deep',
      message: 'The values of the pickle are nested too deeply',
      expected: `at most ${source.maxDepth} levels`,
      got: 'more',
      next: 'check what wrote the file; no dataset or model this program reads comes near the limit',
    });
  }
  if (holder instanceof PickleRecord) {
    source.opcodeAt = holder.offset;
    if (visit.changed) holder.state = children[2]!;
    visit.value = meaningOf(holder)?.(source, holder) ?? holder;
  } else if (visit.changed && holder instanceof Map) {
    holder.clear();
    addEntries(source, holder, children);
  } else if (visit.changed && holder instanceof Set) {
    holder.clear();
    addItems(source, holder, children);
  }
}
