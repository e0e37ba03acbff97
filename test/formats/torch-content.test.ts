/** What PyTorch's pickles may say of tensors, and what a checkpoint may be instead of one. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openTensorFile, type TensorFile } from '../../src/formats/torch/tensor-file.js';
import { sharedFolder } from '../support/cli.js';
import { random } from '../support/fuzz.js';
import {
  bytes,
  dict,
  get,
  global,
  int,
  list,
  newobj,
  none,
  pickle,
  put,
  reduce,
  str2,
  tuple,
  unicode,
} from '../support/tiny-pickle.js';
import { zipDeflated } from '../support/tiny-zip.js';
import {
  legacy,
  safetensors,
  stateDict,
  storageId,
  tensor,
  writeZip,
  zipMembers,
  type Member,
  type Storage,
} from '../support/tiny-torch.js';
import { rejection } from '../support/user-error.js';
import { tryDamaged } from './torch-support.js';

const folder = sharedFolder();
let written = 0;
const newPath = (ending = '.ckpt'): string => join(folder, `${written++}${ending}`);

function saved(content: Uint8Array | string, ending?: string): string {
  const path = newPath(ending);
  writeFileSync(path, content);
  return path;
}

function zipped(members: readonly Member[]): string {
  const path = newPath();
  writeZip(path, members);
  return path;
}

const FLOATS = Float32Array.of(0, 1, 2, 3, 4, 5);
const SIX: Storage = { key: '0', cls: 'FloatStorage', count: 6 };
const WEIGHT = tensor(storageId(SIX), [2, 3]);
const raw = (array: NodeJS.ArrayBufferView): Buffer => Buffer.from(array.buffer);

/** A checkpoint whose storage 0 is `data`. */
function withStorage(root: Buffer, data: NodeJS.ArrayBufferView | number = FLOATS, protocol = 2): string {
  return zipped(zipMembers(pickle(protocol, root), { 0: typeof data === 'number' ? data : raw(data) }));
}

async function using<T>(path: string, use: (file: TensorFile) => T | Promise<T>): Promise<T> {
  const file = await openTensorFile(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const valuesOf = (path: string, name = 'w'): Promise<number[]> =>
  using(path, async (file) => [...(await file.float32(file.tensors.get(name)!))]);

const refused = (path: string): ReturnType<typeof rejection> => rejection(openTensorFile(path));

describe('tensors', () => {
  it.each([2, 3, 4, 5])('are found in pickles of protocol %i', async (protocol) => {
    const named = stateDict({ w: WEIGHT });
    expect(await valuesOf(withStorage(named, FLOATS, protocol))).toEqual([...FLOATS]);
    const old = legacy(pickle(protocol, named), [['0', 6, raw(FLOATS)]], protocol);
    expect(await valuesOf(saved(old))).toEqual([...FLOATS]);
  });

  it.each<[string, NodeJS.ArrayBufferView, number[]]>([
    ['HalfStorage', Uint16Array.of(0x3c00, 0xc100, 1), [1, -2.5, 2 ** -24]],
    ['BFloat16Storage', Uint16Array.of(0x3f80, 0xc020, 1), [1, -2.5, 2 ** -133]],
    ['DoubleStorage', Float64Array.of(1, -2.5, 0.1), [1, -2.5, Math.fround(0.1)]],
    ['FloatStorage', Float32Array.of(1, -2.5, 0.1), [1, -2.5, Math.fround(0.1)]],
  ])('of %s become float32', async (cls, data, expected) => {
    const path = withStorage(stateDict({ w: tensor(storageId({ key: '0', cls, count: 3 }), [3]) }), data);
    expect(await valuesOf(path)).toEqual(expected);
  });

  it('lie beyond 4 GiB, and are larger, in an archive with 64-bit numbers', async () => {
    const count = 2 ** 30 + 5;
    const large = tensor(storageId({ key: '0', cls: 'FloatStorage', count }), [count]);
    const behind = tensor(storageId({ key: '1', cls: 'FloatStorage', count: 6 }), [2, 3]);
    const root = stateDict({ large, behind });
    const path = zipped(zipMembers(pickle(2, root), { 0: 4 * count, 1: raw(FLOATS) }));
    await using(path, async (file) => {
      const [first, second] = ['large', 'behind'].map((name) => file.tensors.get(name)!);
      expect(first!.length).toBe(4 * count);
      expect(second!.offset).toBeGreaterThan(2 ** 32);
      expect([...(await file.float32(second!))]).toEqual([...FLOATS]);
      expect([...(await file.float32(first!, count - 2))]).toEqual([0, 0]);
    });
  });

  it('share a storage, in rows, columns and pieces', async () => {
    const id = storageId(SIX);
    const path = withStorage(
      stateDict({
        whole: WEIGHT,
        turned: tensor(id, [3, 2], [1, 3]),
        piece: tensor(id, [2], [1], 4),
        odd: tensor(id, [3], [2], 1),
        one: tensor(id, [], [], 5),
        repeated: tensor(id, [2, 3], [0, 1]),
        none: tensor(id, [3, 0], [1, 1], 6),
        oneRow: tensor(id, [1, 6], [77, 1]),
      }),
    );
    expect(await valuesOf(path, 'whole')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await valuesOf(path, 'turned')).toEqual([0, 3, 1, 4, 2, 5]);
    expect(await valuesOf(path, 'piece')).toEqual([4, 5]);
    expect(await valuesOf(path, 'odd')).toEqual([1, 3, 5]);
    expect(await valuesOf(path, 'one')).toEqual([5]);
    expect(await valuesOf(path, 'repeated')).toEqual([0, 1, 2, 0, 1, 2]);
    expect(await valuesOf(path, 'none')).toEqual([]);
    await using(path, ({ tensors }) => {
      const strides = [...tensors.values()].map((one) => one.strides);
      expect(strides).toEqual([undefined, [1, 3], undefined, [2], undefined, [0, 1], undefined, undefined]);
    });
  });

  it('may be parameters, on a GPU, with attributes, over storages without a type', async () => {
    const untyped = storageId({ key: '0', cls: 'UntypedStorage', module: 'torch.storage', count: 24 });
    const shape = [
      int(1),
      tuple(int(2)),
      tuple(int(1)),
      '\x89',
      reduce(global('collections', 'OrderedDict')),
    ];
    const third = reduce(
      global('torch._utils', '_rebuild_tensor_v3'),
      untyped,
      ...shape,
      global('torch', 'float32'),
      dict(),
    );
    const cuda = tensor(storageId({ ...SIX, module: 'torch.cuda', location: 'cuda:0' }), [6]);
    const attributes = tuple(storageId(SIX), ...shape);
    const path = withStorage(
      stateDict({
        third,
        cuda,
        parameter: reduce(global('torch._utils', '_rebuild_parameter'), WEIGHT, '\x88', dict()),
        stateful: reduce(
          global('torch._utils', '_rebuild_parameter_with_state'),
          WEIGHT,
          '\x88',
          dict(),
          dict(),
        ),
        subclass: reduce(
          global('torch._tensor', '_rebuild_from_type_v2'),
          global('torch._utils', '_rebuild_tensor_v2'),
          global('torch', 'Tensor'),
          attributes,
          dict(unicode('note'), int(1)),
        ),
      }),
    );
    expect(await valuesOf(path, 'third')).toEqual([1, 2]);
    for (const name of ['cuda', 'parameter', 'stateful'])
      expect(await valuesOf(path, name)).toEqual([...FLOATS]);
    expect(await valuesOf(path, 'subclass')).toEqual([1, 2]);
  });

  it('of the oldest files are views of other storages', async () => {
    const view = tuple(unicode('7'), int(2), int(3));
    const id = storageId({ ...SIX, count: 6 }, view);
    const content = pickle(2, stateDict({ w: tensor(id, [3]), v: tensor(storageId(SIX, none), [6]) }));
    const path = saved(legacy(content, [['0', 6, raw(FLOATS)]]));
    expect(await valuesOf(path)).toEqual([2, 3, 4]);
    expect(await valuesOf(path, 'v')).toEqual([...FLOATS]);
  });

  it('stand alone, or under state_dict, model or model_state_dict, and names stay as they are', async () => {
    const named = stateDict({ 'module.w': WEIGHT });
    for (const root of [
      named,
      ...['state_dict', 'model', 'model_state_dict'].map((key) => stateDict({ [key]: named })),
    ]) {
      await using(withStorage(root), ({ tensors }) => expect([...tensors.keys()]).toEqual(['module.w']));
    }
  });
});

describe('what nobody asks for', () => {
  const deep = bytes(']'.repeat(3000), 'a'.repeat(2999));
  const itself = bytes(
    newobj(global('omegaconf.dictconfig', 'DictConfig')),
    put(9),
    dict(str2('_parent'), get(9)),
    'b',
  );
  const sparse = reduce(global('torch._utils', '_rebuild_sparse_tensor'), none);
  const quantised = tensor(storageId({ key: '1', cls: 'QInt8Storage', count: 3 }), [3]);
  const root = stateDict({
    epoch: int(12),
    deep,
    itself,
    sparse,
    state_dict: bytes(stateDict({ w: WEIGHT, steps: int(3) }), dict(unicode('_metadata'), dict()), 'b'),
    optimizer_states: list(
      dict(unicode('state'), dict(int(0), dict(unicode('m'), quantised, unicode('v'), WEIGHT))),
    ),
    evil: reduce(global('os', 'system'), unicode('touch /tmp/hamba-eval-ran')),
  });

  it('is passed over, whatever it is, and named', async () => {
    const files = [
      zipped(zipMembers(pickle(2, root), { 0: raw(FLOATS) })),
      saved(
        legacy(pickle(2, root), [
          ['0', 6, raw(FLOATS)],
          ['1', 3, Buffer.alloc(3)],
        ]),
      ),
    ];
    for (const path of files) {
      expect(await valuesOf(path)).toEqual([...FLOATS]);
      await using(path, ({ table }) => {
        expect(Object.fromEntries(table.others.map(({ key, what }) => [key, what]))).toMatchObject({
          epoch: 'the number 12',
          itself: 'an object omegaconf.dictconfig.DictConfig, left as it is',
          evil: 'an object os.system, left as it is',
        });
      });
    }
    expect(() => statSync('/tmp/hamba-eval-ran')).toThrow('ENOENT');
  });
});

describe('errors', () => {
  const one = (tensorBytes: Buffer): string => withStorage(stateDict({ w: tensorBytes }));
  const call = (name: string): Buffer => reduce(global('torch._utils', name), storageId(SIX));

  it.each<[string, () => string, string]>([
    ['a view beyond its storage', () => one(tensor(storageId(SIX), [2, 4])), 'tensor-damaged'],
    ['a shape of 2^60', () => one(tensor(storageId(SIX), [2 ** 30, 2 ** 30])), 'tensor-damaged'],
    [
      'rows repeated 2^31 times',
      () => one(tensor(storageId(SIX), [2 ** 31 - 1, 6], [0, 1])),
      'tensor-unsupported',
    ],
    ['a quantised tensor', () => one(call('_rebuild_qtensor')), 'tensor-unsupported'],
    ['a sparse tensor', () => one(call('_rebuild_sparse_tensor')), 'tensor-unsupported'],
    [
      'complex numbers',
      () => one(tensor(storageId({ ...SIX, cls: 'ComplexFloatStorage' }), [6])),
      'tensor-unsupported',
    ],
    [
      'a storage of another size',
      () => withStorage(stateDict({ w: WEIGHT }), Float32Array.of(1, 2)),
      'checkpoint-truncated',
    ],
    [
      'no such storage',
      () => zipped(zipMembers(pickle(2, stateDict({ w: WEIGHT })), {})),
      'checkpoint-truncated',
    ],
    [
      'the other order of bytes',
      () => zipped(zipMembers(pickle(2, stateDict({ w: WEIGHT })), { 0: raw(FLOATS) }, 'big')),
      'checkpoint-byte-order',
    ],
    ['a damaged pickle', () => withStorage(bytes('}U\xff')), 'pickle-truncated'],
    ['a whole model', () => withStorage(newobj(global('models', 'Hand'))), 'checkpoint-content'],
    [
      'a detector',
      () => withStorage(stateDict({ model: newobj(global('ultralytics.nn', 'Detector')) })),
      'checkpoint-content',
    ],
    ['a list', () => withStorage(list(WEIGHT)), 'checkpoint-content'],
    ['another archive', () => zipped([{ name: 'a.npy', data: Buffer.from('x') }]), 'checkpoint-content'],
    [
      'TorchScript',
      () =>
        zipped([
          ...zipMembers(pickle(2, dict()), {}),
          { name: 'archive/constants.pkl', data: pickle(2, ')') },
        ]),
      'checkpoint-scripted',
    ],
    [
      'two members of one name',
      () => {
        const all = zipMembers(pickle(2, stateDict({ w: WEIGHT })), { 0: raw(FLOATS) });
        return zipped([...all, all[2]!]);
      },
      'checkpoint-damaged',
    ],
    [
      'packed again',
      () =>
        saved(
          zipDeflated(
            zipMembers(pickle(2, stateDict({ w: WEIGHT })), { 0: raw(FLOATS) }).map(({ name, data }) => ({
              name,
              bytes: data as Uint8Array,
            })),
          ),
        ),
      'checkpoint-compressed',
    ],
    [
      'cut off',
      () => saved(readFileSync(withStorage(stateDict({ w: WEIGHT }))).subarray(0, -30)),
      'checkpoint-truncated',
    ],
    [
      'cut off, legacy',
      () => saved(legacy(pickle(2, stateDict({ w: WEIGHT })), [['0', 6, raw(FLOATS)]]).subarray(0, -3)),
      'checkpoint-truncated',
    ],
    [
      'cut off, safetensors',
      () =>
        saved(
          safetensors(
            { w: { dtype: 'F32', shape: [6], data_offsets: [0, 24] } },
            raw(FLOATS).subarray(0, 20),
          ),
        ),
      'checkpoint-truncated',
    ],
    ['a plain pickle', () => saved(pickle(2, dict()), '.pkl'), 'checkpoint-format'],
    ['nothing', () => saved(''), 'checkpoint-format'],
    ['a page', () => saved('<!DOCTYPE html><html><title>Google Drive</title>'), 'checkpoint-format'],
    ['gzip', () => saved(gzipSync('x')), 'checkpoint-format'],
    ['ONNX', () => saved(Buffer.from('08081207707974', 'hex'), '.ckpt'), 'checkpoint-format'],
    ['HDF5', () => saved(bytes('\x89HDF\r\n\x1a\n')), 'checkpoint-format'],
    [
      'TensorFlow',
      () => saved(Buffer.concat([Buffer.alloc(40), Buffer.from('57fb808b247547db', 'hex')]), '.index'),
      'checkpoint-format',
    ],
    ['a pointer', () => saved('version https://git-lfs.github.com/spec/v1\n'), 'file-lfs-pointer'],
  ])('%s', async (_, make, code) => {
    const path = make();
    const error = await refused(path);
    expect(error).toMatchObject({ code, file: path });
    if (code !== 'file-lfs-pointer') expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset ?? 0).toBeLessThanOrEqual(statSync(path).size);
  });

  it('name the place in the file, not in a part of it', async () => {
    const bad = bytes(stateDict({ w: WEIGHT }).subarray(0, -1), unicode('x'), '\xff');
    const path = withStorage(bad);
    expect(readFileSync(path)[(await refused(path)).offset!]).toBe(0xff);
    const tooFar = withStorage(stateDict({ w: tensor(storageId(SIX), [7]) }));
    expect(readFileSync(tooFar)[(await refused(tooFar)).offset!]).toBe('R'.charCodeAt(0));
  });
});

describe('safetensors', () => {
  const F = { dtype: 'F32', shape: [6], data_offsets: [0, 24] };
  it.each<[string, Record<string, unknown> | string, Uint8Array]>([
    ['overlap', { a: F, b: { ...F, shape: [2], data_offsets: [8, 16] } }, raw(FLOATS)],
    [
      'a hole',
      { a: { ...F, shape: [2], data_offsets: [0, 8] }, b: { ...F, shape: [2], data_offsets: [16, 24] } },
      raw(FLOATS),
    ],
    ['more than is named', { a: F }, Buffer.alloc(32)],
    ['backwards', { a: { ...F, data_offsets: [24, 0] } }, raw(FLOATS)],
    ['another length', { a: { ...F, shape: [5] } }, raw(FLOATS)],
    ['an unknown type', { a: { ...F, dtype: 'F8_E4M3', shape: [24] } }, raw(FLOATS)],
    ['no JSON', '{"a": ', raw(FLOATS)],
    ['a list', '{} []', raw(FLOATS)],
    ['a huge shape', { a: { ...F, shape: [2 ** 52, 2 ** 52] } }, raw(FLOATS)],
  ])('with %s are refused', async (_, table, data) => {
    const path = saved(safetensors(table, data), '.safetensors');
    const error = await refused(path);
    expect(error.offset).toBeGreaterThanOrEqual(0);
  });

  it('keep the order of the file, and say what their metadata is', async () => {
    const table = {
      __metadata__: { format: 'pt', step: '9' },
      b: { ...F, shape: [2], data_offsets: [0, 8] },
      7: { ...F, shape: [2], data_offsets: [16, 24] },
      __proto__x: { ...F, shape: [2], data_offsets: [8, 16] },
    };
    await using(saved(safetensors(table, raw(FLOATS)), '.safetensors'), (file) => {
      expect([...file.tensors.keys()]).toEqual(['b', '__proto__x', '7']);
      expect(file.table.others).toEqual([{ key: '__metadata__', what: 'format "pt", step "9"' }]);
    });
  });
});

describe('damaged files', () => {
  const SEED = 20261126;
  it(`give only errors that name the byte (seed ${SEED}, 500 files)`, async () => {
    const tally = await tryDamaged(newPath(), 500, random(SEED));
    expect(tally.whole).toBeGreaterThan(10);
    expect(tally.codes.size).toBeGreaterThan(10);
  });
});
