/** The true joints and meshes of a dataset folder: joints at once, meshes as a stream. */
import { UserError } from '../../errors.js';
import { JOINT_COUNT } from '../../hand/joints.js';
import type { DatasetFolder, HandTruth, Selection, TrueMeshes } from '../types.js';
import { TrueMeshReader, type MeshReader } from './mesh-reader.js';
import { MeshSpool } from './mesh-spool.js';

/**
 * Ground truth on its way: reading begins when this is made, so that it
 * overlaps with whatever is opened meanwhile.
 */
export class GroundTruth {
  readonly source: HandTruth;
  /** N × 21 × 3, metres, in the benchmark's joint order and axes; `null` where the folder has none. */
  readonly joints: Promise<Float64Array | null>;
  /** A few batches ahead at most, until somebody takes them; `null` where the folder has none. */
  readonly #reader: TrueMeshReader | null;
  /** Where the meshes are wanted more than once. */
  #spool: MeshSpool | null = null;
  #meshCount: Promise<number> | null = null;
  #isRestricted = false;

  constructor(source: HandTruth) {
    this.source = source;
    this.#reader = source.meshes === null ? null : new TrueMeshReader(source.meshes);
    this.joints = source.joints === null ? Promise.resolve(null) : source.joints.read();
    // Told when it is awaited; until then a failure is nobody's yet.
    this.joints.catch(() => undefined);
  }

  /** Milliseconds that reading the meshes took so far. */
  get busyMs(): number {
    return this.#reader?.busyMs ?? 0;
  }

  /** Restricts the meshes to some of the samples, the same for every set; to be called before the first is taken. */
  select(selection: Selection): void {
    if (this.#isRestricted) return;
    this.#isRestricted = true;
    this.#reader?.select(selection);
  }

  /**
   * From now on `meshes` may be called more than once.
   *
   * @param folder for the file they are kept in, which nobody sees.
   */
  async keepMeshes(folder: string): Promise<void> {
    if (this.#reader !== null) this.#spool ??= await MeshSpool.create(this.#reader, folder);
  }

  /** The meshes from the first on, to be taken once; `null` where the folder has none. */
  meshes(): MeshReader | null {
    return this.#spool?.fromStart() ?? this.#reader;
  }

  /** How many meshes the folder has, selected or not: a reading of its own, done once. */
  countMeshes(): Promise<number> {
    if (this.source.meshes === null) throw new TypeError('there are no meshes to count');
    return (this.#meshCount ??= countMeshes(this.source.meshes));
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    await this.#spool?.close();
    this.#spool = null;
  }
}

/** How many samples the meshes are about. */
export async function countMeshes(meshes: TrueMeshes, signal?: AbortSignal): Promise<number> {
  return (await meshes.count(signal)) * meshes.repeats;
}

/** How many samples the ground truth of a folder is about; `null` where it has none. */
export async function countTruths(folder: DatasetFolder, signal?: AbortSignal): Promise<number | null> {
  const { groundTruth } = folder;
  if (groundTruth.kind === 'keypoints') return (await groundTruth.read()).count;
  if (groundTruth.joints !== null) return (await groundTruth.joints.read()).length / (JOINT_COUNT * 3);
  return groundTruth.meshes === null ? null : countMeshes(groundTruth.meshes, signal);
}

/** Whether there is anything to score against. */
export function hasTruth({ groundTruth }: DatasetFolder): boolean {
  return groundTruth.kind === 'keypoints' || groundTruth.joints !== null || groundTruth.meshes !== null;
}

/** @throws UserError where there is nothing to score against. */
export function requireTruth(folder: DatasetFolder): void {
  const { groundTruth, root } = folder;
  if (groundTruth.kind === 'keypoints' || hasTruth(folder)) return;
  const { files } = groundTruth;
  throw new UserError({
    code: 'ground-truth-missing',
    message: 'There is no ground truth in this folder to score predictions against',
    file: root,
    expected: files.join(' and '),
    got: files.length === 2 ? 'neither' : 'nothing of the kind',
    next: 'give the folder that holds them with --data',
  });
}

/** Begins to read what takes long; null where the labels are read at once when they are needed. */
export function beginReading({ groundTruth }: DatasetFolder): GroundTruth | null {
  return groundTruth.kind === 'hands' ? new GroundTruth(groundTruth) : null;
}

/**
 * Before predicting: photographs, joints and vertices must be about the same samples.
 *
 * @throws UserError naming each file and its count where they differ.
 */
export async function checkCounts(
  folder: DatasetFolder,
  imageCount: number,
  signal: AbortSignal,
): Promise<void> {
  const { groundTruth } = folder;
  if (groundTruth.kind === 'keypoints') return;
  const { joints, meshes } = groundTruth;
  const [jointCount, meshCount] = await Promise.all([
    joints?.read().then((values) => values.length / (JOINT_COUNT * 3)),
    meshes === null ? undefined : countMeshes(meshes, signal),
  ]);
  if ((jointCount ?? imageCount) === imageCount && (meshCount ?? imageCount) === imageCount) return;
  const counts = [`${imageCount} photographs`];
  if (joints !== null) counts.push(`${jointCount} entries in ${joints.file}`);
  if (meshes !== null) counts.push(`${meshCount} entries in ${meshes.file}`);
  throw new UserError({
    code: 'dataset-count-mismatch',
    message: 'Photographs and ground truth are not about the same samples',
    file: folder.root,
    expected: 'the same number of each',
    got: counts.join(', '),
    next: 'unpack the dataset again, or remove the annotation files to predict without scoring',
  });
}
