/**
 * Features of a map at points between its pixels, by hat functions: the weight of pixel i at position p is
 * max(0, 1 − |p − i|), so a product of matrices samples bilinearly, with zeros outside the map. PyTorch's grid_sample
 * gives the same numbers; ONNX's GridSample is named differently from one opset to the next and missing in places.
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { lastSize } from './linear.js';
import type { MapSize } from './scan-orders.js';

export type SampleMode = 'bilinear' | 'nearest';

/**
 * @param map     (N, rows · columns, channels), row by row
 * @param points  x and y (N, points, 1), in pixels; 0 is the middle of the first
 * @returns (N, points, channels)
 */
export function sampleMap(
  g: Graph,
  map: Value,
  { rows, columns }: MapSize,
  [x, y]: readonly [Value, Value],
  mode: SampleMode = 'bilinear',
): Value {
  const count = x.shape[1] as number;
  const across = g.reshape(pixelWeights(g, x, columns, mode), [N, count, 1, columns]);
  const down = g.reshape(pixelWeights(g, y, rows, mode), [N, count, rows, 1]);
  const weights = g.reshape(g.mul(down, across), [N, count, rows * columns]);
  return g.matmul(weights, map);
}

/** For each position (N, points, 1), the weight of every pixel 0 … `count` − 1. */
function pixelWeights(g: Graph, position: Value, count: number, mode: SampleMode): Value {
  const pixels = g.constant(
    `pixels 0..${count - 1}`,
    Array.from({ length: count }, (_, i) => i),
  );
  // Halves go to the even pixel, in ONNX as in PyTorch.
  if (mode === 'nearest') return g.equal(g.unary('Round', position), pixels);
  const distance = g.unary('Abs', g.sub(position, pixels));
  return g.unary('Relu', g.sub(g.scalar(1), distance));
}

/** x and y of points (N, points, 2), each (N, points, 1). */
export function coordinates(g: Graph, points: Value): [Value, Value] {
  if (lastSize(points) !== 2) throw new Error('network: points in a map have two coordinates');
  const [x, y] = g.split(points, -1, [1, 1]);
  return [x!, y!];
}
