/**
 * Execution providers: what ONNX Runtime computes with. Which ones are tried, how each is asked for,
 * and what helps where one does not start.
 *
 * ONNX Runtime itself never falls back: a list such as cuda, cpu throws where CUDA does not start.
 * What is tried after what is settled here, and is told to the user.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { UserError } from '../../errors.js';

/** What `--provider` takes. */
export const PROVIDER_CHOICES = ['auto', 'cpu', 'cuda', 'tensorrt', 'webgpu'] as const;
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];
export type ExecutionProvider = Exclude<ProviderChoice, 'auto'>;

/**
 * What `auto` tries, in this order. TensorRT has to be asked for: it builds an engine first, which
 * takes minutes. So has WebGPU: a Vulkan driver that computes on the processor counts as a device as
 * well, is tens of times slower than the CPU provider, and cannot be told from a real one.
 */
export const AUTO_PROVIDERS: readonly ExecutionProvider[] = ['cuda', 'cpu'];

/** A provider that did not start, and why. */
export interface TriedProvider {
  readonly name: ExecutionProvider;
  readonly reason: string;
}

/** Providers that can be told which of several devices to use. */
const WITH_DEVICES: readonly ExecutionProvider[] = ['cuda', 'tensorrt'];

/** The providers to try, one after the other. */
export function providersToTry(choice: ProviderChoice, allowFallback: boolean): readonly ExecutionProvider[] {
  if (choice === 'auto') return AUTO_PROVIDERS;
  return allowFallback && choice !== 'cpu' ? [choice, 'cpu'] : [choice];
}

/** @throws UserError where a device is given to a provider that cannot choose one. */
export function checkDevice(choice: ProviderChoice, device: number | undefined): void {
  if (device === undefined || choice === 'auto' || WITH_DEVICES.includes(choice)) return;
  throw new UserError({
    code: 'provider-device',
    message: `The execution provider ${choice} cannot choose a device`,
    expected: `no device, or one of the providers ${WITH_DEVICES.join(', ')}`,
    got: `device ${device}`,
    next: 'leave the device out',
  });
}

/** How the provider is asked for. */
export function providerOption(
  provider: ExecutionProvider,
  device: number | null,
): Ort.InferenceSession.ExecutionProviderConfig {
  return WITH_DEVICES.includes(provider) && device !== null
    ? { name: provider, deviceId: device }
    : { name: provider };
}

/**
 * Since Ampere, NVIDIA's libraries shorten float32 factors to 10 bits (TF32) unless told not to, and
 * onnxruntime-node passes no such option on. Numbers are to be those of the checkpoint in float32, so
 * the libraries' own switch is set, before they are loaded; whoever has set it is left alone.
 */
export function keepFullPrecision(provider: ExecutionProvider): void {
  if (WITH_DEVICES.includes(provider)) process.env.NVIDIA_TF32_OVERRIDE ??= '0';
}

/** An execution provider that was asked for and does not start. */
export function providerError({ name, reason }: TriedProvider): UserError {
  return new UserError({
    code: 'provider-unavailable',
    message: `The execution provider ${name} does not start on this machine`,
    got: reason,
    next: `${providerAdvice(name)}; or choose the provider cpu`,
  });
}

/** What makes a provider start that does not. */
export function providerAdvice(provider: ExecutionProvider): string {
  switch (provider) {
    case 'cpu':
      return 'install the dependencies again with npm ci';
    case 'cuda':
      return libraryAdvice('cuda', 'an NVIDIA driver, CUDA 12 and cuDNN 9');
    case 'tensorrt':
      return libraryAdvice('tensorrt', 'an NVIDIA driver, CUDA 12, cuDNN 9 and TensorRT 10');
    case 'webgpu':
      return process.platform === 'linux'
        ? 'install a Vulkan driver: the one of the graphics card, or Mesa 25 or newer (package mesa-vulkan-drivers); vulkaninfo --summary lists what is there'
        : 'update the driver of the graphics card';
  }
}

function libraryAdvice(provider: 'cuda' | 'tensorrt', needed: string): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `use Linux on x86-64: onnxruntime-node has ${provider} there alone`;
  }
  const folder = runtimeFolder();
  const library = join(folder, 'bin', 'napi-v6', 'linux', 'x64', `libonnxruntime_providers_${provider}.so`);
  if (!existsSync(library)) {
    const script = join(folder, 'script', 'install.js');
    return `fetch the libraries of the provider: ONNXRUNTIME_NODE_INSTALL=cuda12 node ${script}`;
  }
  return `install ${needed} where the loader finds them (LD_LIBRARY_PATH); ldd ${library} shows what is missing`;
}

/** Where onnxruntime-node is installed. */
function runtimeFolder(): string {
  // Its main module is dist/index.js.
  return dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));
}
