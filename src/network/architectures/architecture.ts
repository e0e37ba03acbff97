/** What the program knows of one network: one file an architecture, one line in the registry. */
import type { Graph, Value } from '../graph.js';
import type { Hand } from '../hand.js';
import type { ManoWeights } from '../layers/mano.js';
import type { ModelConfig } from './model-config.js';
import type { Declared, Fields, Seen } from './options.js';

/** The tensors of a checkpoint, by their sizes. */
export interface Tensors {
  readonly keys: () => Iterable<string>;
  readonly shapeOf: (key: string) => readonly number[] | undefined;
}

/** A tensor that checkpoints hold and inference does not need. */
export interface SpareTensor {
  readonly key: string;
  readonly shape: readonly number[];
}

/** A row of the table of costs. */
export interface ModuleRow {
  /** The module's name in the graph. */
  readonly module: string;
  /** What its tensors' keys begin with. */
  readonly prefix: string;
  /** What the paper prints of it, and where. */
  readonly published?: { readonly parameters?: string; readonly multiplyAccumulates?: string };
}

export interface Architecture {
  readonly id: string;
  readonly title: string;
  /** Whether a checkpoint with these tensors is one of this network. */
  readonly recognises: (tensors: Tensors) => boolean;
  /** Every field, with the released network's value. */
  readonly released: Fields;
  /** What differs in a network small enough to try things with. */
  readonly tiny: Fields;
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** What each field means where it has to be assumed, and the option of model_config.yaml that settles it. */
  readonly unseen: Readonly<Record<string, string>>;
  readonly seen: (tensors: Tensors) => Readonly<Record<string, Seen>>;
  /** @throws UserError `network-unsupported` */
  readonly fromConfig: (config: ModelConfig) => Readonly<Record<string, Declared | undefined>>;
  /** @throws UserError where settled fields still contradict the tensors */
  readonly check?: (fields: Fields, tensors: Tensors) => void;
  readonly build: (g: Graph, image: Value, fields: Fields, mano: ManoWeights) => Hand;
  /** Tensors that belong to the network and are not read. */
  readonly spare: (fields: Fields) => readonly SpareTensor[];
  readonly rows: readonly ModuleRow[];
  /** What the paper prints of the whole, in millions. */
  readonly published?: string;
  /** How the sidecar has photographs prepared. */
  readonly crop: 'hamer' | 'hamba-freihand';
}

/** Sizes of a tensor that must be there for the rest to be told. */
export function sizesOf(tensors: Tensors, key: string): readonly number[] {
  return tensors.shapeOf(key) ?? [];
}

export function shapeEvidence(tensors: Tensors, key: string): string {
  const shape = tensors.shapeOf(key);
  return shape === undefined ? `${key} is not there` : `${key} is (${shape.join(', ')})`;
}

/** How many numbers follow `prefix` without a gap, from 0: the layers of a stack. */
export function countOf(tensors: Tensors, prefix: string): number {
  const numbers = new Set<number>();
  for (const key of tensors.keys()) {
    if (key.startsWith(prefix)) numbers.add(Number.parseInt(key.slice(prefix.length), 10));
  }
  let count = 0;
  while (numbers.has(count)) count++;
  return count;
}
