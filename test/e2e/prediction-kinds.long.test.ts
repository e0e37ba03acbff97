/** The same predictions in every form they come in give the same result. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { NpyWriter } from '../../src/formats/npy/npy.js';
import { cli, FIXTURES, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { zipDeflated, zipStored, type ZipEntry } from '../support/tiny-zip.js';

const GOLDEN = join(FIXTURES, 'golden', 'freihand');

interface Result {
  coverage: { scored: number; unscored: number };
  metrics: Record<string, number>;
  unscored: { id: string; reason: string }[];
}

let pred: [number[][][], number[][][]];
let expected: Result['metrics'];

async function scored(path: string, out: string, ...more: string[]): Promise<CliResult> {
  return cli([
    ...['run', '--dataset', 'freihand', '--data', GOLDEN, '--predictions', path],
    ...['--out', out, '--json', ...more],
  ]);
}

async function writeNpy(
  file: string,
  rows: number[][][],
  order = rows.map((_, index) => index),
): Promise<void> {
  const shape = [order.length, rows[0]!.length, 3];
  const writer = await NpyWriter.create(file, { shape, dtype: '<f8' });
  for (const [row, source] of order.entries()) {
    await writer.writeRows(row, Float64Array.from(rows[source]!.flat()));
  }
  await writer.close();
}

/** The .npy of an array of text, as numpy.array(list) saves it. */
function npyOfText(values: readonly string[]): Uint8Array {
  const width = Math.max(...values.map((value) => value.length));
  const head = `{'descr': '<U${width}', 'fortran_order': False, 'shape': (${values.length},), }`;
  const padded = head.padEnd(117) + '\n';
  const body = Buffer.alloc(values.length * width * 4);
  values.forEach((value, row) =>
    [...value].forEach((letter, k) => body.writeUInt32LE(letter.codePointAt(0)!, (row * width + k) * 4)),
  );
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0]);
  return Buffer.concat([prefix, Buffer.from(padded, 'latin1'), body]);
}

async function writeNpz(
  file: string,
  folder: string,
  order: readonly number[],
  ids: readonly string[] | null,
): Promise<void> {
  await writeNpy(join(folder, 'joints.npy'), pred[0], [...order]);
  await writeNpy(join(folder, 'vertices.npy'), pred[1], [...order]);
  const entries: ZipEntry[] = [
    { name: 'joints.npy', bytes: await readFile(join(folder, 'joints.npy')) },
    { name: 'vertices.npy', bytes: await readFile(join(folder, 'vertices.npy')) },
  ];
  if (ids !== null) entries.push({ name: 'ids.npy', bytes: npyOfText(ids) });
  await writeFile(file, zipStored(entries));
}

const shared = sharedFolder();

beforeAll(async () => {
  pred = JSON.parse(await readFile(join(GOLDEN, 'pred.json'), 'utf8')) as typeof pred;
  const result = await scored(join(GOLDEN, 'pred.json'), join(shared, 'run'));
  expected = (JSON.parse(result.stdout) as Result).metrics;
});

describe('predictions', () => {
  it('are read from a zip, whatever its name', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'codalab-submission');
    await writeFile(
      file,
      zipStored([{ name: 'pred.json', bytes: await readFile(join(GOLDEN, 'pred.json')) }]),
    );
    const result = await scored(file, join(folder, 'run'));
    expect(result.code).toBe(0);
    expect((JSON.parse(result.stdout) as Result).metrics).toEqual(expected);
  });

  it('are read from a deflated zip, and a damaged one is refused', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'pred.zip');
    const pred = await readFile(join(GOLDEN, 'pred.json'));
    await writeFile(file, zipDeflated([{ name: 'pred.json', bytes: pred }]));
    const result = await scored(file, join(folder, 'run'));
    expect((JSON.parse(result.stdout) as Result).metrics).toEqual(expected);

    const bytes = await readFile(file);
    bytes[2000]! ^= 0xff;
    await writeFile(file, bytes);
    const damaged = await scored(file, join(folder, 'other'));
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/"code": "(zip|json)-/);
  });

  it('are read from a folder of .npy files', async () => {
    const folder = await temporaryFolder();
    const arrays = join(folder, 'arrays');
    await mkdir(arrays);
    await writeNpy(join(arrays, 'joints.npy'), pred[0]);
    await writeNpy(join(arrays, 'vertices.npy'), pred[1]);
    const result = await scored(arrays, join(folder, 'run'));
    expect(result.code).toBe(0);
    expect((JSON.parse(result.stdout) as Result).metrics).toEqual(expected);
  });

  it('are read from another run directory', async () => {
    const folder = await temporaryFolder();
    await scored(join(GOLDEN, 'pred.json'), join(folder, 'first'));
    const result = await scored(join(folder, 'first'), join(folder, 'second'));
    expect(result.code).toBe(0);
    expect((JSON.parse(result.stdout) as Result).metrics).toEqual(expected);
  });

  it('are matched by id, never by position', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'shuffled.npz');
    await writeNpz(file, folder, [3, 0, 4, 2, 1], ['00000003', '0', '4', '00000002', '1']);
    const result = await scored(file, join(folder, 'run'));
    expect(result.code).toBe(0);
    expect((JSON.parse(result.stdout) as Result).metrics).toEqual(expected);
  });

  it('leave a sample unscored that they do not name', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'some.npz');
    await writeNpz(file, folder, [3, 0, 2], ['3', '0', '2']);
    const result = await scored(file, join(folder, 'run'));
    expect(result.code).toBe(3);
    const { coverage, unscored } = JSON.parse(result.stdout) as Result;
    expect(coverage).toMatchObject({ scored: 3, unscored: 2 });
    expect(unscored).toEqual([
      { id: '00000001', code: 'no-prediction', reason: 'there is no prediction for it' },
      { id: '00000004', code: 'no-prediction', reason: 'there is no prediction for it' },
    ]);
  });

  it.each([
    ['twice', ['3', '0', '00000003', '2', '1'], 'names a sample twice'],
    ['of a stranger', ['3', '0', '17', '2', '1'], 'not in the folder'],
  ])('are refused with an id %s', async (_, ids, message) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'odd.npz');
    await writeNpz(file, folder, [3, 0, 4, 2, 1], ids);
    const result = await scored(file, join(folder, 'run'));
    expect(result.code).toBe(1);
    expect(result.stdout).toContain(message);
    expect(result.stdout).toContain('"predictions-ids"');
  });

  it('of the wrong shape are refused with the shape', async () => {
    const folder = await temporaryFolder();
    await writeNpy(join(folder, 'joints.npy'), pred[1]);
    const result = await scored(folder, join(folder, 'run'));
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('(5, 778, 3)');
  });
});
