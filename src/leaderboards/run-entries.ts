/** Runs of one's own as a leaderboard shows them, with everything in which they differ from a published row. */
import { basename, resolve } from 'node:path';
import { TRUTH_BOXES } from '../datasets/boxes.js';
import { datasetById } from '../datasets/registry.js';
import { UserError } from '../errors.js';
import { protocolDifferences, type AnyProtocol } from '../metrics/index.js';
import { fusionLabel, isPartial, type MetricsDocument, type MetricValues } from '../runs/metrics-document.js';
import type { StoredRun } from '../runs/stored-run.js';
import { grouped } from '../text/text.js';

/** A run, or one fusion of its test-time augmentation. */
export interface RunEntry {
  /** The run directory as the user named it. */
  readonly path: string;
  readonly name: string;
  readonly tta: string | null;
  readonly metrics: MetricValues;
  readonly document: MetricsDocument;
  /** Why its figures are not those of the benchmark; empty where they are. */
  readonly obstacles: readonly string[];
  /** What else a reader should know: published rows differ in these, too. */
  readonly notes: readonly string[];
}

/** @throws UserError where one is no finished, scored run of the dataset. */
export async function readRunEntries(dataset: string, runs: readonly StoredRun[]): Promise<RunEntry[]> {
  const names = runs.map(({ path }) => basename(resolve(path)));
  const entries = await Promise.all(
    runs.map(async (run, index) => {
      const name = names[index]!;
      const isUnique = names.indexOf(name) === names.lastIndexOf(name);
      return entriesOf(dataset, run, isUnique ? name : run.path);
    }),
  );
  return entries.flat();
}

async function entriesOf(dataset: string, run: StoredRun, name: string): Promise<RunEntry[]> {
  if (run.manifest.dataset.id !== dataset) throw otherDataset(dataset, run);
  const document = await run.scored('rank');
  const { protocol, tta = {} } = document;
  const common = {
    path: run.path,
    name,
    document,
    obstacles: obstaclesOf(document),
    notes: protocol.boxes === null || protocol.boxes === TRUTH_BOXES ? [] : [`boxes: ${protocol.boxes}`],
  };
  return [
    { ...common, tta: protocol.tta, metrics: document.metrics },
    ...Object.entries(tta).map(([fusion, metrics]) => ({
      ...common,
      tta: fusionLabel(fusion, document),
      metrics,
    })),
  ];
}

function otherDataset(dataset: string, { path, manifest }: StoredRun): UserError {
  return new UserError({
    code: 'leaderboard-other-dataset',
    message: 'The run is of another dataset',
    file: path,
    expected: dataset,
    got: manifest.dataset.id,
    next: `place it among the results of its own: hamba-eval leaderboard ${manifest.dataset.id} RUN_DIR`,
  });
}

/** Fields of the protocol in the words of a table; a field without words of its own is named. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  jointSource: (value) => `joints from ${String(value)}`,
  reflection: () => 'no reflection (det +1)',
};

/** Published rows differ in boxes and augmentation; the place of a hand does not enter an aligned figure. */
const FREE_FIELDS = new Set(['boxes', 'tta', 'rootAlignment', 'sampleCount']);

function obstaclesOf({ dataset, coverage, protocol }: MetricsDocument): string[] {
  const official: AnyProtocol = datasetById(dataset.id).protocol;
  return [
    ...(protocol.boxes === TRUTH_BOXES ? ['boxes of the true hands (an oracle)'] : []),
    ...(dataset.split === 'evaluation' ? [] : [`split ${dataset.split}`]),
    ...(isPartial(coverage) ? [`partial ${grouped(coverage.scored)} of ${grouped(coverage.benchmark)}`] : []),
    ...protocolDifferences(official, protocol)
      .filter(({ field }) => !FREE_FIELDS.has(field))
      .map(({ field, right }) => WORDS[field]?.(right) ?? `${field} ${JSON.stringify(right) ?? 'absent'}`),
  ];
}
