/** Where a network's tensors come from: a checkpoint's bytes in place, a copy of them, or random numbers. */
import type { ExternalData } from '../formats/onnx/onnx.js';

/** What a graph can hold of a checkpoint: numbers, whole or halved, and vertex ids. */
export type WeightType = 'float32' | 'float16' | 'int64';

/** A run of elements of one tensor, in its row-major order. */
export interface WeightPart {
  readonly key: string;
  readonly from: number;
  readonly count: number;
  readonly type: WeightType;
}

export interface Weights {
  /** Sizes of the tensor with this key; undefined where there is none. A source of any size answers with `wanted`. */
  shapeOf(key: string, wanted: readonly number[]): readonly number[] | undefined;
  /** Where the bytes of a part lie, or will lie once the model is written. `sizes` are those of the whole tensor. */
  place(part: WeightPart, sizes: readonly number[]): ExternalData;
}

/** A tensor that the network needs and the checkpoint does not hold so. */
export interface WeightProblem {
  readonly key: string;
  readonly expected: readonly number[];
  readonly got: readonly number[] | undefined;
}
