/** Adds up how long each part of scoring takes. */
import type { ScoringStage, Stopwatch } from '../metrics/index.js';

export class StageWatch implements Stopwatch {
  private since = 0;
  private milliseconds: Record<ScoringStage, number> = none();

  start(): void {
    this.since = performance.now();
  }

  lap(stage: ScoringStage): void {
    const now = performance.now();
    this.milliseconds[stage] += now - this.since;
    this.since = now;
  }

  /** What has been added up since the last call. */
  take(): Record<ScoringStage, number> {
    const taken = this.milliseconds;
    this.milliseconds = none();
    return taken;
  }
}

function none(): Record<ScoringStage, number> {
  return { align: 0, distance: 0, fScore: 0 };
}
