/** The smallest model that shows that a provider computes: y = x · W, 1 × 2 by 2 × 2. */
import { GraphBuilder } from '../../formats/onnx/onnx.js';
import type { OutputTensor, RunRequest } from './session-messages.js';

const X = [3, 4];
const W = [1, 2, 3, 5];
/** Small whole numbers: exact in every arithmetic. */
const Y = [15, 26];

export const TRIAL_MODEL = {
  /** The content of the ONNX file. */
  bytes(): Uint8Array {
    const graph = new GraphBuilder({ name: 'probe' });
    const x = graph.input('x', 'float32', [1, 2]);
    const w = graph.float32('w', W, [2, 2]);
    graph.output(graph.node('MatMul', [x, w], {}, { name: 'y' }), 'float32', [1, 2]);
    return graph.toBytes();
  },

  request(): RunRequest {
    return { input: 'x', dims: [1, 2], data: Float32Array.from(X), fetches: ['y'] };
  },

  isRight(outputs: Readonly<Record<string, OutputTensor>>): boolean {
    const values = outputs.y?.data;
    return values instanceof Float32Array && Y.every((value, index) => values[index] === value);
  },
} as const;
