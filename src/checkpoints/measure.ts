/** How long a network and each of its modules take for one image, on random weights: their values do not matter to it. */
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { openSession, type Session, type SessionOptions } from '../inference/session/session.js';
import type { Architecture } from '../network/architectures/architecture.js';
import type { Fields } from '../network/architectures/options.js';
import { buildNetwork } from '../network/build.js';
import { moduleGraph } from '../network/module-graph.js';
import { Random } from '../statistics/random.js';
import type { RunContext } from '../progress.js';
import { RandomWeights } from './random-weights.js';

export type MeasureOptions = Pick<SessionOptions, 'provider' | 'device' | 'allowFallback'>;

export interface MeasuredLatency {
  readonly measured: {
    readonly provider: Session['providerUsed'];
    readonly intra_op_threads: number;
    readonly runtime_version: string;
    /** Runs of each graph after one that is not counted; the median counts. */
    readonly repetitions: number;
  };
  /** Milliseconds by module, each as a graph of its own; `All` is the whole network. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

const REPETITIONS = 5;
const SEED = 0;
/** What the graphs themselves take beside the weights. */
const ROOM_BYTES = 64 * 2 ** 20;

/** @param modules  names of modules in the graph; one that it does not have is left out */
export async function measureNetwork(
  architecture: Architecture,
  fields: Fields,
  modules: readonly string[],
  options: MeasureOptions,
  { progress, signal }: RunContext,
): Promise<MeasuredLatency> {
  const folder = await mkdtemp(join(tmpdir(), 'hamba-eval-profile-'));
  try {
    const dataName = 'weights';
    const weights = new RandomWeights(dataName);
    const g = buildNetwork({ architecture, fields, weights });
    await requireRoom(folder, weights.copiedBytes + ROOM_BYTES);
    const stage = progress.stage('measure', modules.length + 2, 'steps');
    let steps = 0;
    await weights.writeCopies(join(folder, dataName), SEED);
    const model = join(folder, 'model.onnx');
    const time = async (bytes: Uint8Array, feed: Feed): Promise<Timed> => {
      signal.throwIfAborted();
      stage.update(++steps);
      await writeFile(model, bytes);
      return timed(model, feed, options);
    };
    const image = g.shapes.get('img')!.map((size) => (typeof size === 'number' ? size : 1));
    const whole = await time(g.toBytes(), { input: 'img', dims: image, fetches: null });
    const milliseconds: Record<string, number> = { All: whole.medianMs };
    for (const module of modules) {
      const cut = moduleGraph(g, module);
      if (cut === null) continue;
      const feed = { input: cut.input, dims: [cut.inputs], fetches: cut.outputs };
      milliseconds[module] = (await time(cut.bytes, feed)).medianMs;
    }
    stage.update(modules.length + 2);
    stage.stop();
    const { providerUsed, providerTried, intraOpThreads, runtimeVersion } = whole.session;
    for (const { name, reason } of providerTried) progress.note(`${name} does not start: ${reason}`);
    const measured = {
      provider: providerUsed,
      intra_op_threads: intraOpThreads,
      runtime_version: runtimeVersion,
      repetitions: REPETITIONS,
    };
    return { measured, milliseconds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Feed {
  readonly input: string;
  readonly dims: readonly number[];
  /** All outputs where null. */
  readonly fetches: readonly string[] | null;
}

interface Timed {
  readonly session: Session;
  readonly medianMs: number;
}

async function timed(model: string, { input, dims, fetches }: Feed, options: MeasureOptions): Promise<Timed> {
  const session = await openSession({ ...options, model });
  try {
    const random = new Random(SEED);
    const count = dims.reduce((product, size) => product * size, 1);
    let data = Float32Array.from({ length: count }, () => random.normal());
    const wanted = fetches ?? session.outputs.map(({ name }) => name);
    const times: number[] = [];
    for (let run = 0; run <= REPETITIONS; run++) {
      const result = await session.run({ input, dims, data, fetches: wanted });
      data = result.data as Float32Array<ArrayBuffer>;
      if (run > 0) times.push(result.runMs);
    }
    return { session, medianMs: times.sort((a, b) => a - b)[REPETITIONS >> 1]! };
  } finally {
    await session.close();
  }
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`;
  throw new UserError({
    code: 'measure-room',
    message: 'There is no room for the weights that are measured with',
    file: tmpdir(),
    expected: `${gigabytes(bytes)} free, given back afterwards`,
    got: `${gigabytes(bavail * bsize)}`,
    next: 'free some disk space, or name a folder on a larger disk: TMPDIR=/large hamba-eval model profile …',
  });
}
