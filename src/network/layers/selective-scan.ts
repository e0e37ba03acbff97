/**
 * The recurrence of a state space model (Gu & Dao 2023, "Mamba", eq. 2a–2b, with the paper's selection mechanism):
 *
 *     h_t = a_t h_{t−1} + b_t,  h_0 = b_0        a_t = exp(Δ_t A), b_t = Δ_t B_t u_t
 *
 * as plain operators: step after step for short sequences; for long ones in chunks, all chunks at once, and then the
 * chunks' ends one after the other. Only decays between 0 and 1 are multiplied, so nothing can overflow, and the
 * rounding is that of the sequential scan in float32.
 */
import type { Graph, Value } from '../graph.js';

/** Up to this length every step is an operator of its own. */
const UNROLLED_STEPS = 32;

/** Steps of a chunk. */
const CHUNK = 16;

/** All states h along the axis `axis` of decays `a` and inputs `b`, which have the same shape. */
export function scan(g: Graph, a: Value, b: Value, axis: number): Value {
  const length = a.shape[axis] as number;
  if (length <= UNROLLED_STEPS) return g.concat(states(g, steps(g, a, axis), steps(g, b, axis)), axis);
  if (length % CHUNK !== 0) throw new Error(`network: a scan of ${length} steps is no multiple of ${CHUNK}`);
  return chunkedScan(g, a, b, axis);
}

function chunkedScan(g: Graph, a: Value, b: Value, axis: number): Value {
  const chunks = (a.shape[axis] as number) / CHUNK;
  const cut = (x: Value): Value =>
    g.reshape(x, [...x.shape.slice(0, axis), chunks, CHUNK, ...x.shape.slice(axis + 1)]);
  const [decays, inputs] = [cut(a), cut(b)].map((x) => steps(g, x, axis + 1));
  // Within each chunk, as if the state before it were zero; and what is left of that state after each step.
  const within = states(g, decays!, inputs!);
  const left = products(g, decays!);
  const [ends, remains] = [within.at(-1)!, left.at(-1)!].map((x) => steps(g, x, axis));
  const carried = states(g, remains!, ends!).slice(0, -1);
  const none = g.sub(ends![0]!, ends![0]!);
  const before = g.concat([none, ...carried], axis);
  const all = g.add(g.concat(within, axis + 1), g.mul(g.concat(left, axis + 1), before));
  return g.reshape(all, a.shape);
}

function steps(g: Graph, x: Value, axis: number): Value[] {
  return g.split(
    x,
    axis,
    Array.from({ length: x.shape[axis] as number }, () => 1),
  );
}

/** h_t from every a_t and b_t. */
function states(g: Graph, a: readonly Value[], b: readonly Value[]): Value[] {
  const all = [b[0]!];
  for (let t = 1; t < b.length; t++) all.push(g.add(g.mul(a[t]!, all[t - 1]!), b[t]!));
  return all;
}

/** a_0 a_1 … a_t for every t. */
function products(g: Graph, a: readonly Value[]): Value[] {
  const all = [a[0]!];
  for (let t = 1; t < a.length; t++) all.push(g.mul(all[t - 1]!, a[t]!));
  return all;
}
