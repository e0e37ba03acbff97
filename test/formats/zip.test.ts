import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openPredictionZip, type ZipLimits } from '../../src/formats/zip/zip.js';
import { sharedFolder } from '../support/cli.js';

const folder = sharedFolder();
interface Item {
  name: string;
  data: Buffer;
  stored?: boolean;
  /** What the archive claims, where it lies. */
  crc?: number;
  size?: number;
  flags?: number;
  method?: number;
}

/** A zip archive after PKWARE's APPNOTE: local headers with data, central directory, end record. */
function zip(items: readonly Item[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const item of items) {
    const packed = item.stored === true ? item.data : deflateRawSync(item.data);
    const name = Buffer.from(item.name, 'utf8');
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(item.flags ?? 0x800, 2);
    fields.writeUInt16LE(item.method ?? (item.stored === true ? 0 : 8), 4);
    fields.writeUInt32LE(item.crc ?? crc32(item.data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(item.size ?? item.data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), fields, name, packed);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, end, name);
    offset += 30 + name.length + packed.length;
  }
  const table = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(items.length, 8);
  end.writeUInt16LE(items.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}

function save(bytes: Buffer, name = 'pred.zip'): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

async function read(bytes: Buffer, limits?: ZipLimits): Promise<Buffer> {
  const { stream } = await openPredictionZip(save(bytes), limits);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const DATA = Buffer.from(JSON.stringify(Array.from({ length: 50_000 }, (_, i) => i / 7)));
const PRED: Item = { name: 'pred.json', data: DATA };

describe('openPredictionZip', () => {
  it('reads deflated and stored entries', async () => {
    expect((await read(zip([PRED]))).equals(DATA)).toBe(true);
    expect((await read(zip([{ ...PRED, stored: true }]))).equals(DATA)).toBe(true);
    const opened = await openPredictionZip(save(zip([PRED])));
    expect(opened).toMatchObject({ size: DATA.length, crc32: crc32(DATA) });
    opened.stream.destroy();
  });

  it('reads an empty entry, which is the parser’s to refuse', async () => {
    expect((await read(zip([{ ...PRED, data: Buffer.alloc(0), stored: true }]))).length).toBe(0);
    expect((await read(zip([{ ...PRED, data: Buffer.alloc(0) }]))).length).toBe(0);
  });

  it('overlooks folders and what macOS adds', async () => {
    const clutter = ['__MACOSX/', '__MACOSX/._pred.json', '.DS_Store', 'folder/'];
    const items = clutter.map((name) => ({ name, data: Buffer.alloc(0), stored: true }));
    expect((await read(zip([...items, PRED]))).equals(DATA)).toBe(true);
  });

  it.each([
    ['zip-no-prediction', [], 'no files'],
    ['zip-no-prediction', ['other.json', 'pred.txt'], '"other.json", "pred.txt"'],
    ['zip-no-prediction', ['out/pred.json'], '"out/pred.json"'],
    ['zip-no-prediction', ['Pred.json'], '"Pred.json"'],
    ['zip-duplicate', ['pred.json', 'pred.json'], '2 entries'],
    ['zip-unexpected-files', ['pred.json', 'a', 'b', 'c', 'd', 'e', 'f', 'g'], 'and 2 more'],
    ['zip-invalid', ['../pred.json'], 'relative path'],
    ['zip-invalid', ['/pred.json'], 'absolute path'],
  ])('refuses wrong contents: %s %j', async (code, names, got) => {
    const file = save(zip(names.map((name) => ({ name, data: DATA }))));
    await expect(openPredictionZip(file)).rejects.toMatchObject({
      code,
      file,
      got: expect.stringContaining(got) as string,
    });
  });

  it.each([
    ['zip-encrypted', { flags: 1 }],
    ['zip-method', { method: 14 }],
  ])('refuses %s', async (code, change) => {
    await expect(read(zip([{ ...PRED, ...change }]))).rejects.toMatchObject({
      code,
      next: 'pack it again with zip or Python zipfile',
    });
  });

  it('calls an empty archive empty', async () => {
    await expect(read(zip([]))).rejects.toMatchObject({ message: 'The zip archive is empty' });
    await expect(read(zip([{ ...PRED, name: 'folder/' }]))).rejects.toMatchObject({
      message: 'The archive holds no pred.json',
    });
  });

  it.each([
    ['another checksum', { crc: 1 }],
    ['another checksum of stored bytes', { crc: 1, stored: true }],
    ['more bytes than stated', { size: DATA.length - 1 }],
    ['fewer bytes than stated', { size: DATA.length + 1 }],
  ])('finds %s', async (_what, change) => {
    await expect(read(zip([{ ...PRED, ...change }]))).rejects.toMatchObject({ code: 'zip-damaged' });
  });

  it('finds damaged deflate data', async () => {
    const bytes = zip([PRED]);
    bytes.fill(0xff, 2000, 2400);
    await expect(read(bytes)).rejects.toMatchObject({ code: 'zip-damaged' });
  });

  it('bounds the expansion, whatever the archive states', async () => {
    const bomb: Item = { name: 'pred.json', data: Buffer.alloc(5_000_000) };
    await expect(read(zip([bomb]), { maxBytes: 4_999_999 })).rejects.toMatchObject({ code: 'zip-too-large' });
    await expect(read(zip([bomb]), { maxRatio: 100 })).rejects.toMatchObject({ code: 'zip-too-large' });
    await expect(read(zip([{ ...bomb, size: 10 }]))).rejects.toMatchObject({ code: 'zip-damaged' });
    await expect(read(zip([{ ...PRED, size: 4_000_000_000 }]))).rejects.toMatchObject({
      code: 'zip-too-large',
    });
    expect((await read(zip([bomb]))).length).toBe(5_000_000);
  });

  it('refuses what is no archive, whole or cut short', async () => {
    const whole = zip([PRED]);
    for (const bytes of [Buffer.alloc(0), DATA, whole.subarray(0, -30), whole.subarray(0, 100)]) {
      await expect(read(bytes)).rejects.toMatchObject({ code: 'zip-invalid' });
    }
    await expect(openPredictionZip(join(folder, 'none.zip'))).rejects.toMatchObject({ code: 'file-missing' });
    await expect(openPredictionZip(folder)).rejects.toMatchObject({ code: 'file-unreadable' });
  });
});
