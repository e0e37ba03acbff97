/** `report`: one page of finished runs, and of the photographs and true hands of the dataset folder they name. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { datasetById } from '../datasets/registry.js';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic-file.js';
import { startsWith } from '../files/file-start.js';
import { whileLocked } from '../files/lock.js';
import { readText } from '../files/open-file.js';
import { parseJson } from '../formats/json/json-text.js';
import { loadSharp } from '../imaging/sharp.js';
import { programInfo } from '../program.js';
import type { Progress } from '../progress.js';
import { RUN_FILES } from '../runs/run-files.js';
import { listed } from '../text/text.js';
import { clientScript } from './page/client-script.js';
import { reportPage } from './page/page.js';
import type { ReportData, Scene } from './page/report-data.js';
import { chooseSamples } from './report-choice.js';
import { factorsOf } from './report-factors.js';
import { openReportFolder, reasonOf, type FolderRequest, type ReportFolder } from './report-folder.js';
import { neighboursOf } from './report-neighbours.js';
import { withSharedPaths } from './report-paths.js';
import { readRuns, type ReadRun, type ReadRuns } from './report-runs.js';
import { gatherSamples } from './report-samples.js';

export interface ReportRequest extends FolderRequest {
  readonly runs: readonly string[];
  /** Default: report.html in the first run directory. */
  readonly out?: string | undefined;
  /** Samples a group. */
  readonly samples: number;
  readonly images: boolean;
  /** The user's MANO file, for the triangles of its mesh. */
  readonly mano?: string | undefined;
}

export interface ReportContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface ReportOutcome {
  readonly file: string;
  readonly bytes: number;
  readonly runs: readonly string[];
  /** What is left out and why. */
  readonly missing: readonly string[];
}

/** What every page begins with. */
const PAGE_START = '<!doctype html>';

/** @throws UserError where a folder holds no scored run, or the runs are not of one dataset. */
export async function makeReport(request: ReportRequest, context: ReportContext): Promise<ReportOutcome> {
  const file = resolve(request.out ?? join(request.runs[0]!, RUN_FILES.report));
  await requireReplaceable(file);
  const read = await readRuns(request.runs);
  return whileLocked({ file: `${file}.lock`, target: file, kind: 'file' }, () =>
    writePage(file, read, request, context),
  );
}

async function writePage(
  file: string,
  { runs, error, meaning, protocolDifferences }: ReadRuns,
  request: ReportRequest,
  context: ReportContext,
): Promise<ReportOutcome> {
  const missing: string[] = [];
  const folder = await openReportFolder(runs, request, missing);
  context.signal.throwIfAborted();
  const choice = chooseSamples(runs, request.samples);
  const images = await canShowPhotographs(request, missing);
  const gathered = await gatherSamples({ ...context, ...request, images, runs, folder, choice, missing });
  const hasMeshes = gathered.groups.some(({ samples }) => samples.some(({ scene }) => isOfMeshes(scene)));
  // A file that is given is read, needed or not: a wrong path is not to pass in silence.
  const given = request.mano === undefined ? null : await facesOf(request.mano);
  const faces = hasMeshes ? (given ?? (await demoFaces(folder, missing))) : null;
  const { dataset } = runs[0]!.stored.manifest;
  const { title } = datasetById(dataset.id);
  const program = programInfo();
  const data: ReportData = {
    title: `${title}: ${listed(runs.map(({ shown }) => shown.name))}`,
    dataset: { id: dataset.id, title, split: dataset.split },
    measure: runs[0]!.shown.document.protocol.measure,
    program: `${program.name} ${program.version}`,
    made: new Date().toISOString(),
    error,
    errorMeaning: meaning,
    runs: runs.map(({ shown }) => shown),
    protocolDifferences,
    neighbours: await neighboursOf(dataset.id, dataset.split, runs),
    factors: factorsOf(runs, folder),
    groups: gathered.groups,
    worst: choice.worst,
    faces,
    missing: missing.map((sentence) => withSharedPaths(sentence, pathsOf(runs, request))),
    overlay: gathered.overlay,
  };
  context.signal.throwIfAborted();
  const page = Buffer.from(reportPage(data, await clientScript()), 'utf8');
  await writeFileAtomic(file, page);
  return { file, bytes: page.length, runs: request.runs.map((run) => resolve(run)), missing };
}

/** An older page is replaced; a run's file or a photograph that a mistyped --out names is not. */
async function requireReplaceable(file: string): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (info === null || (info.isFile() && (await startsWith(file, PAGE_START)))) return;
  throw new UserError({
    code: 'report-in-the-way',
    message: 'There is something already that is no page',
    file,
    expected: 'a free name, or an older report',
    got: info.isFile() ? 'another file' : 'no file',
    next: 'name another file with --out',
  });
}

/** Everything a message may name. */
function pathsOf(runs: readonly ReadRun[], { data, boxes, mano }: ReportRequest): string[] {
  const folders = runs.flatMap(({ stored }) => [stored.path, stored.manifest.dataset.folder]);
  return [...folders, data, boxes, mano].filter((path) => path !== undefined);
}

function isOfMeshes(scene: Scene | null): boolean {
  const hands = scene === null ? [] : [scene.truth, ...scene.predictions];
  return hands.some((hand) => hand !== null && hand.vertices !== null);
}

/** The triangles of the user's MANO file. */
async function facesOf(mano: string): Promise<Uint32Array> {
  const { readManoFile } = await import('../inference/mano/mano-file.js');
  return (await readManoFile(mano)).faces;
}

/** Whether photographs are asked for and can be decoded. */
async function canShowPhotographs({ images }: ReportRequest, missing: string[]): Promise<boolean> {
  try {
    if (images) await loadSharp();
    else missing.push('photographs, as --no-images asks');
    return images;
  } catch (error) {
    missing.push(`photographs: ${reasonOf(error)}`);
    return false;
  }
}

/** The triangles of the demo's folder, if it is one. */
async function demoFaces(folder: ReportFolder | null, missing: string[]): Promise<Uint32Array | null> {
  const faces = folder === null ? null : await facesFile(folder.folder.root);
  if (faces === null)
    missing.push(
      'the surfaces of the meshes, which are drawn as points: give the file with the triangles with --mano',
    );
  return faces;
}

/** `faces.json` of a generated folder: three vertex ids a triangle. */
async function facesFile(root: string): Promise<Uint32Array | null> {
  try {
    const value: unknown = parseJson(await readText(join(root, 'faces.json')));
    if (!Array.isArray(value)) return null;
    const ids = value.flat();
    return ids.length % 3 === 0 && ids.every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 16)
      ? Uint32Array.from(ids as number[])
      : null;
  } catch {
    return null;
  }
}
