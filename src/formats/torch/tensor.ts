/** What the readers of checkpoints tell of a file's tensors. */

/** Bytes of one element. */
export const TENSOR_BYTES = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
} as const;

export type TensorType = keyof typeof TENSOR_BYTES;

export interface StoredTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Where the first element's bytes lie in the file. */
  readonly offset: number;
  /** Bytes of all elements. */
  readonly length: number;
  /** In elements, where the tensor is not row-major and whole. */
  readonly strides: readonly number[] | undefined;
}

/** What a file holds, before any number is read. */
export interface TensorTable {
  readonly format: 'torch-zip' | 'torch-legacy' | 'safetensors';
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What else stands beside the weights, in words: optimizer states, hyper-parameters. It is passed over. */
  readonly others: readonly { readonly key: string; readonly what: string }[];
}

export function elements({ shape }: Pick<StoredTensor, 'shape'>): number {
  return shape.reduce((product, size) => product * size, 1);
}
