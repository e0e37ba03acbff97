/** How each metric is shown: its name in the field, its unit, which way is better. */

export interface MetricLabel {
  readonly key: string;
  readonly label: string;
  /** `mm`; `%` for a share from 0 to 1 that the field prints as percent; empty for one it prints as it is. */
  readonly unit: 'mm' | '%' | '';
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
const percent = (key: string, label: string): MetricLabel => ({
  key,
  label,
  unit: '%',
  decimals: 1,
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
  percent('pck_0_05_all', 'PCK@0.05 all'),
  percent('pck_0_1_all', 'PCK@0.10 all'),
  percent('pck_0_15_all', 'PCK@0.15 all'),
  percent('pck_0_05_vis', 'PCK@0.05 visible'),
  percent('pck_0_1_vis', 'PCK@0.10 visible'),
  percent('pck_0_15_vis', 'PCK@0.15 visible'),
  percent('pck_0_05_occ', 'PCK@0.05 occluded'),
  percent('pck_0_1_occ', 'PCK@0.10 occluded'),
  percent('pck_0_15_occ', 'PCK@0.15 occluded'),
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

/** A value of metrics.json as people read it, without its unit: a share whose unit is `%` is shown times 100. */
export function formatMetric(key: string, value: number): string {
  const { unit, decimals } = metricLabel(key);
  return (unit === '%' ? value * 100 : value).toFixed(decimals);
}
