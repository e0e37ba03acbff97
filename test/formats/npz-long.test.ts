import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readNpz } from '../../src/formats/npy/npz.js';
import { temporaryFolder } from '../support/cli.js';
import { npyBytes } from '../support/tiny-npz.js';
import { zipStored } from '../support/tiny-zip.js';

const SIZE = 3 * 2 ** 30;

/** An archive that states an array of 3 GiB, of which the beginning is there. */
function longArchive(): Buffer {
  const start = deflateRawSync(npyBytes('<f8', [SIZE / 24, 3], Buffer.alloc(2 ** 20)));
  const packed = Buffer.concat([start, Buffer.alloc(Math.ceil(SIZE / 1000) - start.length)]);
  const zip = zipStored([{ name: 'vertices.npy', bytes: packed }]);
  const entry = zip.lastIndexOf(Buffer.from('PK\u0001\u0002'));
  zip.writeUInt16LE(8, entry + 10);
  zip.writeUInt32LE(SIZE, entry + 24);
  return zip;
}

it('reads an array of more than 2 GiB as it comes, and says what to do where it would have to be held', async () => {
  const file = join(await temporaryFolder(), 'long.npz');
  await writeFile(file, longArchive());
  const archive = await readNpz(file);
  try {
    expect((await archive.header('vertices')).shape).toEqual([SIZE / 24, 3]);
    for await (const chunk of await archive.stream('vertices')) {
      expect((chunk as Buffer).length).toBeGreaterThan(0);
      break;
    }
    await expect(archive.bytes('vertices')).rejects.toMatchObject({
      code: 'zip-too-large',
      next: expect.stringContaining('numpy.save') as string,
    });
  } finally {
    archive.close();
  }
});
