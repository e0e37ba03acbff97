/** How each kind of measure is spoken of. */
import type { Measure, MetricDefinition } from '../metrics/index.js';
import { alignedTitle, withUnit } from './metric-text.js';

interface MeasureText<Metric extends MetricDefinition = MetricDefinition> {
  /** What a benchmark is scored by, in a list of benchmarks. */
  readonly scoredBy: string;
  /** What has an error and is counted by a PCK curve. */
  readonly points: string;
  /** The axis of such a curve. */
  readonly threshold: string;
  /** What all figures of a table of results are. */
  readonly figures: string;
  /** The head of a metric's column in such a table. */
  column(metric: Metric): string;
  /** The head of a metric's column beside the fusions of a sweep. */
  fusionColumn(metric: Metric): string;
}

type MeasureTexts = {
  readonly [Kind in Measure]: MeasureText<Extract<MetricDefinition, { readonly measure: Kind }>>;
};

const MEASURE_TEXTS: MeasureTexts = {
  'hands-3d': {
    scoredBy: 'PA-MPJPE, PA-MPVPE, F@5, F@15, AUC',
    points: 'joints or vertices',
    threshold: 'error threshold, mm',
    figures: 'After alignment (PA)',
    column: ({ key }) => alignedTitle(key),
    fusionColumn: ({ key }) => alignedTitle(key),
  },
  'keypoints-2d': {
    scoredBy: 'PCK@0.05, 0.1, 0.15: all, visible, occluded joints',
    points: 'labelled keypoints',
    threshold: 'threshold, share of the box’s longer side',
    figures: 'PCK in percent',
    column: ({ subset, threshold }) => `${subset} @${String(threshold).replace('0.', '.')}`,
    fusionColumn: ({ key, name }) => withUnit(key, name, ', '),
  },
};

export function measureText(measure: Measure): MeasureText {
  return MEASURE_TEXTS[measure];
}
