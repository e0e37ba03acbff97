/** The forms of `[joints, vertices]`: as the challenges want it, with an axis of length 1, or flat. */
import { readStart } from '../files/file-start.js';
import type { Dimension, RecordLayout } from '../formats/json/number-json-layout.js';
import { openPredictionZip } from '../formats/zip/zip.js';
import { JOINT_COUNT } from '../hand/joints.js';

export interface OfficialForm {
  readonly layout: RecordLayout;
  /** Said where it is not as it should be. */
  readonly note: string | null;
}

function form(
  joints: readonly Dimension[],
  vertices: readonly Dimension[],
  note: string | null,
): OfficialForm {
  const layout: RecordLayout = {
    nesting: 'sections',
    sections: 2,
    sectionNames: ['joints', 'vertices'],
    shape: vertices,
    sectionShapes: [joints, vertices],
    recordName: 'sample',
  };
  return { layout, note };
}

const OFFICIAL = form([JOINT_COUNT, 3], ['any', 3], null);
const SINGLE = form(
  [1, JOINT_COUNT, 3],
  [1, 'any', 3],
  'The lists (N, 1, 21, 3) are read as (N, 21, 3), and those of the meshes alike.',
);
const FLAT = form(
  [JOINT_COUNT * 3],
  ['any'],
  'The lists (N, 63) are read as (N, 21, 3), and those of the meshes alike.',
);

/** Holds 63 numbers, however long they are written. */
const HEAD_BYTES = 8192;

/** @throws UserError where the file or the archive cannot be read. */
export async function officialForm(path: string, container: 'plain' | 'zip'): Promise<OfficialForm> {
  const head = container === 'zip' ? await zipHead(path) : await readStart(path, HEAD_BYTES);
  return formOf(head.toString('latin1'));
}

/** By the brackets before the first number, and by how many numbers follow it. */
function formOf(head: string): OfficialForm {
  const [, brackets = '', numbers = ''] = /^[^[]*((?:\[\s*)+)([^\][]*)/.exec(head) ?? [];
  const depth = brackets.replaceAll(/\s/g, '').length;
  if (depth === 5) return SINGLE;
  return depth === 3 && numbers.split(',').length === JOINT_COUNT * 3 ? FLAT : OFFICIAL;
}

async function zipHead(path: string): Promise<Buffer> {
  const { stream } = await openPredictionZip(path);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    pieces.push(piece as Buffer);
    bytes += (piece as Buffer).length;
    if (bytes >= HEAD_BYTES) break;
  }
  return Buffer.concat(pieces);
}
