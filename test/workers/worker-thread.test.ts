import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { builtFile } from '../../src/workers/built-file.js';
import { WorkerThread } from '../../src/workers/worker-thread.js';
import { runScript } from '../support/script.js';

/** What test/fixtures/workers/toy.worker.mjs can be asked. */
interface Toy {
  greet(name: string): string;
  later(value: string, milliseconds: number): string;
  handBack(values: Float64Array<ArrayBuffer>): { values: Float64Array };
  refuse(): void;
  crash(): void;
  exit(code: number): void;
  block(milliseconds: number): void;
}

const FILE = new URL('../fixtures/workers/toy.worker.mjs', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'hamba-workers-'));
afterAll(() => rmSync(folder, { recursive: true }));

let mark: string;
let thread: WorkerThread<Toy>;
let count = 0;
beforeEach(() => {
  mark = join(folder, `${count++}`);
  thread = new WorkerThread<Toy>(FILE, 'a toy thread', { greeting: 'Hello', mark });
});
afterEach(() => thread.terminate());

async function reasons(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null) as unknown);
}

describe('a call', () => {
  it('is answered, with what the thread was started with', async () => {
    expect(await thread.call('greet', ['Ada'])).toBe('Hello, Ada');
  });

  it('waits for the one before, however long that takes', async () => {
    const order: string[] = [];
    await Promise.all([
      thread.call('later', ['first', 50]).then((value) => order.push(value)),
      thread.call('later', ['second', 0]).then((value) => order.push(value)),
    ]);
    expect(order).toEqual(['first', 'second']);
  });

  it('hands buffers over, there and back', async () => {
    const values = Float64Array.of(1, 2, 3);
    const answer = thread.call('handBack', [values], [values.buffer]);
    expect(values.length).toBe(0);
    expect((await answer).values).toEqual(Float64Array.of(1, 2, 3));
  });

  it('copies buffers it is not told to hand over', async () => {
    const values = Float64Array.of(1, 2, 3);
    await thread.call('handBack', [values]);
    expect(values.length).toBe(3);
  });

  it('fails with the UserError its handler throws, and the thread goes on', async () => {
    const [refused, greeted] = await Promise.allSettled([
      thread.call('refuse', []),
      thread.call('greet', ['Ada']),
    ]);
    expect((refused as PromiseRejectedResult).reason).toBeInstanceOf(UserError);
    expect(((refused as PromiseRejectedResult).reason as UserError).toJson()).toEqual({
      code: 'toy',
      message: 'No toys',
      file: 'toys.json',
      offset: 3,
      next: 'buy one',
    });
    expect(greeted).toEqual({ status: 'fulfilled', value: 'Hello, Ada' });
  });

  it('fails alone where its arguments cannot be sent', async () => {
    await expect(thread.call('greet', [(() => 1) as unknown as string])).rejects.toThrow(
      'could not be cloned',
    );
    expect(await thread.call('greet', ['Ada'])).toBe('Hello, Ada');
  });
});

describe('when the thread goes', () => {
  it('by itself, whatever waits fails, and everything after', async () => {
    const reason = 'a toy thread ended unexpectedly with exit code 3';
    const failed = await reasons([thread.call('exit', [3]), thread.call('greet', ['Ada'])]);
    expect(failed.map(String)).toEqual([`Error: ${reason}`, `Error: ${reason}`]);
    await expect(thread.call('greet', ['Ada'])).rejects.toThrow(reason);
    await thread.close();
    await thread.terminate();
    await expect(thread.call('greet', ['Ada'])).rejects.toThrow(reason);
  });

  it('by a crash, the places in the thread are told', async () => {
    const [first, second] = await reasons([thread.call('crash', []), thread.call('greet', ['Ada'])]);
    expect(first).toMatchObject({ message: 'a toy thread crashed: out of luck' });
    expect((first as Error).stack).toContain('toy.worker.mjs');
    expect((first as Error).cause).toMatchObject({ message: 'out of luck' });
    expect(second).toBe(first);
    await thread.close();
  });

  it('because its file is missing, the call fails', async () => {
    const missing = new WorkerThread<Toy>(new URL('nothing.mjs', FILE), 'a toy thread');
    await expect(missing.call('greet', ['Ada'])).rejects.toThrow(/^a toy thread crashed: .*nothing\.mjs/);
    await missing.close();
  });
});

describe('closing', () => {
  it('lets the call in progress end, drops those behind it, and releases what the thread holds', async () => {
    await thread.call('greet', ['Ada']);
    const began = performance.now();
    const failed = reasons([thread.call('block', [200]), thread.call('block', [60_000])]);
    // Long enough for the thread to have begun.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await thread.close();
    expect(performance.now() - began).toBeGreaterThan(190);
    expect((await failed).map(String)).toEqual(Array(2).fill('Error: a toy thread was closed'));
    expect(readFileSync(mark, 'utf8')).toBe('released');
    await thread.close();
    await expect(thread.call('greet', ['Ada'])).rejects.toThrow('a toy thread was closed');
  });

  it('ends a thread that has not yet started', async () => {
    await thread.close();
    expect(readFileSync(mark, 'utf8')).toBe('released');
  });

  it('by termination waits for nothing', async () => {
    await thread.call('greet', ['Ada']);
    const failed = reasons([thread.call('block', [60_000])]);
    await thread.terminate();
    expect((await failed).map(String)).toEqual(['Error: a toy thread was closed']);
    expect(existsSync(mark)).toBe(false);
  });

  it('leaves nothing that keeps the process alive', async () => {
    const script = `
      const { WorkerThread } = await import(${JSON.stringify(builtFile('workers/worker-thread.js').href)});
      const start = () => new WorkerThread(new URL(${JSON.stringify(FILE.href)}), 'a toy thread', { greeting: 'Hi', mark: ${JSON.stringify(mark)} });
      const [one, other] = [start(), start()];
      console.log(await one.call('greet', ['Ada']));
      await Promise.all([one.close(), other.terminate()]);`;
    expect(await runScript(script)).toEqual({ stdout: 'Hi, Ada\n', stderr: '' });
  });
});
