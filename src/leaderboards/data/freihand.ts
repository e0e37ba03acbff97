import { handTable } from '../published-table.js';
import { HAMBA_PAPER } from './hamba-paper.js';

/**
 * FreiHAND as Table 1 of the Hamba paper reports it (Dong et al., NeurIPS 2024, arXiv 2407.09646): aligned
 * errors in mm, F-scores as shares. The Hamba rows were trained on FreiHAND alone. An empty cell is not reported.
 */
export const PUBLISHED_FREIHAND = handTable(
  'freihand',
  { ...HAMBA_PAPER, table: 'Table 1' },
  `
method,paper_reference,venue,backbone,stacked,tta,pa_mpjpe_mm,pa_mpvpe_mm,f5_aligned,f15_aligned
Zimmermann et al.,111,ICCV 2019,ResNet50,,,,10.7,0.529,0.935
Boukhayma et al.,4,CVPR 2019,ResNet50,,,,13.0,0.435,0.898
ObMan,32,CVPR 2019,ResNet18,,,,13.2,0.436,0.908
MobileHand,50,ICONIP 2020,MobileNet,,,,13.1,0.439,0.902
YoutubeHand,43,CVPR 2020,ResNet50,,,8.4,8.6,0.614,0.966
Pose2Mesh,15,ECCV 2020,,,,7.7,7.8,0.674,0.969
I2L-MeshNet,63,ECCV 2020,ResNet50,yes,,7.4,7.6,0.681,0.973
HIU-DMTL,100,ICCV 2021,Custom,yes,,7.1,7.3,0.699,0.974
CMR,10,CVPR 2021,ResNet50,yes,,6.9,7.0,0.715,0.977
I2UV-HandNet,8,ICCV 2021,ResNet50,,,6.7,6.9,0.707,0.977
Tang et al.,82,ICCV 2021,ResNet50,,,6.7,6.7,0.724,0.981
METRO,51,CVPR 2021,HRNet,,yes,6.3,6.5,0.731,0.984
MeshGraphormer,52,ICCV 2021,HRNet,,yes,5.9,6.0,0.764,0.986
MobRecon,9,CVPR 2022,ResNet50,yes,,5.7,5.8,0.784,0.986
FastMETRO,14,ECCV 2022,HRNet,,,6.5,7.1,0.687,0.983
FastViT,86,ICCV 2023,FastViT,,,6.6,6.7,0.722,0.981
AMVUR,35,CVPR 2023,ResNet50,,,6.2,6.1,0.767,0.987
Deformer,98,CVPR 2023,HRNet,,,6.2,6.4,0.743,0.984
PointHMR,42,CVPR 2023,HRNet,,,6.1,6.6,0.720,0.984
Zhou et al.,107,CVPR 2024,FastViT,,,5.7,6.0,0.772,0.986
HaMeR,70,CVPR 2024,ViTPose,,,6.0,5.7,0.785,0.990
HaMeR-170k,70,CVPR 2024,ViTPose,,,6.1,5.8,0.782,0.990
HHMR,47,CVPR 2024,ResNet50,,yes,5.8,5.8,,
Hamba,,NeurIPS 2024,ViTPose,,,5.8,5.5,0.798,0.991
Hamba,,NeurIPS 2024,ViTPose,,yes,5.7,5.3,0.806,0.992
`,
  'the Hamba rows were trained on FreiHAND alone',
  [
    "METRO's own page gives 6.2 mm, 6.3 mm, 0.743, 0.984 with test-time augmentation and 6.6 mm, 6.7 mm, 0.721, 0.981 without; its row here differs from both",
  ],
);
