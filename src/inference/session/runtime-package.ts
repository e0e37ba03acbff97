import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Where onnxruntime-node is installed. */
export function runtimeFolder(): string {
  // Its main module is dist/index.js.
  return dirname(dirname(require.resolve('onnxruntime-node')));
}

/** Version of onnxruntime-node, by its package.json: the library itself is loaded in worker threads alone. */
export function runtimeVersion(): string {
  return (require(join(runtimeFolder(), 'package.json')) as { version: string }).version;
}
