/** WiLoR among the networks that can be built. */
import type { Architecture } from './architecture.js';
import { cameraFromConfig, discriminatorTensors, seenVit, spareBuffers, vitSizes } from './vit-options.js';
import { wilor } from './wilor.js';

const VIT = { width: 'embed', depth: 'depth', heads: 'heads', ratio: 'mlp_ratio' };

export const WILOR: Architecture = {
  id: 'wilor',
  title: 'WiLoR',
  recognises: ({ shapeOf }) => shapeOf('backbone.pose_emb.weight') !== undefined,
  released: { embed: 1280, depth: 32, heads: 16, mlp_ratio: 4, focal: 5000, crop: 256, pose_rep: '6d' },
  tiny: { embed: 64, depth: 2, heads: 4 },
  choices: { pose_rep: ['6d'] },
  unseen: {
    heads: 'the heads of the ViT (in no file)',
    focal: 'EXTRA.FOCAL_LENGTH',
    crop: 'IMAGE_SIZE',
    pose_rep: 'MANO_HEAD.JOINT_REP',
  },
  seen: (tensors) => seenVit(tensors, VIT),
  fromConfig: (config) => {
    config.require('MODEL.MANO_HEAD.JOINT_REP', ['6d'], 'the released network reads six numbers a rotation');
    return {
      ...cameraFromConfig(config, 'crop'),
      pose_rep: config.declared('MODEL.MANO_HEAD.JOINT_REP', 'string'),
    };
  },
  build: (g, image, fields, mano) =>
    wilor(
      g,
      image,
      { vit: vitSizes(fields, VIT), focal: fields.focal as number, side: fields.crop as number },
      mano,
    ),
  spare: () => [...discriminatorTensors(), ...spareBuffers()],
  rows: [
    { module: 'Backbone', prefix: 'backbone.' },
    { module: 'Refine', prefix: 'refine_net.' },
  ],
  crop: 'hamer',
};
