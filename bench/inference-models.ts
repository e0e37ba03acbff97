/** The two models the pipeline is measured with, written by the program's own ONNX writer. */
import { attribute, GraphBuilder } from '../src/formats/onnx/onnx.js';
import { Random } from '../src/statistics/random.js';

/** What the networks of the HaMeR family see: [height, width], px. */
export const INPUT_SIZE = [256, 192] as const;

/** Of the size of ViT-S: 22 million weights. */
export const VIT = { layers: 12, width: 384, heads: 6 } as const;
const PATCH = 16;
const EXPANSION = 4;

const WEIGHT_SEED = 20_263;

/** A vision transformer with random weights and joints for an output: it costs what a trained one costs. */
export function visionTransformer({ layers, width, heads }: Record<keyof typeof VIT, number>): Uint8Array {
  const [height, columns] = INPUT_SIZE;
  const tokens = (height / PATCH) * (columns / PATCH);
  const headWidth = width / heads;
  const random = new Random(WEIGHT_SEED);
  const graph = new GraphBuilder({ name: 'vit' });

  const weights = (name: string, dims: readonly number[], scale: number): string => {
    const count = dims.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length: count }, () => (random.uniform() - 0.5) * 2 * scale);
    return graph.float32(name, values, dims);
  };
  const linear = (name: string, x: string, from: number, to: number): string => {
    const product = graph.node('MatMul', [x, weights(`${name}.weight`, [from, to], Math.sqrt(3 / from))]);
    return graph.node('Add', [product, weights(`${name}.bias`, [to], 0.02)]);
  };
  const norm = (name: string, x: string): string => {
    const ones = graph.float32(`${name}.weight`, new Float32Array(width).fill(1));
    const zeros = graph.float32(`${name}.bias`, new Float32Array(width));
    return graph.node('LayerNormalization', [x, ones, zeros], { epsilon: attribute.float(1e-6) });
  };
  const half = graph.float32('half', [0.5]);
  const one = graph.float32('one', [1]);
  const root = graph.float32('root', [Math.SQRT2]);
  const gelu = (x: string): string => {
    const error = graph.node('Erf', [graph.node('Div', [x, root])]);
    return graph.node('Mul', [graph.node('Mul', [x, graph.node('Add', [error, one])]), half]);
  };
  const headShape = graph.int64('head_shape', [0, tokens, heads, headWidth]);
  const tokenShape = graph.int64('token_shape', [0, tokens, width]);
  const scale = graph.float32('scale', [1 / Math.sqrt(headWidth)]);
  const attention = (name: string, x: string): string => {
    const part = (what: string, perm: readonly number[]): string => {
      const projected = linear(`${name}.${what}`, x, width, width);
      const split = graph.node('Reshape', [projected, headShape]);
      return graph.node('Transpose', [split], { perm: attribute.ints(perm) });
    };
    const query = graph.node('Mul', [part('query', [0, 2, 1, 3]), scale]);
    const scores = graph.node('MatMul', [query, part('key', [0, 2, 3, 1])]);
    const shares = graph.node('Softmax', [scores], { axis: attribute.int(-1) });
    const mixed = graph.node('MatMul', [shares, part('value', [0, 2, 1, 3])]);
    const joined = graph.node('Transpose', [mixed], { perm: attribute.ints([0, 2, 1, 3]) });
    return linear(`${name}.out`, graph.node('Reshape', [joined, tokenShape]), width, width);
  };

  const image = graph.input('img', 'float32', ['N', 3, height, columns]);
  const filters = weights('patch.weight', [width, 3, PATCH, PATCH], 0.02);
  const patches = graph.node('Conv', [image, filters], { strides: attribute.ints([PATCH, PATCH]) });
  const flat = graph.node('Reshape', [patches, graph.int64('flat_shape', [0, width, tokens])]);
  const sequence = graph.node('Transpose', [flat], { perm: attribute.ints([0, 2, 1]) });
  let x = graph.node('Add', [sequence, weights('position', [1, tokens, width], 0.02)]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `layer${layer}`;
    x = graph.node('Add', [x, attention(`${name}.attention`, norm(`${name}.norm1`, x))]);
    const inner = linear(`${name}.up`, norm(`${name}.norm2`, x), width, width * EXPANSION);
    x = graph.node('Add', [x, linear(`${name}.down`, gelu(inner), width * EXPANSION, width)]);
  }
  const mean = graph.node('ReduceMean', [norm('norm', x)], {
    axes: attribute.ints([1]),
    keepdims: attribute.int(0),
  });
  const joints = linear('joints', mean, width, 63);
  const shape = graph.int64('joint_shape', [0, 21, 3]);
  graph.output(graph.node('Reshape', [joints, shape], {}, { name: 'pred_keypoints_3d' }), 'float32', [
    'N',
    21,
    3,
  ]);
  return graph.toBytes();
}

/** A model that does nothing: its joints are a corner of the image. What is left is the pipeline. */
export function idleModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'idle' });
  const image = graph.input('img', 'float32', ['N', 3, ...INPUT_SIZE]);
  const bounds = (name: string, values: readonly number[]): string => graph.int64(name, values);
  const corner = graph.node('Slice', [
    image,
    bounds('starts', [0, 0, 0]),
    bounds('ends', [1, 21, 3]),
    bounds('axes', [1, 2, 3]),
  ]);
  const axis = bounds('axis', [1]);
  graph.output(graph.node('Squeeze', [corner, axis], {}, { name: 'pred_keypoints_3d' }), 'float32', [
    'N',
    21,
    3,
  ]);
  return graph.toBytes();
}
