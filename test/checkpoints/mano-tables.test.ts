/** A checkpoint whose hand is another one is not built with MANO's skeleton. */
import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireManoTables } from '../../src/checkpoints/mano-tables.js';
import { openTensorFile } from '../../src/formats/torch/tensor-file.js';
import { FIXTURES, temporaryFolder } from '../support/cli.js';

it.each(['hamba-tiny', 'wilor-tiny'])('the tables of %s are those of the graph', async (name) => {
  const file = await openTensorFile(join(FIXTURES, 'network', name, 'model.ckpt'));
  expect(file.tensors.has('mano.parents')).toBe(true);
  await expect(requireManoTables(file)).resolves.toBeUndefined();
  await file.close();
});

it.each(['mano.parents', 'mano.joint_map', 'mano.vertex_joint_selector.extra_joints_idxs'])(
  'another %s is an error that names both',
  async (key) => {
    const path = join(await temporaryFolder(), 'model.ckpt');
    await copyFile(join(FIXTURES, 'network', 'hamba-tiny', 'model.ckpt'), path);
    const whole = await openTensorFile(path);
    const { offset } = whole.tensors.get(key)!;
    await whole.close();
    const handle = await open(path, 'r+');
    const changed = Buffer.alloc(8);
    changed.writeBigInt64LE(3n);
    await handle.write(changed, 0, 8, offset + 8);
    await handle.close();
    const file = await openTensorFile(path);
    await expect(requireManoTables(file)).rejects.toMatchObject({
      code: 'network-skeleton',
      file: path,
      offset,
      message: `The checkpoint's hand has another skeleton: ${key}`,
    });
    await file.close();
  },
);
