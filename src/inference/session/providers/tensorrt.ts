import { FULL_PRECISION, libraryAdvice } from './nvidia.js';
import type { ProviderDefinition } from './provider.js';

export const TENSORRT: ProviderDefinition<'tensorrt'> = {
  name: 'tensorrt',
  // It builds an engine first, which takes minutes.
  auto: null,
  takesDevice: true,
  sharesCores: false,
  environment: FULL_PRECISION,
  advice: () => libraryAdvice('tensorrt', 'an NVIDIA driver, CUDA 12, cuDNN 9 and TensorRT 10'),
};
