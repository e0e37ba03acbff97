/** What becomes of a scored set of hands in 3D: metrics.json and everything beside it. */
import { officialScores } from '../metrics/index.js';
import { METRICS_SCHEMA, type MetricsDocument, type Warning } from '../runs/metrics-document.js';
import { writeResult } from '../runs/result-files.js';
import { ttaParts, ttaWarnings, type TtaResult } from './score-sets.js';
import { handCurves, handJoints, handSamples } from './score-tables.js';
import { describeTimings } from './score-timings.js';
import type { MeasuredHands, ScoreRequest } from './score.js';

const OTHER_TOPOLOGY: Warning = {
  code: 'other-topology',
  message:
    'the predicted meshes have another number of vertices than the true ones; scores.txt repeats what the official script makes of that, which is wrong',
  remedy: 'quote f5_aligned and f15_aligned of metrics.json, which are right (docs/metrics.md)',
};

const ONE_SEQUENCE: Warning = {
  code: 'intervals-missing',
  message: 'all samples are of one video sequence, so there are no intervals',
  remedy: 'score several sequences to learn how sure the figures are',
};

/** Writes every result file of the run directory and returns metrics.json's content. */
export async function writeHands(
  request: ScoreRequest,
  measured: MeasuredHands,
  tta: TtaResult | null,
): Promise<MetricsDocument> {
  const started = performance.now();
  const { timings } = measured;
  const document = await write(request, measured, tta);
  timings.write_ms += performance.now() - started;
  timings.wall_ms += performance.now() - started;
  await request.run.update({ score_timings: { ...timings } });
  request.progress.note(describeTimings(timings));
  return document;
}

async function write(
  { run, folder, selection, protocol }: ScoreRequest,
  { ordered, rows, accumulator, diagnosis, confidence, apart }: MeasuredHands,
  tta: TtaResult | null,
): Promise<MetricsDocument> {
  const { source, ids, folderCount } = ordered;
  const unscored = rows.flatMap((row, index) =>
    row.state === 'unscored' ? [{ id: ids[index]!, code: row.code, reason: row.reason }] : [],
  );
  const coverage = {
    scored: source.count - unscored.length,
    unscored: unscored.length,
    folder: folderCount,
    benchmark: folder.benchmarkCount,
  };
  const result = accumulator.result();
  const kind = selection === null ? folder.definition.officialScores : null;
  const official = kind === null ? null : officialScores(kind, accumulator);
  const document: MetricsDocument = {
    schema: METRICS_SCHEMA,
    state: 'complete',
    dataset: { id: folder.definition.id, split: folder.split },
    coverage,
    protocol,
    metrics: { ...result.metrics, ...result.proper },
    confidence,
    ...ttaParts(tta),
    warnings: [
      ...folder.notices,
      ...source.notices,
      ...(official?.state === 'available' && official.topology === 'other' ? [OTHER_TOPOLOGY] : []),
      ...(coverage.scored > 1 && Object.keys(confidence).length === 0 ? [ONE_SEQUENCE] : []),
      ...(apart?.warnings(rows) ?? []),
      ...ttaWarnings(tta, coverage.unscored),
      ...diagnosis.conclude(result, protocol),
    ],
    unscored,
  };
  await writeResult(run, {
    document,
    samples: handSamples({ ids, folder, selection, rows, unscored }),
    joints: handJoints(result.joints, folder.definition.jointOrder),
    curves: handCurves(result.curves),
    keypoints: null,
    officialScores: official?.state === 'available' ? official.text : null,
    origin: { ...source.origin },
    selected: selection !== null,
  });
  return document;
}
