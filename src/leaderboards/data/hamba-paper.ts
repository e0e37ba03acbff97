export const HAMBA_PAPER = {
  citation:
    'Dong et al., Hamba: Single-view 3D Hand Reconstruction with Graph-guided Bi-Scanning Mamba, NeurIPS 2024, arXiv 2407.09646',
  url: 'https://arxiv.org/abs/2407.09646',
} as const;

/** A remark on every table but that of FreiHAND. */
export const FULL_MIXTURE = 'the Hamba row was trained on the full mixture of datasets';
