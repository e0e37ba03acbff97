/** A Git LFS pointer in the place of any file is named as what it is. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { datasetById } from '../../src/datasets/registry.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { requireModelFile } from '../../src/inference/model/model-file.js';
import { decodeImage } from '../../src/imaging/decode.js';
import { readPickle } from '../../src/formats/pickle/pickle.js';
import { NpyReader } from '../../src/formats/npy/npy.js';
import { openPredictions } from '../../src/predictions/open-predictions.js';
import { FIXTURES, temporaryFolder } from '../support/cli.js';
import { rejection } from '../support/user-error.js';

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1234\n';
const ONNX = join(FIXTURES, 'field', '20-onnx-git-lfs-pointer', 'hand.onnx');

it.each<[string, (file: string) => Promise<unknown>]>([
  ['hand.onnx', requireModelFile],
  ['pred.json', (file) => openPredictions(file, datasetById('freihand'))],
  ['pred.npz', (file) => openPredictions(file, datasetById('freihand'))],
  ['pred.zip', (file) => openPredictions(file, datasetById('freihand'))],
  ['ho3d_val.npz', readNpz],
  ['joints.npy', (file) => NpyReader.open(file)],
  ['00000000.jpg', decodeImage],
  ['0000.pkl', (file) => Promise.resolve().then(() => readPickle(Buffer.from(POINTER), file))],
  ['MANO_RIGHT.pkl', readManoFile],
])('%s', async (name, open) => {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, POINTER);
  const error = await rejection(open(file));
  expect(error).toMatchObject({ code: 'file-lfs-pointer', file });
  expect(error.next).toContain('git lfs pull');
});

it('a model that somebody cloned without git-lfs', async () => {
  expect(await rejection(requireModelFile(ONNX))).toMatchObject({ code: 'file-lfs-pointer' });
});
