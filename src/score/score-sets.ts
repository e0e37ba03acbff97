/** Scores the sets that test-time augmentation leaves beside the plain one: each fusion, and each pass that was kept. */
import type { DatasetDefinition } from '../datasets/types.js';
import { headlineOf, metricOf } from '../metrics/index.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import { openRunPredictions, type PredictionSet } from '../predictions/run-predictions.js';
import { scoredArrays } from '../predictions/scored-arrays.js';
import type { Progress } from '../progress.js';
import type { RunFolder, SweepDescription } from '../runs/manifest.js';
import type {
  Interval,
  MetricsDocument,
  MetricValues,
  UnscoredSample,
  Warning,
} from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { writePassTable, type PassRow } from '../runs/tables/pass-table.js';
import { grouped } from '../text/text.js';
import { meanOfMetrics } from '../tta/mean-error.js';
import { sweepHeatMap } from './sweep-heat-map.js';

/** What test-time augmentation adds to metrics.json. */
export interface TtaResult {
  /** The metrics of each fusion. */
  readonly metrics: Readonly<Record<string, MetricValues>>;
  readonly confidence: Readonly<Record<string, Readonly<Record<string, Interval>>>>;
  readonly coverage: Readonly<Record<string, SetCoverage>>;
  /** Undefined where the run was made before sweeps were described. */
  readonly sweep: SweepDescription | undefined;
}

/** The parts of metrics.json that are about test-time augmentation. */
export function ttaParts(
  tta: TtaResult | null,
): Pick<MetricsDocument, 'tta' | 'tta_sweep' | 'tta_coverage' | 'tta_confidence'> {
  if (tta === null) return {};
  const { metrics, sweep, coverage, confidence } = tta;
  return {
    tta: metrics,
    ...(sweep === undefined ? {} : { tta_sweep: sweep }),
    tta_coverage: coverage,
    tta_confidence: confidence,
  };
}

/** Figures of fewer samples must not stand beside the others without a word. */
export function ttaWarnings(tta: TtaResult | null, plainUnscored: number): Warning[] {
  return Object.entries(tta?.coverage ?? {})
    .filter(([, { unscored }]) => unscored > plainUnscored)
    .map(([fusion, { unscored }]) => ({
      code: 'tta-unscored',
      message: `${fusion} lacks ${samplesOf(unscored - plainUnscored)} that the un-augmented pass has, because another pass failed there`,
      remedy:
        'compare it with the un-augmented figures only after predicting them again; run.json names the passes',
    }));
}

const samplesOf = (count: number): string => (count === 1 ? '1 sample' : `${grouped(count)} samples`);

interface SetCoverage {
  readonly scored: number;
  readonly unscored: number;
}

/** What one set comes to. */
export interface SetScore {
  readonly metrics: MetricValues;
  /** Empty where they are not wanted. */
  readonly confidence: Readonly<Record<string, Interval>>;
  readonly coverage: SetCoverage;
}

export interface ScoreSetsRequest {
  /** The run directory that holds the sets. */
  readonly from: RunFolder;
  /** The run directory that the tables go to. */
  readonly run: RunDirectory;
  readonly dataset: DatasetDefinition;
  /** Whether the mean of the passes' metrics is asked for. */
  readonly meanError: boolean;
  readonly progress: Progress;
  /** @param withIntervals those of a fusion are shown, those of a pass are not. */
  readonly measure: (source: PredictionSource, withIntervals: boolean) => Promise<SetScore>;
}

/** Whether there is a set beside the plain one. */
export function hasSets(from: RunFolder, run: RunFolder): boolean {
  return Object.keys(run.manifest.fused ?? {}).length > 0 || (from.manifest.passes ?? []).length > 0;
}

/** @returns null where there is no set but the plain one. */
export async function scoreSets(request: ScoreSetsRequest): Promise<TtaResult | null> {
  const { from, run, dataset, meanError, measure } = request;
  const { fused = {} } = run.manifest;
  const { passes = [] } = from.manifest;
  if (!hasSets(from, run)) return null;
  const metrics: Record<string, MetricValues> = {};
  const confidence: Record<string, Readonly<Record<string, Interval>>> = {};
  const coverage: Record<string, SetCoverage> = {};
  const score = async (
    directory: RunFolder,
    set: PredictionSet,
    withIntervals: boolean,
  ): Promise<SetScore> => {
    const source = await openRunPredictions(directory, dataset, 'model', set);
    try {
      return await measure(source, withIntervals);
    } finally {
      await source.close();
    }
  };
  const fusions = Object.entries(fused);
  const perPass: MetricValues[] = [];
  let worst: SetCoverage | null = null;
  const stage = request.progress.stage('score the sweep', fusions.length + passes.length, 'sets');
  try {
    for (const [fusion, set] of fusions) {
      tellUnfused(fusion, scoredArrays(dataset.protocol).failures(set), request.progress);
      const scored = await score(run, set, true);
      metrics[fusion] = scored.metrics;
      confidence[fusion] = scored.confidence;
      coverage[fusion] = scored.coverage;
      stage.update(Object.keys(metrics).length);
    }
    for (const pass of passes) {
      const scored = await score(from, pass, false);
      perPass.push(scored.metrics);
      if (worst === null || scored.coverage.unscored > worst.unscored) worst = scored.coverage;
      stage.update(fusions.length + perPass.length);
    }
  } finally {
    stage.stop();
  }
  if (perPass.length > 0) {
    await writePasses(
      run,
      passes.map((pass, k) => ({ ...pass, metrics: perPass[k]! })),
    );
    if (meanError) {
      metrics['mean-error'] = meanOfMetrics(perPass.map((all) => common(all, perPass)));
      coverage['mean-error'] = worst!;
    }
  }
  const { sweep } = from.manifest;
  return Object.keys(metrics).length === 0 ? null : { metrics, confidence, coverage, sweep };
}

/** The figures of a fusion may be of fewer samples than those beside them. */
function tellUnfused(fusion: string, failed: readonly UnscoredSample[], progress: Progress): void {
  const [first] = failed;
  if (first === undefined) return;
  const others = failed.length > 1 ? ` and ${grouped(failed.length - 1)} more (see run.json)` : '';
  progress.note(`${fusion}: a pass failed, so it lacks ${first.id} (${first.reason})${others}`);
}

/** The metrics that every pass has: what one of them lacks (none of its samples could be scored) has no mean. */
function common(metrics: MetricValues, perPass: readonly MetricValues[]): MetricValues {
  return Object.fromEntries(
    Object.entries(metrics).filter(([key]) => perPass.every((pass) => pass[key] !== undefined)),
  );
}

/** A table with one row a pass, and a picture of it. */
async function writePasses(run: RunDirectory, passes: readonly PassRow[]): Promise<void> {
  await writePassTable(run, passes);
  const shown = headlineOf(passes.flatMap(({ metrics }) => Object.keys(metrics)));
  if (shown === undefined) return;
  const cells = passes.map(({ rotation_deg: rotation, scale, metrics }) => ({
    rotation,
    scale,
    value: metrics[shown],
  }));
  await run.writeText('heatMap', sweepHeatMap(metricOf(shown), cells));
}
