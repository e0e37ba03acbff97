/** The metrics of the official evaluators of FreiHAND and HO-3D, and of HaMeR's for HInt. What each means: docs/metrics.md. */

import { SUBSET_NAMES, type KeypointSubset } from './keypoint-labels.js';
import type { HandMetric, KeypointMetric } from './metric-definition.js';

const ERROR = { measure: 'hands-3d', unit: 'mm', decimals: 2, better: 'lower' } as const;
const SHARE = { measure: 'hands-3d', unit: '', decimals: 3, better: 'higher' } as const;

const JOINT_ERROR = { ...ERROR, name: 'MPJPE', of: 'joints' } as const;
const VERTEX_ERROR = { ...ERROR, name: 'MPVPE', of: 'vertices' } as const;
const F5 = { ...SHARE, name: 'F@5', of: 'vertices' } as const;
const F15 = { ...SHARE, name: 'F@15', of: 'vertices' } as const;
const JOINT_AUC = { ...SHARE, name: 'AUC_J', of: 'joints' } as const;
const VERTEX_AUC = { ...SHARE, name: 'AUC_V', of: 'vertices' } as const;

const PA = { alignment: 'similarity' } as const;
const RAW = { alignment: 'none' } as const;
const STA = { alignment: 'scale-translation' } as const;

/** A twin is shown by its key. */
const proper = <K extends string>(key: K) => ({ key, label: key, alignment: 'similarity-proper' }) as const;

/** In the order of metrics.json. */
export const OFFICIAL_HAND_METRICS = [
  { ...JOINT_ERROR, ...PA, key: 'pa_mpjpe_mm', label: 'PA-MPJPE', headline: true },
  { ...VERTEX_ERROR, ...PA, key: 'pa_mpvpe_mm', label: 'PA-MPVPE', headline: true },
  { ...F5, ...PA, key: 'f5_aligned', label: 'F@5 aligned', headline: true },
  { ...F15, ...PA, key: 'f15_aligned', label: 'F@15 aligned', headline: true },
  { ...JOINT_AUC, ...PA, key: 'auc_j_aligned', label: 'AUC_J aligned', aucOf: 'pa_mpjpe_mm' },
  { ...VERTEX_AUC, ...PA, key: 'auc_v_aligned', label: 'AUC_V aligned', aucOf: 'pa_mpvpe_mm' },
  { ...JOINT_ERROR, ...RAW, key: 'mpjpe_mm', label: 'MPJPE' },
  { ...VERTEX_ERROR, ...RAW, key: 'mpvpe_mm', label: 'MPVPE' },
  { ...F5, ...RAW, key: 'f5', label: 'F@5' },
  { ...F15, ...RAW, key: 'f15', label: 'F@15' },
  { ...JOINT_AUC, ...RAW, key: 'auc_j', label: 'AUC_J', aucOf: 'mpjpe_mm' },
  { ...VERTEX_AUC, ...RAW, key: 'auc_v', label: 'AUC_V', aucOf: 'mpvpe_mm' },
  { ...JOINT_ERROR, ...STA, key: 'sta_mpjpe_mm', label: 'STA-MPJPE' },
  { ...JOINT_AUC, ...STA, key: 'auc_j_sta', label: 'AUC_J scale-translation', aucOf: 'sta_mpjpe_mm' },
  { ...JOINT_ERROR, ...proper('pa_mpjpe_proper_mm') },
  { ...VERTEX_ERROR, ...proper('pa_mpvpe_proper_mm') },
  { ...F5, ...proper('f5_aligned_proper') },
  { ...F15, ...proper('f15_aligned_proper') },
  { ...JOINT_AUC, ...proper('auc_j_aligned_proper'), aucOf: 'pa_mpjpe_proper_mm' },
  { ...VERTEX_AUC, ...proper('auc_v_aligned_proper'), aucOf: 'pa_mpvpe_proper_mm' },
] as const satisfies readonly HandMetric[];

function pck<K extends string>(key: K, subset: KeypointSubset, threshold: number) {
  const name = `PCK@${threshold.toFixed(2)}`;
  return {
    key,
    label: `${name} ${SUBSET_NAMES[subset]}`,
    name,
    measure: 'keypoints-2d',
    of: 'keypoints',
    alignment: null,
    unit: '%',
    decimals: 1,
    better: 'higher',
    subset,
    threshold,
  } as const satisfies KeypointMetric;
}

/** In the order of metrics.json. */
export const OFFICIAL_KEYPOINT_METRICS = [
  { ...pck('pck_0_05_all', 'all', 0.05), headline: true },
  { ...pck('pck_0_1_all', 'all', 0.1), headline: true },
  { ...pck('pck_0_15_all', 'all', 0.15), headline: true },
  pck('pck_0_05_vis', 'vis', 0.05),
  pck('pck_0_1_vis', 'vis', 0.1),
  pck('pck_0_15_vis', 'vis', 0.15),
  pck('pck_0_05_occ', 'occ', 0.05),
  pck('pck_0_1_occ', 'occ', 0.1),
  pck('pck_0_15_occ', 'occ', 0.15),
] as const satisfies readonly KeypointMetric[];
