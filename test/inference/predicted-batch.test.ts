import { describe, expect, it } from 'vitest';
import type { CropBatch } from '../../src/inference/crop-source.js';
import { resolveContract } from '../../src/inference/model-contract.js';
import { BatchReader } from '../../src/inference/predicted-batch.js';

const contract = resolveContract({
  file: 'net.onnx',
  inputs: [{ name: 'img', type: 'float32', shape: ['N', 3, 256, 256] }],
  outputs: [{ name: 'vertices', type: 'float32', shape: ['N', 'V', 3] }],
});

const sample = { id: 'a', image: 'a.jpg', box: null, right: true };
const batch: CropBatch = { first: 0, samples: [sample], data: new Float32Array(0), unreadable: [] };
const vertices = (rows: number) => ({
  vertices: { type: 'float32', dims: [2, rows, 3], data: new Float32Array(2 * rows * 3) },
});

describe('the vertices of a run', () => {
  it('keep the number of the first batch', () => {
    const reader = new BatchReader(contract, 2, 'net.onnx');
    expect(reader.read(batch, vertices(10)).vertexCount).toBe(10);
    expect(reader.read(batch, vertices(10)).vertices!.length).toBe(30);
    expect(() => reader.read(batch, vertices(11))).toThrow(
      expect.objectContaining({
        code: 'model-output-shape',
        file: 'net.onnx',
        expected: 'float32 (2, 10, 3)',
        got: 'float32 (2, 11, 3)',
      }) as Error,
    );
  });

  it('of another type are refused', () => {
    const reader = new BatchReader(contract, 2, 'net.onnx');
    const doubles = { vertices: { type: 'float64', dims: [2, 1, 3], data: new Float64Array(6) } };
    expect(() => reader.read(batch, doubles)).toThrow('The vertices output vertices is float64');
  });
});
