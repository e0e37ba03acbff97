/**
 * The demo's checkpoints as ONNX files with the inputs and outputs of the
 * HaMeR and Hamba family: `img` [N,3,256,256] → `pred_keypoints_3d` [N,21,3],
 * `pred_vertices` [N,778,3], metres (OpenCV axes), and where the training half has
 * them `pred_keypoints_2d` [N,21,2] in the crop, −0.5…0.5.
 */
import { GraphBuilder, attribute } from '../formats/onnx/onnx.js';
import { PATCH_SIZE } from './features.js';
import type { NetworkOutput } from './training-half.js';

/** Metadata key under which a checkpoint says what it was fitted from. */
export const STAMP_KEY = 'hamba-eval.demo';

/** A linear predictor over pooled pixels, through a low-rank basis of hands. */
export interface LinearPredictor {
  /** Side of the middle of the crop that is looked at, px. */
  readonly view: number;
  /** Cells along each side of the pooling grid. */
  readonly pool: number;
  readonly components: number;
  /** (3 · pool²) × components, row-major. */
  readonly weights: ArrayLike<number>;
  /** `components` numbers. */
  readonly bias: ArrayLike<number>;
  readonly outputs: readonly LinearOutput[];
}

/** points × axes numbers that never change. */
export interface ConstantOutput extends NetworkOutput {
  readonly mean: ArrayLike<number>;
}

export interface LinearOutput extends ConstantOutput {
  /** components × (points · axes), row-major. */
  readonly basis: ArrayLike<number>;
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

function finish(graph: GraphBuilder, outputs: readonly NetworkOutput[]): Uint8Array {
  for (const { name, points, axes } of outputs) graph.output(name, 'float32', ['N', points, axes]);
  return graph.toBytes();
}

/** (Slice →) AveragePool → Flatten → MatMul + Add → the basis' MatMul + Add → Reshape. */
export function linearCheckpoint(predictor: LinearPredictor, doc: string, stamp: string): Uint8Array {
  const { view, pool, components } = predictor;
  const features = 3 * pool * pool;
  const cell = view / pool;
  const graph = newGraph('ridge_over_pooled_pixels', doc, stamp);
  const window = attribute.ints([cell, cell]);
  const pooled = graph.node(
    'AveragePool',
    [view === PATCH_SIZE ? 'img' : middleOf(graph, view)],
    { kernel_shape: window, strides: window },
    { name: 'pooled' },
  );
  const flat = graph.node('Flatten', [pooled], { axis: attribute.int(1) }, { name: 'features' });
  const weights = graph.float32('weights', predictor.weights, [features, components]);
  const product = graph.node('MatMul', [flat, weights]);
  const bias = graph.float32('bias', predictor.bias);
  const coefficients = graph.node('Add', [product, bias], {}, { name: 'coefficients' });
  for (const { name, points, axes, basis, mean } of predictor.outputs) {
    const matrix = graph.float32(`${name}.basis`, basis, [components, points * axes]);
    const offset = graph.float32(`${name}.mean`, mean);
    const moved = graph.node('Add', [graph.node('MatMul', [coefficients, matrix]), offset]);
    const shape = graph.int64(`${name}.shape`, [-1, points, axes]);
    graph.node('Reshape', [moved, shape], {}, { name });
  }
  return finish(graph, predictor.outputs);
}

/** The middle `view` × `view` px of the crop. */
function middleOf(graph: GraphBuilder, view: number): string {
  const edge = (PATCH_SIZE - view) / 2;
  const bounds = [
    graph.int64('middle.starts', [edge, edge]),
    graph.int64('middle.ends', [edge + view, edge + view]),
    graph.int64('middle.axes', [2, 3]),
  ];
  return graph.node('Slice', ['img', ...bounds], {}, { name: 'middle' });
}

/** The same hand for every image: what any fitted network has to beat. */
export function constantCheckpoint(
  outputs: readonly ConstantOutput[],
  doc: string,
  stamp: string,
): Uint8Array {
  const graph = newGraph('mean_pose', doc, stamp);
  const shape = graph.node('Shape', ['img']);
  const count = graph.node('Gather', [shape, graph.int64('first', [0])], {}, { name: 'batch' });
  for (const { name, points, axes, mean } of outputs) {
    const value = graph.float32(`${name}.mean`, mean, [1, points, axes]);
    const rest = graph.int64(`${name}.shape`, [points, axes]);
    const target = graph.node('Concat', [count, rest], { axis: attribute.int(0) });
    graph.node('Expand', [value, target], {}, { name });
  }
  return finish(graph, outputs);
}
