/** A run directory as it lies on the disk, for whoever reads it: run.json and metrics.json are read once. */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { readManifest, type Manifest, type RunFolder } from './manifest.js';
import type { MetricsDocument } from './metrics-document.js';
import { readMetrics } from './metrics-file.js';
import { RUN_FILES, type RunFile } from './run-files.js';
import { readCurveTable, type CurveTable } from './tables/curve-table.js';
import { readJointErrors, type JointErrorTable } from './tables/joint-errors.js';
import { readJointTable, type JointTable } from './tables/joint-table.js';
import { readKeypointTable, type KeypointTable } from './tables/keypoint-table.js';
import { readPassTable, type PassRow } from './tables/pass-table.js';
import { readSampleTable, type SampleTable } from './tables/sample-table.js';

export class StoredRun implements RunFolder {
  readonly path: string;
  readonly manifest: Manifest;
  #document: Promise<MetricsDocument | null> | undefined;

  private constructor(path: string, manifest: Manifest) {
    this.path = path;
    this.manifest = manifest;
  }

  /** @throws UserError where the folder is no run directory, or of another version. */
  static async open(path: string): Promise<StoredRun> {
    return new StoredRun(path, await readManifest(path));
  }

  file(name: RunFile): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** The boxes of the predictions as `--boxes` takes them; undefined where they came from a file, which run.json does not name. */
  get boxes(): 'image' | 'annotations' | 'truth' | undefined {
    const boxes = this.manifest.configuration.protocol?.boxes;
    return boxes === 'image' || boxes === 'annotations' || boxes === 'truth' ? boxes : undefined;
  }

  /**
   * The result; null where the run predicted without ground truth.
   *
   * @throws UserError where the run is not finished, or its metrics.json is damaged.
   */
  metrics(): Promise<MetricsDocument | null> {
    return (this.#document ??= readMetrics(this));
  }

  /**
   * The result of a run that was scored.
   *
   * @param purpose what cannot be done without one.
   * @throws UserError as `metrics`, and where the run has none.
   */
  async scored(purpose: 'compare' | 'rank'): Promise<MetricsDocument> {
    const document = await this.metrics();
    if (document !== null) return document;
    const { shard } = this.manifest.configuration;
    if (shard !== undefined) throw isShard(this.path, shard, purpose);
    throw new UserError({
      code: 'run-unscored',
      message: `This run predicted without ground truth: there is nothing to ${purpose}`,
      file: this.path,
      expected: 'a finished run with scores',
      got: 'predictions alone',
      next: 'score its predictions on a folder with ground truth: hamba-eval run --predictions RUN_DIR',
    });
  }

  /** @param metrics the columns of metrics to read, which must be there; all unless given. */
  samples(metrics?: readonly string[]): Promise<SampleTable> {
    return readSampleTable(this.file('perSample'), metrics);
  }

  joints(): Promise<JointTable> {
    return readJointTable(this.file('perJoint'));
  }

  /** Null where the run has none. */
  jointErrors(): Promise<JointErrorTable | null> {
    return readJointErrors(this.file('jointErrors'));
  }

  /** @param ids the samples of the run, in its order. */
  keypoints(ids: readonly string[]): Promise<KeypointTable> {
    return readKeypointTable(this.file('perKeypoint'), ids);
  }

  /** Null where the run has none. */
  curves(): Promise<CurveTable | null> {
    return readCurveTable(this.file('pckCurves'));
  }

  /** Each pass of a sweep that kept them. */
  passes(): Promise<PassRow[]> {
    return readPassTable(this.file('passes'));
  }
}

function isShard(file: string, shard: string, purpose: string): UserError {
  return new UserError({
    code: 'run-is-shard',
    message: `This run is shard ${shard} of one: there is nothing to ${purpose} before they are merged`,
    file,
    expected: 'a finished run with scores',
    got: 'predictions of a part of the samples',
    next: 'put all shards together: hamba-eval merge SHARD… --out DIR',
  });
}
