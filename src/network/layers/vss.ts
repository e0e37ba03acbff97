/**
 * The visual state space block of VMamba (Liu et al. 2024) as Hamba uses it, and its SS2D: a depthwise convolution and
 * four selective scans over a map, each in its own direction. Maps are tokens (N, L, channels), row by row.
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { batchNorm, gelu, lastSize, layerNorm, linear, matrixProduct, mlp, silu } from './linear.js';
import { inverseOrder, scanOrders, type MapSize, type ScanKind } from './scan-orders.js';
import { scan } from './selective-scan.js';

/** One stack of VSS blocks; the names of model_config.yaml in brackets. */
export interface VssSettings {
  /** Blocks of each layer [DEPTHS]. */
  readonly depths: readonly number[];
  /** States of a channel [SSM_D_STATE]. */
  readonly states: number;
  /** Width that Δ is computed through [SSM_DT_RANK]. */
  readonly rank: number;
  /** Channels inside SS2D [SSM_RATIO × channels]. */
  readonly inner: number;
  /** Kernel of the depthwise convolution; below 2 there is none [SSM_CONV]. */
  readonly conv: number;
  readonly convBias: boolean;
  /** Hidden width of the MLP [MLP_RATIO × channels]. */
  readonly hidden: number;
  /** What SSM_FORWARDTYPE says. */
  readonly scan: ScanKind;
  readonly gate: 'none' | 'linear' | 'silu';
  readonly outNorm: 'norm' | 'none' | 'dwconv3' | 'sigmoid';
  readonly outAct: boolean;
  /** [NORM_LAYER] */
  readonly norm: 'ln2d' | 'bn';
}

/** Directions of SS2D. */
const DIRECTIONS = 4;

/** x + SS2D(norm x), then x + MLP(norm2 x). */
export function vssBlock(g: Graph, x: Value, key: string, map: MapSize, settings: VssSettings): Value {
  const mixed = g.add(x, ss2d(g, norm(g, x, `${key}.norm`, settings), `${key}.op`, map, settings));
  return g.add(mixed, mlp(g, norm(g, mixed, `${key}.norm2`, settings), `${key}.mlp`, settings.hidden));
}

/** The norm that a stack is built with. */
export function norm(g: Graph, x: Value, key: string, settings: VssSettings): Value {
  return settings.norm === 'bn' ? batchNorm(g, x, key) : layerNorm(g, x, key);
}

function ss2d(g: Graph, x: Value, key: string, map: MapSize, settings: VssSettings): Value {
  const channels = lastSize(x);
  const { inner, gate, outNorm } = settings;
  const gated = gate !== 'none';
  const projected = linear(g, x, `${key}.in_proj`, { out: gated ? 2 * inner : inner, bias: false });
  const [own, through] = gated ? g.split(projected, -1, [inner, inner]) : [projected];
  const convolved =
    settings.conv > 1 ? depthwise(g, own!, `${key}.conv2d`, map, settings.conv, settings.convBias) : own!;
  let y = scans(g, silu(g, convolved), key, map, settings);
  if (outNorm === 'norm') y = layerNorm(g, y, `${key}.out_norm`);
  if (outNorm === 'dwconv3') y = depthwise(g, y, `${key}.out_norm`, map, 3, false);
  if (outNorm === 'sigmoid') y = g.unary('Sigmoid', y);
  if (settings.outAct) y = gelu(g, y);
  if (gated) y = g.mul(y, gate === 'silu' ? silu(g, through!) : through!);
  return linear(g, y, `${key}.out_proj`, { out: channels, bias: false });
}

/** One kernel for each channel of a map. */
function depthwise(
  g: Graph,
  x: Value,
  key: string,
  { rows, columns }: MapSize,
  kernel: number,
  bias: boolean,
): Value {
  const channels = lastSize(x);
  const image = g.reshape(g.transpose(x, [0, 2, 1]), [N, channels, rows, columns]);
  const weight = g.productWeight(`${key}.weight`, [channels, 1, kernel, kernel]);
  const convolved = g.conv(image, weight, bias ? g.productWeight(`${key}.bias`, [channels]) : undefined, {
    padding: (kernel - 1) / 2,
    groups: channels,
  });
  return g.transpose(g.reshape(convolved, [N, channels, rows * columns]), [0, 2, 1]);
}

/**
 * The four scans of u (N, L, D), summed in map order. Everything that belongs to a position alone is computed in map
 * order; only decays and inputs are put into the order of their scan, and the states back.
 *
 *     (Δ, B, C)_k = x_proj_k u      Δ = softplus(dt_proj_k Δ + bias_k)      A = −exp(A_logs)
 *     h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t u_t                                y_t = C_t h_t + D u_t
 */
function scans(
  g: Graph,
  u: Value,
  key: string,
  map: MapSize,
  { rank, states, inner, scan: kind }: VssSettings,
): Value {
  const length = map.rows * map.columns;
  const rows = rank + 2 * states;
  const each = [rank, states, states];
  // The weights of the four directions lie one after the other, so one product serves them all.
  const weight = flatWeight(g, `${key}.x_proj_weight`, [DIRECTIONS, rows, inner]);
  const pieces = g.split(
    matrixProduct(g, u, weight, undefined),
    -1,
    Array.from({ length: DIRECTIONS }, () => each).flat(),
  );
  const byDirection = (part: number): Value[] => pieces.filter((_, i) => i % each.length === part);

  const deltas = byDirection(0).map((low, k) => {
    const project = g.weightSlice(`${key}.dt_projs_weight`, [DIRECTIONS, inner, rank], k);
    return matrixProduct(g, low, project, g.weightSlice(`${key}.dt_projs_bias`, [DIRECTIONS, inner], k));
  });
  const whole = [N, DIRECTIONS, length, states, inner];
  const delta = g.reshape(g.unary('Softplus', g.concat(deltas, 1)), [N, DIRECTIONS, length, 1, inner]);
  const [B, C] = [1, 2].map((part) =>
    g.reshape(g.concat(byDirection(part), 1), [N, DIRECTIONS, length, states, 1]),
  );
  const logs = g.weight(`${key}.A_logs`, [DIRECTIONS * inner, states]);
  const A = g.unary(
    'Neg',
    g.unary(
      'Exp',
      g.reshape(g.transpose(g.reshape(logs, [DIRECTIONS, inner, states]), [0, 2, 1]), [
        DIRECTIONS,
        1,
        states,
        inner,
      ]),
    ),
  );

  const decay = g.unary('Exp', g.mul(delta, A));
  const input = g.mul(g.mul(delta, g.reshape(u, [N, 1, length, 1, inner])), B!);

  const orders = scanOrders(kind, map);
  const places = (perDirection: readonly (readonly number[])[]): number[] =>
    perDirection.flatMap((order, k) => order.map((position) => k * length + position));
  const rowsOf = (x: Value): Value => g.reshape(x, [N, DIRECTIONS * length, states * inner]);
  const reordered = (x: Value, order: readonly number[]): Value => g.gather(rowsOf(x), 1, order);
  const inScanOrder = (x: Value): Value =>
    g.reshape(reordered(x, places(orders)), [N, DIRECTIONS, length, states * inner]);
  const visited = scan(g, inScanOrder(decay), inScanOrder(input), 2);
  const state = g.reshape(reordered(visited, places(orders.map(inverseOrder))), whole);

  const seen = g.mul(state, C!);
  const y = g.reduce(
    'ReduceSum',
    states === 1 ? g.reshape(seen, [N, DIRECTIONS, length, inner]) : g.reduce('ReduceSum', seen, 3),
    1,
  );
  const skip = g.reduce(
    'ReduceSum',
    g.reshape(g.weight(`${key}.Ds`, [DIRECTIONS * inner]), [DIRECTIONS, inner]),
    0,
  );
  return g.add(y, g.mul(u, skip));
}

/** A tensor (k, rows, columns) seen as (k·rows, columns). */
function flatWeight(g: Graph, key: string, [k, rows, columns]: readonly [number, number, number]): Value {
  return g.reshape(g.weight(key, [k, rows, columns]), [k * rows, columns]);
}
