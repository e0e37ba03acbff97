/**
 * The pickle machine: carries out the opcodes, one after the other, without ever calling, importing or evaluating
 * anything. A call of an unknown function becomes a `PickleRecord`; what NumPy, SciPy and chumpy mean is worked
 * out afterwards (pickle-resolve.ts). Every opcode is at least one byte long and pays for what it makes, so that
 * steps and memory are bounded by the input and the limits. Source of the semantics: CPython 3.11's
 * `Lib/pickle.py` and `Lib/pickletools.py`.
 */
import type { UserError } from '../../errors.js';
import { addEntries, addItems, callGlobal, instantiate } from './pickle-calls.js';
import {
  readBinaryLong,
  readFloat,
  readInt,
  readLong,
  readMemoIndex,
  readQuoted,
  readRawUnicode,
} from './pickle-literals.js';
import { HIGHEST_PROTOCOL, OPCODE, opcodeName } from './pickle-opcodes.js';
import { MAX_NAME, OBJECT_COST, WRITE_AGAIN, type PickleSource } from './pickle-source.js';
import { PickleStack } from './pickle-stack.js';
import {
  PickleGlobal,
  PickleRecord,
  PickleTuple,
  type PickleDict,
  type PickleValue,
} from './pickle-values.js';

/** The name of the record that stands for an object stored outside the pickle; its one argument is the id. */
export const PERSISTENT_ID = 'persistent id';

/** Carries out all opcodes up to STOP and returns the one value that is left. */
export function runPickle(source: PickleSource): PickleValue {
  const stack = new PickleStack(source);
  for (;;) {
    const code = source.opcode();
    if (code === OPCODE.STOP) return stack.finish();
    if (loadScalar(code, source, stack)) continue;
    if (loadContainer(code, source, stack)) continue;
    if (loadObject(code, source, stack)) continue;
    throw refusal(code, source);
  }
}

/** Numbers, text and bytes. Returns false where the opcode is none of these. */
function loadScalar(code: number, source: PickleSource, stack: PickleStack): boolean {
  switch (code) {
    case OPCODE.NONE:
      stack.push(null);
      return true;
    case OPCODE.NEWTRUE:
      stack.push(true);
      return true;
    case OPCODE.NEWFALSE:
      stack.push(false);
      return true;
    case OPCODE.INT:
      stack.push(readInt(source));
      return true;
    case OPCODE.BININT:
      stack.push(source.i32());
      return true;
    case OPCODE.BININT1:
      stack.push(source.u8());
      return true;
    case OPCODE.BININT2:
      stack.push(source.u16());
      return true;
    case OPCODE.LONG:
      stack.push(readLong(source));
      return true;
    case OPCODE.LONG1:
      stack.push(readBinaryLong(source, source.u8()));
      return true;
    case OPCODE.LONG4:
      stack.push(readBinaryLong(source, source.signedLength()));
      return true;
    case OPCODE.FLOAT:
      stack.push(readFloat(source));
      return true;
    case OPCODE.BINFLOAT:
      stack.push(source.f64());
      return true;
    case OPCODE.STRING:
      stack.push(readQuoted(source));
      return true;
    case OPCODE.BINSTRING:
      stack.push(source.latin1(source.take(source.signedLength())));
      return true;
    case OPCODE.SHORT_BINSTRING:
      stack.push(source.latin1(source.take(source.u8())));
      return true;
    case OPCODE.UNICODE:
      stack.push(readRawUnicode(source));
      return true;
    case OPCODE.SHORT_BINUNICODE:
      stack.push(source.utf8(source.take(source.u8())));
      return true;
    case OPCODE.BINUNICODE:
      stack.push(source.utf8(source.take(source.u32())));
      return true;
    case OPCODE.BINUNICODE8:
      stack.push(source.utf8(source.take(source.u64())));
      return true;
    case OPCODE.SHORT_BINBYTES:
      stack.pushNew(plainView(source.take(source.u8())));
      return true;
    case OPCODE.BINBYTES:
      stack.pushNew(plainView(source.take(source.u32())));
      return true;
    case OPCODE.BINBYTES8:
    case OPCODE.BYTEARRAY8:
      stack.pushNew(plainView(source.take(source.u64())));
      return true;
    default:
      return false;
  }
}

/** Lists, tuples, dicts, sets, the memo and the stack itself. */
function loadContainer(code: number, source: PickleSource, stack: PickleStack): boolean {
  switch (code) {
    case OPCODE.MARK:
      stack.mark();
      return true;
    case OPCODE.POP:
      stack.drop();
      return true;
    case OPCODE.POP_MARK:
      stack.popMark();
      return true;
    case OPCODE.DUP:
      stack.push(stack.top());
      return true;
    case OPCODE.GET:
      stack.push(stack.recall(readMemoIndex(source)));
      return true;
    case OPCODE.BINGET:
      stack.push(stack.recall(source.u8()));
      return true;
    case OPCODE.LONG_BINGET:
      stack.push(stack.recall(source.u32()));
      return true;
    case OPCODE.PUT:
      stack.memoize(readMemoIndex(source));
      return true;
    case OPCODE.BINPUT:
      stack.memoize(source.u8());
      return true;
    case OPCODE.LONG_BINPUT:
      stack.memoize(source.u32());
      return true;
    case OPCODE.MEMOIZE:
      stack.memoize();
      return true;
    case OPCODE.EMPTY_LIST:
      stack.pushNew([]);
      return true;
    case OPCODE.LIST:
      stack.pushNew(stack.popMark());
      return true;
    case OPCODE.APPEND:
      appendTo(stack, stack.popMany(1));
      return true;
    case OPCODE.APPENDS:
      appendTo(stack, stack.popMark());
      return true;
    case OPCODE.EMPTY_TUPLE:
      stack.pushNew(new PickleTuple([]));
      return true;
    case OPCODE.TUPLE1:
    case OPCODE.TUPLE2:
    case OPCODE.TUPLE3:
      stack.pushNew(new PickleTuple(stack.popMany(code - OPCODE.TUPLE1 + 1)));
      return true;
    case OPCODE.TUPLE:
      stack.pushNew(new PickleTuple(stack.popMark()));
      return true;
    case OPCODE.EMPTY_DICT:
      stack.pushNew(new Map());
      return true;
    case OPCODE.DICT: {
      const dict: PickleDict = new Map();
      addEntries(source, dict, stack.popMark());
      stack.pushNew(dict);
      return true;
    }
    case OPCODE.SETITEM:
      setEntries(source, stack, stack.popMany(2));
      return true;
    case OPCODE.SETITEMS:
      setEntries(source, stack, stack.popMark());
      return true;
    case OPCODE.EMPTY_SET:
      stack.pushNew(new Set());
      return true;
    case OPCODE.FROZENSET: {
      const set = new Set<PickleValue>();
      addItems(source, set, stack.popMark());
      stack.pushNew(set);
      return true;
    }
    case OPCODE.ADDITEMS:
      addToSet(source, stack, stack.popMark());
      return true;
    default:
      return false;
  }
}

/** Names, calls and states: what would run code in Python. */
function loadObject(code: number, source: PickleSource, stack: PickleStack): boolean {
  switch (code) {
    case OPCODE.PROTO:
      checkProtocol(source, source.u8());
      return true;
    case OPCODE.FRAME:
      checkFrame(source, source.u64());
      return true;
    case OPCODE.GLOBAL:
      stack.pushNew(readGlobal(source));
      return true;
    case OPCODE.STACK_GLOBAL: {
      const name = stack.popText('STACK_GLOBAL');
      stack.pushNew(makeGlobal(source, stack.popText('STACK_GLOBAL'), name));
      return true;
    }
    case OPCODE.REDUCE: {
      const { items } = stack.popTuple('REDUCE');
      stack.pushNew(call(source, stack, stack.pop(), items));
      return true;
    }
    case OPCODE.INST:
      stack.pushNew(instantiate(source, readGlobal(source), stack.popMark()));
      return true;
    case OPCODE.OBJ: {
      const [first, ...args] = stack.popMark();
      if (!(first instanceof PickleGlobal)) throw stack.unfit('OBJ', 'the name of a class', first ?? null);
      stack.pushNew(instantiate(source, first, args));
      return true;
    }
    case OPCODE.NEWOBJ: {
      const { items } = stack.popTuple('NEWOBJ');
      stack.pushNew(instantiate(source, stack.popGlobal('NEWOBJ'), items));
      return true;
    }
    case OPCODE.NEWOBJ_EX: {
      const kwargs = stack.pop();
      if (!(kwargs instanceof Map)) throw stack.unfit('NEWOBJ_EX', 'a dict', kwargs);
      const { items } = stack.popTuple('NEWOBJ_EX');
      const { module, name } = stack.popGlobal('NEWOBJ_EX');
      const record = new PickleRecord(module, name, items, source.opcodeAt);
      if (kwargs.size > 0) record.kwargs = kwargs;
      stack.pushNew(record);
      return true;
    }
    case OPCODE.BINPERSID: {
      if (!source.checkpoint) return false;
      source.charge(OBJECT_COST);
      const record = new PickleRecord('', PERSISTENT_ID, [stack.pop()], source.opcodeAt);
      source.persistentIds.push(record);
      stack.pushNew(record);
      return true;
    }
    case OPCODE.BUILD: {
      const state = stack.pop();
      const target = stack.top();
      if (source.checkpoint && target instanceof Map) return true;
      if (!(target instanceof PickleRecord))
        throw stack.unfit('BUILD', 'an object that takes a state', target);
      target.state = state;
      target.offset = source.opcodeAt;
      return true;
    }
    default:
      return false;
  }
}

/** Without `Buffer`'s methods, so that bytes are the same type wherever they come from. */
function plainView(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function call(
  source: PickleSource,
  stack: PickleStack,
  callee: PickleValue,
  args: PickleValue[],
): PickleValue {
  if (callee instanceof PickleGlobal) return callGlobal(source, callee, args);
  if (!(callee instanceof PickleRecord))
    throw stack.unfit('REDUCE', 'the name of a function or class', callee);
  if (callee.name.length > MAX_NAME) throw nameTooLong(source, callee.name.length);
  source.charge(OBJECT_COST * (1 + args.length));
  return new PickleRecord(callee.module, `${callee.name}()`, [callee, ...args], source.opcodeAt);
}

function appendTo(stack: PickleStack, values: PickleValue[]): void {
  const target = stack.top();
  if (Array.isArray(target)) appendAll(target, values);
  else if (target instanceof PickleRecord) appendAll((target.items ??= []), values);
  else throw stack.unfit('APPENDS', 'a list', target);
}

function appendAll(list: PickleValue[], values: readonly PickleValue[]): void {
  for (const value of values) list.push(value);
}

function setEntries(source: PickleSource, stack: PickleStack, values: PickleValue[]): void {
  const target = stack.top();
  if (!(target instanceof Map) && !(target instanceof PickleRecord))
    throw stack.unfit('SETITEMS', 'a dict', target);
  addEntries(
    source,
    target instanceof Map ? target : (target.entries ??= new Map<PickleValue, PickleValue>()),
    values,
  );
}

function addToSet(source: PickleSource, stack: PickleStack, values: PickleValue[]): void {
  const target = stack.top();
  if (target instanceof Set) addItems(source, target, values);
  else if (target instanceof PickleRecord) appendAll((target.items ??= []), values);
  else throw stack.unfit('ADDITEMS', 'a set', target);
}

function readGlobal(source: PickleSource): PickleGlobal {
  const module = source.utf8(source.lineBytes(MAX_NAME));
  return makeGlobal(source, module, source.utf8(source.lineBytes(MAX_NAME)));
}

function makeGlobal(source: PickleSource, module: string, name: string): PickleGlobal {
  const length = Math.max(module.length, name.length);
  if (length > MAX_NAME) throw nameTooLong(source, length);
  return new PickleGlobal(module, name);
}

function nameTooLong(source: PickleSource, length: number): UserError {
  return source.error({
    code: 'name',
    message: 'The name of a class or function is too long',
    expected: `at most ${MAX_NAME} characters`,
    got: `${length}`,
    next: WRITE_AGAIN,
  });
}

function checkProtocol(source: PickleSource, protocol: number): void {
  if (protocol <= HIGHEST_PROTOCOL) return;
  throw source.error({
    code: 'protocol',
    message: 'An unknown version of the pickle protocol',
    expected: `0 to ${HIGHEST_PROTOCOL}`,
    got: `${protocol}`,
    next: 'write it again with pickle.dump(…, protocol=5)',
  });
}

/** Frames only tell a reader how much to fetch at once; the opcodes in them are read as if they stood alone. */
function checkFrame(source: PickleSource, length: number): void {
  const { at } = source;
  source.take(length);
  source.at = at;
}

function refusal(code: number, source: PickleSource): UserError {
  const got = opcodeName(code);
  switch (code) {
    case OPCODE.EXT1:
    case OPCODE.EXT2:
    case OPCODE.EXT4:
      return source.error({
        code: 'extension',
        message: "The pickle refers to a registry of the program that wrote it (copyreg's extensions)",
        expected: 'objects that are named in the file',
        got,
        next: 'write it again without copyreg.add_extension',
      });
    case OPCODE.PERSID:
    case OPCODE.BINPERSID:
      return source.error({
        code: 'persistent',
        message: 'The pickle refers to objects that are stored outside it (persistent ids)',
        expected: 'objects that are stored in the file',
        got,
        next: 'it may be part of a PyTorch checkpoint: give the whole file',
      });
    case OPCODE.NEXT_BUFFER:
    case OPCODE.READONLY_BUFFER:
      return source.error({
        code: 'buffer',
        message: 'The pickle keeps its arrays outside the file (out-of-band buffers)',
        expected: 'arrays that are stored in the file',
        got,
        next: 'write it again without buffer_callback',
      });
    default:
      return source.error({
        code: 'opcode',
        message:
          source.opcodes === 1 ? 'The file is not a pickle' : 'The pickle holds a byte that means nothing',
        expected: 'an opcode of protocol 0 to 5',
        got,
        next: source.opcodes === 1 ? 'check the path, and unpack the file if it is compressed' : WRITE_AGAIN,
      });
  }
}
