/** HaMeR among the networks that can be built. */
import { UserError } from '../../errors.js';
import { countOf, shapeEvidence, sizesOf, type Architecture, type Tensors } from './architecture.js';
import { ESTIMATE, hamer, type HamerSettings } from './hamer.js';
import type { ModelConfig } from './model-config.js';
import type { Declared, Fields, Seen } from './options.js';
import { cameraFromConfig, discriminatorTensors, seenVit, spareBuffers, vitSizes } from './vit-options.js';

const VIT = { width: 'embed', depth: 'depth', heads: 'heads', ratio: 'mlp_ratio' };

const TRANSFORMER = 'mano_head.transformer';
const LAYERS = `${TRANSFORMER}.transformer.layers.`;

export const HAMER: Architecture = {
  id: 'hamer',
  title: 'HaMeR',
  recognises: ({ shapeOf }) => shapeOf(`${TRANSFORMER}.pos_embedding`) !== undefined,
  released: {
    embed: 1280,
    depth: 32,
    heads: 16,
    mlp_ratio: 4,
    decoder_dim: 1024,
    decoder_depth: 6,
    decoder_heads: 8,
    decoder_dim_head: 64,
    decoder_mlp: 1024,
    token: 'zero',
    iterations: 1,
    focal: 5000,
    crop: 256,
    pose_rep: '6d',
  },
  tiny: {
    embed: 64,
    depth: 2,
    heads: 4,
    decoder_dim: 64,
    decoder_depth: 2,
    decoder_heads: 4,
    decoder_dim_head: 16,
    decoder_mlp: 64,
  },
  choices: { token: ['zero', 'estimate'], pose_rep: ['6d'] },
  unseen: {
    heads: 'the heads of the ViT (in no file)',
    decoder_heads: 'MANO_HEAD.TRANSFORMER_DECODER.heads',
    iterations: 'MANO_HEAD.IEF_ITERS',
    focal: 'EXTRA.FOCAL_LENGTH',
    crop: 'IMAGE_SIZE',
    pose_rep: 'MANO_HEAD.JOINT_REP',
  },
  seen,
  fromConfig,
  check,
  build: (g, image, fields, mano) => hamer(g, image, settings(fields), mano),
  spare: (fields) => [
    { key: `${TRANSFORMER}.to_token_embedding.weight`, shape: [fields.decoder_dim as number, 1] },
    ...discriminatorTensors(),
    ...spareBuffers(),
  ],
  rows: [
    { module: 'Backbone', prefix: 'backbone.' },
    { module: 'Decoder', prefix: 'mano_head.' },
  ],
  crop: 'hamer',
};

function seen(tensors: Tensors): Record<string, Seen> {
  const first = `${LAYERS}0`;
  const [inner = 0, width = 0] = sizesOf(tensors, `${first}.1.fn.to_q.weight`);
  const [hidden = 0] = sizesOf(tensors, `${first}.2.fn.net.0.weight`);
  const depth = countOf(tensors, LAYERS);
  const token = `${TRANSFORMER}.to_token_embedding.weight`;
  const evidence = shapeEvidence(tensors, `${first}.1.fn.to_q.weight`);
  return {
    ...seenVit(tensors, VIT),
    decoder_dim: { value: width, evidence },
    decoder_depth: { value: depth, evidence: `${LAYERS.slice(0, -1)} has ${depth} layers` },
    decoder_mlp: { value: hidden, evidence: shapeEvidence(tensors, `${first}.2.fn.net.0.weight`) },
    // Heads times the width of one is what shows.
    decoder_dim_head: { value: 64, evidence, agrees: (each) => inner % (each as number) === 0 },
    token: {
      value: sizesOf(tensors, token)[1] === ESTIMATE ? 'estimate' : 'zero',
      evidence: shapeEvidence(tensors, token),
    },
  };
}

/** Heads times the width of one shows in the tensors, neither of the two does. */
function check(fields: Fields, tensors: Tensors): void {
  const key = `${LAYERS}0.1.fn.to_q.weight`;
  const [inner] = sizesOf(tensors, key);
  const { inner: needed, heads } = settings(fields).decoder;
  if (inner === undefined || inner === needed) return;
  throw new UserError({
    code: 'network-option-unknown',
    message: 'The heads of the decoder do not make its width',
    expected: `decoder_heads × decoder_dim_head = ${inner}: ${shapeEvidence(tensors, key)}`,
    got: `${heads} × ${needed / heads} = ${needed}`,
    next: 'give the model_config.yaml of this checkpoint with --config, or a JSON file such as {"decoder_heads": 8, "decoder_dim_head": 64}',
  });
}

function fromConfig(config: ModelConfig): Record<string, Declared | undefined> {
  const head = 'MODEL.MANO_HEAD';
  const decoder = `${head}.TRANSFORMER_DECODER`;
  config.require(`${head}.TYPE`, ['transformer_decoder'], 'only the released head is known');
  config.require(`${head}.JOINT_REP`, ['6d'], 'the released head reads six numbers a rotation');
  config.require(`${decoder}.norm`, ['layer'], 'other norms are not built');
  config.require(
    `${head}.TRANSFORMER_INPUT`,
    ['zero', 'mean_shape'],
    'other inputs of the decoder are not known',
  );
  const input = config.declared(`${head}.TRANSFORMER_INPUT`, 'string');
  return {
    ...cameraFromConfig(config, 'crop'),
    decoder_dim: config.declared(`${decoder}.dim`, 'number'),
    decoder_depth: config.declared(`${decoder}.depth`, 'number'),
    decoder_heads: config.declared(`${decoder}.heads`, 'number'),
    decoder_dim_head: config.declared(`${decoder}.dim_head`, 'number'),
    decoder_mlp: config.declared(`${decoder}.mlp_dim`, 'number'),
    token: input && { ...input, value: input.value === 'mean_shape' ? 'estimate' : 'zero' },
    iterations: config.declared(`${head}.IEF_ITERS`, 'number'),
    pose_rep: config.declared(`${head}.JOINT_REP`, 'string'),
  };
}

function settings(fields: Fields): HamerSettings {
  const of = (name: string): number => fields[name] as number;
  return {
    vit: vitSizes(fields, VIT),
    decoder: {
      width: of('decoder_dim'),
      depth: of('decoder_depth'),
      heads: of('decoder_heads'),
      inner: of('decoder_heads') * of('decoder_dim_head'),
      hidden: of('decoder_mlp'),
    },
    tokenInput: fields.token === 'estimate' ? ESTIMATE : 1,
    iterations: of('iterations'),
    focal: of('focal'),
    side: of('crop'),
  };
}
