import { handTable } from '../published-table.js';
import { FULL_MIXTURE, HAMBA_PAPER } from './hamba-paper.js';

/**
 * HO-3D v2 as Table 2 of the Hamba paper reports it (Dong et al., NeurIPS 2024, arXiv 2407.09646): aligned
 * errors in mm, F-scores and AUC as shares. An empty cell is not reported.
 */
export const PUBLISHED_HO3D_V2 = handTable(
  'ho3d-v2',
  { ...HAMBA_PAPER, table: 'Table 2' },
  `
method,paper_reference,venue,pa_mpjpe_mm,pa_mpvpe_mm,f5_aligned,f15_aligned,auc_j_aligned,auc_v_aligned
ObMan,32,CVPR 2019,11.0,11.2,0.464,0.939,0.780,0.777
Pose2Mesh,15,ECCV 2020,12.5,12.7,0.441,0.909,0.754,0.749
I2L-MeshNet,63,ECCV 2020,11.2,13.9,0.409,0.932,0.775,0.722
Hampali et al.,29,CVPR 2020,10.7,10.6,0.506,0.942,0.788,0.790
S2Hand,12,CVPR 2021,11.4,11.2,0.450,0.930,0.773,0.777
METRO,51,CVPR 2021,10.4,11.1,0.484,0.946,0.792,0.779
Liu et al.,56,CVPR 2021,9.9,9.5,0.528,0.956,0.803,0.810
I2UV-HandNet,8,ICCV 2021,9.9,10.1,0.500,0.943,0.804,0.799
Tse et al.,84,CVPR 2022,,10.9,0.485,0.943,,
ArtiBoost,96,CVPR 2022,11.4,10.9,0.488,0.944,0.773,0.782
KPT-Transf,31,CVPR 2022,10.8,,,,0.786,
MobRecon,9,CVPR 2022,9.2,9.4,0.538,0.957,,
HandOccNet,68,CVPR 2022,9.1,8.8,0.564,0.963,0.819,0.819
HFL-Net,54,CVPR 2023,8.9,8.7,0.575,0.965,,
H2ONet,94,CVPR 2023,8.5,8.6,0.570,0.966,0.829,0.828
AMVUR,35,CVPR 2023,8.3,8.2,0.608,0.965,0.835,0.836
HOISDF,72,CVPR 2024,9.2,,,,,
HandBooster,93,CVPR 2024,8.2,8.4,0.585,0.972,0.836,0.832
HaMeR,70,CVPR 2024,7.7,7.9,0.635,0.980,0.846,0.841
HaMeR-170k,70,CVPR 2024,7.6,7.9,0.639,0.981,0.848,0.843
Hamba,,NeurIPS 2024,7.5,7.7,0.648,0.982,0.850,0.846
`,
  FULL_MIXTURE,
);
