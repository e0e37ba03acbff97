/** Signals while a model works on a batch that takes for ever. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../src/formats/onnx/onnx.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** A model that multiplies large matrices for a minute or more before it gives its joints. */
function slowModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'slow' });
  const image = graph.input('img', 'float32', ['N', 3, 256, 256]);
  const keepdims = { kind: 'int', value: 0 } as const;
  const mean = graph.node('ReduceMean', [image], { axes: { kind: 'ints', value: [1, 2, 3] }, keepdims });
  const one = graph.node('ReduceMax', [mean], { keepdims });
  let product = graph.node('Expand', [one, graph.int64('size', [4000, 4000])]);
  for (let k = 0; k < 100; k++) product = graph.node('MatMul', [product, product]);
  const waited = graph.node('Mul', [
    graph.node('ReduceMean', [product], { keepdims }),
    graph.float32('zero', [0]),
  ]);
  const row = graph.node('Reshape', [graph.node('Add', [mean, waited]), graph.int64('row', [-1, 1, 1])]);
  graph.nodeInto('Add', [row, graph.float32('hand', new Float32Array(63), [1, 21, 3])], ['joints']);
  graph.output('joints', 'float32', ['N', 21, 3]);
  return graph.toBytes();
}

it('the first Ctrl-C says how to stop at once, and the second does', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  const model = join(folder, 'slow.onnx');
  await writeFile(model, slowModel());
  const data = await demoFolder('freihand');
  const flags = { dataset: 'freihand', data, model, out: join(folder, 'run') };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(process.execPath, [BIN, 'run', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  const ended = once(child, 'exit');
  const told = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.includes('press Ctrl-C again')) resolve();
      else if (stderr.includes('running on')) setTimeout(() => child.kill('SIGINT'), 1000);
    });
  });
  await told;
  expect(child.exitCode).toBeNull();
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});
