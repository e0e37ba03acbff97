/** Opens the model that the first argument names, and runs it on one image as often as the second says. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Sessions from '../src/inference/session/session.js';
import { ROOT } from './machine.js';
import type { SessionFigures } from './network.js';

// The session's thread is a file of the built program.
const built = pathToFileURL(join(ROOT, 'dist/inference/session/session.js')).href;
const { openSession } = (await import(built)) as typeof Sessions;

const [, , model = '', repetitions = '3'] = process.argv;
const started = performance.now();
const session = await openSession({ model, provider: 'cpu' });
const openMs = performance.now() - started;
let data = new Float32Array(3 * 256 * 256).fill(0.1);
const fetches = session.outputs.map(({ name }) => name);
const times: number[] = [];
for (let run = 0; run < Number(repetitions); run++) {
  const result = await session.run({ input: 'img', dims: [1, 3, 256, 256], data, fetches });
  data = result.data as Float32Array<ArrayBuffer>;
  times.push(result.runMs);
}
await session.close();
process.stdout.write(JSON.stringify({ openMs, runMs: Math.min(...times) } satisfies SessionFigures));
