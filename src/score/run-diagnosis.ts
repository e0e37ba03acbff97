/** Diagnosis of a run: told to the user as soon as it is known, and once more with the result. */
import { SCORE_BATCH } from '../datasets/sample-batch.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { diagnoseResult, diagnoseSamples, HandList, type Finding } from '../diagnosis/index.js';
import { JOINT_COUNT } from '../hand/joints.js';
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
  readonly #list: HandList;
  readonly #ids: readonly string[];
  #part: 'joints' | 'vertices' = 'joints';
  readonly #progress: Progress;
  readonly #told = new Set<string>();

  /** @param ids of the samples, in the order of the batches. */
  constructor(dataset: DatasetDefinition, ids: readonly string[], progress: Progress) {
    this.#collector = new SampleCollector(dataset, ids.length);
    this.#list = new HandList(ids.length);
    this.#ids = ids;
    this.#progress = progress;
  }

  /** Sees every batch before it is scored; the first one is diagnosed at once. */
  look(job: ScoreJob): void {
    this.#collector.add(job);
    this.#enlist(job);
    if (job.batch === 0) this.#tell(diagnoseSamples(this.#collector.probe()));
  }

  /** All findings, for the result: of samples from the whole list, then of the numbers. */
  conclude(result: ScoreResult, protocol: Protocol): Finding[] {
    const known = {
      shifts: this.#list.shifts(),
      part: this.#part,
      idOf: (place: number): string => this.#ids[place]!,
    };
    const ofSamples = diagnoseSamples(this.#collector.probe(), known);
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

  /** Joints tell as much as meshes, of any topology. */
  #enlist(job: ScoreJob): void {
    const hasJoints = job.predictedJoints !== null;
    const points = hasJoints ? JOINT_COUNT : job.trueVertexCount;
    const predicted = job.predictedJoints ?? job.predictedVertices;
    const truth = hasJoints ? job.trueJoints : job.trueVertices;
    if (predicted === null || predicted.length !== truth?.length) return;
    this.#part = hasJoints ? 'joints' : 'vertices';
    for (let k = 0, from = 0; k < job.count; k++, from += points * 3) {
      const [row, to] = [job.batch * SCORE_BATCH + k, from + points * 3];
      this.#list.add(row, predicted.subarray(from, to), truth.subarray(from, to));
    }
  }

  #tell(findings: readonly Finding[]): void {
    for (const { code, message } of findings) {
      if (this.#told.has(code)) continue;
      this.#told.add(code);
      this.#progress.note(`warning (${code}): ${message}`);
    }
  }
}
