/** Damaged checkpoints and configurations: errors that say where, and nothing else. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDeclarations } from '../../src/checkpoints/configuration.js';
import { UserError } from '../../src/errors.js';
import { openTensorFile } from '../../src/formats/torch/tensor-file.js';
import { ARCHITECTURES } from '../../src/network/architectures/registry.js';
import { Random } from '../../src/statistics/random.js';
import { random } from '../support/fuzz.js';
import { pickle } from '../support/tiny-pickle.js';
import { stateDict, storageId, tensor, writeZip, zipMembers } from '../support/tiny-torch.js';
import { tryDamaged } from './torch-support.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/network');
const SEED = 20261126;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-torch-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Changes, cuts or repeats bytes; mostly where the tables are. */
function damaged(whole: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(whole);
  const changes = 1 + random.below(8);
  const near = Math.min(bytes.length, 60_000);
  for (let i = 0; i < changes; i++) {
    const at = [random.below(near), bytes.length - 1 - random.below(near), random.below(bytes.length)][
      random.below(3)
    ]!;
    bytes[at] = random.below(2) === 0 ? random.below(256) : bytes[at]! ^ (1 << random.below(8));
  }
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

describe('20,000 damaged files', () => {
  test(`checkpoints end in errors with their place, or in tables (seed ${SEED})`, async () => {
    const tally = await tryDamaged(join(folder, 'checkpoint'), 20_000, random(SEED));
    expect(tally.whole).toBeGreaterThan(500);
    // Both sides of the fence were visited, and most kinds of error.
    expect([...tally.codes.keys()]).toEqual(
      expect.arrayContaining([
        ...['truncated', 'content', 'format', 'damaged', 'compressed'].map((code) => `checkpoint-${code}`),
        ...['tensor-unsupported', 'tensor-damaged', 'pickle-memo', 'pickle-operand', 'zip-damaged'],
      ]),
    );
  });

  test('configurations end in errors or declarations', { timeout: 600_000 }, async () => {
    const random = new Random(SEED);
    const path = join(folder, 'config');
    const whole = await Promise.all(
      ['hamba-tiny/model_config.yaml', 'hamba-tiny-b/config.json'].map((name) =>
        readFile(join(FIXTURES, name)),
      ),
    );
    for (let round = 0; round < 4000; round++) {
      await writeFile(path, damaged(whole[round % 2]!, random));
      const outcome: unknown = await readDeclarations(ARCHITECTURES[0]!, null, path).catch(
        (reason: unknown) => reason,
      );
      if (!Array.isArray(outcome)) expect(outcome, `seed ${SEED}, round ${round}`).toBeInstanceOf(UserError);
    }
  });
});

/** What would run a command when Python loads it. */
test('a checkpoint that would run code stays inert', async () => {
  const pickle = Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa8501929', 'hex').subarray(0, 2),
    Buffer.from("cos\nsystem\n(S'touch /tmp/hamba-eval-was-here'\ntR.", 'latin1'),
  ]);
  // The older format: three pickles that are passed over, then this one.
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
  const path = join(folder, 'evil.pth');
  const keys = Buffer.from('80025d2e', 'hex');
  await writeFile(
    path,
    Buffer.concat([magic, Buffer.from('80024b012e', 'hex'), Buffer.from('80027d2e', 'hex'), pickle, keys]),
  );
  const error: unknown = await openTensorFile(path).then(
    (file) => file.close(),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'checkpoint-content' });
  await expect(readFile('/tmp/hamba-eval-was-here')).rejects.toThrow('ENOENT');
});

test('files past 4 GiB and 65,535 members are opened without their numbers', async () => {
  const count = 1100 * 2 ** 20;
  const large = tensor(storageId({ key: 'a', cls: 'FloatStorage', count }), [count]);
  const last = tensor(storageId({ key: 'z', cls: 'FloatStorage', count: 3 }), [3]);
  const names = Array.from({ length: 70_000 }, (_, i) => `${i}`);
  const path = join(folder, 'long.ckpt');
  writeZip(
    path,
    zipMembers(pickle(2, stateDict({ large, last })), {
      a: 4 * count,
      ...Object.fromEntries(names.map((name) => [name, 4])),
      z: Buffer.from(Float32Array.of(1, 2, 3).buffer),
    }),
  );
  const file = await openTensorFile(path);
  try {
    expect(file.tensors.get('large')).toMatchObject({ length: 4 * count, strides: undefined });
    expect(file.tensors.get('last')!.offset).toBeGreaterThan(2 ** 32);
    expect([...(await file.float32(file.tensors.get('last')!))]).toEqual([1, 2, 3]);
  } finally {
    await file.close();
  }
});
