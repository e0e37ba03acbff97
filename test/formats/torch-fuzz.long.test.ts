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

const FIXTURES = join(import.meta.dirname, '../fixtures/network');
const SEED = 20261126;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-torch-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A table of forty small tensors, and the two formats of PyTorch. */
async function smallFiles(): Promise<Buffer[]> {
  const table = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [
      `layer.${i}.weight`,
      { dtype: 'F32', shape: [2, 3], data_offsets: [24 * i, 24 * (i + 1)] },
    ]),
  );
  const header = Buffer.from(JSON.stringify(table));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const safetensors = Buffer.concat([length, header, Buffer.alloc(24 * 40)]);
  const whole = await Promise.all(
    ['wilor-tiny/model_no_mano.ckpt', 'hamba-tiny-b/model_legacy.ckpt'].map((name) =>
      readFile(join(FIXTURES, name)),
    ),
  );
  return [safetensors, ...whole];
}

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
  test('checkpoints end in errors with their place, or in tables', { timeout: 1_200_000 }, async () => {
    const random = new Random(SEED);
    const whole = await smallFiles();
    const path = join(folder, 'checkpoint');
    let refused = 0;
    for (let round = 0; round < 16_000; round++) {
      await writeFile(path, damaged(whole[round % 8 < 6 ? 0 : round % 8 === 6 ? 1 : 2]!, random));
      const error: unknown = await openTensorFile(path).then(
        (file) => file.close(),
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      refused++;
      expect(error, `seed ${SEED}, round ${round}`).toBeInstanceOf(UserError);
      expect((error as UserError).file).toBe(path);
    }
    expect(refused).toBeGreaterThan(1000);
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
