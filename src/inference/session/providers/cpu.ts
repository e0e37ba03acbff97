import type { ProviderDefinition } from './provider.js';

/** Part of ONNX Runtime itself: it starts on every machine, and runs every model that ONNX Runtime can run. */
export const CPU: ProviderDefinition<'cpu'> = {
  name: 'cpu',
  auto: { place: 2, title: 'the CPU' },
  takesDevice: false,
  sharesCores: true,
  environment: {},
  advice: () => 'install the dependencies again with npm ci',
};
