/**
 * Every pass of a sweep as a prediction set, and the way back. A sweep has more files than a process may hold open
 * (95 passes of four arrays are 380), so rows wait in memory for a block of samples, and one set is open at a time.
 */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { finishAll } from '../files/finish-all.js';
import { NpyReader } from '../formats/npy/npy.js';
import type { Manifest, RunFolder } from '../runs/manifest.js';
import { passSet, type PredictionArray, type SetFolder } from '../runs/prediction-sets.js';
import type { JournalArrays, JournalSets } from '../runs/progress-journal.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { AS_PREDICTED, SetWriter } from '../runs/set-writer.js';
import type { Pass } from '../tta/sweep.js';

export type KeptPass = NonNullable<Manifest['passes']>[number];

/** An array of one row: its name, the shape of the row, the numbers. */
export type Part = readonly [PredictionArray, readonly number[], Float32Array | Float64Array];

/** What waits in memory, unless one sample is more. */
const BLOCK_BYTES = 64 * 2 ** 20;

export class KeptPasses {
  readonly #passes: readonly Pass[];
  readonly #writers: readonly SetWriter[];
  readonly #blockBytes: number;
  /** Rows of the samples from `first` on that wait, by pass. */
  #waiting: (readonly Part[])[][];
  #first = 0;
  #bytes = 0;

  /** @param count samples. */
  constructor(run: RunDirectory, passes: readonly Pass[], count: number, blockBytes = BLOCK_BYTES) {
    this.#passes = passes;
    this.#writers = passes.map(({ index }) => new SetWriter(run, passSet(index), count));
    this.#blockBytes = blockBytes;
    this.#waiting = passes.map(() => []);
  }

  /** Rows come sample by sample, and pass by pass within a sample. */
  async add(pass: Pass, parts: readonly Part[]): Promise<void> {
    this.#waiting[pass.index]!.push(parts);
    this.#bytes += bytesOf(parts);
    const isWhole = pass.index === this.#passes.length - 1;
    if (isWhole && this.#bytes >= this.#blockBytes) await this.#write();
  }

  /** Goes on after the first `done` samples. */
  async resume(sets: JournalSets, done: number): Promise<void> {
    for (const [k, writer] of this.#writers.entries()) {
      await writer.resume(sets[passSet(this.#passes[k]!.index)]?.arrays ?? {}, done);
      await writer.pause();
    }
    this.#first = done;
  }

  /** The set of each pass, for the journal. */
  begun(): [SetFolder, JournalArrays][] {
    return this.#writers.map((writer, k) => [passSet(this.#passes[k]!.index), writer.begun()]);
  }

  /** Puts every whole sample on the disk. */
  async flush(): Promise<void> {
    await this.#write();
  }

  /** Closes the files and leaves them for a later run, without the rows that wait. */
  async suspend(): Promise<void> {
    await finishAll(this.#writers.map((writer) => writer.pause()));
  }

  async close(): Promise<KeptPass[]> {
    const kept: KeptPass[] = [];
    const samples = this.#whole();
    for (const [k, writer] of this.#writers.entries()) {
      await this.#writePass(k, samples);
      const { index, name, rotationDegrees, scale } = this.#passes[k]!;
      const predictions = await writer.close(AS_PREDICTED);
      kept.push({ index, name, rotation_deg: rotationDegrees, scale, predictions });
    }
    return kept;
  }

  async abort(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.abort()));
  }

  /** Samples that wait and have every pass. */
  #whole(): number {
    return this.#waiting.at(-1)!.length;
  }

  async #write(): Promise<void> {
    const samples = this.#whole();
    for (const [k, writer] of this.#writers.entries()) {
      await this.#writePass(k, samples);
      await writer.pause();
    }
    this.#first += samples;
    this.#waiting = this.#waiting.map((rows) => rows.slice(samples));
    this.#bytes = bytesOf(this.#waiting.flat(2));
  }

  async #writePass(k: number, samples: number): Promise<void> {
    const rows = this.#waiting[k]!.slice(0, samples);
    for (const [part, [name, shape, values]] of (rows[0] ?? []).entries()) {
      const { length } = values;
      const size = rows.length * length;
      const block = values instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
      for (const [row, parts] of rows.entries()) block.set(parts[part]![2], row * length);
      await this.#writers[k]!.write(name, shape, this.#first, block);
    }
  }
}

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((total, [, , { byteLength }]) => total + byteLength, 0);
}

/**
 * The passes of a run as a sweep has them.
 *
 * @throws UserError where the run has kept none, or not those of a sweep.
 */
export function keptPasses(from: RunFolder): readonly KeptPass[] {
  const { passes } = from.manifest;
  if (passes === undefined || passes.length === 0) {
    throw new UserError({
      code: 'passes-not-kept',
      message: 'This run has not kept the passes of a sweep, so nothing can be fused again',
      file: from.path,
      expected: "'passes' in run.json",
      got: 'none',
      next: 'predict once more with --tta graphormer --keep-passes',
    });
  }
  const [first] = passes;
  const at = passes.findIndex(({ index }, place) => index !== place);
  if (at < 0 && first!.rotation_deg === 0 && first!.scale === 1) return passes;
  throw new UserError({
    code: 'passes-incomplete',
    message: 'The passes in run.json are not those of a whole sweep',
    file: from.file('manifest'),
    expected: 'the un-augmented pass (rotation 0, scale 1) first, then the others in their order',
    got: at < 0 ? `${first!.name} first` : `pass ${passes[at]!.index} in place ${at}`,
    next: 'make that run again with --force',
  });
}

/** Reads arrays of all passes, a block of samples at a time. */
export class KeptPassReader {
  readonly #from: RunFolder;
  readonly #passes: readonly KeptPass[];
  readonly #names: readonly PredictionArray[];
  readonly #count: number;

  /** @param count samples that every array must have. */
  constructor(from: RunFolder, names: readonly PredictionArray[], count: number) {
    this.#from = from;
    this.#passes = keptPasses(from);
    this.#names = names.filter((name) => this.#passes[0]!.predictions[name] !== undefined);
    this.#count = count;
  }

  /** How many samples may be read together: all their passes are held. */
  blockSize(blockBytes = BLOCK_BYTES): number {
    const numbers = this.#names.map((name) =>
      this.#passes[0]!.predictions[name]!.shape.slice(1).reduce((a, b) => a * b, 1),
    );
    const bytes = this.#passes.length * 8 * numbers.reduce((a, b) => a + b, 0);
    return Math.max(1, Math.floor(blockBytes / Math.max(1, bytes)));
  }

  /** The parts of samples [first, end), by pass, then by sample. */
  async read(first: number, end: number): Promise<Part[][][]> {
    const block: Part[][][] = [];
    for (const pass of this.#passes) {
      const parts: Part[][] = Array.from({ length: end - first }, () => []);
      for (const name of this.#names) {
        const { shape, values } = await this.#rows(pass, name, first, end);
        const width = values.length / (end - first);
        for (const [row, mine] of parts.entries()) {
          mine.push([name, shape, values.subarray(row * width, (row + 1) * width)]);
        }
      }
      block.push(parts);
    }
    return block;
  }

  async #rows(
    pass: KeptPass,
    name: PredictionArray,
    first: number,
    end: number,
  ): Promise<{ shape: readonly number[]; values: Float64Array }> {
    const described = pass.predictions[name];
    const expected = [this.#count, ...this.#passes[0]!.predictions[name]!.shape.slice(1)];
    const wrong = (got: string): UserError =>
      new UserError({
        code: 'run-array-shape',
        message: `'${name}' of pass ${pass.index} (${pass.name}) is not as the sweep has it`,
        file: described === undefined ? this.#from.file('manifest') : join(this.#from.path, described.file),
        expected: `shape (${expected.join(', ')})`,
        got,
        next: 'make that run again with --force',
      });
    if (described === undefined) throw wrong('no such array');
    const reader = await NpyReader.open(join(this.#from.path, described.file));
    try {
      if (reader.shape.join() !== expected.join()) throw wrong(`shape (${reader.shape.join(', ')})`);
      return { shape: expected.slice(1), values: await reader.readRows(first, end) };
    } finally {
      await reader.close();
    }
  }
}
