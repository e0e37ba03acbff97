import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecordBatch, RecordLayout } from '../../src/formats/json/number-json.js';
import { RecordStream } from '../../src/formats/json/record-stream.js';
import { builtFile } from '../../src/workers/built-file.js';
import { runScript } from '../support/script.js';
import { zipDeflated } from '../support/tiny-zip.js';

const LAYOUT: RecordLayout = { nesting: 'list', shape: [3] };
const BATCH = 1000;
/** 61 batches, ten times what is read ahead. */
const RECORDS = Array.from({ length: 60_500 }, (_, i) => [i, i / 2, 1 - i]);
const TEXT = JSON.stringify(RECORDS);

const folder = mkdtempSync(join(tmpdir(), 'hamba-record-stream-'));
afterAll(() => rmSync(folder, { recursive: true }));

function put(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** All that is still to come. */
async function batchesOf(stream: RecordStream): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  for (let batch; (batch = await stream.next()) !== null;) batches.push(batch);
  return batches;
}

describe('a record stream', () => {
  it.each(['plain', 'zip'] as const)('gives every record of a %s file in order', async (container) => {
    const bytes = container === 'zip' ? zipDeflated([{ name: 'pred.json', bytes: Buffer.from(TEXT) }]) : TEXT;
    const path = put(`all.${container}`, bytes);
    const stream = new RecordStream({ path, layout: LAYOUT, batchSize: BATCH, container, digest: true });
    expect(() => stream.summary()).toThrow('has not ended');
    const batches = await batchesOf(stream);
    expect(batches.map(({ first }) => first)).toEqual(batches.map((_, index) => index * BATCH));
    expect(batches.flatMap(({ values }) => [...values]).join()).toBe(RECORDS.join());
    expect(stream.summary()).toMatchObject({
      counts: [RECORDS.length],
      bytes: TEXT.length,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    });
    expect(stream.summary().busyMs).toBeGreaterThan(0);
    expect(await stream.next()).toBeNull();
    await stream.close();
  });

  it('reads no more than a few batches ahead', async () => {
    const path = put('ahead.json', TEXT);
    const stream = new RecordStream({ path, layout: LAYOUT, batchSize: BATCH });
    await stream.next();
    // Time for a reader that does not wait to come to the end.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const handle = await open(path, 'r+');
    await handle.write('oops', Math.floor(TEXT.length / 2));
    await handle.close();
    await expect(batchesOf(stream).then(({ length }) => length)).rejects.toMatchObject({
      code: 'json-number',
    });
    await stream.close();
  });

  it('gives what comes before an error, then the error, each time it is asked', async () => {
    const path = put('cut.json', TEXT.slice(0, -10_000));
    const stream = new RecordStream({ path, layout: LAYOUT, batchSize: BATCH });
    let records = 0;
    const error: unknown = await (async () => {
      for (let batch; (batch = await stream.next()) !== null;) records += batch.count;
    })().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'UserError', code: 'json-truncated', file: path });
    expect(records).toBeGreaterThan(50 * BATCH);
    await expect(stream.next()).rejects.toBe(error);
    await stream.close();
  });

  it('fails who waits for a batch when it is closed', async () => {
    const stream = new RecordStream({ path: put('closed.json', TEXT), layout: LAYOUT, batchSize: BATCH });
    const waiting = expect(stream.next()).rejects.toThrow('closed.json was closed');
    await stream.close();
    await waiting;
    await stream.close();
  });

  it.each(['plain', 'zip'] as const)(
    'is silent about a missing %s file until it is read',
    async (container) => {
      const path = join(folder, 'missing');
      const stream = new RecordStream({ path, layout: LAYOUT, batchSize: BATCH, container });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await expect(stream.next()).rejects.toMatchObject({ code: 'file-missing', file: path });
      await stream.close();
    },
  );

  it.each(['[[1,2,3]]', '[[1,2]]'])('lets the process end that has read all of %s', async (text) => {
    const options = { path: put('short.json', text), layout: LAYOUT, batchSize: BATCH };
    const script = `
      const { RecordStream } = await import(${JSON.stringify(builtFile('formats/json/record-stream.js').href)});
      const stream = new RecordStream(${JSON.stringify(options)});
      try { while ((await stream.next()) !== null); console.log('read'); } catch ({ code }) { console.log(code); }`;
    const { stdout } = await runScript(script);
    expect(stdout).toBe(text === '[[1,2,3]]' ? 'read\n' : 'json-ragged\n');
  });
});
