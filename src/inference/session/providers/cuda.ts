import { FULL_PRECISION, libraryAdvice } from './nvidia.js';
import type { ProviderDefinition } from './provider.js';

export const CUDA: ProviderDefinition<'cuda'> = {
  name: 'cuda',
  auto: { place: 1, title: 'CUDA' },
  takesDevice: true,
  sharesCores: false,
  environment: FULL_PRECISION,
  advice: () => libraryAdvice('cuda', 'an NVIDIA driver, CUDA 12 and cuDNN 9'),
};
