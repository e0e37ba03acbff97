import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Version of onnxruntime-node, by its package.json: the library itself is loaded in worker threads alone. */
export function runtimeVersion(): string {
  const require = createRequire(import.meta.url);
  const folder = dirname(dirname(require.resolve('onnxruntime-node')));
  return (require(join(folder, 'package.json')) as { version: string }).version;
}
