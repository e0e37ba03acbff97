/**
 * WiLoR's refinement (Potamias et al., CVPR 2025): the first hand's vertices are projected into three feature maps,
 * and the strongest feature that any vertex meets corrects pose, shape and camera once.
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import type { HandParameters } from '../hand.js';
import { cameraTranslation, project } from './camera.js';
import { batchNormOfMap, linear } from './linear.js';
import { CAMERA, POSE, SHAPE } from './readout.js';
import { coordinates, sampleMap } from './sampling.js';
import { MAP } from './vit.js';

/** @param features (N, 192, channels), row by row; @param vertices (N, 778, 3) */
export function refinement(
  g: Graph,
  features: Value,
  vertices: Value,
  camera: Value,
  focal: number,
): HandParameters {
  const strongest = pyramid(g, features).map((level) =>
    strongestAtVertices(g, level, vertices, camera, focal),
  );
  const pooled = g.note('pooled', g.concat(strongest, 1));
  return {
    pose: g.note('delta_pose', linear(g, pooled, 'refine_net.dec_pose', { out: POSE })),
    betas: g.note('delta_betas', linear(g, pooled, 'refine_net.dec_shape', { out: SHAPE })),
    camera: g.note('delta_cam', linear(g, pooled, 'refine_net.dec_cam', { out: CAMERA })),
  };
}

/** Maps (N, channels, rows, columns), the largest first; both larger ones are grown from the smallest. */
function pyramid(g: Graph, features: Value): Value[] {
  const width = features.shape[2] as number;
  const key = 'refine_net.deconv';
  const first = linear(g, features, `${key}.first_conv.0`, { out: width / 2 });
  const small = g.reshape(g.transpose(first, [0, 2, 1]), [N, width / 2, MAP.rows, MAP.columns]);
  const middle = doubled(g, small, `${key}.deconv.0`, 0, width / 4);
  const large = doubled(
    g,
    doubled(g, small, `${key}.deconv.1`, 0, width / 4),
    `${key}.deconv.1`,
    3,
    width / 8,
  );
  return [large, middle, small];
}

/** A transposed convolution to twice the size, batch norm, ReLU: entries `at` and `at + 1` of a Sequential. */
function doubled(g: Graph, x: Value, key: string, at: number, out: number): Value {
  const weight = g.productWeight(`${key}.${at}.weight`, [x.shape[1] as number, out, 4, 4]);
  const grown = g.convTranspose(x, weight, { stride: 2, padding: 1 });
  return g.unary('Relu', batchNormOfMap(g, grown, `${key}.${at + 1}`));
}

/**
 * The released network takes the projection, about −0.5 … 0.5, as a pixel of the map without moving it to the map's
 * middle: vertices meet the pixels about its top left corner. It was trained so.
 */
function strongestAtVertices(g: Graph, level: Value, vertices: Value, camera: Value, focal: number): Value {
  const [, channels, rows, columns] = level.shape as [unknown, number, number, number];
  g.note(`map${rows}`, level);
  const points = project(g, vertices, cameraTranslation(g, camera, focal, rows), focal / rows);
  g.note(`verts2d_${rows}`, points);
  const flat = g.transpose(g.reshape(level, [N, channels, rows * columns]), [0, 2, 1]);
  const sampled = sampleMap(g, flat, { rows, columns }, coordinates(g, points));
  return g.reduce('ReduceMax', g.note(`sampled_${rows}`, sampled), 1);
}
