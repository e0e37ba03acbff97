/**
 * The passes of test-time augmentation as they come: fused sample by sample, and kept where that is
 * asked for. What is held at a time is one sample, whatever the number of passes.
 */
import type { UnscoredSample } from '../runs/metrics-document.js';
import type { Manifest } from '../runs/manifest.js';
import { fusedSet, passSet, type PredictionArray } from '../runs/prediction-sets.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { createFusion, type Fusion, type FusedHand, type SampleFusion } from '../tta/fusion.js';
import type { Pass } from '../tta/sweep.js';
import { AS_PREDICTED, SetWriter } from './set-writer.js';

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
  readonly mirrored?: number[];
}

/** Rows of a batch: `first` is the position of its first row, samples in order, passes within a sample. */
interface Rows {
  readonly first: number;
  readonly count: number;
  /** Rows without a prediction, in order. */
  readonly invalid: readonly { readonly index: number; readonly pass: number; readonly reason: string }[];
}

type Part = readonly [PredictionArray, readonly number[], Float32Array | Float64Array];

/** One fusion: its arrays, and the sample it is at. */
interface Track {
  readonly name: PointFusionName;
  readonly fusion: Fusion;
  readonly writer: SetWriter;
  readonly unpredicted: { readonly index: number; readonly reason: string }[];
  current: SampleFusion | null;
}

export class SweepWriter {
  private readonly passes: readonly Pass[];
  private readonly tracks: readonly Track[];
  private readonly kept: readonly SetWriter[];
  private readonly samples: readonly SweptSample[];

  constructor(
    run: RunDirectory,
    { passes, fusions, keepPasses }: SweepRequest,
    samples: readonly SweptSample[],
  ) {
    const count = samples.length;
    this.passes = passes;
    this.samples = samples;
    this.tracks = fusions.map((name) => ({
      name,
      fusion: createFusion(name, passes),
      writer: new SetWriter(run, fusedSet(name), count),
      unpredicted: [],
      current: null,
    }));
    this.kept = keepPasses ? passes.map(({ index }) => new SetWriter(run, passSet(index), count)) : [];
  }

  async add(rows: Rows, parts: Iterable<Part>): Promise<void> {
    const all = [...parts];
    const problems = new Map(
      rows.invalid.map(({ index, pass, reason }) => [index * this.passes.length + pass, reason]),
    );
    for (let row = rows.first; row < rows.first + rows.count; row++) {
      const sample = Math.floor(row / this.passes.length);
      const pass = this.passes[row % this.passes.length]!;
      const mine = all.map(([name, shape, values]): Part => {
        const width = values.length / rows.count;
        const at = (row - rows.first) * width;
        return [name, shape, values.subarray(at, at + width)];
      });
      await this.addRow(sample, pass, mine, problems.get(row));
    }
  }

  async close(): Promise<PredictedSweep> {
    const fused: NonNullable<Manifest['fused']> = {};
    for (const { name, writer, unpredicted } of this.tracks) {
      const failures = unpredicted.map(({ index, reason }): UnscoredSample => ({
        id: this.samples[index]!.id,
        code: 'tta-pass-failed',
        reason,
      }));
      fused[name] = { predictions: await writer.close(AS_PREDICTED), unpredicted: failures };
    }
    const kept = await Promise.all(
      this.kept.map(async (writer, k) => {
        const { index, name, rotationDegrees, scale } = this.passes[k]!;
        return {
          index,
          name,
          rotation_deg: rotationDegrees,
          scale,
          predictions: await writer.close(AS_PREDICTED),
        };
      }),
    );
    return {
      ...(this.tracks.length > 0 ? { fused } : {}),
      ...(kept.length > 0 ? { passes: kept } : {}),
      mirrored: this.samples.flatMap(({ mirrored }, index) => (mirrored ? [index] : [])),
    };
  }

  async abort(): Promise<void> {
    await Promise.all(
      [...this.tracks.map(({ writer }) => writer), ...this.kept].map((writer) => writer.abort()),
    );
  }

  private async addRow(
    sample: number,
    pass: Pass,
    parts: readonly Part[],
    problem: string | undefined,
  ): Promise<void> {
    const keeper = this.kept[pass.index];
    if (keeper !== undefined)
      for (const [name, shape, values] of parts) await keeper.write(name, shape, sample, values);
    const isLast = pass.index === this.passes.length - 1;
    const values = new Map(parts.map(([name, , numbers]) => [name, numbers]));
    for (const track of this.tracks) {
      track.current ??= track.fusion.sample({ mirrored: this.samples[sample]!.mirrored });
      if (problem !== undefined) track.current.fail(pass, problem);
      else track.current.add(pass, fusible(values));
      if (!isLast) continue;
      await this.writeFused(track, sample, track.current.result(), values);
      track.current = null;
    }
  }

  private async writeFused(
    { writer, unpredicted }: Track,
    sample: number,
    { joints, vertices, keypoints2d, failure }: FusedHand,
    last: ReadonlyMap<PredictionArray, Float32Array | Float64Array>,
  ): Promise<void> {
    const rows: [PredictionArray, number, Float64Array | undefined][] = [
      ['joints', 3, joints],
      ['vertices', 3, vertices],
      ['keypoints_2d', 2, keypoints2d],
    ];
    for (const [name, width, fused] of rows) {
      // Where the first pass failed there is no sum, but there is a row.
      const length = last.get(name)?.length;
      const values = fused ?? (length === undefined ? undefined : new Float64Array(length).fill(Number.NaN));
      if (values !== undefined) await writer.write(name, [values.length / width, width], sample, values);
    }
    if (failure !== null) unpredicted.push({ index: sample, reason: failure });
  }
}

/** What a fusion takes of a row. */
function fusible(values: ReadonlyMap<PredictionArray, Float32Array | Float64Array>): {
  joints?: Float32Array | Float64Array;
  vertices?: Float32Array | Float64Array;
  keypoints2d?: Float32Array | Float64Array;
} {
  const joints = values.get('joints');
  const vertices = values.get('vertices');
  const keypoints2d = values.get('keypoints_2d');
  return {
    ...(joints === undefined ? {} : { joints }),
    ...(vertices === undefined ? {} : { vertices }),
    ...(keypoints2d === undefined ? {} : { keypoints2d }),
  };
}
