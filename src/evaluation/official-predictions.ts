/** The official prediction file: `pred.json`, plain or as the only entry of a zip. */
import { UserError } from '../errors.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { RecordBatch, RecordLayout } from '../formats/number-json.js';
import { concatenated } from './concatenated.js';
import { SCORE_BATCH, type PredictionOrigin, type PredictionSource } from './prediction-source.js';
import { RecordStream } from './record-stream.js';

const LAYOUT: RecordLayout = {
  nesting: 'sections',
  sections: 2,
  sectionNames: ['joints', 'vertices'],
  shape: ['any', 3],
  sectionShapes: [
    [JOINT_COUNT, 3],
    ['any', 3],
  ],
  recordName: 'sample',
};

/**
 * Reads the joints and stops at the first vertices.
 *
 * @throws UserError for anything that is not `[[N×21×3], [N×V×3]]`.
 */
export async function openOfficialPredictions(
  path: string,
  container: 'plain' | 'zip',
  dataset: DatasetDefinition,
): Promise<PredictionSource> {
  const stream = new RecordStream({ path, layout: LAYOUT, batchSize: SCORE_BATCH, container, digest: true });
  try {
    const parts: Float64Array[] = [];
    let ahead: RecordBatch | null;
    while ((ahead = await stream.next()) !== null && ahead.section === 0) parts.push(ahead.values);
    const joints = concatenated(parts);
    return new OfficialPredictions(path, container, dataset, stream, joints, ahead);
  } catch (error) {
    await stream.close();
    throw error;
  }
}

class OfficialPredictions implements PredictionSource {
  readonly origin: PredictionOrigin;
  readonly count: number;
  readonly ids = null;
  readonly joints: Float64Array | null;
  readonly vertexCount: number | null;
  readonly jointOrder;
  readonly axes;
  private readonly stream: RecordStream;
  private ahead: RecordBatch | null;

  constructor(
    path: string,
    container: 'plain' | 'zip',
    dataset: DatasetDefinition,
    stream: RecordStream,
    joints: Float64Array,
    ahead: RecordBatch | null,
  ) {
    this.origin = { kind: container === 'zip' ? 'zip' : 'pred.json', path };
    this.count = joints.length / (JOINT_COUNT * 3);
    this.joints = joints;
    this.vertexCount = ahead === null ? null : ahead.shape[0]!;
    this.jointOrder = dataset.jointOrder;
    this.axes = dataset.axes;
    this.stream = stream;
    this.ahead = ahead;
  }

  async vertices(first: number, count: number): Promise<Float64Array> {
    const batch = this.ahead ?? (await this.stream.next());
    this.ahead = null;
    if (batch === null) throw this.lengthMismatch(first, 'fewer');
    if (batch.first !== first || batch.count !== count) {
      throw batch.count < count
        ? this.lengthMismatch(batch.first + batch.count, 'fewer')
        : this.lengthMismatch(batch.first + batch.count, 'more');
    }
    return batch.values;
  }

  async finish(): Promise<number> {
    const surplus = this.ahead ?? (await this.stream.next());
    if (surplus !== null) throw this.lengthMismatch(surplus.first + surplus.count, 'more');
    const { sha256, busyMs } = this.stream.summary();
    this.origin.sha256 = sha256!;
    return busyMs;
  }

  async close(): Promise<void> {
    await this.stream.close();
  }

  private lengthMismatch(vertices: number, direction: 'fewer' | 'more'): UserError {
    return new UserError({
      code: 'predictions-count',
      message: `The prediction file has ${direction} meshes than joint sets`,
      file: this.origin.path,
      expected: `${this.count} entries in both lists of [joints, vertices]`,
      got: `${this.count} joint sets, ${direction === 'more' ? 'at least ' : ''}${vertices} meshes`,
      next: 'write the file again; a run that stopped early leaves such a file',
    });
  }
}
