/**
 * What keeps two runs from being compared: another dataset, other rules, other
 * samples. Each is named, and says which metrics it concerns; what concerns any
 * is refused unless the user says that it is meant, and is then marked.
 */
import { findMetric, protocolDifferences } from '../metrics/index.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunScores } from './run-scores.js';

/** Which metrics a difference can change. */
export type Concern = 'all' | 'unaligned';

export interface Unlikeness {
  /** `dataset`, `split`, `samples`, `ground truth`, `sweep`, or a field of the protocol by its path. */
  readonly field: string;
  /** As the baseline and the run have it, in words or as the protocol spells it. */
  readonly baseline: string;
  readonly run: string;
  readonly concerns: Concern;
}

/** Something to know that keeps nobody from comparing. */
export interface Remark {
  readonly field: string;
  readonly message: string;
}

export interface Likeness {
  readonly unlike: readonly Unlikeness[];
  readonly remarks: readonly Remark[];
  /** Whether one id means the same sample in both. */
  readonly pairable: boolean;
}

/** The dataset is looked at by its id and split; the number of its samples follows from those. */
const NOT_OF_THE_PROTOCOL = ['measure', 'dataset', 'sampleCount'];

export function isConcerned(metric: string, concerns: Concern): boolean {
  return concerns === 'all' || findMetric(metric)?.alignment === 'none';
}

export function likenessOf(baseline: RunScores, run: RunScores): Likeness {
  const unlike: Unlikeness[] = [];
  const remarks: Remark[] = [];
  const add = (field: string, left: unknown, right: unknown, concerns: Concern = 'all'): void => {
    unlike.push({ field, baseline: words(left), run: words(right), concerns });
  };
  const [a, b] = [baseline.document, run.document];
  if (a.dataset.id !== b.dataset.id) add('dataset', a.dataset.id, b.dataset.id);
  if (a.dataset.split !== b.dataset.split) add('split', a.dataset.split, b.dataset.split);
  const pairable = unlike.length === 0;
  for (const { field, left, right } of protocolDifferences(a.protocol, b.protocol)) {
    if (NOT_OF_THE_PROTOCOL.includes(field)) continue;
    if (field === 'boxes' && (left === null || right === null)) {
      remarks.push({ field, message: unknownBoxes(left, right) });
    } else add(field, left, right, field === 'rootAlignment' ? 'unaligned' : 'all');
  }
  const unknown = Object.keys(b.metrics).filter((key) => findMetric(key) === undefined);
  if (unknown.length > 0) remarks.push({ field: 'metrics', message: unknownMetrics(unknown) });
  if (a.protocol.tta !== null && b.protocol.tta !== null) {
    const [left, right] = [sweepWords(a), sweepWords(b)];
    if (left !== right) add('sweep', left, right);
  }
  if (pairable) {
    const shared = run.ids.filter((id) => baseline.rowOf.has(id)).length;
    if (shared !== run.ids.length || shared !== baseline.ids.length) {
      add('samples', `${baseline.ids.length}`, `${run.ids.length}, ${shared} of them the same`);
    } else if (isOtherTruth(baseline, run) && unlike.every(({ field }) => field !== 'boxes')) {
      add('ground truth', `folder ${baseline.fingerprint}`, `folder ${run.fingerprint}`);
    }
  }
  return { unlike, remarks, pairable };
}

/** A model's fingerprint is of the photographs, too; that of imported predictions is not. */
function isOtherTruth(baseline: RunScores, run: RunScores): boolean {
  return (
    baseline.imported === run.imported &&
    baseline.fingerprint !== null &&
    run.fingerprint !== null &&
    baseline.fingerprint !== run.fingerprint
  );
}

function unknownBoxes(left: unknown, right: unknown): string {
  const known = typeof left === 'string' ? left : String(right);
  const whose = left === null ? "the baseline's" : "this run's";
  return `${whose} predictions came from a file that does not say which boxes they were made from; the other's were ${known}`;
}

/** Why metrics of another version are not judged: not even which way is better is known. */
function unknownMetrics(keys: readonly string[]): string {
  const [what, verb] = keys.length === 1 ? ['a metric', 'is'] : ['metrics', 'are'];
  return `${what} that this version does not know ${verb} left out: ${keys.join(', ')}`;
}

/** Fusions of one name and number of passes may still be of other passes. */
function sweepWords({ tta_sweep: sweep }: MetricsDocument): string {
  if (sweep === undefined) return 'not known';
  return `rotations ${sweep.rotations_deg.join(', ')} at scales ${sweep.scales.join(', ')}`;
}

function words(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? 'none' : (JSON.stringify(value) ?? 'absent');
}
