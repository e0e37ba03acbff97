/** Adds up how long each part of scoring takes. */
import type { ScoringStage, Stopwatch } from '../metrics/index.js';

export class StageWatch implements Stopwatch {
  readonly milliseconds: Record<ScoringStage, number> = { align: 0, distance: 0, fScore: 0 };
  private since = 0;

  start(): void {
    this.since = performance.now();
  }

  lap(stage: ScoringStage): void {
    const now = performance.now();
    this.milliseconds[stage] += now - this.since;
    this.since = now;
  }
}
