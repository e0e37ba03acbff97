/** Networks of full size: how long a graph takes to build beside a checkpoint, to open, and to run on one photograph. */
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TENSOR_BYTES } from '../src/formats/torch/tensor.js';
import { sha256OfFile } from '../src/inference/model/model-file.js';
import { HAMBA } from '../src/network/architectures/hamba-architecture.js';
import { buildNetwork } from '../src/network/build.js';
import type { Weights } from '../src/network/weights.js';
import { ROOT } from './machine.js';
import { measured } from './measured-run.js';

export interface NetworkFigures {
  readonly checkpoint_bytes: number;
  readonly model_bytes: number;
  /** The whole of `model build`, the SHA-256 of the checkpoint included, which the system has in its cache. */
  readonly build_seconds: number;
  readonly build_peak_bytes: number;
  readonly open_seconds: number;
  readonly run_seconds: number;
  readonly run_peak_bytes: number;
}

/** What bench/network-session.ts prints. */
export interface SessionFigures {
  readonly openMs: number;
  /** The fastest of the runs. */
  readonly runMs: number;
}

export async function measureNetwork(
  folder: string,
  repetitions: number,
  say: (text: string) => void,
): Promise<NetworkFigures> {
  mkdirSync(folder, { recursive: true });
  const checkpoint = join(folder, 'hamba.safetensors');
  const model = join(folder, 'hamba.onnx');
  const random = join(folder, 'random.onnx');
  const program = join(ROOT, 'bin/run.js');
  say('a checkpoint of full size');
  writeCheckpoint(checkpoint);
  await sha256OfFile(checkpoint);
  say('model build');
  const build = await measured([program, 'model', 'build', '--checkpoint', checkpoint, '--out', model]);
  say('random weights, for a session');
  await measured([program, 'model', 'build', '--arch', 'hamba', '--random', '--out', random]);
  say('a session');
  const script = new URL('./network-session.js', import.meta.url).pathname;
  const session = await measured([script, random, String(repetitions)]);
  const { openMs, runMs } = JSON.parse(session.stdout) as SessionFigures;
  return {
    checkpoint_bytes: statSync(checkpoint).size,
    model_bytes: statSync(model).size,
    build_seconds: build.wallSeconds,
    build_peak_bytes: build.peakBytes,
    open_seconds: openMs / 1000,
    run_seconds: runMs / 1000,
    run_peak_bytes: session.peakBytes,
  };
}

/** Zeros of every tensor that the graph reads, most of which take no room on the disk. */
function writeCheckpoint(path: string): void {
  const sizes = new Map<string, readonly number[]>();
  const weights: Weights = {
    shapeOf: (_, wanted) => wanted,
    place: ({ key, count, type }, shape) => {
      sizes.set(key, shape);
      return { location: 'none', offset: 0, length: count * TENSOR_BYTES[type] };
    },
  };
  buildNetwork({ architecture: HAMBA, fields: HAMBA.released, weights });
  let end = 0;
  const table = Object.fromEntries(
    [...sizes].map(([key, shape]) => {
      const first = end;
      end += TENSOR_BYTES.float32 * shape.reduce((product, size) => product * size, 1);
      return [key, { dtype: 'F32', shape, data_offsets: [first, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(table));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([length, padded]));
  ftruncateSync(file, length.length + padded.length + end);
  closeSync(file);
}
