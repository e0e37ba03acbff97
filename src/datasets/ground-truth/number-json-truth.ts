/**
 * Ground truth as FreiHAND and HO-3D publish it: `<split>_xyz.json` (N×21×3) and `<split>_verts.json` (N×778×3),
 * nested lists of numbers in JSON, metres.
 */
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { readNumberJson, type RecordLayout } from '../../formats/json/number-json.js';
import { RecordStream } from '../../formats/json/record-stream.js';
import type { Axes } from '../../hand/axes.js';
import { JOINT_COUNT } from '../../hand/joints.js';
import { isFile } from '../folder.js';
import { concatenated, SCORE_BATCH } from '../sample-batch.js';
import type { HandTruth, Notice, TrueMeshes } from '../types.js';

export interface HandTruthFiles {
  readonly truth: HandTruth;
  readonly notices: readonly Notice[];
}

/**
 * What the two annotation files of a split hold, without reading them, and what it means that one is absent.
 *
 * @param repeats how many photographs in a row of whole passes each record belongs to.
 */
export async function numberJsonTruth(root: string, split: string, repeats = 1): Promise<HandTruthFiles> {
  const [xyz, verts] = [`${split}_xyz.json`, `${split}_verts.json`];
  const [xyzFile, vertsFile] = [join(root, xyz), join(root, verts)];
  const [hasXyz, hasVerts] = await Promise.all([isFile(xyzFile), isFile(vertsFile)]);
  const notices: Notice[] = [];
  if (hasXyz !== hasVerts) {
    const [absent, present, what] = hasXyz ? [verts, xyz, 'vertices'] : [xyz, verts, 'joints'];
    notices.push({
      code: 'ground-truth-incomplete',
      message: `the folder has no ${absent}, so ${what} are not scored`,
      remedy: `put it beside ${present} to score ${what} as well`,
    });
  }
  return {
    truth: {
      kind: 'hands',
      files: [xyz, verts],
      joints: hasXyz ? { file: xyzFile, read: () => readJoints(xyzFile, repeats) } : null,
      meshes: hasVerts ? numberJsonMeshes(vertsFile, repeats) : null,
    },
    notices,
  };
}

const POINTS: RecordLayout = { nesting: 'list', shape: ['any', 3], recordName: 'sample' };
const JOINTS: RecordLayout = { nesting: 'list', shape: [JOINT_COUNT, 3], recordName: 'sample' };

/** A megabyte or ten: read on this thread, while the large files are read on others. */
async function readJoints(path: string, repeats: number): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  for await (const { values } of readNumberJson(path, JOINTS)) parts.push(values);
  return concatenated(Array.from({ length: repeats }, () => parts).flat());
}

/** The meshes of a file, read in a thread of their own. */
export function numberJsonMeshes(file: string, repeats: number): TrueMeshes {
  const openStream = (): RecordStream =>
    new RecordStream({ path: file, layout: POINTS, batchSize: SCORE_BATCH });
  return {
    file,
    repeats,
    isMano: true,
    async count(signal) {
      const stream = openStream();
      try {
        while ((await stream.next()) !== null) signal?.throwIfAborted();
        return stream.summary().counts[0]!;
      } finally {
        await stream.close();
      }
    },
    open() {
      const stream = openStream();
      let busyMs = 0;
      return {
        async next() {
          const batch = await stream.next();
          if (batch !== null)
            return { values: batch.values, count: batch.count, vertexCount: batch.shape[0]! };
          ({ busyMs } = stream.summary());
          return null;
        },
        get busyMs() {
          return busyMs;
        },
        close: () => stream.close(),
      };
    },
  };
}

/** Whose axes the true hands of a folder have, by the first of them; `null` where there is none to be read. */
export async function axesOfTruth(root: string, split: string): Promise<Axes | null> {
  for (const name of ['xyz', 'verts']) {
    try {
      for await (const { values } of readNumberJson(join(root, `${split}_${name}.json`), POINTS)) {
        const z = values[2]!;
        if (z !== 0) return z > 0 ? 'opencv' : 'opengl';
        break;
      }
    } catch (error) {
      // What is wrong with the file is told where it is read to be scored.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return null;
}

/** The files of a ground truth that are there. */
export function truthFiles(truth: HandTruth): string[] {
  return [truth.joints?.file, truth.meshes?.file].filter((file) => file !== undefined);
}
