/** Checkpoints of PyTorch and safetensors as tables of tensors. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { openTensorFile, type TensorFile } from '../../src/formats/torch/tensor-file.js';
import { Random } from '../../src/statistics/random.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/network');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-torch-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function using<T>(path: string, use: (file: TensorFile) => T | Promise<T>): Promise<T> {
  const file = await openTensorFile(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** `name  (2, 3)  torch.float32  [absent]` */
async function keysOf(name: string): Promise<{ key: string; shape: number[]; type: string }[]> {
  const text = await readFile(join(FIXTURES, name, 'keys.txt'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.includes('absent'))
    .map((line) => {
      const [key = '', shape = '', type = ''] = line.split(/\t| {2,}/);
      return { key, shape: [...shape.matchAll(/\d+/g)].map(Number), type: type.replace('torch.', '') };
    });
}

describe.each(['hamba-tiny', 'hamba-tiny-b', 'wilor-tiny'])('%s', (name) => {
  test('has the tensors of keys.txt', async () => {
    await using(join(FIXTURES, name, 'model.ckpt'), async ({ tensors, table }) => {
      for (const { key, shape, type } of await keysOf(name)) {
        expect({ key, shape: tensors.get(key)?.shape, type: tensors.get(key)?.type }).toEqual({
          key,
          shape,
          type,
        });
      }
      expect(table.others.map(({ key }) => key)).toContain('hyper_parameters');
    });
  });
});

test('both formats of PyTorch hold the same numbers', async () => {
  await using(join(FIXTURES, 'hamba-tiny-b/model.ckpt'), (zip) =>
    using(join(FIXTURES, 'hamba-tiny-b/model_legacy.ckpt'), async (legacy) => {
      expect([zip.table.format, legacy.table.format]).toEqual(['torch-zip', 'torch-legacy']);
      for (const [key, tensor] of zip.tensors) {
        expect(await legacy.bytes(legacy.tensors.get(key)!), key).toEqual(await zip.bytes(tensor));
      }
    }),
  );
});

test('safetensors are read in place, halves exactly', async () => {
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
      c: { dtype: 'F16', shape: [1], data_offsets: [12, 14] },
    }),
  );
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(header.length));
  const data = Buffer.concat([
    Buffer.from(new Float32Array([1.5, -2]).buffer),
    Buffer.from(new Uint16Array([0x3fc0, 0xc000, 0x3e00]).buffer),
  ]);
  const path = join(folder, 'a.safetensors');
  await writeFile(path, Buffer.concat([head, header, data]));
  await using(path, async (file) => {
    expect(file.tensors.get('a')!.offset).toBe(8 + header.length);
    for (const [key, values] of Object.entries({ a: [1.5, -2], b: [1.5, -2], c: [1.5] })) {
      expect([...(await file.float32(file.tensors.get(key)!))]).toEqual(values);
    }
  });
});

async function refusal(path: string): Promise<UserError> {
  const error: unknown = await openTensorFile(path).then(
    (file) => file.close(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

test.each([
  { name: 'empty', content: '', code: 'checkpoint-format' },
  { name: 'text', content: 'not a checkpoint', code: 'checkpoint-format' },
  { name: 'pointer', content: 'version https://git-lfs.github.com/spec/v1\n', code: 'file-lfs-pointer' },
])('$name is refused as $code', async ({ name, content, code }) => {
  const path = join(folder, name);
  await writeFile(path, content);
  expect((await refusal(path)).code).toBe(code);
});

test('a checkpoint that was cut off says so', async () => {
  for (const name of ['model.ckpt', 'model_legacy.ckpt']) {
    const bytes = await readFile(join(FIXTURES, 'hamba-tiny-b', name));
    const path = join(folder, `cut-${name}`);
    await writeFile(path, bytes.subarray(0, bytes.length - 5000));
    const { code, next } = await refusal(path);
    expect(['zip-invalid', 'checkpoint-truncated']).toContain(code);
    expect(next).toMatch(/again/);
  }
});

/** Errors only, whatever the bytes are. */
test('three hundred damaged checkpoints end in errors or tables', async () => {
  const random = new Random(13);
  const whole = await Promise.all(
    ['model.ckpt', 'model_legacy.ckpt'].map((name) => readFile(join(FIXTURES, 'hamba-tiny-b', name))),
  );
  const path = join(folder, 'damaged');
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(whole[round % 2]!);
    // Half of the damage is where the tables are: at the beginning of the one format, at the end of the other.
    for (let i = 0; i < 4; i++) {
      const near = round % 2 === 0 ? bytes.length - 1 - random.below(60_000) : random.below(120_000);
      bytes[random.below(2) === 0 ? near : random.below(bytes.length)] = random.below(256);
    }
    await writeFile(path, bytes);
    const error: unknown = await openTensorFile(path).then(
      (file) => file.close(),
      (reason: unknown) => reason,
    );
    if (error !== undefined) expect(error).toBeInstanceOf(UserError);
  }
});
