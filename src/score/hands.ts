/** Hands in space, as a kind of measure. */
import { GroundTruth } from '../datasets/ground-truth/ground-truth.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { officialScores, type Protocol, type ScoreAccumulator } from '../metrics/index.js';
import { silentProgress } from '../progress.js';
import type { Warning } from '../runs/metrics-document.js';
import { writeResult } from '../runs/result-files.js';
import { measureHands, measureSet } from './measure-hands.js';
import type { Measuring, MeasuringRequest } from './measuring.js';
import { resultDocument, wrongTruth } from './result-document.js';
import { ScorePool } from './score-pool.js';
import { handCurves, handJoints, handSamples } from './score-tables.js';
import { describeTimings } from './score-timings.js';

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

export async function openHands(request: MeasuringRequest<Protocol>): Promise<Measuring> {
  const { folder, protocol, selection, scratch, progress } = request;
  const { definition, groundTruth } = folder;
  if (groundTruth.kind !== 'hands') throw wrongTruth(folder);
  // All sets are scored with one pool, against ground truth that is parsed once.
  const truth = request.truth ?? new GroundTruth(groundTruth);
  const pool = new ScorePool(request.workers, protocol);
  const close = async (): Promise<void> => {
    await pool.close();
    await truth.close();
  };
  if (scratch !== null) {
    await truth.keepMeshes(scratch).catch(async (error: unknown) => {
      await close();
      throw error;
    });
  }
  const common = { ...request, truth, pool };
  return {
    async measure(source, keepIn) {
      const measured = await measureHands({ ...common, source }, keepIn);
      const { ordered, rows, accumulator, diagnosis, confidence, apart, timings } = measured;
      const { ids } = ordered;
      const result = accumulator.result();
      const metrics = { ...result.metrics, ...result.proper };
      const parts = { ids, joints: handJoints(result.joints, definition.jointOrder), keypoints: null };
      return {
        ...parts,
        rows,
        metrics,
        async write(run, tta) {
          const started = performance.now();
          const unscored = rows.flatMap((row, index) =>
            row.state === 'unscored' ? [{ id: ids[index]!, code: row.code, reason: row.reason }] : [],
          );
          const official = officialOf(folder, selection, accumulator);
          const hasIntervals = Object.keys(confidence).length > 0;
          const before: Warning[] = [
            ...(official?.topology === 'other' ? [OTHER_TOPOLOGY] : []),
            ...(ordered.source.count - unscored.length > 1 && !hasIntervals ? [ONE_SEQUENCE] : []),
            ...(apart?.warnings(rows) ?? []),
          ];
          const warnings = [before, diagnosis.conclude(result, protocol)] as const;
          const document = resultDocument(
            { folder, protocol, ordered, unscored, metrics, confidence, warnings },
            tta,
          );
          await writeResult(run, {
            ...parts,
            document,
            samples: handSamples({ ids, folder, selection, rows, unscored }),
            jointErrors: rows.map((row) => (row.state === 'scored' ? (row.jointErrors ?? null) : null)),
            curves: handCurves(result.curves),
            officialScores: official?.text ?? null,
            origin: { ...ordered.source.origin },
            selected: selection !== null,
          });
          timings.write_ms += performance.now() - started;
          timings.wall_ms += performance.now() - started;
          await run.update({ score_timings: { ...timings } });
          progress.note(describeTimings(timings));
          return document;
        },
      };
    },
    measureSet: (source, withIntervals) =>
      measureSet({ ...common, source, progress: silentProgress }, withIntervals),
    close,
  };
}

/** `scores.txt`; null where there is none for these samples. */
function officialOf(
  { definition }: DatasetFolder,
  selection: Selection | null,
  accumulator: ScoreAccumulator,
): Extract<ReturnType<typeof officialScores>, { readonly state: 'available' }> | null {
  if (selection !== null || definition.officialScores === null) return null;
  const official = officialScores(definition.officialScores, accumulator);
  return official.state === 'available' ? official : null;
}
