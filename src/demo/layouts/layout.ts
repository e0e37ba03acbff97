/** What a benchmark's layout is to the demo: files, the crops `run` will take of them, and evaluation metadata. */
import type { Studio } from '../studio.js';
import type { TrainingHalf } from '../training-half.js';

/** `done` of `total` steps of one stage. */
export type DemoProgress = (stage: string, done: number, total: number) => void;

/** Which samples: everything about them follows from these numbers and the layout. */
export interface DemoSizes {
  readonly seed: number;
  /** Unique training hands. */
  readonly training: number;
  readonly evaluation: number;
}

export interface LayoutTask extends DemoSizes {
  readonly dir: string;
  readonly studio: Studio;
  readonly onProgress: DemoProgress | undefined;
}

/** One sample of an evaluation file of HaMeR's (see hamer-metadata). */
export interface HamerRow {
  readonly imgname: string;
  readonly center: readonly [number, number];
  readonly scale: readonly [number, number];
  readonly right: boolean;
  /** 21×2, px. */
  readonly pixels: ArrayLike<number>;
  /** 21×3, metres. */
  readonly joints: ArrayLike<number>;
  /** Confidence of the 2D keypoints; 1 where left out. */
  readonly confidence?: readonly number[];
}

export interface HamerTable {
  /** `freihand_val.npz`. */
  readonly name: string;
  readonly rows: readonly HamerRow[];
}

export interface DemoLayout {
  /** Whether the training half is part of the folder; else it is drawn in memory, for the fit alone. */
  readonly trainingInFolder: boolean;
  /** Side or sides of the photographs, as the stamp says it. */
  readonly imageSize: unknown;
  /** Writes the files; `remove` knows their names. */
  write(task: LayoutTask): Promise<void>;
  /** Removes the files that `write` makes, by their names; anything else stays. */
  remove(dir: string): Promise<void>;
  /** What the baseline is fitted on. */
  trainingHalf(task: Omit<LayoutTask, 'onProgress'>): TrainingHalf;
  /** The evaluation half as HaMeR's evaluation files describe it. */
  hamerTables(task: Omit<LayoutTask, 'onProgress' | 'dir' | 'training'>): HamerTable[];
}
