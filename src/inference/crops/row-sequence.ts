/**
 * The sequence of rows that batches are cut from: sample by sample, and within a sample pass by
 * pass. Samples are read as they are needed, and their photographs begun a few samples ahead.
 */
import type { ImageSample } from './crop-batch.js';
import type { Photograph } from './photo-store.js';

/** A sample on its way through: read once, shown in one row for each pass. */
export interface Shot {
  readonly sample: ImageSample;
  /** Position in the samples given. */
  readonly index: number;
  readonly photograph: Photograph;
  /** Rows of which the crop is not made yet. */
  rowsToCrop: number;
}

/** Rows of one batch that show the same sample: passes [firstPass, firstPass + count). */
export interface Stretch {
  readonly shot: Shot;
  readonly firstPass: number;
  readonly count: number;
}

export interface RowSequenceOptions {
  readonly samples: Iterable<ImageSample>;
  readonly passCount: number;
  /** Samples begun before their turn. */
  readonly shotsAhead: number;
  readonly openPhotograph: (file: string) => Photograph;
}

export class RowSequence {
  readonly #options: RowSequenceOptions;
  readonly #samples: Iterator<ImageSample>;
  /** Begun and not all in batches; the first is the one that is being dealt out. */
  readonly #shots: Shot[] = [];
  #nextIndex = 0;
  /** The pass that the first shot is at. */
  #nextPass = 0;

  constructor(options: RowSequenceOptions) {
    this.#options = options;
    this.#samples = options.samples[Symbol.iterator]();
  }

  /** The next `count` rows; fewer at the end, and none after it. */
  take(count: number): Stretch[] {
    const { passCount } = this.#options;
    const stretches: Stretch[] = [];
    for (let room = count; room > 0;) {
      this.#lookAhead();
      const [shot] = this.#shots;
      if (shot === undefined) break;
      const taken = Math.min(room, passCount - this.#nextPass);
      stretches.push({ shot, firstPass: this.#nextPass, count: taken });
      room -= taken;
      this.#nextPass += taken;
      if (this.#nextPass < passCount) continue;
      this.#shots.shift();
      this.#nextPass = 0;
    }
    return stretches;
  }

  #lookAhead(): void {
    const { shotsAhead, passCount, openPhotograph } = this.#options;
    while (this.#shots.length <= shotsAhead) {
      const next = this.#samples.next();
      if (next.done === true) return;
      const sample = next.value;
      const photograph = openPhotograph(sample.image);
      this.#shots.push({ sample, index: this.#nextIndex++, photograph, rowsToCrop: passCount });
    }
  }
}
