/** Damaged checkpoints: what the tests of a few hundred and of many thousand share. */
import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { UserError } from '../../src/errors.js';
import { openTensorFile } from '../../src/formats/torch/tensor-file.js';
import { damage, oneOf, type Random } from '../support/fuzz.js';
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
  rawBytes,
  str2,
  tuple,
  unicode,
} from '../support/tiny-pickle.js';
import {
  legacy,
  safetensors,
  stateDict,
  storageId,
  tensor,
  zipFile,
  zipMembers,
} from '../support/tiny-torch.js';

const FLOATS = rawBytes(Float32Array.of(0, 1, 2, 3, 4, 5));
const LONGS = rawBytes(BigInt64Array.of(7n, 8n));
/** What a few numbers, repeated by a stride of 0, may grow to. */
const MOST_BYTES = 64 * 2 ** 20;

/** A training checkpoint in small: shared and strided tensors, a configuration that holds itself, an optimizer. */
function content(...view: Buffer[]): Buffer {
  const six = storageId({ key: '0', cls: 'FloatStorage', count: 6 }, ...view);
  const two = storageId({ key: '1', cls: 'LongStorage', count: 2, location: 'cuda:0' }, ...view);
  const config = newobj(global('omegaconf.dictconfig', 'DictConfig'));
  return pickle(
    2,
    stateDict({
      epoch: int(3),
      state_dict: stateDict({
        'backbone.weight': tensor(six, [2, 3]),
        'backbone.turned': tensor(six, [3, 2], [1, 3]),
        'head.bias': tensor(six, [2], [1], 4),
        steps: tensor(two, [2]),
      }),
      hyper_parameters: bytes(config, put(3), dict(str2('_parent'), get(3)), 'b'),
      optimizer_states: list(tuple(tensor(six, [6]), none, unicode('adam'))),
    }),
  );
}

interface Damaged {
  readonly whole: () => Buffer;
  readonly damaged: (below: Random) => Buffer;
}

/** Files damaged anywhere, and archives whose pickle was damaged before it was packed. */
function damagedFiles(): Damaged[] {
  const members = (pickled: Buffer): Buffer => zipFile(zipMembers(pickled, { 0: FLOATS, 1: LONGS }));
  const files = [
    members(content()),
    legacy(content(none), [
      ['0', 6, FLOATS],
      ['1', 2, LONGS],
    ]),
    safetensors(
      {
        __metadata__: { format: 'pt' },
        a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
        b: { dtype: 'I64', shape: [2], data_offsets: [24, 40] },
      },
      Buffer.concat([FLOATS, LONGS]),
    ),
  ];
  const once = (whole: Buffer, below: Random): Buffer => {
    let out = whole;
    for (let changes = 1 + below(3); changes > 0; changes--) out = damage(out, files, below);
    return out;
  };
  return [
    ...files.map((file) => ({ whole: () => file, damaged: (below: Random) => once(file, below) })),
    { whole: () => members(content()), damaged: (below) => members(once(content(), below)) },
  ];
}

interface Tally {
  whole: number;
  readonly codes: Map<string, number>;
}

/** Opens a file and reads every tensor of it. Whatever is wrong is an error that says where. */
async function tryCheckpoint(path: string, file: Buffer, tally: Tally): Promise<void> {
  writeFileSync(path, file);
  try {
    const opened = await openTensorFile(path);
    try {
      for (const one of opened.tensors.values()) {
        expect(one.length).toBeLessThanOrEqual(Math.max(file.length, MOST_BYTES));
        expect((await opened.bytes(one)).length).toBe(one.length);
      }
    } finally {
      await opened.close();
    }
    tally.whole++;
  } catch (error) {
    // Anything else is a bug: hand it on with the input that shows it.
    if (!(error instanceof UserError))
      throw new Error(`not a UserError: ${file.toString('base64')}`, { cause: error });
    const { code, offset } = error;
    tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
    expect(error.file).toBe(path);
    if (code === 'file-lfs-pointer') return;
    expect(offset, `${code}: ${file.toString('base64')}`).toBeGreaterThanOrEqual(0);
    expect(offset, `${code}: ${file.toString('base64')}`).toBeLessThanOrEqual(file.length);
    expect(error.expected && error.got && error.next).toBeTruthy();
  }
}

export async function tryDamaged(path: string, rounds: number, below: Random): Promise<Tally> {
  const files = damagedFiles();
  const untouched: Tally = { whole: 0, codes: new Map() };
  for (const { whole } of files) await tryCheckpoint(path, whole(), untouched);
  expect(untouched).toEqual({ whole: files.length, codes: new Map() });
  const tally: Tally = { whole: 0, codes: new Map() };
  for (let round = 0; round < rounds; round++) {
    await tryCheckpoint(path, oneOf(files, below).damaged(below), tally);
  }
  return tally;
}
