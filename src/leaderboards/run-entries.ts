/** Runs of one's own as a leaderboard shows them, with everything in which they differ from a published row. */
import { basename, resolve } from 'node:path';
import { datasetById } from '../datasets/registry.js';
import { UserError } from '../errors.js';
import { protocolDifferences, type AnyProtocol } from '../metrics/index.js';
import { fusionLabel, isPartial, type MetricsDocument, type MetricValues } from '../runs/metrics-document.js';
import { readMetrics } from '../runs/read-metrics.js';
import { RunDirectory } from '../runs/run-directory.js';
import { grouped } from '../text/text.js';

/** A run, or one fusion of its test-time augmentation. */
export interface RunEntry {
  /** As the user named it. */
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

/** @throws UserError where a folder holds no finished, scored run of the dataset. */
export async function readRunEntries(dataset: string, paths: readonly string[]): Promise<RunEntry[]> {
  const names = paths.map((path) => basename(resolve(path)));
  const entries = await Promise.all(
    paths.map(async (path, index) => {
      const name = names[index]!;
      const isUnique = names.indexOf(name) === names.lastIndexOf(name);
      return entriesOf(dataset, path, isUnique ? name : path);
    }),
  );
  return entries.flat();
}

async function entriesOf(dataset: string, path: string, name: string): Promise<RunEntry[]> {
  const run = await RunDirectory.read(path);
  if (run.manifest.dataset.id !== dataset) throw otherDataset(dataset, run);
  const document = await readMetrics(run);
  if (document === null) {
    throw new UserError({
      code: 'run-unscored',
      message: 'This run predicted without ground truth: there is nothing to rank',
      file: path,
      expected: 'a finished run with scores',
      got: 'predictions alone',
      next: 'score its predictions on a folder with ground truth: hamba-eval run --predictions RUN_DIR',
    });
  }
  const { protocol, tta = {} } = document;
  const common = {
    path,
    name,
    document,
    obstacles: obstaclesOf(document),
    notes: protocol.boxes === null ? [] : [`boxes: ${protocol.boxes}`],
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

function otherDataset(dataset: string, { path, manifest }: RunDirectory): UserError {
  return new UserError({
    code: 'leaderboard-other-dataset',
    message: 'The run is of another dataset',
    file: path,
    expected: dataset,
    got: manifest.dataset.id,
    next: `place it among the results of its own: hamba-eval leaderboard ${manifest.dataset.id} RUN_DIR`,
  });
}

/** In the words of a table; a field without words of its own is named. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  jointSource: (value) => `joints from ${String(value)}`,
  reflection: () => 'no reflection (det +1)',
};

/** Published rows differ in boxes and augmentation; the place of a hand does not enter an aligned figure. */
const FREE_FIELDS = new Set(['boxes', 'tta', 'rootAlignment', 'sampleCount']);

function obstaclesOf({ dataset, coverage, protocol }: MetricsDocument): string[] {
  const official: AnyProtocol = datasetById(dataset.id).protocol;
  return [
    ...(dataset.split === 'evaluation' ? [] : [`split ${dataset.split}`]),
    ...(isPartial(coverage) ? [`partial ${grouped(coverage.scored)} of ${grouped(coverage.benchmark)}`] : []),
    ...protocolDifferences(official, protocol)
      .filter(({ field }) => !FREE_FIELDS.has(field))
      .map(({ field, right }) => WORDS[field]?.(right) ?? `${field} ${JSON.stringify(right) ?? 'absent'}`),
  ];
}
