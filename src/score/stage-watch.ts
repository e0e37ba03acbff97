/** Adds up how long each part of scoring takes. */
import type { ScoringStage, Stopwatch } from '../metrics/index.js';

export class StageWatch implements Stopwatch {
  #milliseconds: Record<ScoringStage, number> = nothing();
  #since = 0;

  start(): void {
    this.#since = performance.now();
  }

  lap(stage: ScoringStage): void {
    const now = performance.now();
    this.#milliseconds[stage] += now - this.#since;
    this.#since = now;
  }
  /** The time so far; counting begins again. */
  take(): Readonly<Record<ScoringStage, number>> {
    const milliseconds = this.#milliseconds;
    this.#milliseconds = nothing();
    return milliseconds;
  }
}

function nothing(): Record<ScoringStage, number> {
  return { align: 0, distance: 0, fScore: 0 };
}
