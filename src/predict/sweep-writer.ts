/**
 * The passes of test-time augmentation as they come: fused sample by sample, and kept where that is
 * asked for. A fusion holds one sample at a time, whatever the number of passes.
 */
import { finishAll } from '../files/finish-all.js';
import type { Manifest } from '../runs/manifest.js';
import { fusedSet, type PredictionArray } from '../runs/prediction-sets.js';
import type { FailedRow, Journal, JournalSets } from '../runs/progress-journal.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { AS_PREDICTED, SetWriter } from '../runs/set-writer.js';
import { createFusion, type Fusion, type PassPrediction, type SampleFusion } from '../tta/fusion.js';
import type { Pass } from '../tta/sweep.js';
import { FailedPassList, type FailedPass, type SampleFailures } from './failed-passes.js';
import { rowsBefore, withoutRows } from './failed-rows.js';
import { KeptPasses, type Part } from './kept-passes.js';

export type PointFusionName = 'aligned-mean' | 'derotated-mean';

export interface SweepRequest {
  /** The reference first. */
  readonly passes: readonly Pass[];
  readonly fusions: readonly PointFusionName[];
  readonly keepPasses: boolean;
}

export interface SweptSample {
  readonly id: string;
  /** Its photograph was flipped for the network, and the prediction flipped back. */
  readonly mirrored: boolean;
}

/** What run.json says of the sets beside the plain one. */
export interface PredictedSweep {
  readonly fused?: NonNullable<Manifest['fused']>;
  readonly passes?: NonNullable<Manifest['passes']>;
  readonly failed_passes?: NonNullable<Manifest['failed_passes']>;
  readonly mirrored?: number[];
}

/** Rows of a batch: `first` is the position of its first row, samples in order, passes within a sample. */
export interface SweptRows extends SampleFailures {
  readonly first: number;
  readonly count: number;
}

/**
 * What is fused apart: a pass whose camera does not see the hand leaves the sample without 2D keypoints, as it does
 * without augmentation, and no worse.
 */
const GROUPS = [
  { name: 'hand', arrays: ['joints', 'vertices'] },
  { name: 'keypoints', arrays: ['keypoints_2d'] },
] as const;
type Group = (typeof GROUPS)[number]['name'];

const FUSED_PARTS = { joints: 'joints', vertices: 'vertices', keypoints_2d: 'keypoints2d' } as const;

/** One fusion: its arrays, and the sample it is at. */
interface Track {
  readonly name: PointFusionName;
  readonly fusion: Fusion;
  readonly writer: SetWriter;
  unpredicted: FailedRow[];
  /** The rows whose 2D keypoints alone are missing. */
  withoutKeypoints: FailedRow[];
  readonly current: Map<Group, SampleFusion>;
}

/** Why a row lacks something, by what it lacks. */
type Problems = Readonly<Record<Group, string | undefined>>;

type Row = ReadonlyMap<PredictionArray, Part>;

export class SweepWriter {
  readonly #passes: readonly Pass[];
  readonly #tracks: readonly Track[];
  readonly #kept: KeptPasses | null;
  readonly #samples: readonly SweptSample[];
  /** The failed rows of the kept passes. */
  #failed = new FailedPassList();

  constructor(
    run: RunDirectory,
    { passes, fusions, keepPasses }: SweepRequest,
    samples: readonly SweptSample[],
  ) {
    const count = samples.length;
    this.#passes = passes;
    this.#samples = samples;
    this.#tracks = fusions.map((name) => ({
      name,
      fusion: createFusion(name, passes),
      writer: new SetWriter(run, fusedSet(name), count),
      unpredicted: [],
      withoutKeypoints: [],
      current: new Map(),
    }));
    this.#kept = keepPasses ? new KeptPasses(run, passes, count) : null;
  }

  async add(rows: SweptRows, parts: Iterable<Part>): Promise<void> {
    const all = [...parts];
    if (this.#kept !== null) this.#record(rows);
    const hands = this.#reasons(rows.invalid);
    const keypoints = this.#reasons(rows.invalidKeypoints);
    for (let row = rows.first; row < rows.first + rows.count; row++) {
      const mine = all.map(([name, shape, values]): Part => {
        const width = values.length / rows.count;
        const at = (row - rows.first) * width;
        return [name, shape, values.subarray(at, at + width)];
      });
      const hand = hands.get(row);
      await this.#addRow(row, mine, { hand, keypoints: hand ?? keypoints.get(row) });
    }
  }

  async close(): Promise<PredictedSweep> {
    const fused: NonNullable<Manifest['fused']> = {};
    for (const { name, writer, unpredicted, withoutKeypoints } of this.#tracks) {
      const predictions = await writer.close(AS_PREDICTED);
      fused[name] = {
        predictions,
        unpredicted: withoutRows(unpredicted),
        unpredicted_keypoints: withoutRows(withoutKeypoints),
      };
    }
    const passes = await this.#kept?.close();
    return {
      ...(this.#tracks.length > 0 ? { fused } : {}),
      ...(passes === undefined ? {} : { passes, failed_passes: this.#failed.described() }),
      mirrored: this.#samples.flatMap(({ mirrored }, index) => (mirrored ? [index] : [])),
    };
  }

  /** Goes on after the first `done` samples. */
  async resume({ sets, failed_passes, done }: Journal): Promise<void> {
    for (const track of this.#tracks) {
      const set = sets[fusedSet(track.name)];
      await track.writer.resume(set?.arrays ?? {}, done);
      track.unpredicted = [...(set?.unpredicted ?? [])];
      track.withoutKeypoints = [...(set?.unpredicted_keypoints ?? [])];
    }
    await this.#kept?.resume(sets, done);
    this.#failed = new FailedPassList(failed_passes);
  }

  /** What is whole of the first `done` samples, for the journal. */
  begun(done: number): Pick<Journal, 'sets' | 'failed_passes'> {
    const sets: JournalSets = {};
    for (const { name, writer, unpredicted, withoutKeypoints } of this.#tracks) {
      sets[fusedSet(name)] = {
        arrays: writer.begun(),
        unpredicted: rowsBefore(unpredicted, done),
        unpredicted_keypoints: rowsBefore(withoutKeypoints, done),
      };
    }
    for (const [folder, arrays] of this.#kept?.begun() ?? []) {
      sets[folder] = { arrays, unpredicted: [], unpredicted_keypoints: [] };
    }
    return { sets, failed_passes: this.#failed.before(done) };
  }

  /** Puts every whole sample on the disk. */
  async flush(): Promise<void> {
    for (const { writer } of this.#tracks) await writer.flush();
    await this.#kept?.flush();
  }

  /** Closes the files and leaves them for a later run. */
  async suspend(): Promise<void> {
    await finishAll([...this.#tracks.map(({ writer }) => writer.pause()), this.#kept?.suspend()]);
  }

  async abort(): Promise<void> {
    await finishAll([...this.#tracks.map(({ writer }) => writer.abort()), this.#kept?.abort()]);
  }

  #record({ invalid, invalidKeypoints }: SampleFailures): void {
    const failed = [
      ...invalid.map((row) => ({ row, keypointsAlone: false })),
      ...invalidKeypoints.map((row) => ({ row, keypointsAlone: true })),
    ].sort((a, b) => a.row.index - b.row.index || a.row.pass - b.row.pass);
    for (const { row, keypointsAlone } of failed) {
      this.#failed.add(this.#samples[row.index]!.id, row, keypointsAlone);
    }
  }

  /** Why rows failed, by their position. */
  #reasons(failed: readonly FailedPass[]): ReadonlyMap<number, string> {
    return new Map(failed.map(({ index, pass, reason }) => [index * this.#passes.length + pass, reason]));
  }

  async #addRow(position: number, parts: readonly Part[], problems: Problems): Promise<void> {
    const sample = Math.floor(position / this.#passes.length);
    const pass = this.#passes[position % this.#passes.length]!;
    await this.#kept?.add(pass, parts);
    const row: Row = new Map(parts.map((part) => [part[0], part]));
    for (const track of this.#tracks) {
      for (const group of GROUPS) this.#fuse(track, group, sample, pass, row, problems[group.name]);
      if (pass.index === this.#passes.length - 1) await this.#finish(track, sample, row);
    }
  }

  #fuse(
    { current, fusion }: Track,
    { name, arrays }: (typeof GROUPS)[number],
    sample: number,
    pass: Pass,
    row: Row,
    problem: string | undefined,
  ): void {
    const present = arrays.filter((array) => row.has(array));
    if (present.length === 0) return;
    let group = current.get(name);
    if (group === undefined) {
      const { mirrored } = this.#samples[sample]!;
      current.set(name, (group = fusion.sample({ mirrored })));
    }
    const points: PassPrediction = Object.fromEntries(
      present.map((array) => [FUSED_PARTS[array], row.get(array)![2]]),
    );
    if (problem === undefined) group.add(pass, points);
    else group.fail(pass, problem);
  }

  /** Writes what the passes of a sample have come to. */
  async #finish(track: Track, sample: number, last: Row): Promise<void> {
    const { writer, current } = track;
    // Where the hand fails its keypoints do as well: that is one failure.
    let failed: { readonly reason: string; readonly of: FailedRow[] } | null = null;
    for (const { name, arrays } of GROUPS) {
      const hand = current.get(name)?.result();
      if (hand === undefined) continue;
      for (const array of arrays) {
        const part = last.get(array);
        if (part === undefined) continue;
        const [, shape, { length }] = part;
        // Where every pass failed there is no sum, but there is a row.
        const values = hand[FUSED_PARTS[array]] ?? new Float64Array(length).fill(Number.NaN);
        await writer.write(array, shape, sample, values);
      }
      if (hand.failure === null || failed !== null) continue;
      const isPart = name === 'keypoints' && current.has('hand');
      failed = { reason: hand.failure, of: isPart ? track.withoutKeypoints : track.unpredicted };
    }
    const { id } = this.#samples[sample]!;
    failed?.of.push({ row: sample, id, code: 'tta-pass-failed', reason: failed.reason });
    current.clear();
  }
}
