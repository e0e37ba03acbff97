/**
 * Hamba (Dong et al., NeurIPS 2024), the network as released in March 2025; docs/networks.md says where the paper
 * differs. Maps are tokens (N, positions, channels), row by row.
 *
 *     image                                          N, 3, 256, 256
 *     Backbone    ViT-H, 16 × 12 patches             N, 192, 1280
 *     Downsample  two 1×1 convolutions      F        N, 192, 512
 *                 mean over the map         m        N, 512
 *     JR          VSS blocks, mean, readout          a first hand: where to sample
 *     Sampler     F at the first hand's joints  T    N, 21, 512
 *     Decoder     T and m as a column of 22 tokens; a graph convolution over the joints and VSS blocks, four times
 *                 [mean of all 22, 2D joints, m, mean of T] → readout: the hand
 */
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';
import { poseHand, type Hand, type HandParameters } from '../hand.js';
import { graphConvolution } from '../layers/graph-convolution.js';
import { batchNorm, linear } from '../layers/linear.js';
import type { ManoWeights } from '../layers/mano.js';
import { meanHand, moved, offsets } from '../layers/readout.js';
import { coordinates, sampleMap, type SampleMode } from '../layers/sampling.js';
import type { MapSize } from '../layers/scan-orders.js';
import { MAP, patchTokens, vitBlocks, type VitSizes } from '../layers/vit.js';
import { norm, vssBlock, type VssSettings } from '../layers/vss.js';

export interface HambaSettings {
  readonly vit: VitSizes;
  /** Channels after the down-sampling. */
  readonly width: number;
  readonly regressor: VssSettings;
  readonly decoder: VssSettings;
  /** CLIP_JOINT2D: joints are clipped to the middle of the map before their features are sampled. */
  readonly clip: boolean;
  readonly sampleMode: SampleMode;
  /** Off with GRIDSAMPLE_ORIGIANL: sampled features pass no filter. */
  readonly sampleFilter: boolean;
  /** What the readout sees beside the tokens' mean: USE_JOINT2D_FEAT, CONCAT_GLOBAL_MEAN_IN_END, CONCAT_GRID_MEAN_IN_END. */
  readonly useJoints: boolean;
  readonly useGlobalMean: boolean;
  readonly useGridMean: boolean;
  readonly focal: number;
  readonly side: number;
}

const JOINTS = 21;

/** The 21 joints and, below them, the mean of the map. */
const TOKENS: MapSize = { rows: JOINTS + 1, columns: 1 };

export function hamba(g: Graph, image: Value, settings: HambaSettings, mano: ManoWeights): Hand {
  const { width } = settings;
  const features = g.module('Backbone', () =>
    vitBlocks(g, patchTokens(g, image, settings.vit.width), settings.vit),
  );
  noteMap(g, 'feat', features, MAP);

  const map = g.module('Downsample', () => {
    const first = batchNorm(g, linear(g, features, 'downsample.0', { out: width }), 'downsample.1');
    return linear(g, g.unary('Relu', first), 'downsample.3', { out: width });
  });
  noteMap(g, 'down', map, MAP);
  const mean = g.note('mean', g.reduce('ReduceMean', map, 1));

  const first = poseHand(
    g,
    g.module('JR', () => regress(g, map, settings)),
    mano,
    settings,
  );
  noteHand(g, first);

  const joints = g.module('Sampler', () => sampledJoints(g, map, first.keypoints, settings));
  noteChannelsFirst(g, 'ts', joints);

  const parameters = g.module('Decoder', () => {
    const tokens = decode(g, g.concat([joints, g.expandDims(mean, 1)], 1), settings);
    const token = [g.reduce('ReduceMean', tokens, 1)];
    if (settings.useJoints) token.push(g.reshape(first.keypoints, [N, 2 * JOINTS]));
    if (settings.useGlobalMean) token.push(mean);
    if (settings.useGridMean) token.push(g.reduce('ReduceMean', joints, 1));
    const all = g.note('token', g.concat(token, 1));
    return moved(g, meanHand(g, 'mano_head'), offsets(g, all, 'mano_head'));
  });
  return poseHand(g, parameters, mano, settings);
}

/** JR: the first hand from the map alone. */
function regress(g: Graph, map: Value, { regressor }: HambaSettings): HandParameters {
  const prefix = 'initRegression';
  let x = map;
  regressor.depths.forEach((blocks, layer) => {
    for (let block = 0; block < blocks; block++) {
      x = vssBlock(g, x, `${prefix}.dec_vssm.layers.${layer}.blocks.${block}`, MAP, regressor);
      noteMap(g, `jr_layer${layer}_block${block}`, x, MAP);
    }
  });
  const normed = norm(g, x, `${prefix}.dec_vssm.outnorm${regressor.depths.length - 1}`, regressor);
  const token = g.note('jr_token', g.reduce('ReduceMean', normed, 1));
  return moved(g, meanHand(g, prefix), offsets(g, token, prefix));
}

/**
 * The map at the first hand's joints, which span −0.5 … 0.5 over the 256 columns of the crop, while the map holds the
 * middle 192 of them. The release does not rescale by 256/192: it clips x to the middle 7/8 and divides by 7/8, or
 * leaves it. Either way joints are sampled nearer the middle than they are; the network was trained so.
 */
function sampledJoints(g: Graph, map: Value, keypoints: Value, settings: HambaSettings): Value {
  const { rows, columns } = MAP;
  const [across, down] = coordinates(g, g.mul(keypoints, g.scalar(2)));
  const keep = 1 - ((rows - columns) * 0.5) / rows;
  const clipped = settings.clip ? g.div(g.clip(across, -keep, keep), g.scalar(keep)) : across;
  g.noteAs('grid', () => g.concat([clipped, down], 2));
  // −1 … 1 spans the map from edge to edge; the middle of its first pixel is 0.
  const pixels = (x: Value, size: number): Value =>
    g.add(g.mul(x, g.scalar(size / 2)), g.scalar(size / 2 - 0.5));
  const sampled = sampleMap(g, map, MAP, [pixels(clipped, columns), pixels(down, rows)], settings.sampleMode);
  noteChannelsFirst(g, 'sampled', sampled);
  if (!settings.sampleFilter) return sampled;
  const key = 'gridSampleFeature.filters';
  const first = batchNorm(g, pointwise(g, sampled, `${key}.0`), `${key}.1`);
  return pointwise(g, g.unary('Relu', first), `${key}.3`);
}

/** A convolution of kernel 1 along the joints, stored with its axis: (out, in, 1). */
function pointwise(g: Graph, x: Value, key: string): Value {
  return linear(g, x, key, { out: x.shape.at(-1) as number });
}

/** Layers of graph convolution and VSS blocks over the 22 tokens; the last is the map's mean, which no bone reaches. */
function decode(g: Graph, tokens: Value, { decoder }: HambaSettings): Value {
  const prefix = 'mano_head.dec_gcn_vssm';
  let x = tokens;
  decoder.depths.forEach((blocks, layer) => {
    const [joints, mean] = g.split(x, 1, [JOINTS, 1]);
    const convolved = graphConvolution(g, joints!, `${prefix}.gcn_layers.${layer}`);
    noteChannelsFirst(g, `gss_gcn${layer}`, convolved);
    x = g.concat([convolved, mean!], 1);
    for (let block = 0; block < blocks; block++) {
      x = vssBlock(g, x, `${prefix}.layers.${layer}.blocks.${block}`, TOKENS, decoder);
      noteMap(g, `gss_layer${layer}_block${block}`, x, TOKENS);
    }
  });
  const normed = norm(g, x, `${prefix}.outnorm${decoder.depths.length - 1}`, decoder);
  noteChannelsFirst(g, 'gss', normed);
  return normed;
}

function noteHand(g: Graph, hand: Hand): void {
  g.note('jr_pose', hand.pose);
  g.note('jr_rotmats', hand.rotations);
  g.note('jr_betas', hand.betas);
  g.note('jr_cam', hand.camera);
  g.note('jr_joints', hand.joints);
  g.note('jr_joints2d', hand.keypoints);
}

/** Tokens as the map (N, channels, rows, columns) that PyTorch holds. */
function noteMap(g: Graph, name: string, x: Value, { rows, columns }: MapSize): void {
  g.noteAs(name, () => g.reshape(g.transpose(x, [0, 2, 1]), [N, x.shape[2]!, rows, columns]));
}

function noteChannelsFirst(g: Graph, name: string, x: Value): void {
  g.noteAs(name, () => g.transpose(x, [0, 2, 1]));
}
