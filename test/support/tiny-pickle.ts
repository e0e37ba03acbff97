/**
 * A pickle assembler for tests: one function per opcode or idiom, written from the opcode characters in CPython's
 * pickletools, sharing nothing with the program's own table. Values are byte strings; `pickle` puts a protocol in
 * front and STOP behind.
 */
export type Part = Buffer | string | number;

/** Strings as Latin-1, numbers as one byte. */
export function bytes(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Buffer.of(part)
        : typeof part === 'string'
          ? Buffer.from(part, 'latin1')
          : part,
    ),
  );
}

export const u16 = (n: number): Buffer => bytes(n & 255, n >>> 8);
export function u32(n: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(n);
  return out;
}
export function u64(n: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(n));
  return out;
}

/** Protocols 0 and 1 have no opcode that says so. */
export const pickle = (protocol: number, ...parts: readonly Part[]): Buffer =>
  bytes(...(protocol < 2 ? [] : ['\x80', protocol]), ...parts, '.');

export const none = bytes('N');
export const int = (n: number): Buffer => {
  const out = Buffer.alloc(5);
  out.write('J');
  out.writeInt32LE(n, 1);
  return out;
};
export function float(n: number): Buffer {
  const out = Buffer.alloc(9);
  out.write('G');
  out.writeDoubleBE(n, 1);
  return out;
}
/** A Python 2 `str`. */
export const str2 = (text: string | Buffer): Buffer =>
  text.length < 256 ? bytes('U', text.length, text) : bytes('T', u32(text.length), text);
export const unicode = (text: string): Buffer => bytes('X', u32(Buffer.byteLength(text)), Buffer.from(text));
export const bytes3 = (content: Buffer): Buffer => bytes('B', u32(content.length), content);
export const tuple = (...items: readonly Part[]): Buffer => bytes('(', ...items, 't');
export const list = (...items: readonly Part[]): Buffer => bytes(']', '(', ...items, 'e');
export const dict = (...items: readonly Part[]): Buffer => bytes('}', '(', ...items, 'u');
export const global = (module: string, name: string): Buffer => bytes('c', module, '\n', name, '\n');
export const reduce = (callee: Buffer, ...args: readonly Part[]): Buffer =>
  bytes(callee, tuple(...args), 'R');
export const newobj = (cls: Buffer, ...args: readonly Part[]): Buffer => bytes(cls, tuple(...args), '\x81');
export const build = (object: Buffer, state: Buffer): Buffer => bytes(object, state, 'b');
export const put = (index: number): Buffer => bytes('q', index);
export const get = (index: number): Buffer => bytes('h', index);

export const shapeOf = (shape: readonly number[]): Buffer => tuple(...shape.map(int));

/** `numpy.dtype('f8')` with its state, as NumPy 1 and 2 write it. */
export const dtype = (code: string, order = '<'): Buffer =>
  build(
    reduce(global('numpy', 'dtype'), str2(code), int(0), int(1)),
    tuple(int(3), str2(order), none, none, none, int(-1), int(-1), int(0)),
  );

export interface ArrayOptions {
  order?: string;
  fortran?: boolean;
  /** `numpy.core.multiarray`, or `numpy._core.multiarray` in NumPy 2. */
  module?: string;
  /** Elements as a Python 2 `str` (the default), as bytes of protocol 3, or any other value. */
  data?: (content: Buffer) => Buffer;
}

/** A NumPy array as `_reconstruct` and BUILD. */
export function ndarray(
  code: string,
  shape: readonly number[],
  content: Buffer,
  options: ArrayOptions = {},
): Buffer {
  const { order = '<', fortran = false, module = 'numpy.core.multiarray', data = str2 } = options;
  return build(
    reduce(global(module, '_reconstruct'), global('numpy', 'ndarray'), shapeOf([0]), str2('b')),
    tuple(int(1), shapeOf(shape), dtype(code, order), fortran ? '\x88' : '\x89', data(content)),
  );
}

export function rawBytes(array: NodeJS.ArrayBufferView): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
export const doubles = (...values: readonly number[]): Buffer => rawBytes(Float64Array.from(values));
export const ints = (...values: readonly number[]): Buffer => rawBytes(Int32Array.from(values));

/** `csc_matrix` of Python 2's SciPy; `state` replaces attributes. */
export function csc(
  shape: readonly [number, number],
  data: readonly number[],
  indices: readonly number[],
  indptr: readonly number[],
  module = 'scipy.sparse.csc',
  name = 'csc_matrix',
): Buffer {
  return sparse(module, name, shape, data, { indices, indptr });
}

/** Any sparse matrix of SciPy's; of two lists, a tuple of arrays. */
export function sparse(
  module: string,
  name: string,
  shape: readonly [number, number],
  data: readonly number[],
  places: Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>,
): Buffer {
  const array = (values: readonly number[]): Buffer => ndarray('i4', [values.length], ints(...values));
  return build(
    newobj(global(module, name)),
    dict(
      str2('_shape'),
      shapeOf(shape),
      str2('maxprint'),
      int(50),
      str2('data'),
      ndarray('f8', [data.length], doubles(...data)),
      ...Object.entries(places).flatMap(([key, values]) => [
        str2(key),
        typeof values[0] === 'object'
          ? tuple(...(values as readonly (readonly number[])[]).map(array))
          : array(values as readonly number[]),
      ]),
    ),
  );
}

/** `chumpy.Ch(x)`. */
export const ch = (x: Buffer): Buffer =>
  build(
    newobj(global('chumpy.ch', 'Ch')),
    dict(str2('x'), x, str2('_dirty_vars'), reduce(global('__builtin__', 'set'), list())),
  );

/** `a[…]` of chumpy: the chosen elements of the flattened `a`, reshaped. */
export const select = (a: Buffer, idxs: Buffer, shape: Buffer): Buffer =>
  build(
    newobj(global('chumpy.reordering', 'Select')),
    dict(str2('a'), a, str2('idxs'), idxs, str2('preferred_shape'), shape),
  );

/** A small model in MANO's real layout, as Python 2 wrote it: `vertices` × 3, 20 shapes of which 10 are selected. */
export function tinyMano(vertices: number): { file: Buffer; shapedirs: number[]; regressor: number[] } {
  const all = Array.from({ length: vertices * 3 * 20 }, (_, i) => i / 64);
  const idxs: number[] = [];
  for (let row = 0; row < vertices * 3; row++) for (let k = 0; k < 10; k++) idxs.push(row * 20 + k);
  const regressor = new Array<number>(2 * vertices).fill(0);
  regressor[1] = 0.25;
  regressor[vertices] = 0.75;
  const column = Array.from({ length: vertices + 1 }, (_, j) => Math.min(j, 2));
  const file = pickle(
    2,
    dict(
      str2('hands_mean'),
      ndarray('f8', [45], doubles(...Array.from({ length: 45 }, (_, i) => i))),
      str2('f'),
      ndarray('u4', [2, 3], rawBytes(Uint32Array.of(0, 1, 2, 2, 1, 0))),
      str2('J_regressor'),
      csc([2, vertices], [0.75, 0.25], [1, 0], column),
      str2('kintree_table'),
      ndarray('i8', [2, 2], rawBytes(BigInt64Array.of(4294967295n, 0n, 0n, 1n))),
      str2('weights'),
      // Fortran order: the columns one after the other.
      ndarray('f8', [vertices, 2], doubles(...Array.from({ length: 2 * vertices }, (_, i) => i)), {
        fortran: true,
      }),
      str2('shapedirs'),
      select(
        ch(ndarray('f8', [vertices, 3, 20], doubles(...all))),
        ndarray('i8', [idxs.length], rawBytes(BigInt64Array.from(idxs, BigInt))),
        shapeOf([vertices, 3, 10]),
      ),
      str2('bs_type'),
      str2('lrotmin'),
    ),
  );
  return { file, shapedirs: idxs.map((i) => all[i]!), regressor };
}
