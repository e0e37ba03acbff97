/** Everything that scoring leaves in a run directory. */
import type { Manifest } from './manifest.js';
import type { MetricsDocument } from './metrics-document.js';
import { writeMetrics } from './metrics-file.js';
import type { RunDirectory } from './run-directory.js';
import { writeCurveTable, type CurveTable } from './tables/curve-table.js';
import { writeJointErrors, type JointErrorTable } from './tables/joint-errors.js';
import { writeJointTable, type JointTable } from './tables/joint-table.js';
import { writeKeypointTable, type KeypointTable } from './tables/keypoint-table.js';
import { writeMetricTable } from './tables/metric-table.js';
import { writeSampleList } from './tables/sample-list.js';
import { writeSampleTable, type SampleTable } from './tables/sample-table.js';

export interface RunResult {
  readonly document: MetricsDocument;
  readonly samples: SampleTable;
  /** The table has no rows where no joint was scored. */
  readonly joints: JointTable;
  /** Of hands in 3D with joints. */
  readonly jointErrors?: JointErrorTable;
  /** Null where nothing was scored that has a curve. */
  readonly curves: CurveTable | null;
  /** Null for hands in 3D. */
  readonly keypoints: KeypointTable | null;
  /** `scores.txt`; null where the official script would not give one. */
  readonly officialScores: string | null;
  /** The predictions that were scored. */
  readonly origin: NonNullable<Manifest['origin']>;
  /** Whether the rows are not all samples of the folder. */
  readonly selected: boolean;
}

/** Writes what there is of it; metrics.json and run.json come last. */
export async function writeResult(run: RunDirectory, result: RunResult): Promise<void> {
  const { document, samples, joints, jointErrors, curves, keypoints, officialScores, origin, selected } =
    result;
  await writeSampleList(run, samples.ids);
  await writeMetricTable(run, document);
  await writeSampleTable(run, samples);
  if (keypoints !== null) await writeKeypointTable(run, samples.ids, keypoints);
  if (joints.joints.length > 0) await writeJointTable(run, joints);
  if (jointErrors !== undefined) await writeJointErrors(run, jointErrors);
  if (curves !== null) await writeCurveTable(run, curves);
  if (officialScores !== null) await run.writeText('officialScores', officialScores);
  await writeMetrics(run, document);
  await run.update({ coverage: document.coverage, origin, selected });
}
