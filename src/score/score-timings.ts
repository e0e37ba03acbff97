/** Where the time of scoring went; stages run in threads side by side and add up to more than the wall clock. */
import type { ScoringStage } from '../metrics/index.js';

/** Milliseconds, as run.json has them under `score_timings`. */
export interface ScoreTimings {
  wall_ms: number;
  /** Reading and parsing predictions and ground truth. */
  read_ms: number;
  align_ms: number;
  /** Distances, PCK and AUC. */
  distance_ms: number;
  f_score_ms: number;
  /** Keeping imported predictions, intervals and the result files. */
  write_ms: number;
}

export function noScoreTimings(): ScoreTimings {
  return { wall_ms: 0, read_ms: 0, align_ms: 0, distance_ms: 0, f_score_ms: 0, write_ms: 0 };
}

export function addStages(timings: ScoreTimings, stages: Readonly<Record<ScoringStage, number>>): void {
  timings.align_ms += stages.align;
  timings.distance_ms += stages.distance;
  timings.f_score_ms += stages.fScore;
}

/** Adds the time `work` takes to a stage. */
export async function timed<T>(
  timings: ScoreTimings,
  stage: keyof ScoreTimings,
  work: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } finally {
    timings[stage] += performance.now() - started;
  }
}

/** `scored in 2.4 s; threads: read 1.1, align 0.1, distance 0.2, F 1.4, write 0.1 s` */
export function describeTimings(timings: ScoreTimings): string {
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
  const { read_ms: read, align_ms: align, distance_ms: distance, f_score_ms: f, write_ms: write } = timings;
  return (
    `scored in ${seconds(timings.wall_ms)} s; threads: read ${seconds(read)}, align ${seconds(align)}, ` +
    `distance ${seconds(distance)}, F ${seconds(f)}, write ${seconds(write)} s`
  );
}
