/** What a network costs, module by module: parameters, multiply-accumulates and activations of one image. */
import type { Architecture, ModuleRow } from '../network/architectures/architecture.js';
import type { Fields } from '../network/architectures/options.js';
import { buildNetwork } from '../network/build.js';
import type { Weights } from '../network/weights.js';
import type { RunContext } from '../progress.js';
import { measureNetwork, type MeasuredLatency, type MeasureOptions } from './measure.js';
import { networkOf } from './network-of.js';

export interface ProfileRequest {
  /** A checkpoint, or a model that was built from one; without it, what `arch` names. */
  readonly file?: string | undefined;
  readonly arch?: string | undefined;
  readonly config?: string | undefined;
  readonly tiny: boolean;
  /** How to run the modules, to measure how long they take; null leaves that out. */
  readonly measure: MeasureOptions | null;
}

export interface ProfileRow {
  readonly module: string;
  readonly parameters: number;
  readonly multiply_accumulates: number;
  readonly activation_bytes: number;
  readonly latency_ms: number | null;
  /** What the paper prints, in millions; it cuts off, it does not round. */
  readonly published_parameters: string | null;
  readonly published_multiply_accumulates: string | null;
}

export interface NetworkProfile {
  readonly architecture: string;
  readonly title: string;
  readonly options: Fields;
  readonly rows: readonly ProfileRow[];
  /** What latencies were measured with. */
  readonly measured: MeasuredLatency['measured'] | null;
}

/** Tensors of any size, none of them anywhere: a graph that is counted and never written. */
const NO_WEIGHTS: Weights = {
  shapeOf: (_, wanted) => wanted,
  place: ({ count, type }) => ({
    location: 'none',
    offset: 0,
    length: count * { float32: 4, float16: 2, int64: 8 }[type],
  }),
};

/** Buffers: what training does not change by gradients. */
const BUFFER =
  /\.(running_mean|running_var|num_batches_tracked|init_hand_pose|init_betas|init_cam)$|^mano\.|^initialized$/;

export async function profileNetwork(request: ProfileRequest, context: RunContext): Promise<NetworkProfile> {
  const { measure } = request;
  const { architecture, fields } = await networkOf(request);
  const { used, costs } = buildNetwork({ architecture, fields, weights: NO_WEIGHTS });
  const spare = architecture.spare(fields).map(({ key, shape }) => [key, shape] as const);
  const parameters = [...new Map([...used, ...spare])].filter(([key]) => !BUFFER.test(key));
  const count = (prefix: string): number =>
    parameters
      .filter(([key]) => key.startsWith(prefix))
      .reduce((sum, [, shape]) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const modules = [...architecture.rows.map(({ module }) => module), 'MANO'];
  const measurement = measure && (await measureNetwork(architecture, fields, modules, measure, context));
  const latency = (module: string): number | null => measurement?.milliseconds[module] ?? null;
  const row = ({ module, prefix, published }: ModuleRow): ProfileRow => ({
    module,
    parameters: count(prefix),
    multiply_accumulates: costs.get(module)?.multiplyAccumulates ?? 0,
    activation_bytes: costs.get(module)?.activationBytes ?? 0,
    latency_ms: latency(module),
    published_parameters: isReleased(architecture, fields) ? (published?.parameters ?? null) : null,
    published_multiply_accumulates: isReleased(architecture, fields)
      ? (published?.multiplyAccumulates ?? null)
      : null,
  });
  const rows = architecture.rows.map(row);
  rows.push(row({ module: 'MANO', prefix: 'mano.' }));
  const discriminator = row({ module: 'Discriminator', prefix: 'discriminator.' });
  if (discriminator.parameters > 0) rows.push(discriminator);
  const sum = (key: 'parameters' | 'multiply_accumulates' | 'activation_bytes'): number =>
    rows.reduce((total, each) => total + each[key], 0);
  rows.push({
    module: 'All',
    parameters: sum('parameters'),
    multiply_accumulates: sum('multiply_accumulates'),
    activation_bytes: sum('activation_bytes'),
    latency_ms: latency('All'),
    published_parameters: isReleased(architecture, fields) ? (architecture.published ?? null) : null,
    published_multiply_accumulates: null,
  });
  return {
    architecture: architecture.id,
    title: architecture.title,
    options: fields,
    rows,
    measured: measurement?.measured ?? null,
  };
}

function isReleased({ released }: Architecture, fields: Fields): boolean {
  return JSON.stringify(fields) === JSON.stringify(released);
}
