import type { ProviderDefinition } from './provider.js';

export const WEBGPU: ProviderDefinition<'webgpu'> = {
  name: 'webgpu',
  // A Vulkan driver that computes on the processor counts as a device as well, is tens of times slower than the CPU
  // provider, and cannot be told from a real one.
  auto: null,
  takesDevice: false,
  sharesCores: false,
  environment: {},
  advice: () =>
    process.platform === 'linux'
      ? 'install a Vulkan driver: the one of the graphics card, or Mesa 25 or newer (package mesa-vulkan-drivers); vulkaninfo --summary lists what is there'
      : 'update the driver of the graphics card',
};
