/** What the three networks' fields have in common: the ViT, the camera, the rotations. */
import type { VitSizes } from '../layers/vit.js';
import { countOf, shapeEvidence, sizesOf, type SpareTensor, type Tensors } from './architecture.js';
import type { ModelConfig } from './model-config.js';
import type { Declared, Fields, Seen } from './options.js';

export interface VitFieldNames {
  readonly width: string;
  readonly depth: string;
  readonly heads: string;
  readonly ratio: string;
}

export function seenVit(tensors: Tensors, names: VitFieldNames): Record<string, Seen> {
  const key = 'backbone.blocks.0.mlp.fc1.weight';
  const [hidden = 0, width = 0] = sizesOf(tensors, key);
  const depth = countOf(tensors, 'backbone.blocks.');
  const evidence = shapeEvidence(tensors, key);
  return {
    [names.width]: { value: width, evidence },
    [names.depth]: { value: depth, evidence: `backbone.blocks has ${depth} blocks` },
    [names.ratio]: {
      value: hidden / width,
      evidence,
      agrees: (ratio) => scaled(ratio as number, width) === hidden,
    },
  };
}

export function vitSizes(fields: Fields, names: VitFieldNames): VitSizes {
  const [width, depth, heads, ratio] = [names.width, names.depth, names.heads, names.ratio].map(
    (name) => fields[name] as number,
  );
  return { width: width!, depth: depth!, heads: heads!, hidden: scaled(ratio!, width!) };
}

/** int(ratio · width), as the released code computes widths. */
export function scaled(ratio: number, width: number): number {
  return Math.floor(ratio * width + 1e-6);
}

/** What every model_config.yaml says of the image and the camera. */
export function cameraFromConfig(config: ModelConfig, side: string): Record<string, Declared | undefined> {
  config.require('MODEL.BACKBONE.TYPE', ['vit'], 'only the ViT-H backbone of the released networks is known');
  config.require('MODEL.IMAGE_SIZE', [256], 'the 16 × 12 positions of the ViT belong to crops of 256 px');
  return {
    focal: config.declared('EXTRA.FOCAL_LENGTH', 'number'),
    [side]: config.declared('MODEL.IMAGE_SIZE', 'number'),
  };
}

/** The adversarial half of training, where the checkpoint has it. */
export function discriminatorTensors(width = 1024): SpareTensor[] {
  const linear = (key: string, out: number, inner: number): SpareTensor[] => [
    { key: `discriminator.${key}.weight`, shape: [out, inner] },
    { key: `discriminator.${key}.bias`, shape: [out] },
  ];
  const conv = (key: string, out: number, inner: number): SpareTensor[] => [
    { key: `discriminator.${key}.weight`, shape: [out, inner, 1, 1] },
    { key: `discriminator.${key}.bias`, shape: [out] },
  ];
  return [
    ...conv('D_conv1', 32, 9),
    ...conv('D_conv2', 32, 32),
    ...Array.from({ length: 15 }, (_, i) => linear(`pose_out.${i}`, 1, 32)).flat(),
    ...linear('betas_fc1', 10, 10),
    ...linear('betas_fc2', 5, 10),
    ...linear('betas_out', 1, 5),
    ...linear('D_alljoints_fc1', width, 480),
    ...linear('D_alljoints_fc2', width, width),
    ...linear('D_alljoints_out', 1, width),
  ];
}

/** Buffers of smplx's hand that its forward pass does not use here, and the flag of the training's first step. */
export function spareBuffers(): SpareTensor[] {
  return [
    { key: 'initialized', shape: [] },
    { key: 'mano.faces_tensor', shape: [1538, 3] },
    { key: 'mano.parents', shape: [16] },
    { key: 'mano.hand_components', shape: [6, 45] },
    { key: 'mano.hand_mean', shape: [45] },
    { key: 'mano.pose_mean', shape: [48] },
    { key: 'mano.extra_joints_idxs', shape: [5] },
    { key: 'mano.joint_map', shape: [21] },
    { key: 'mano.vertex_joint_selector.extra_joints_idxs', shape: [5] },
  ];
}
