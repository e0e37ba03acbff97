/**
 * The graph convolution of Hamba's decoder over the 21 joints (OpenPose order): own matrices for every joint, what a
 * joint sends weighted by a softmax over its bones.
 *
 *     out_i = x_i W[0,i] + Σ_{j ∈ bones of i} a_ij (x_j W[1,j]) + bias        a_i = softmax of e_1 over i's bones
 *
 * then batch norm and ReLU.
 */
import type { Graph, Value } from '../graph.js';
import { batchNorm, lastSize } from './linear.js';

const JOINTS = 21;

/** Neighbours of each joint: the wrist's are the five finger roots. In this row-major order e_1 counts the bones. */
const NEIGHBOURS: readonly (readonly number[])[] = Array.from({ length: JOINTS }, (_, joint) => {
  if (joint === 0) return [1, 5, 9, 13, 17];
  const inwards = joint % 4 === 1 ? 0 : joint - 1;
  return joint % 4 === 0 ? [inwards] : [inwards, joint + 1];
});

/** x (N, 21, channels). */
export function graphConvolution(g: Graph, x: Value, key: string): Value {
  const width = lastSize(x);
  const byJoint = g.transpose(x, [1, 0, 2]);
  const [own, sent] = [0, 1].map((index) =>
    g.matmul(byJoint, g.weightSlice(`${key}.gconv.W`, [2, JOINTS, width, width], index)),
  );
  // Rows of `sent` are one joint's numbers for the whole batch, so that one product weighs them all.
  const received = g.matmul(boneWeights(g, `${key}.gconv.e_1`), g.transpose(sent!, [1, 0, 2]));
  // The released code weighs a joint's own term by a matrix too, whose softmax over one entry is the identity.
  g.countProducts(JOINTS * JOINTS * width);
  const summed = g.add(g.add(g.transpose(own!, [1, 0, 2]), received), g.weight(`${key}.gconv.bias`, [width]));
  return g.unary('Relu', batchNorm(g, summed, `${key}.bn`));
}

/** a (21, 21): the softmax over each joint's bones, 0 elsewhere. */
function boneWeights(g: Graph, key: string): Value {
  const bones = NEIGHBOURS.flat().length;
  const strengths = g.reshape(g.weight(key, [1, bones]), [bones]);
  // One entry more, whose exponential is 0, for pairs of joints that no bone joins.
  const all = g.concat([strengths, g.constant('no bone', [-1e30])], 0);
  let bone = 0;
  const entries = NEIGHBOURS.flatMap((neighbours) =>
    Array.from({ length: JOINTS }, (_, other) => (neighbours.includes(other) ? bone++ : bones)),
  );
  return g.softmax(g.reshape(g.gather(all, 0, entries), [JOINTS, JOINTS]));
}
