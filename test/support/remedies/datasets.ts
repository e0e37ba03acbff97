/** Errors about dataset folders, and their remedies. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIXTURES } from '../cli.js';
import { demoFolder, demoFolderCopy } from '../demo-folder.js';
import { flags, modelOf, predict, remedies, score, type Args, type Place } from './remedy.js';

const HO3D = join(FIXTURES, 'golden', 'ho3d');
const LIST = 'SM1/0000\nSM1/0001\nMPM10/0000\nMPM10/0001\nMPM10/0002\n';

/** A copy of a folder, one file of which is left out or written anew. */
async function changedFolder(
  place: Place,
  from: string,
  file: string,
  content: string | null,
): Promise<string> {
  const data = join(place.folder, 'data');
  await cp(from, data, { recursive: true });
  await (content === null ? rm(join(data, file)) : writeFile(join(data, file), content));
  return data;
}

const scoreHo3d = ({ folder }: Place): Args =>
  flags('run', {
    ...{ dataset: 'ho3d-v3', data: join(folder, 'data'), predictions: join(HO3D, 'pred.json') },
    ...{ out: join(folder, 'run'), workers: '1' },
  });

const ho3dOfDemo = (place: Place, data: string): Args => predict(place, { dataset: 'ho3d-v2', data });

export const ofDatasets = remedies([
  {
    code: 'dataset-images-missing',
    raise: async (place) => {
      const photograph = 'evaluation/rgb/00000002.jpg';
      return predict(place, { data: await changedFolder(place, place.photographs, photograph, null) });
    },
    next: 'unpack the archive again',
    follow: async (place) => {
      await cp(place.photographs, join(place.folder, 'data'), { recursive: true });
      return predict(place, { data: join(place.folder, 'data') });
    },
  },
  {
    code: 'dataset-count-mismatch',
    raise: async (place) => {
      const file = 'evaluation_verts.json';
      const meshes = JSON.parse(await readFile(join(place.data, file), 'utf8')) as unknown[];
      return score(place, {
        data: await changedFolder(place, place.data, file, JSON.stringify(meshes.slice(0, 4))),
      });
    },
    next: 'unpack the dataset again',
    follow: async (place) => {
      await cp(place.data, join(place.folder, 'data'), { recursive: true });
      return score(place, { data: join(place.folder, 'data') });
    },
  },
  {
    code: 'sample-list-duplicate',
    raise: async (place) => {
      await changedFolder(place, HO3D, 'evaluation.txt', LIST.replace('MPM10/0001', 'SM1/0000'));
      return scoreHo3d(place);
    },
    next: "take the list from HO-3D's own archive",
    follow: async (place) => {
      await writeFile(join(place.folder, 'data', 'evaluation.txt'), LIST);
      return scoreHo3d(place);
    },
  },
  {
    code: 'sample-list-missing',
    raise: async (place) => {
      const from = await demoFolderCopy('ho3d-v2');
      return ho3dOfDemo(place, await changedFolder(place, from, 'evaluation.txt', null));
    },
    next: "take evaluation.txt from HO-3D's own archive",
    follow: async (place) => {
      const data = join(place.folder, 'data');
      await cp(join(await demoFolder('ho3d-v2'), 'evaluation.txt'), join(data, 'evaluation.txt'));
      return ho3dOfDemo(place, data);
    },
  },
  {
    code: 'submission-no-format',
    raise: ({ predictions }) => ['submission', '--from', predictions, '--dataset', 'hint-visor'],
    next: "score with 'hamba-eval run'",
    follow: async (place) => {
      const keypoints = { name: 'keypoints_2d', shape: [21, 2], constant: new Array<number>(42).fill(0.1) };
      const model = await modelOf(place, { outputs: [keypoints] });
      return predict(place, { dataset: 'hint-visor', data: await demoFolder('hint-visor'), model });
    },
  },
]);
