/**
 * The demo's checkpoints as ONNX files with the inputs and outputs of the
 * HaMeR and Hamba family: `img` [N,3,256,256] → `pred_keypoints_3d` [N,21,3],
 * `pred_vertices` [N,778,3], metres, here in the camera's frame (OpenCV axes).
 */
import { VERTEX_COUNT } from '../hand/procedural-mesh.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { GraphBuilder, attribute } from '../formats/onnx.js';
import { PATCH_SIZE } from './features.js';

/** Metadata key under which a checkpoint says what it was fitted from. */
export const STAMP_KEY = 'hamba-eval.demo';

/** A linear predictor over pooled pixels, through a low-rank basis of hands. */
export interface LinearPredictor {
  /** Cells along each side of the pooling grid. */
  readonly pool: number;
  readonly components: number;
  /** (3 · pool²) × components, row-major. */
  readonly weights: ArrayLike<number>;
  /** `components` numbers. */
  readonly bias: ArrayLike<number>;
  /** components × 63 and 63 numbers: joints of the basis and of the mean hand, metres. */
  readonly jointBasis: ArrayLike<number>;
  readonly jointMean: ArrayLike<number>;
  /** components × 2334 and 2334 numbers: vertices, likewise. */
  readonly vertexBasis: ArrayLike<number>;
  readonly vertexMean: ArrayLike<number>;
}

function newGraph(name: string, doc: string, stamp: string): GraphBuilder {
  const graph = new GraphBuilder({
    name,
    producerName: 'hamba-eval demo',
    doc,
    metadata: { [STAMP_KEY]: stamp },
  });
  graph.input('img', 'float32', ['N', 3, PATCH_SIZE, PATCH_SIZE]);
  return graph;
}

function finish(graph: GraphBuilder): Uint8Array {
  graph.output('pred_keypoints_3d', 'float32', ['N', JOINT_COUNT, 3]);
  graph.output('pred_vertices', 'float32', ['N', VERTEX_COUNT, 3]);
  return graph.toBytes();
}

/** AveragePool → Flatten → MatMul + Add → the basis' MatMul + Add → Reshape. */
export function linearCheckpoint(predictor: LinearPredictor, doc: string, stamp: string): Uint8Array {
  const { pool, components } = predictor;
  const features = 3 * pool * pool;
  const cell = PATCH_SIZE / pool;
  const graph = newGraph('ridge_over_pooled_pixels', doc, stamp);
  const window = attribute.ints([cell, cell]);
  const pooled = graph.node(
    'AveragePool',
    ['img'],
    { kernel_shape: window, strides: window },
    { name: 'pooled' },
  );
  const flat = graph.node('Flatten', [pooled], { axis: attribute.int(1) }, { name: 'features' });
  const weights = graph.float32('weights', predictor.weights, [features, components]);
  const product = graph.node('MatMul', [flat, weights]);
  const bias = graph.float32('bias', predictor.bias);
  const coefficients = graph.node('Add', [product, bias], {}, { name: 'coefficients' });
  const points = (output: string, count: number, basis: ArrayLike<number>, mean: ArrayLike<number>): void => {
    const matrix = graph.float32(`${output}.basis`, basis, [components, count * 3]);
    const offset = graph.float32(`${output}.mean`, mean);
    const moved = graph.node('Add', [graph.node('MatMul', [coefficients, matrix]), offset]);
    const shape = graph.int64(`${output}.shape`, [-1, count, 3]);
    graph.node('Reshape', [moved, shape], {}, { name: output });
  };
  points('pred_keypoints_3d', JOINT_COUNT, predictor.jointBasis, predictor.jointMean);
  points('pred_vertices', VERTEX_COUNT, predictor.vertexBasis, predictor.vertexMean);
  return finish(graph);
}

/** The same hand for every image: what any fitted network has to beat. Arrays of 63 and 2334 numbers, metres. */
export function constantCheckpoint(
  joints: ArrayLike<number>,
  vertices: ArrayLike<number>,
  doc: string,
  stamp: string,
): Uint8Array {
  const graph = newGraph('mean_pose', doc, stamp);
  const shape = graph.node('Shape', ['img']);
  const count = graph.node('Gather', [shape, graph.int64('first', [0])], {}, { name: 'batch' });
  const repeat = (output: string, points: number, values: ArrayLike<number>): void => {
    const value = graph.float32(`${output}.mean`, values, [1, points, 3]);
    const rest = graph.int64(`${output}.shape`, [points, 3]);
    const target = graph.node('Concat', [count, rest], { axis: attribute.int(0) });
    graph.node('Expand', [value, target], {}, { name: output });
  };
  repeat('pred_keypoints_3d', JOINT_COUNT, joints);
  repeat('pred_vertices', VERTEX_COUNT, vertices);
  return finish(graph);
}
