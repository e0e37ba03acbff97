/**
 * HO-3D version 2 (Hampali et al., CVPR 2020) and version 3, evaluation split.
 *
 * At the root: `evaluation_xyz.json` (N×21×3) and `evaluation_verts.json`
 * (N×778×3), released in November 2024, metres, camera frame with OpenGL axes
 * (the hand lies along −z), HO-3D joint order; `evaluation.txt` names the
 * samples in that order, one `sequence/frame` a line. The two versions are
 * different benchmarks with different samples and are never ranked together.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { HO3D_V2_PROTOCOL, HO3D_V3_PROTOCOL, type Protocol } from '../metrics/index.js';
import { fileNames, firstFew, groundTruthFiles, isFile, presentFiles, requireFolder } from './folder.js';
import type { DatasetDefinition, DatasetFolder, Notice } from './types.js';

export const ho3dV2: DatasetDefinition = ho3d('HO-3D v2', HO3D_V2_PROTOCOL);
export const ho3dV3: DatasetDefinition = ho3d('HO-3D v3', HO3D_V3_PROTOCOL);

function ho3d(title: string, protocol: Protocol): DatasetDefinition {
  const definition: DatasetDefinition = {
    id: protocol.dataset,
    title,
    splits: ['evaluation'],
    jointOrder: 'ho3d',
    axes: 'opengl',
    protocol,
    officialScores: 'ho3d',

    async open(root, split): Promise<DatasetFolder> {
      await requireFolder(root, title);
      const list = join(root, `${split}.txt`);
      const [{ groundTruth, notices }, hasList] = await Promise.all([
        groundTruthFiles(root, split),
        isFile(list),
      ]);
      if (groundTruth.joints === null && groundTruth.vertices === null) {
        throw new UserError({
          code: 'dataset-layout',
          message: `This folder has no ground truth of ${title}`,
          file: root,
          expected: `${split}_xyz.json and ${split}_verts.json, as released in November 2024`,
          got: firstFew((await fileNames(root)) ?? []),
          next: 'put them beside evaluation.txt, or give the folder that holds them with --data',
        });
      }
      return {
        definition,
        root,
        split,
        groundTruth,
        annotations: [...presentFiles(groundTruth), ...(hasList ? [list] : [])],
        benchmarkCount: protocol.sampleCount,
        notices: hasList ? notices : [...notices, missingList(split)],
        samples: () => Promise.reject(predictionsOnly(title, root)),
        sampleIds: (count) => (hasList ? readIds(list, count) : Promise.resolve(numbered(count))),
        sequenceOf: hasList ? (id) => id.slice(0, id.indexOf('/')) : null,
      };
    },
  };
  return definition;
}

/** Without the list a sample is known by its position alone. */
function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => index.toString().padStart(5, '0'));
}

async function readIds(list: string, count: number): Promise<string[]> {
  const text = await readFile(list, 'utf8');
  const ids = text.split('\n').map((line) => line.trim());
  while (ids.at(-1) === '') ids.pop();
  const odd = ids.findIndex((id) => !/^[^/\s]+\/[^/\s]+$/.test(id));
  if (odd !== -1) {
    throw new UserError({
      code: 'sample-list-line',
      message: `Line ${odd + 1} of the sample list is no sample`,
      file: list,
      expected: 'sequence/frame, as in SM1/0000',
      got: JSON.stringify(ids[odd]),
      next: "take the list from HO-3D's own archive",
    });
  }
  const seen = new Map<string, number>();
  ids.forEach((id, line) => {
    const first = seen.get(id);
    if (first !== undefined) {
      throw new UserError({
        code: 'sample-list-duplicate',
        message: 'The sample list names a sample twice',
        file: list,
        expected: 'each sample once',
        got: `${id} on lines ${first + 1} and ${line + 1}`,
        next: "take the list from HO-3D's own archive",
      });
    }
    seen.set(id, line);
  });
  if (ids.length !== count) {
    throw new UserError({
      code: 'dataset-count-mismatch',
      message: 'The sample list and the ground truth differ in the number of samples',
      file: list,
      expected: `${count} lines, one for each sample of the ground truth`,
      got: `${ids.length} lines`,
      next: 'use the list, the ground truth and the predictions of one version of HO-3D',
    });
  }
  return ids;
}

function missingList(split: string): Notice {
  return {
    code: 'sample-list-missing',
    message: `the sample list ${split}.txt is absent, so intervals resample single frames; frames of one video are not independent and the intervals are too narrow`,
    remedy: `put HO-3D's ${split}.txt into the folder to resample whole sequences`,
  };
}

function predictionsOnly(title: string, root: string): UserError {
  return new UserError({
    code: 'dataset-predictions-only',
    message: `This version of hamba-eval scores predictions on ${title} but does not predict on it`,
    file: root,
    expected: '--predictions PATH',
    got: '--model FILE',
    next: 'predict with your own code and score the official pred.json with --predictions',
  });
}
