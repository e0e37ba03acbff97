import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sizeAndTime } from '../../src/predictions/size-and-time.js';
import { temporaryFolder } from '../support/cli.js';

const EARLIER = new Date('2026-01-01T00:00:00Z');
const LATER = new Date('2026-01-02T00:00:00Z');

async function write(folder: string, name: string, text: string, time: Date): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), text);
  await utimes(join(folder, name), time, time);
}

describe('the size and time of a run directory', () => {
  it.each([
    'run.json',
    'samples.txt',
    'predictions/chain_joints.npy',
    'predictions/fused/aligned-mean/joints.npy',
    'predictions/passes/007/vertices.npy',
    'joints.npy',
  ])('change with %s, also where another one of its size takes its place that is older', async (name) => {
    const folder = await temporaryFolder();
    await write(folder, 'predictions/joints.npy', 'rows', LATER);
    await write(folder, name, 'rows', LATER);
    const before = await sizeAndTime(folder);
    expect(await sizeAndTime(folder)).toEqual(before);
    await write(folder, name, 'ROWS', EARLIER);
    expect(await sizeAndTime(folder)).not.toEqual(before);
  });

  it('do not change with what is not read', async () => {
    const folder = await temporaryFolder();
    await write(folder, 'predictions/joints.npy', 'rows', LATER);
    const before = await sizeAndTime(folder);
    expect(before).toMatchObject({ bytes: 4, modified: LATER.toISOString() });
    await write(folder, 'report.html', 'text', LATER);
    await write(folder, 'predictions/mine/joints.npy', 'rows', LATER);
    expect(await sizeAndTime(folder)).toEqual(before);
  });
});
