/**
 * HaMeR (Pavlakos et al., CVPR 2024).
 *
 *     image                                           N, 3, 256, 256
 *     Backbone  ViT-H, 16 × 12 patches                N, 192, 1280
 *     Decoder   one token looks at them in six layers N, 1024
 *               readout, added to the mean hand; again for each further IEF step
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { poseHand, type Hand, type HandParameters } from '../hand.js';
import { linear } from '../layers/linear.js';
import type { ManoWeights } from '../layers/mano.js';
import { CAMERA, meanHand, moved, offsets, POSE, SHAPE } from '../layers/readout.js';
import { decoderLayer, type DecoderSizes } from '../layers/transformer-decoder.js';
import { MAP, patchTokens, vitBlocks, type VitSizes } from '../layers/vit.js';

export interface HamerSettings {
  readonly vit: VitSizes;
  readonly decoder: DecoderSizes;
  /** What the token is made of: 1 for a zero, 109 for the current estimate [TRANSFORMER_INPUT]. */
  readonly tokenInput: number;
  /** [IEF_ITERS] */
  readonly iterations: number;
  readonly focal: number;
  readonly side: number;
}

/** Numbers of an estimate. */
export const ESTIMATE = POSE + SHAPE + CAMERA;

export function hamer(g: Graph, image: Value, settings: HamerSettings, mano: ManoWeights): Hand {
  const { width } = settings.vit;
  const features = g.module('Backbone', () => vitBlocks(g, patchTokens(g, image, width), settings.vit));
  g.noteAs('feat', () => g.reshape(g.transpose(features, [0, 2, 1]), [N, width, MAP.rows, MAP.columns]));

  const parameters = g.module('Decoder', () => {
    let hand: HandParameters = meanHand(g, 'mano_head');
    for (let step = 0; step < settings.iterations; step++) {
      const token = decodedToken(g, features, hand, settings);
      hand = moved(g, hand, offsets(g, token, 'mano_head'));
    }
    return hand;
  });
  return poseHand(g, parameters, mano, settings);
}

function decodedToken(
  g: Graph,
  features: Value,
  hand: HandParameters,
  { decoder, tokenInput }: HamerSettings,
): Value {
  const { width, depth } = decoder;
  const key = 'mano_head.transformer';
  // A zero token leaves the embedding's bias; its weight is not needed.
  const embedded =
    tokenInput === 1
      ? g.reshape(g.weight(`${key}.to_token_embedding.bias`, [width]), [1, width])
      : linear(g, g.concat([hand.pose, hand.betas, hand.camera], 1), `${key}.to_token_embedding`, {
          out: width,
        });
  let token = g.add(embedded, g.reshape(g.weight(`${key}.pos_embedding`, [1, 1, width]), [1, width]));
  for (let layer = 0; layer < depth; layer++) {
    token = decoderLayer(g, token, features, `${key}.transformer.layers.${layer}`, decoder);
  }
  return token;
}
