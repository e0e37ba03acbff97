/** What the providers on NVIDIA's libraries have in common. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeFolder } from '../runtime-package.js';

/**
 * Since Ampere, NVIDIA's libraries shorten float32 factors to 10 bits (TF32) unless told not to, and
 * onnxruntime-node passes no such option on. Numbers are to be those of the checkpoint in float32, so
 * the libraries' own switch is set.
 */
export const FULL_PRECISION = { NVIDIA_TF32_OVERRIDE: '0' } as const;

/** @param needed what the provider's library itself loads. */
export function libraryAdvice(provider: 'cuda' | 'tensorrt', needed: string): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `use Linux on x86-64: onnxruntime-node has ${provider} there alone`;
  }
  const folder = runtimeFolder();
  const library = join(folder, 'bin', 'napi-v6', 'linux', 'x64', `libonnxruntime_providers_${provider}.so`);
  if (!existsSync(library)) {
    const script = join(folder, 'script', 'install.js');
    return `fetch the libraries of the provider: ONNXRUNTIME_NODE_INSTALL=cuda12 node ${script}; behind a proxy put GLOBAL_AGENT_HTTPS_PROXY=http://HOST:PORT before it`;
  }
  return `install ${needed} where the loader finds them (LD_LIBRARY_PATH); ldd ${library} shows what is missing`;
}
