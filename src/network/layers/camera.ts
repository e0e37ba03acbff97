/** The weak-perspective camera (s, tx, ty) of HaMeR: where it puts the hand, and what it sees of it. */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';

/** Keeps a camera of scale 0 from a division by zero. */
const SCALE_EPSILON = 1e-9;

/** [tx, ty, 2 f / (side · s + 1e-9)]: the translation (N, 3) that a camera stands for in an image of `side` px. */
export function cameraTranslation(g: Graph, camera: Value, focal: number, side: number): Value {
  const [scale, shift] = g.split(camera, 1, [1, 2]);
  const depth = g.div(g.scalar(2 * focal), g.add(g.mul(scale!, g.scalar(side)), g.scalar(SCALE_EPSILON)));
  return g.concat([shift!, depth], 1);
}

/** Points (N, V, 3) moved by a translation (N, 3) and seen from the origin: (N, V, 2), in `focal`'s unit. */
export function project(g: Graph, points: Value, translation: Value, focal: number): Value {
  const moved = g.add(points, g.reshape(translation, [N, 1, 3]));
  const [across, depth] = g.split(moved, 2, [2, 1]);
  return g.mul(g.div(across!, depth!), g.scalar(focal));
}
