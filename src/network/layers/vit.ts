/**
 * The vision transformer of HaMeR, Hamba and WiLoR (ViT-H of ViTPose; Dosovitskiy et al. 2021): it sees the middle
 * columns of a square crop as patches, 16 × 12 of them at 256 px.
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { lastSize, layerNorm, linear, mlp } from './linear.js';

export interface VitSizes {
  readonly width: number;
  readonly depth: number;
  /** No tensor shows it. */
  readonly heads: number;
  readonly hidden: number;
}

/** Px of the crop's left and right edge that the ViT does not see. */
const MARGIN = 32;
const PATCH = 16;
/** The patches begin two px outside the image, so each lies two px off a plain grid. */
const PATCH_PADDING = 2;

const EPSILON = 1e-6;

/** Rows and columns of patches in a crop of 256 px. */
export const MAP = { rows: 16, columns: 12 } as const;
export const PATCHES = MAP.rows * MAP.columns;

/** (N, 3, 256, 256) → (N, 192, width): one token a patch, row by row, with its position. Prefix `backbone.`. */
export function patchTokens(g: Graph, image: Value, width: number): Value {
  const seen = g.slice(image, 3, MARGIN, (image.shape[3] as number) - MARGIN);
  const key = 'backbone.patch_embed.proj';
  const weight = g.productWeight(`${key}.weight`, [width, 3, PATCH, PATCH]);
  const bias = g.productWeight(`${key}.bias`, [width]);
  const map = g.conv(seen, weight, bias, { stride: PATCH, padding: PATCH_PADDING });
  const tokens = g.transpose(g.reshape(map, [N, width, PATCHES]), [0, 2, 1]);
  // The place of a class token that no longer exists: its position is added to every patch.
  const sizes = [1, PATCHES + 1, width];
  const positions = g.weight('backbone.pos_embed', sizes);
  const [shared, own] = g.split(positions, 1, [1, PATCHES]);
  return g.add(g.add(tokens, own!), shared!);
}

/** The blocks and the last norm over tokens (N, L, width). */
export function vitBlocks(g: Graph, tokens: Value, sizes: VitSizes): Value {
  let x = tokens;
  for (let i = 0; i < sizes.depth; i++) {
    const key = `backbone.blocks.${i}`;
    x = g.add(x, selfAttention(g, layerNorm(g, x, `${key}.norm1`, EPSILON), `${key}.attn`, sizes.heads));
    x = g.add(x, mlp(g, layerNorm(g, x, `${key}.norm2`, EPSILON), `${key}.mlp`, sizes.hidden));
  }
  return layerNorm(g, x, 'backbone.last_norm', EPSILON);
}

/** softmax(q kᵀ / √d) v in `heads` parts; one Linear gives q, k and v side by side. */
function selfAttention(g: Graph, x: Value, key: string, heads: number): Value {
  const [, count] = x.shape as [unknown, number];
  const width = lastSize(x);
  const each = width / heads;
  const parts = g.split(linear(g, x, `${key}.qkv`, { out: 3 * width }), -1, [width, width, width]);
  const [q, k, v] = parts.map((part) => g.reshape(part, [N, count, heads, each]));
  const scaled = g.mul(g.transpose(q!, [0, 2, 1, 3]), g.scalar(each ** -0.5));
  const weights = g.softmax(g.matmul(scaled, g.transpose(k!, [0, 2, 3, 1])));
  const mixed = g.matmul(weights, g.transpose(v!, [0, 2, 1, 3]));
  return linear(g, g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [N, count, width]), `${key}.proj`, {
    out: width,
  });
}
