/** Fully connected layers, norms and activations on values whose channels are the last axis. */
import { productOf } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';

export interface LinearSettings {
  /** Sizes of the output's last axis. */
  readonly out: number;
  readonly bias?: boolean;
}

/** x Wᵀ + b over the last axis: torch.nn.Linear, or a convolution of kernel 1, with the keys `key.weight`, `key.bias`. */
export function linear(g: Graph, x: Value, key: string, { out, bias = true }: LinearSettings): Value {
  const width = lastSize(x);
  return matrixProduct(
    g,
    x,
    g.productWeight(`${key}.weight`, [out, width]),
    bias ? g.productWeight(`${key}.bias`, [out]) : undefined,
  );
}

/** x Wᵀ + b for weights at hand, W (out, in). */
export function matrixProduct(g: Graph, x: Value, weight: Value, bias: Value | undefined): Value {
  const rows = x.shape.slice(0, -1);
  const flat = x.shape.length === 2 ? x : g.reshape(x, [productOf(rows), lastSize(x)]);
  const product = g.gemm(flat, weight, bias, true);
  return x.shape.length === 2 ? product : g.reshape(product, [...rows, lastSize(product)]);
}

export function lastSize(x: Value): number {
  return x.shape.at(-1) as number;
}

/** Layer normalisation over the channels. PyTorch's epsilon is 1e-5; the ViTs here use 1e-6. */
export function layerNorm(g: Graph, x: Value, key: string, epsilon = 1e-5): Value {
  const sizes = [lastSize(x)];
  return g.layerNorm(x, g.weight(`${key}.weight`, sizes), g.weight(`${key}.bias`, sizes), epsilon);
}

const BATCH_NORM_EPSILON = 1e-5;

/**
 * Batch normalisation at inference over the channels, the last axis:
 * (x − mean) / √(variance + ε) · weight + bias, folded to a factor and a summand.
 */
export function batchNorm(g: Graph, x: Value, key: string): Value {
  const [weight, bias, mean, variance] = batchNormWeights(g, key, lastSize(x));
  const factor = g.div(weight, g.unary('Sqrt', g.add(variance, g.scalar(BATCH_NORM_EPSILON))));
  return g.add(g.mul(x, factor), g.sub(bias, g.mul(mean, factor)));
}

/** The same for maps (N, channels, height, width). */
export function batchNormOfMap(g: Graph, x: Value, key: string): Value {
  return g.batchNorm(x, batchNormWeights(g, key, x.shape[1] as number), BATCH_NORM_EPSILON);
}

function batchNormWeights(g: Graph, key: string, channels: number): readonly [Value, Value, Value, Value] {
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
    g.weight(`${key}.${name}`, [channels]),
  );
  return [weight!, bias!, mean!, variance!];
}

/** x/2 · (1 + erf(x/√2)): the exact GELU, not its tanh approximation. */
export function gelu(g: Graph, x: Value): Value {
  const erf = g.unary('Erf', g.div(x, g.scalar(Math.SQRT2)));
  return g.mul(g.mul(x, g.add(erf, g.scalar(1))), g.scalar(0.5));
}

/** x · sigmoid(x). */
export function silu(g: Graph, x: Value): Value {
  return g.mul(x, g.unary('Sigmoid', x));
}

/** Linear, GELU, Linear with the keys `key.fc1` and `key.fc2`. */
export function mlp(g: Graph, x: Value, key: string, hidden: number): Value {
  return linear(g, gelu(g, linear(g, x, `${key}.fc1`, { out: hidden })), `${key}.fc2`, { out: lastSize(x) });
}
