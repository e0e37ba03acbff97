import { handTable } from '../published-table.js';
import { FULL_MIXTURE, HAMBA_PAPER } from './hamba-paper.js';

/**
 * HO-3D v3 as Table 3 of the Hamba paper reports it (Dong et al., NeurIPS 2024, arXiv 2407.09646): aligned
 * errors in mm, F-scores and AUC as shares. An empty cell is not reported.
 */
export const PUBLISHED_HO3D_V3 = handTable(
  'ho3d-v3',
  { ...HAMBA_PAPER, table: 'Table 3' },
  `
method,paper_reference,venue,pa_mpjpe_mm,pa_mpvpe_mm,f5_aligned,f15_aligned,auc_j_aligned,auc_v_aligned
S2HAND,12,CVPR 2021,11.5,11.1,0.448,0.932,0.769,0.778
KPT-Transf.,31,CVPR 2022,10.9,,,,0.785,
ArtiBoost,96,CVPR 2022,10.8,10.4,0.507,0.946,0.785,0.792
Yu et al.,99,BMVC 2022,10.8,10.4,,,,
HandGCAT,90,ICME 2023,9.3,9.1,0.552,0.956,0.814,0.818
AMVUR,35,CVPR 2023,8.7,8.3,0.593,0.964,0.826,0.834
HMP,20,WACV 2024,10.1,,,,,
SPMHand,59,TMM 2024,8.8,8.6,0.574,0.962,,
Hamba,,NeurIPS 2024,6.9,6.8,0.681,0.982,0.861,0.864
`,
  FULL_MIXTURE,
);
