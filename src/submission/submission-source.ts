/** What is to be submitted: the predictions of a finished run, or of a file. */
import { datasetById } from '../datasets/registry.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { openPredictions } from '../predictions/open-predictions.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import { openRunPredictions, type PredictionSet } from '../predictions/run-predictions.js';
import type { MetricsDocument, MetricValues } from '../runs/metrics-document.js';
import { StoredRun } from '../runs/stored-run.js';
import { readSampleList } from '../runs/tables/sample-list.js';
import { requireCount, requireFormat, type Subject } from './checks.js';

/** A benchmark's own split: the one the challenges are about. */
const SPLIT = 'evaluation';

export interface SubmissionSource {
  readonly definition: DatasetDefinition;
  readonly subject: Subject;
  /** Opens the predictions anew; the caller closes them. */
  readonly open: (signal: AbortSignal) => Promise<PredictionSource>;
  /** What the run scored; null for a file, and for a run without ground truth. */
  readonly scored: ScoredRun | null;
}

export interface ScoredRun {
  readonly run: StoredRun;
  readonly document: MetricsDocument;
  /** The metrics of the set that is submitted. */
  readonly metrics: MetricValues;
  /** Whether the rows are all samples of the run's folder. */
  readonly isWholeFolder: boolean;
}

/**
 * @param fusion of test-time augmentation; the un-augmented predictions where it is not given.
 * @throws UserError where the run is not finished, or holds no such predictions.
 */
export async function runSource(path: string, fusion: string | undefined): Promise<SubmissionSource> {
  const run = await StoredRun.open(path);
  const { manifest } = run;
  const definition = datasetById(manifest.dataset.id);
  requireFormat(definition);
  requireSplit(run);
  const document = await run.metrics();
  const set = fusion === undefined ? undefined : fusedSet(run, fusion);
  requireOwnJoints(run, document);
  const ids = await sampleIds(run, document !== null);
  requireOrder(run, definition, ids);
  const reasons = new Map(
    [...(manifest.unpredicted ?? []), ...(set?.unpredicted ?? []), ...(document?.unscored ?? [])].map(
      ({ id, reason }) => [id, reason],
    ),
  );
  const nameOf = (row: number): string => ids?.[row] ?? `row ${row}`;
  return {
    definition,
    subject: { file: path, definition, nameOf, reasonOf: (row) => reasons.get(nameOf(row)) },
    open: () => openRunPredictions(run, definition, 'run-directory', set),
    scored:
      document === null
        ? null
        : {
            run,
            document,
            metrics: fusion === undefined ? document.metrics : (document.tta?.[fusion] ?? {}),
            isWholeFolder: manifest.selected !== true && manifest.configuration.selection === undefined,
          },
  };
}

/** Whatever `run --predictions` reads, in the benchmark's order. */
export function fileSource(path: string, dataset: string): SubmissionSource {
  const definition = datasetById(dataset);
  requireFormat(definition);
  const subject = {
    file: path,
    definition,
    nameOf: (row: number) => `row ${row}`,
    reasonOf: () => undefined,
  };
  return {
    definition,
    subject,
    open: async (signal) => {
      const source = await openPredictions(path, definition, signal, (rows) => {
        if (rows > definition.protocol.sampleCount) requireCount(rows, subject, true);
        return Promise.resolve();
      });
      const named = source.ids === null ? source.rowNames?.[0]?.label : "'ids'";
      if (named === undefined) return source;
      await source.close();
      throw new UserError({
        code: 'submission-ids',
        message: 'These predictions are in an order of their own, named by ids',
        file: path,
        expected: "rows in the benchmark's order",
        got: `names of the rows: ${named}`,
        next: "bring them into order with 'hamba-eval run --predictions', then give its run directory",
      });
    },
    scored: null,
  };
}

function requireSplit({ path, manifest }: StoredRun): void {
  if (manifest.dataset.split === SPLIT) return;
  throw new UserError({
    code: 'submission-split',
    message: 'The challenges are about the evaluation split',
    file: path,
    expected: `split '${SPLIT}'`,
    got: `split '${manifest.dataset.split}'`,
    next: 'run on the evaluation split',
  });
}

function fusedSet({ path, manifest }: StoredRun, fusion: string): PredictionSet {
  const set = manifest.fused?.[fusion];
  if (set !== undefined) return set;
  const names = Object.keys(manifest.fused ?? {});
  throw new UserError({
    code: 'submission-fusion',
    message: 'This run holds no such fused predictions',
    file: path,
    expected: names.length === 0 ? 'no --tta-fusion: the run has none' : `--tta-fusion ${names.join(' or ')}`,
    got: `--tta-fusion ${fusion}`,
    next: 'leave --tta-fusion out for the un-augmented predictions, or run with --tta and that fusion',
  });
}

/** The zip holds the predicted joints; scores of joints formed from the meshes are not theirs. */
function requireOwnJoints({ path }: StoredRun, document: MetricsDocument | null): void {
  const protocol = document?.protocol;
  if (protocol?.measure !== 'hands-3d' || protocol.jointSource === 'model') return;
  throw new UserError({
    code: 'submission-joint-source',
    message: 'The joints this run scored are not those the model predicted',
    file: path,
    expected: "joints of source 'model'",
    got: `joints formed from the meshes (${protocol.jointSource})`,
    next: 'run without --joints-from, and submit that run',
  });
}

/** The order is all that tells samples apart. With HaMeR's metadata as the dataset, the run has that file's order. */
function requireOrder(
  { path, manifest }: StoredRun,
  definition: DatasetDefinition,
  ids: readonly string[] | null,
): void {
  const { isInOrder } = definition;
  const isKnown =
    isInOrder === undefined ? manifest.dataset.order !== 'metadata' : ids === null || isInOrder(ids);
  if (isKnown) return;
  throw new UserError({
    code: 'submission-order',
    message:
      isInOrder === undefined
        ? 'This run has the order of the metadata it was made with, and nothing says whether that is the order of the benchmark'
        : 'The samples of this run are not in the order of the benchmark',
    file: path,
    expected: `the order of ${definition.title}'s own folder, which a submission without ids relies on`,
    ...(ids === null ? {} : { got: `${ids.slice(0, 3).join(', ')} …` }),
    next: 'run on the folder in its official layout (--boxes may be the same file), and submit that run',
  });
}

/** Ids of the rows; null where the run does not say. */
async function sampleIds(run: StoredRun, isScored: boolean): Promise<readonly string[] | null> {
  const listed = await readSampleList(run);
  return listed !== null || !isScored ? listed : (await run.samples([])).ids;
}
