/** Hamba among the networks that can be built. */
import type { Architecture, SpareTensor } from './architecture.js';
import { hamba } from './hamba.js';
import {
  checkReadout,
  HAMBA_CHOICES,
  HAMBA_FIELDS,
  HAMBA_TINY,
  HAMBA_UNSEEN,
  hambaFromConfig,
  hambaSettings,
  seenHamba,
} from './hamba-options.js';
import type { Fields } from './options.js';
import { discriminatorTensors, spareBuffers } from './vit-options.js';

export const HAMBA: Architecture = {
  id: 'hamba',
  title: 'Hamba',
  recognises: ({ shapeOf }) => shapeOf('downsample.0.weight') !== undefined,
  released: HAMBA_FIELDS,
  tiny: HAMBA_TINY,
  choices: HAMBA_CHOICES,
  unseen: HAMBA_UNSEEN,
  seen: seenHamba,
  fromConfig: hambaFromConfig,
  check: checkReadout,
  build: (g, image, fields, mano) => hamba(g, image, hambaSettings(fields), mano),
  spare,
  rows: [
    { module: 'Backbone', prefix: 'backbone.', published: { parameters: '630' } },
    { module: 'Downsample', prefix: 'downsample.' },
    { module: 'JR', prefix: 'initRegression.', published: { parameters: '27.6' } },
    { module: 'Sampler', prefix: 'gridSampleFeature.' },
    {
      module: 'Decoder',
      prefix: 'mano_head.',
      published: { parameters: '71.8', multiplyAccumulates: '649' },
    },
  ],
  published: '733',
  crop: 'hamba-freihand',
};

/** Norms of all layers but the last, the graph convolutions' weight of one entry, and the sampler's filters where unused. */
function spare(fields: Fields): SpareTensor[] {
  const { width, regressor, decoder, sampleFilter } = hambaSettings(fields);
  const norms = (prefix: string, layers: number): SpareTensor[] =>
    Array.from({ length: layers - 1 }, (_, layer) =>
      ['weight', 'bias'].map((name) => ({ key: `${prefix}.outnorm${layer}.${name}`, shape: [width] })),
    ).flat();
  const filters: SpareTensor[] = [0, 3].flatMap((at) => [
    { key: `gridSampleFeature.filters.${at}.weight`, shape: [width, width, 1] },
    { key: `gridSampleFeature.filters.${at}.bias`, shape: [width] },
  ]);
  filters.push(
    ...['weight', 'bias'].map((name) => ({ key: `gridSampleFeature.filters.1.${name}`, shape: [width] })),
  );
  return [
    ...norms('initRegression.dec_vssm', regressor.depths.length),
    ...norms('mano_head.dec_gcn_vssm', decoder.depths.length),
    ...decoder.depths.map((_, layer) => ({
      key: `mano_head.dec_gcn_vssm.gcn_layers.${layer}.gconv.e_0`,
      shape: [1, 21],
    })),
    ...(sampleFilter ? [] : filters),
    ...discriminatorTensors(),
    ...spareBuffers(),
  ];
}
