/** Rotation matrices from six numbers each (Zhou et al. 2019, eq. 15), column-first as in HaMeR. */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';

export const ROTATIONS = 16;

/** A vector shorter than this is divided by it: no division by zero. */
const SHORTEST = 1e-12;

/** (N, 96) → (N, 16, 3, 3). */
export function rotationsFrom6d(g: Graph, pose: Value): Value {
  const columns = g.split(g.reshape(pose, [N, ROTATIONS, 2, 3]), 2, [1, 1]);
  const [first, second] = columns.map((column) => g.reshape(column, [N, ROTATIONS, 3]));
  const x = unit(g, first!);
  const along = g.reduce('ReduceSum', g.mul(x, second!), -1, true);
  const y = unit(g, g.sub(second!, g.mul(along, x)));
  const z = cross(g, x, y);
  return g.concat(
    [x, y, z].map((column) => g.expandDims(column, -1)),
    -1,
  );
}

function unit(g: Graph, vectors: Value): Value {
  return g.div(vectors, g.larger(g.reduce('ReduceL2', vectors, -1, true), g.scalar(SHORTEST)));
}

function cross(g: Graph, a: Value, b: Value): Value {
  const turned = (x: Value, by: readonly number[]): Value => g.gather(x, 2, by);
  const forward = g.mul(turned(a, [1, 2, 0]), turned(b, [2, 0, 1]));
  return g.sub(forward, g.mul(turned(a, [2, 0, 1]), turned(b, [1, 2, 0])));
}
