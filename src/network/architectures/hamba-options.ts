/**
 * Hamba's fields: what its tensors show of them, and how model_config.yaml calls them. docs/networks.md has the table.
 * Two stacks of VSS blocks have the same fields: `jr`, the regressor of the first hand, and `gss`, the decoder.
 */
import { UserError } from '../../errors.js';
import type { SampleMode } from '../layers/sampling.js';
import type { ScanKind } from '../layers/scan-orders.js';
import type { VssSettings } from '../layers/vss.js';
import { countOf, shapeEvidence, sizesOf, type Tensors } from './architecture.js';
import type { HambaSettings } from './hamba.js';
import type { ModelConfig } from './model-config.js';
import type { Declared, Fields, FieldValue, Seen } from './options.js';
import { cameraFromConfig, scaled, seenVit, vitSizes } from './vit-options.js';

const JOINT_NUMBERS = 42;

const VIT_FIELDS = { width: 'vit_dim', depth: 'vit_depth', heads: 'vit_heads', ratio: 'vit_mlp' };

/** Where each stack's tensors and its part of model_config.yaml are. */
const STACKS = {
  jr: { prefix: 'initRegression.dec_vssm', config: 'MODEL.DECODER_MAMBA' },
  gss: { prefix: 'mano_head.dec_gcn_vssm', config: 'MODEL.MANO_HEAD' },
} as const;

type Stack = keyof typeof STACKS;

const STACK_FIELDS: Fields = {
  depths: [2, 2, 2, 2],
  d_state: 1,
  dt_rank: 0,
  ratio: 2,
  conv: 3,
  conv_bias: false,
  mlp_ratio: 4,
  scan: 'cross',
  gate: 'none',
  out_norm: 'norm',
  out_act: false,
  norm: 'ln2d',
};

export const HAMBA_FIELDS: Fields = {
  vit_heads: 16,
  vit_dim: 1280,
  vit_depth: 32,
  vit_mlp: 4,
  dim: 512,
  ...stackFields('jr'),
  ...stackFields('gss'),
  clip: true,
  sample_mode: 'bilinear',
  sample_mlp: true,
  use_joints: true,
  use_global: true,
  use_grid: true,
  focal: 5000,
  image: 256,
};

export const HAMBA_TINY: Fields = {
  vit_dim: 64,
  vit_depth: 2,
  dim: 32,
  'jr.depths': [2, 1],
  'gss.depths': [2, 2],
};

const STACK_CHOICES: Readonly<Record<string, readonly string[]>> = {
  scan: ['cross', 'bidi', 'uni'],
  gate: ['none', 'linear', 'silu'],
  out_norm: ['norm', 'none', 'dwconv3', 'sigmoid'],
  norm: ['ln2d', 'bn'],
};

export const HAMBA_CHOICES: Readonly<Record<string, readonly string[]>> = {
  ...inStacks(STACK_CHOICES),
  sample_mode: ['bilinear', 'nearest'],
};

/** Options that no tensor shows, by the names of model_config.yaml. */
export const HAMBA_UNSEEN: Readonly<Record<string, string>> = {
  vit_heads: 'the heads of the ViT (a literal of the release)',
  ...inStacks({
    scan: 'SSM_FORWARDTYPE',
    gate: 'SSM_FORWARDTYPE',
    out_norm: 'SSM_FORWARDTYPE',
    out_act: 'SSM_FORWARDTYPE',
  }),
  clip: 'CLIP_JOINT2D',
  sample_mode: 'GRID_SAMPLE_MODE',
  sample_mlp: 'GRIDSAMPLE_ORIGIANL',
  use_joints: 'USE_JOINT2D_FEAT',
  use_global: 'CONCAT_GLOBAL_MEAN_IN_END',
  use_grid: 'CONCAT_GRID_MEAN_IN_END',
  focal: 'EXTRA.FOCAL_LENGTH',
  image: 'IMAGE_SIZE',
};

function stackFields(stack: Stack): Fields {
  return Object.fromEntries(
    Object.entries(STACK_FIELDS).map(([field, value]) => [`${stack}.${field}`, value]),
  );
}

function inStacks<T>(values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.keys(STACKS).flatMap((stack) =>
      Object.entries(values).map(([field, value]) => [`${stack}.${field}`, value]),
    ),
  );
}

// --------------------------------------------------------------------------------------------- from tensors

export function seenHamba(tensors: Tensors): Record<string, Seen> {
  const key = 'downsample.0.weight';
  const [dim = 0] = sizesOf(tensors, key);
  return {
    ...seenVit(tensors, VIT_FIELDS),
    dim: { value: dim, evidence: shapeEvidence(tensors, key) },
    ...seenStack(tensors, 'jr', dim),
    ...seenStack(tensors, 'gss', dim),
    ...seenReadout(tensors, dim),
  };
}

function seenStack(tensors: Tensors, stack: Stack, dim: number): Record<string, Seen> {
  const { prefix } = STACKS[stack];
  const layers = countOf(tensors, `${prefix}.layers.`);
  const depths = Array.from({ length: layers }, (_, layer) =>
    countOf(tensors, `${prefix}.layers.${layer}.blocks.`),
  );
  const first = `${prefix}.layers.0.blocks.0`;
  const [rows = 0, inner = 0] = sizesOf(tensors, `${first}.op.x_proj_weight`).slice(1);
  const [, states = 0] = sizesOf(tensors, `${first}.op.A_logs`);
  const [projected = 0] = sizesOf(tensors, `${first}.op.in_proj.weight`);
  const [, , kernel = 1] = sizesOf(tensors, `${first}.op.conv2d.weight`);
  const [hidden = 0] = sizesOf(tensors, `${first}.mlp.fc1.weight`);
  const outNorm = tensors.shapeOf(`${first}.op.out_norm.weight`);
  const has = (key: string): boolean => tensors.shapeOf(`${first}.${key}`) !== undefined;
  const evidence = (key: string): string => shapeEvidence(tensors, `${first}.${key}`);
  const rank = rows - 2 * states;
  const seen: Record<string, Seen> = {
    depths: { value: depths, evidence: `${prefix}.layers has ${depths.join(', ')} blocks` },
    d_state: { value: states, evidence: evidence('op.A_logs') },
    dt_rank: {
      value: rank,
      evidence: evidence('op.x_proj_weight'),
      agrees: (declared) => (declared === 0 ? autoRank(dim) : declared) === rank,
    },
    ratio: {
      value: inner / dim,
      evidence: evidence('op.x_proj_weight'),
      agrees: (ratio) => scaled(ratio as number, dim) === inner,
    },
    conv: {
      value: kernel,
      evidence: evidence('op.conv2d.weight'),
      agrees: (declared) => (kernel === 1 ? (declared as number) < 2 : declared === kernel),
    },
    conv_bias: { value: has('op.conv2d.bias'), evidence: evidence('op.conv2d.bias') },
    mlp_ratio: {
      value: hidden / dim,
      evidence: evidence('mlp.fc1.weight'),
      agrees: (ratio) => scaled(ratio as number, dim) === hidden,
    },
    norm: { value: has('norm.running_mean') ? 'bn' : 'ln2d', evidence: evidence('norm.running_mean') },
  };
  // The widths tell that there is a gate, not what it passes through; a norm leaves its weights, others nothing.
  const gated = projected === 2 * inner;
  seen.gate = gated
    ? { value: 'silu', evidence: evidence('op.in_proj.weight'), agrees: (gate) => gate !== 'none' }
    : { value: 'none', evidence: evidence('op.in_proj.weight') };
  seen.out_norm =
    outNorm === undefined
      ? {
          value: 'none',
          evidence: evidence('op.out_norm.weight'),
          agrees: (kind) => kind === 'none' || kind === 'sigmoid',
        }
      : { value: outNorm.length === 4 ? 'dwconv3' : 'norm', evidence: evidence('op.out_norm.weight') };
  return Object.fromEntries(Object.entries(seen).map(([field, value]) => [`${stack}.${field}`, value]));
}

function autoRank(dim: number): number {
  return Math.ceil(dim / 16);
}

/** What the width of the readout says of its parts: dim · (1 + means) + 42 with the joints. */
function seenReadout(tensors: Tensors, dim: number): Record<string, Seen> {
  const key = 'mano_head.decpose.weight';
  const [, width = 0] = sizesOf(tensors, key);
  const evidence = shapeEvidence(tensors, key);
  const fitting = [true, false].flatMap((joints) =>
    [true, false].flatMap((global) =>
      [true, false].flatMap((grid) => {
        const flags = { use_joints: joints, use_global: global, use_grid: grid };
        return readoutWidth(dim, flags) === width ? [flags] : [];
      }),
    ),
  );
  const fields = ['use_joints', 'use_global', 'use_grid'] as const;
  return Object.fromEntries(
    fields.flatMap((field) => {
      const values = new Set(fitting.map((flags) => flags[field]));
      return values.size === 1 ? [[field, { value: [...values][0]!, evidence }]] : [];
    }),
  );
}

function readoutWidth(
  dim: number,
  flags: { use_joints: boolean; use_global: boolean; use_grid: boolean },
): number {
  return (
    dim * (1 + Number(flags.use_global) + Number(flags.use_grid)) + JOINT_NUMBERS * Number(flags.use_joints)
  );
}

// --------------------------------------------------------------------------------------------- from model_config.yaml

const MODEL = 'MODEL';

export function hambaFromConfig(config: ModelConfig): Record<string, Declared | undefined> {
  const camera = cameraFromConfig(config, 'image');
  config.require(`${MODEL}.MANO_HEAD.TYPE`, ['mamba_gcn_decoder'], 'only the released decoder is known');
  config.require(`${MODEL}.MANO_HEAD.JOINT_REP`, ['6d'], 'the released decoder reads six numbers a rotation');
  config.require(`${MODEL}.MANO_HEAD.IEF_ITERS`, [1], 'the released decoder runs once');
  config.require(`${MODEL}.JOINT_NUM`, [21], 'the graph has the 21 joints of a hand');
  config.require(`${MODEL}.FEATURE_FUSION_TYPE`, ['layer4'], 'other fusions need other backbones');
  for (const flag of ['USE_DOWNSAMPLE', 'USE_MAMBA_BLOCKS', 'GRIDSAMPLE', 'CONCAT_GLOBAL_MEAN']) {
    config.requireOn(`${MODEL}.${flag}`, 'the released code does not run without it');
  }
  config.requireOn(
    `${MODEL}.USE_INIT_REGRESSION`,
    'without it the release samples at 2D joints handed in from outside, in its FreiHAND script the true ones: such a network cannot be evaluated from an image alone',
  );
  config.require(`${MODEL}.ONLY_TRAIN_USE_INIT_REGRESSION`, [false], 'a regressor alone gives no final hand');
  const flag = (name: string): Declared => ({
    value: config.isOn(`${MODEL}.${name}`),
    key: `${MODEL}.${name}`,
  });
  const original = flag('GRIDSAMPLE_ORIGIANL');
  return {
    ...camera,
    ...stackFromConfig(config, 'jr'),
    ...stackFromConfig(config, 'gss'),
    clip: flag('CLIP_JOINT2D'),
    sample_mode: sampleMode(config),
    sample_mlp: { ...original, value: original.value !== true },
    use_joints: flag('USE_JOINT2D_FEAT'),
    use_global: flag('CONCAT_GLOBAL_MEAN_IN_END'),
    use_grid: flag('CONCAT_GRID_MEAN_IN_END'),
  };
}

function sampleMode(config: ModelConfig): Declared | undefined {
  const path = `${MODEL}.GRID_SAMPLE_MODE`;
  config.require(path, ['bilinear', 'nearest'], 'other ways to sample the map are not known');
  return config.declared(path, 'string');
}

function stackFromConfig(config: ModelConfig, stack: Stack): Record<string, Declared | undefined> {
  const part = STACKS[stack].config;
  const at = (name: string): string => `${part}.${name}`;
  if (config.at(part) === undefined) return {};
  config.require(
    at('DOWNSAMPLE'),
    ['none', 'None', false, ''],
    'v1 to v3 shrink the maps, which the decoder cannot take',
  );
  const normLayer = config.declared(at('NORM_LAYER'), 'string');
  const norm = normLayer && { ...normLayer, value: (normLayer.value as string).toLowerCase() };
  if (norm !== undefined && !STACK_CHOICES.norm!.includes(norm.value)) {
    throw config.refused(
      at('NORM_LAYER'),
      'ln2d or bn',
      'the maps are channel-first: other norms do not run',
    );
  }
  const rank = config.at(at('SSM_DT_RANK'));
  const values: Record<string, Declared | undefined> = {
    depths: config.declared(at('DEPTHS'), 'numbers'),
    d_state: config.declared(at('SSM_D_STATE'), 'number'),
    dt_rank:
      rank === 'auto' ? { value: 0, key: at('SSM_DT_RANK') } : config.declared(at('SSM_DT_RANK'), 'number'),
    ratio: config.declared(at('SSM_RATIO'), 'number'),
    conv: config.declared(at('SSM_CONV'), 'number'),
    conv_bias: config.declared(at('SSM_CONV_BIAS'), 'boolean'),
    mlp_ratio: config.declared(at('MLP_RATIO'), 'number'),
    norm,
    ...forwardType(config, at('SSM_FORWARDTYPE')),
  };
  return Object.fromEntries(Object.entries(values).map(([field, value]) => [`${stack}.${field}`, value]));
}

const SCANS = new Map<string, ScanKind>([
  ...['v01', 'v02', 'v03', 'v04', 'v05', 'v2', 'v3'].map((name) => [name, 'cross'] as const),
  ...['v052d', 'v32d'].map((name) => [name, 'bidi'] as const),
  ...['v051d', 'v31d'].map((name) => [name, 'uni'] as const),
]);

/** The released code strips these once each, in this order. */
const SUFFIXES = ['_no32', '_oact', '_noz', '_nozact', '_onnone', '_ondwconv3', '_onsoftmax', '_onsigmoid'];

/** `v05_noz` → which scan, which gate, which norm. */
function forwardType(config: ModelConfig, path: string): Record<string, Declared> {
  const declared = config.declared(path, 'string');
  if (declared === undefined) return {};
  let name = declared.value as string;
  const found = new Set<string>();
  for (const suffix of SUFFIXES) {
    if (!name.endsWith(suffix)) continue;
    name = name.slice(0, -suffix.length);
    found.add(suffix);
  }
  const kind = SCANS.get(name);
  if (kind === undefined || found.has('_onsoftmax')) {
    throw config.refused(
      path,
      `one of ${[...SCANS.keys()].join(', ')}, then suffixes among ${SUFFIXES.filter(
        (suffix) => suffix !== '_onsoftmax',
      )
        .toReversed()
        .join(', ')}, in this order`,
      'other scans of VMamba (cascades, the xv family) are not built',
    );
  }
  const gate = found.has('_noz') ? 'none' : found.has('_nozact') ? 'linear' : 'silu';
  const outNorm =
    ['_onnone', '_ondwconv3', '_onsigmoid'].find((suffix) => found.has(suffix))?.slice(3) ?? 'norm';
  const field = (value: FieldValue): Declared => ({ value, key: path });
  return {
    scan: field(kind),
    gate: field(gate),
    out_norm: field(outNorm),
    out_act: field(found.has('_oact')),
  };
}

// --------------------------------------------------------------------------------------------- to settings

export function hambaSettings(fields: Fields): HambaSettings {
  const width = fields.dim as number;
  return {
    vit: vitSizes(fields, VIT_FIELDS),
    width,
    regressor: stackSettings(fields, 'jr', width),
    decoder: stackSettings(fields, 'gss', width),
    clip: fields.clip as boolean,
    sampleMode: fields.sample_mode as SampleMode,
    sampleFilter: fields.sample_mlp as boolean,
    useJoints: fields.use_joints as boolean,
    useGlobalMean: fields.use_global as boolean,
    useGridMean: fields.use_grid as boolean,
    focal: fields.focal as number,
    side: fields.image as number,
  };
}

/** Where exactly one mean joins the readout no tensor says which, so it has to be declared. */
export function checkReadout(fields: Fields, tensors: Tensors): void {
  const [, width] = sizesOf(tensors, 'mano_head.decpose.weight');
  const [joints, global, grid] = ['use_joints', 'use_global', 'use_grid'].map(
    (field) => fields[field] as boolean,
  );
  const needed = readoutWidth(fields.dim as number, {
    use_joints: joints!,
    use_global: global!,
    use_grid: grid!,
  });
  if (width === undefined || width === needed) return;
  throw new UserError({
    code: 'network-option-unknown',
    message: 'The readout takes other numbers than the configuration says',
    expected: `use_joints, use_global and use_grid that make ${width} numbers: ${shapeEvidence(tensors, 'mano_head.decpose.weight')}`,
    got: `${needed} numbers: use_joints ${joints}, use_global ${global}, use_grid ${grid}`,
    next: 'give the model_config.yaml of this checkpoint with --config, or a JSON file such as {"use_global": true, "use_grid": false}',
  });
}

function stackSettings(fields: Fields, stack: Stack, width: number): VssSettings {
  const of = <T extends FieldValue>(name: string): T => fields[`${stack}.${name}`] as T;
  return {
    depths: of<readonly number[]>('depths'),
    states: of<number>('d_state'),
    rank: of<number>('dt_rank') || autoRank(width),
    inner: scaled(of<number>('ratio'), width),
    conv: of<number>('conv'),
    convBias: of<boolean>('conv_bias'),
    hidden: scaled(of<number>('mlp_ratio'), width),
    scan: of<VssSettings['scan']>('scan'),
    gate: of<VssSettings['gate']>('gate'),
    outNorm: of<VssSettings['outNorm']>('out_norm'),
    outAct: of<boolean>('out_act'),
    norm: of<VssSettings['norm']>('norm'),
  };
}
