/**
 * The transformer decoder of HaMeR's head (Vaswani et al. 2017): one token that looks at the ViT's tokens. A softmax
 * over one token is 1, so its self-attention is the Linear of its value alone.
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { gelu, lastSize, layerNorm, linear, matrixProduct } from './linear.js';

export interface DecoderSizes {
  readonly width: number;
  readonly depth: number;
  /** No tensor shows how many parts attention has. */
  readonly heads: number;
  /** Numbers of a key: heads × those of one head. */
  readonly inner: number;
  readonly hidden: number;
}

/** Token (N, width), context (N, L, channels) → token (N, width). */
export function decoderLayer(
  g: Graph,
  token: Value,
  context: Value,
  key: string,
  sizes: DecoderSizes,
): Value {
  let x = g.add(token, ownValue(g, layerNorm(g, token, `${key}.0.norm`), `${key}.0.fn`, sizes));
  x = g.add(x, crossAttention(g, layerNorm(g, x, `${key}.1.norm`), context, `${key}.1.fn`, sizes));
  const normed = layerNorm(g, x, `${key}.2.norm`);
  const hidden = gelu(g, linear(g, normed, `${key}.2.fn.net.0`, { out: sizes.hidden }));
  return g.add(x, linear(g, hidden, `${key}.2.fn.net.3`, { out: sizes.width }));
}

/** The last third of q, k, v. */
function ownValue(g: Graph, x: Value, key: string, { width, inner }: DecoderSizes): Value {
  const rows = { from: 2 * inner, count: inner };
  const value = matrixProduct(
    g,
    x,
    g.productWeight(`${key}.to_qkv.weight`, [3 * inner, width], rows),
    undefined,
  );
  return outwards(g, value, key, width);
}

function crossAttention(g: Graph, x: Value, context: Value, key: string, sizes: DecoderSizes): Value {
  const { width, inner, heads } = sizes;
  const each = inner / heads;
  const count = context.shape[1] as number;
  const both = linear(g, context, `${key}.to_kv`, { out: 2 * inner, bias: false });
  const [k, v] = g.split(both, -1, [inner, inner]).map((part) => g.reshape(part, [N, count, heads, each]));
  const q = g.reshape(linear(g, x, `${key}.to_q`, { out: inner, bias: false }), [
    x.shape[0]!,
    heads,
    1,
    each,
  ]);
  const products = g.matmul(q, g.transpose(k!, [0, 2, 3, 1]));
  const weights = g.softmax(g.mul(products, g.scalar(each ** -0.5)));
  const mixed = g.matmul(weights, g.transpose(v!, [0, 2, 1, 3]));
  return outwards(g, g.reshape(mixed, [N, inner]), key, width);
}

/** `to_out`, which one head of the token's own width does without. */
function outwards(g: Graph, x: Value, key: string, width: number): Value {
  if (lastSize(x) === width && !g.has(`${key}.to_out.0.weight`, [width, width])) return x;
  return linear(g, x, `${key}.to_out.0`, { out: width });
}
