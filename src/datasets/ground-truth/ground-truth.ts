/** The true joints and meshes of a dataset folder: joints at once, vertices as a stream. */
import { UserError } from '../../errors.js';
import { JOINT_COUNT } from '../../hand/joints.js';
import type { DatasetFolder, HandTruth, Selection } from '../types.js';
import { MeshSpool, type MeshReader } from './mesh-spool.js';
import { countVertices, TrueVertices } from './true-vertices.js';

/**
 * Ground truth on its way: reading begins when this is made, so that it
 * overlaps with whatever is opened meanwhile.
 */
export class GroundTruth {
  readonly source: HandTruth;
  /** N × 21 × 3, metres, in the benchmark's joint order and axes; `null` where the folder has none. */
  readonly joints: Promise<Float64Array | null>;
  /** A few batches ahead at most, until somebody takes them; `null` where the folder has none. */
  private readonly vertices: TrueVertices | null;
  /** Where the meshes are wanted more than once. */
  private spool: MeshSpool | null = null;
  private meshCount: Promise<number> | null = null;
  private isRestricted = false;

  constructor(source: HandTruth) {
    this.source = source;
    this.vertices = source.vertices === null ? null : new TrueVertices(source.vertices);
    this.joints = source.joints === null ? Promise.resolve(null) : source.joints.read();
    // Told when it is awaited; until then a failure is nobody's yet.
    this.joints.catch(() => undefined);
  }

  /** Milliseconds that reading the meshes took so far. */
  get busyMs(): number {
    return this.vertices?.busyMs ?? 0;
  }

  /** Restricts the meshes to some of the samples, the same for every set; to be called before the first is taken. */
  select(selection: Selection): void {
    if (this.isRestricted) return;
    this.isRestricted = true;
    this.vertices?.select(selection);
  }

  /**
   * From now on `meshes` may be called more than once.
   *
   * @param folder for the file they are kept in, which nobody sees.
   */
  async keepMeshes(folder: string): Promise<void> {
    if (this.vertices !== null) this.spool ??= await MeshSpool.create(this.vertices, folder);
  }

  /** The meshes from the first on, to be taken once; `null` where the folder has none. */
  meshes(): MeshReader | null {
    return this.spool?.fromStart() ?? this.vertices;
  }

  /** How many meshes the folder has, selected or not: a reading of its own, done once. */
  countMeshes(): Promise<number> {
    if (this.source.vertices === null) throw new TypeError('there are no meshes to count');
    return (this.meshCount ??= countVertices(this.source.vertices));
  }

  async close(): Promise<void> {
    await this.vertices?.close();
    await this.spool?.close();
    this.spool = null;
  }
}

/** How many samples the ground truth of a folder is about; `null` where it has none. */
export async function countTruths(folder: DatasetFolder, signal?: AbortSignal): Promise<number | null> {
  const { groundTruth } = folder;
  if (groundTruth.kind === 'keypoints') return (await groundTruth.read()).count;
  if (groundTruth.joints !== null) return (await groundTruth.joints.read()).length / (JOINT_COUNT * 3);
  return groundTruth.vertices === null ? null : countVertices(groundTruth.vertices, signal);
}

/** Whether there is anything to score against. */
export function hasTruth({ groundTruth }: DatasetFolder): boolean {
  return groundTruth.kind === 'keypoints' || groundTruth.joints !== null || groundTruth.vertices !== null;
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
  const { joints, vertices } = groundTruth;
  const [jointCount, vertexCount] = await Promise.all([
    joints?.read().then((values) => values.length / (JOINT_COUNT * 3)),
    vertices === null ? undefined : countVertices(vertices, signal),
  ]);
  if ((jointCount ?? imageCount) === imageCount && (vertexCount ?? imageCount) === imageCount) return;
  const counts = [`${imageCount} photographs`];
  if (joints !== null) counts.push(`${jointCount} entries in ${joints.file}`);
  if (vertices !== null) counts.push(`${vertexCount} entries in ${vertices.file}`);
  throw new UserError({
    code: 'dataset-count-mismatch',
    message: 'Photographs and ground truth are not about the same samples',
    file: folder.root,
    expected: 'the same number of each',
    got: counts.join(', '),
    next: 'unpack the dataset again, or remove the annotation files to predict without scoring',
  });
}
