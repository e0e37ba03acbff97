/** Diagnosis of a run: told to the user as soon as it is known, and once more with the result. */
import type { DatasetDefinition } from '../datasets/types.js';
import { diagnoseResult, diagnoseSamples, type Finding } from '../diagnosis/index.js';
import type { Protocol, ScoreResult } from '../metrics/index.js';
import type { Progress } from '../progress.js';
import { SampleCollector } from './sample-collector.js';
import type { ScoreJob } from './score-pool.js';

/** One mistake, one finding: what a number shows is not told again where its cause is known. */
const CAUSES: Readonly<Record<string, readonly string[]>> = {
  'joints-mesh-disagree': ['joint-order', 'vertex-order'],
  'samples-reflected': ['predictions-mirrored', 'joint-order'],
};

export class RunDiagnosis {
  readonly #collector: SampleCollector;
  readonly #progress: Progress;
  readonly #told = new Set<string>();

  constructor(dataset: DatasetDefinition, sampleCount: number, progress: Progress) {
    this.#collector = new SampleCollector(dataset, sampleCount);
    this.#progress = progress;
  }

  /** Sees every batch before it is scored; the first one is diagnosed at once. */
  look(job: ScoreJob): void {
    this.#collector.add(job);
    if (job.batch === 0) this.#tell(diagnoseSamples(this.#collector.probe()));
  }

  /** All findings, for the result: of samples from the whole list, then of the numbers. */
  conclude(result: ScoreResult, protocol: Protocol): Finding[] {
    const ofSamples = diagnoseSamples(this.#collector.probe());
    const codes = new Set(ofSamples.map(({ code }) => code));
    const ofNumbers = diagnoseResult({
      metrics: { ...result.metrics, ...result.proper },
      scored: result.scored,
      reflected: result.reflected,
      aucThresholdsMm: protocol.aucThresholdsMm,
    }).filter(({ code }) => !(CAUSES[code] ?? []).some((cause) => codes.has(cause)));
    // The count and the cost over all samples say more than the share of those looked at.
    const counted = ofNumbers.some(({ code }) => code === 'samples-reflected');
    const findings = [
      ...ofSamples.filter(({ code }) => !(counted && code === 'some-predictions-mirrored')),
      ...ofNumbers,
    ];
    this.#tell(findings);
    return findings;
  }

  #tell(findings: readonly Finding[]): void {
    for (const { code, message } of findings) {
      if (this.#told.has(code)) continue;
      this.#told.add(code);
      this.#progress.note(`warning (${code}): ${message}`);
    }
  }
}
