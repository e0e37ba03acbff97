/**
 * WiLoR (Potamias et al., CVPR 2025), as released.
 *
 *     image                                                       N, 3, 256, 256
 *     Backbone  18 tokens of the mean hand and 192 patches        N, 210, 1280
 *               the 18 are read out as a first hand
 *     Refine    its vertices in three feature maps correct it once
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { poseHand, type Hand, type HandParameters } from '../hand.js';
import { linear } from '../layers/linear.js';
import type { ManoWeights } from '../layers/mano.js';
import { CAMERA, meanHand, moved, POSE, SHAPE } from '../layers/readout.js';
import { refinement } from '../layers/refinement.js';
import { ROTATIONS } from '../layers/rotations.js';
import { MAP, PATCHES, patchTokens, vitBlocks, type VitSizes } from '../layers/vit.js';

export interface WilorSettings {
  readonly vit: VitSizes;
  readonly focal: number;
  readonly side: number;
}

/** Tokens of the mean hand: a rotation each, wrist first, then shape, then camera. */
const HAND_TOKENS = ROTATIONS + 2;

export function wilor(g: Graph, image: Value, settings: WilorSettings, mano: ManoWeights): Hand {
  const { width } = settings.vit;
  const mean = meanHand(g, 'backbone');
  const { tokens, parameters } = g.module('Backbone', () => {
    const patches = patchTokens(g, image, width);
    // The mean hand's tokens are the same for every image, and without a position.
    const hand = g.forEverySample(meanTokens(g, mean, width), image);
    const all = vitBlocks(g, g.concat([hand, patches], 1), settings.vit);
    return { tokens: g.note('tokens', all), parameters: moved(g, mean, readHand(g, all)) };
  });
  const features = g.slice(tokens, 1, HAND_TOKENS, HAND_TOKENS + PATCHES);
  g.noteAs('feat', () => g.reshape(g.transpose(features, [0, 2, 1]), [N, width, MAP.rows, MAP.columns]));

  const first = poseHand(g, parameters, mano, settings);
  g.note('coarse_pose', first.pose);
  g.note('coarse_betas', first.betas);
  g.note('coarse_cam', first.camera);
  g.note('coarse_rotmats', first.rotations);
  g.note('coarse_vertices', first.vertices);

  const correction = g.module('Refine', () =>
    refinement(g, features, first.vertices, first.camera, settings.focal),
  );
  return poseHand(g, moved(g, first, correction), mano, settings);
}

/** (1, 18, width). */
function meanTokens(g: Graph, mean: HandParameters, width: number): Value {
  const rotations = g.reshape(mean.pose, [ROTATIONS, 6]);
  const embedded = [
    linear(g, rotations, 'backbone.pose_emb', { out: width }),
    linear(g, mean.betas, 'backbone.shape_emb', { out: width }),
    linear(g, mean.camera, 'backbone.cam_emb', { out: width }),
  ];
  return g.expandDims(g.concat(embedded, 0), 0);
}

/** What the first 18 tokens say of the hand, as offsets from the mean hand. One Linear serves all rotations. */
function readHand(g: Graph, tokens: Value): HandParameters {
  const [rotations, shape, camera] = g.split(tokens, 1, [ROTATIONS, 1, 1, PATCHES]);
  const width = tokens.shape[2] as number;
  const row = (x: Value): Value => g.reshape(x, [N, width]);
  return {
    pose: g.reshape(linear(g, rotations!, 'backbone.decpose', { out: POSE / ROTATIONS }), [N, POSE]),
    betas: linear(g, row(shape!), 'backbone.decshape', { out: SHAPE }),
    camera: linear(g, row(camera!), 'backbone.deccam', { out: CAMERA }),
  };
}
