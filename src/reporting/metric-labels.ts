/** How each metric is shown: its name in the field, its unit, which way is better. */

export interface MetricLabel {
  readonly key: string;
  readonly label: string;
  /** `mm`, or a share from 0 to 1. */
  readonly unit: 'mm' | '';
  readonly decimals: number;
  readonly better: 'lower' | 'higher';
}

const millimetres = (key: string, label: string): MetricLabel => ({
  key,
  label,
  unit: 'mm',
  decimals: 2,
  better: 'lower',
});
const share = (key: string, label: string): MetricLabel => ({
  key,
  label,
  unit: '',
  decimals: 3,
  better: 'higher',
});

/** In the order of a paper's table: aligned first. */
export const METRIC_LABELS: readonly MetricLabel[] = [
  millimetres('pa_mpjpe_mm', 'PA-MPJPE'),
  millimetres('pa_mpvpe_mm', 'PA-MPVPE'),
  share('f5_aligned', 'F@5 aligned'),
  share('f15_aligned', 'F@15 aligned'),
  share('auc_j_aligned', 'AUC_J aligned'),
  share('auc_v_aligned', 'AUC_V aligned'),
  millimetres('sta_mpjpe_mm', 'STA-MPJPE'),
  share('auc_j_sta', 'AUC_J scale-translation'),
  millimetres('mpjpe_mm', 'MPJPE'),
  millimetres('mpvpe_mm', 'MPVPE'),
  share('f5', 'F@5'),
  share('f15', 'F@15'),
  share('auc_j', 'AUC_J'),
  share('auc_v', 'AUC_V'),
];

const BY_KEY = new Map(METRIC_LABELS.map((label) => [label.key, label]));

export function metricLabel(key: string): MetricLabel {
  return (
    BY_KEY.get(key) ?? {
      key,
      label: key,
      unit: key.endsWith('_mm') ? 'mm' : '',
      decimals: key.endsWith('_mm') ? 2 : 3,
      better: key.endsWith('_mm') ? 'lower' : 'higher',
    }
  );
}

export function formatMetric(key: string, value: number): string {
  return value.toFixed(metricLabel(key).decimals);
}
