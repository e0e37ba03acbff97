/** ONNX models whose outputs a test can work out, written with the program's own graph builder. */
import { GraphBuilder, type DataType, type ExternalData } from '../../src/formats/onnx/onnx.js';

export interface GivenOutput {
  readonly name: string;
  /** One row: [21, 3] for joints. */
  readonly shape: readonly number[];
  /** As many numbers as the row holds. */
  readonly constant: ArrayLike<number>;
  /** Multiplies the mean of the network's input; 0 unless given. */
  readonly gain?: number;
}

export interface GivenModel {
  readonly outputs: readonly GivenOutput[];
  /** Of input and outputs; float32 unless given. */
  readonly dtype?: 'float32' | 'float16';
  /** Fixed; any unless given. */
  readonly batch?: number;
  /** [height, width]; 256 × 256 unless given. */
  readonly size?: readonly [number, number];
  /** The outputs of an image whose mean, as the network sees it, is above this are NaN. */
  readonly nanAbove?: number;
  /** Where the constant of the first output lies, instead of in the file. */
  readonly external?: ExternalData;
}

/** Each output is `constant + gain · mean of the input`. */
export function givenModel(model: GivenModel): Uint8Array {
  const { outputs, dtype = 'float32', size = [256, 256], nanAbove = 1e6, external } = model;
  const batch = model.batch ?? 'N';
  const type: DataType = dtype;
  const graph = new GraphBuilder({ name: 'given' });
  const image = graph.input('img', type, [batch, 3, ...size]);
  const cast = (name: string, to: DataType): string =>
    graph.node('Cast', [name], { to: { kind: 'int', value: to === 'float16' ? 10 : 1 } });
  const single = dtype === 'float16' ? cast(image, 'float32') : image;
  const mean = graph.node('ReduceMean', [single], {
    axes: { kind: 'ints', value: [1, 2, 3] },
    keepdims: { kind: 'int', value: 0 },
  });
  // √(limit − mean) · 0: zero, or NaN where the mean exceeds the limit.
  const root = graph.node('Sqrt', [graph.node('Sub', [graph.float32('limit', [nanAbove]), mean])]);
  const poison = graph.node('Mul', [root, graph.float32('zero', [0])]);
  for (const [index, { name, shape, constant, gain = 0 }] of outputs.entries()) {
    const scaled = graph.node('Add', [
      graph.node('Mul', [mean, graph.float32(`${name}.gain`, [gain])]),
      poison,
    ]);
    const ones = graph.int64(`${name}.ones`, [-1, ...shape.map(() => 1)]);
    const dims = [1, ...shape];
    const values =
      external !== undefined && index === 0
        ? graph.external(`${name}.constant`, 'float32', dims, external)
        : graph.float32(`${name}.constant`, constant, dims);
    const points = graph.node('Add', [graph.node('Reshape', [scaled, ones]), values]);
    if (dtype === 'float16') {
      graph.nodeInto('Cast', [points], [name], { to: { kind: 'int', value: 10 } });
    } else graph.nodeInto('Identity', [points], [name]);
    graph.output(name, type, [batch, ...shape]);
  }
  return graph.toBytes();
}

/** px of the patch; small, since 21 pictures of it are made of every crop. */
const MOMENT_SIZE = 64;
/** Metres a pixel of the patch. */
const METRES = 0.002;

/** What the moment model needs beside it: black is 0, so that what lies outside the photograph weighs nothing. */
export const MOMENT_SIDECAR = { crop: 'hamer', mean: [0, 0, 0], std: [1, 1, 1] } as const;

/**
 * A model that turns with its crop by construction. Joint j is the centre of what is left of a mixture of the colours
 * above a threshold, measured from the middle of the crop, and lies as deep as that is wide; a vertex is a mean of
 * joints. 2D keypoints are the same centres.
 */
export function momentModel(): Uint8Array {
  const size = MOMENT_SIZE;
  const joints = 21;
  const pixels = size * size;
  const offset = (k: number): [number, number] => [(k % size) - size / 2, Math.floor(k / size) - size / 2];
  const mix = Array.from({ length: joints }, (_, j) => [
    0.2 + ((j * 5) % 7) / 7,
    0.2 + ((j * 3) % 5) / 5,
    0.2 + ((j * 7) % 11) / 11,
  ]);
  const graph = new GraphBuilder({ name: 'moments' });
  const image = graph.input('img', 'float32', ['N', 3, size, size]);
  const flat = graph.node('Reshape', [image, graph.int64('flat', [-1, 3, pixels])]);
  const mixed = graph.node('MatMul', [graph.float32('mix', mix.flat(), [joints, 3]), flat]);
  const above = graph.float32(
    'above',
    mix.map((_, j) => 0.1 + 0.005 * j),
    [joints, 1],
  );
  const weights = graph.node('Relu', [graph.node('Sub', [mixed, above])]);
  const moment = (name: string, columns: number, of: (k: number) => number[]): string => {
    const values = Array.from({ length: pixels }, (_, k) => of(k)).flat();
    return graph.node('MatMul', [weights, graph.float32(name, values, [pixels, columns])]);
  };
  const mass = moment('one', 1, () => [1]);
  const centre = graph.node('Div', [moment('xy', 2, offset), mass]);
  const spread = graph.node('Div', [
    moment('square', 1, (k) => [offset(k)[0] ** 2 + offset(k)[1] ** 2]),
    mass,
  ]);
  const points = graph.node('Concat', [centre, graph.node('Sqrt', [spread])], {
    axis: { kind: 'int', value: 2 },
  });
  graph.nodeInto('Mul', [points, graph.float32('metres', [METRES])], ['joints']);
  const blend = Array.from({ length: 778 }, (_, v) =>
    Array.from({ length: joints }, (_, j) => (j === v % joints ? 0.7 : j === (v * 5) % joints ? 0.3 : 0)),
  );
  graph.nodeInto('MatMul', [graph.float32('blend', blend.flat(), [778, joints]), 'joints'], ['vertices']);
  graph.nodeInto('Mul', [centre, graph.float32('crops', [1 / size])], ['keypoints_2d']);
  graph.output('joints', 'float32', ['N', joints, 3]);
  graph.output('vertices', 'float32', ['N', 778, 3]);
  graph.output('keypoints_2d', 'float32', ['N', joints, 2]);
  return graph.toBytes();
}
