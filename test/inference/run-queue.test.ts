import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { RunQueue } from '../../src/inference/session/run-queue.js';

const request = () => ({ input: 'x', dims: [1], data: new Float32Array(1), fetches: ['y'] });

function queueOn(code: string): RunQueue {
  const listen = `require('node:worker_threads').parentPort.on('message', () => { ${code} })`;
  return new RunQueue(new Worker(listen, { eval: true }), 'net.onnx', new Int32Array(1));
}

describe('when the worker goes', () => {
  it.each([
    ['ends', 'process.exit(3)', 'ended unexpectedly with exit code 3'],
    ['crashes', "throw new Error('out of luck')", 'crashed: out of luck'],
  ])('it %s: what is waiting fails, and everything after', async (_, code, reason) => {
    const queue = queueOn(code);
    const outcomes = await Promise.allSettled([queue.run(request()), queue.run(request())]);
    for (const outcome of outcomes) {
      expect(String((outcome as PromiseRejectedResult).reason)).toContain(reason);
    }
    await expect(queue.run(request())).rejects.toThrow(reason);
    await queue.close();
  });
});
