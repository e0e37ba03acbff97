/** What a report knows of a sample before it is drawn; known-hands.ts and known-keypoints.ts gather it. */
import { join } from 'node:path';
import type { Sample } from '../datasets/types.js';
import { NpyReader } from '../formats/npy/npy.js';
import type { Choice, ChosenSample } from './report-choice.js';
import type { ReportFolder } from './report-folder.js';
import type { ReadRun } from './report-runs.js';

export interface GatherRequest {
  readonly runs: readonly ReadRun[];
  readonly folder: ReportFolder | null;
  readonly choice: Choice;
  /** Photographs are licensed: without them a page may be passed on. */
  readonly images: boolean;
  readonly signal: AbortSignal;
  /** What turns out to be missing is told here. */
  readonly missing: string[];
}

/** A hand with joints in the dataset's order, in its axes; metres. */
export interface RawHand {
  readonly joints: Float64Array | null;
  readonly vertices: Float64Array | null;
}

/** What is known of one sample before it is put together. */
export interface KnownSample {
  readonly chosen: ChosenSample;
  readonly sample: Sample | null;
  readonly truth: RawHand | null;
  /** A hand a run, aligned to the true one. */
  readonly predictions: readonly (RawHand | null)[];
  /** In the photograph, px, OpenPose order. */
  readonly trueKeypoints: Float64Array | null;
  readonly predictedKeypoints: readonly (Float64Array | null)[];
  readonly facts: readonly string[];
}

/** What a kind of measure gathers. */
export interface KnownSamples {
  readonly samples: readonly KnownSample[];
  /** How the keypoints over the photographs were had, in a sentence; empty where there are none. */
  readonly overlay: string;
}

/** How that sentence begins, and what the true keypoints look like. */
export function drawing(images: boolean): { readonly where: string; readonly pale: string } {
  return images
    ? { where: 'Over the photograph', pale: 'pale' }
    : { where: 'The keypoints in the photograph', pale: 'grey' };
}

/** What each run has predicted in the photograph of each sample; `null` for a run that has none. */
export function predictedKeypoints(
  runs: readonly ReadRun[],
  chosen: readonly ChosenSample[],
): Promise<(Float64Array[] | null)[]> {
  return Promise.all(
    runs.map(async ({ stored }, run) => {
      const description = stored.manifest.predictions?.keypoints_2d;
      if (description === undefined) return null;
      const reader = await NpyReader.open(join(stored.path, description.file));
      try {
        const points: Float64Array[] = [];
        for (const { rows } of chosen) points.push(await reader.readRows(rows[run]!, rows[run]! + 1));
        return points;
      } finally {
        await reader.close();
      }
    }),
  );
}
