import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { takeLock, whileLocked, type Lock } from '../../src/files/lock.js';
import { temporaryFolder } from '../support/cli.js';

const full = vi.hoisted(() => ({ isFull: false }));

vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof import('node:fs/promises')>();
  return {
    ...files,
    async open(...args: Parameters<typeof files.open>) {
      const handle = await files.open(...args);
      if (full.isFull) {
        const error = { errno: -28, code: 'ENOSPC', syscall: 'write' };
        handle.writeFile = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left'), error));
      }
      return handle;
    },
  };
});

function lockIn(folder: string): Lock {
  return { file: join(folder, 'a.lock'), target: folder, kind: 'folder' };
}

describe('a lock', () => {
  it('is held while the work is done, however that ends', async () => {
    const folder = await temporaryFolder();
    const lock = lockIn(folder);
    const refused = {
      code: 'output-in-use',
      message: 'Another process is writing this folder',
      file: folder,
    };
    const work = whileLocked(lock, async () => {
      await expect(takeLock(lock)).rejects.toMatchObject(refused);
      throw new RangeError('the work');
    });
    await expect(work).rejects.toThrow('the work');
    expect(await readdir(folder)).toEqual([]);
    await expect(whileLocked(lock, () => Promise.resolve(1))).resolves.toBe(1);
  });

  it('does not outlive a full disk', async () => {
    const folder = await temporaryFolder();
    full.isFull = true;
    const taking = takeLock(lockIn(folder));
    await expect(taking).rejects.toMatchObject({ code: 'file-unwritable', file: folder });
    full.isFull = false;
    expect(await readdir(folder)).toEqual([]);
  });
});
