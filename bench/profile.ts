/**
 * Where the processor time goes: one end-to-end run under V8's sampling
 * profiler, its threads' profiles added up by what the code is for.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface TimeShare {
  readonly name: string;
  /** Of the samples in which a thread worked or would have, had it had a core. */
  readonly share: number;
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Node ids, one a sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

const REST = 'everything else';
const COLLECTION = 'garbage collection';

/** The first match counts; looked up from the innermost function outwards, so that Node's own code is its caller's. */
const PURPOSES: readonly (readonly [name: string, code: RegExp])[] = [
  ['digest of the prediction file', /internal\/crypto\/hash/],
  ['read: file to numbers', /\/dist\/formats\/(json|zip)\//],
  ['align', /\/dist\/metrics\/(procrustes|svd3)/],
  ['F-scores', /\/dist\/metrics\/(f-score|neighbours|covering-grid|sorted-grid)/],
  ['distances, PCK, AUC', /\/dist\/metrics\/(position-error|pck|points|sample|pa-error)/],
  ['add up', /\/dist\/metrics\/(score-accumulator|exact-sum|official-scores)/],
  ['intervals (bootstrap)', /\/dist\/(statistics\/|score\/confidence)/],
  ['warnings', /\/dist\/diagnosis\//],
  ['write: arrays and tables', /\/dist\/(formats\/npy|runs\/|text\/|score\/score-tables)|csv-stringify/],
  ['hand over between threads', /\/dist\/(evaluation|predictions|score|datasets|workers)\/|internal\/worker/],
  [
    'start: load the program',
    /internal\/(modules|bootstrap|process)|node_modules|\/dist\/(command|commands\/)/,
  ],
];

/** Node's flags that leave one profile a thread in `folder`. */
export function profilingFlags(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
}

/** Adds up every profile in `folder`; largest first. */
export function timeShares(folder: string): TimeShare[] {
  const microseconds = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.cpuprofile')) continue;
    addProfile(JSON.parse(readFileSync(join(folder, basename(file)), 'utf8')) as CpuProfile, microseconds);
  }
  const total = [...microseconds.values()].reduce((sum, value) => sum + value, 0);
  return [...microseconds]
    .map(([name, value]) => ({ name, share: value / total }))
    .sort((a, b) => b.share - a.share);
}

function addProfile(profile: CpuProfile, microseconds: Map<string, number>): void {
  const parents = new Map<number, ProfileNode>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node);
  const purposes = new Map(profile.nodes.map((node) => [node.id, purposeOf(node, parents)]));
  profile.samples.forEach((id, index) => {
    const purpose = purposes.get(id) ?? null;
    if (purpose === null) return;
    microseconds.set(purpose, (microseconds.get(purpose) ?? 0) + profile.timeDeltas[index]!);
  });
}

/** `null` where the thread only waited. */
function purposeOf(node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): string | null {
  const { functionName } = node.callFrame;
  if (functionName === '(idle)') return null;
  if (functionName === '(garbage collector)') return COLLECTION;
  for (let at: ProfileNode | undefined = node; at !== undefined; at = parents.get(at.id)) {
    const code = at.callFrame.url;
    const found = PURPOSES.find(([, pattern]) => pattern.test(code));
    if (found !== undefined) return found[0];
  }
  return REST;
}
