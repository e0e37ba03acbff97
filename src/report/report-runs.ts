/** Finished runs as a report shows them. */
import { resolve } from 'node:path';
import { readRunScores, type RunScores } from '../comparison/run-scores.js';
import { likenessOf } from '../comparison/unlikeness.js';
import { UserError } from '../errors.js';
import { OPENPOSE_JOINTS } from '../hand/joints.js';
import { HAND_METRICS, KEYPOINT_METRICS } from '../metrics/index.js';
import { StoredRun } from '../runs/stored-run.js';
import type {
  Curve,
  Distribution,
  ErrorMeasure,
  JointRow,
  ProvenanceEntry,
  ReportRun,
} from './page/report-data.js';
import { sharedPath, uniqueNames } from './report-paths.js';

/** A run, read: what the page shows of it, and what choosing samples needs. */
export interface ReadRun {
  readonly stored: StoredRun;
  readonly scores: RunScores;
  readonly shown: ReportRun;
  /** The error of each sample, in the order of its ids; NaN where unscored. */
  readonly errors: Float64Array;
}

export interface ReadRuns {
  readonly runs: readonly ReadRun[];
  readonly error: ErrorMeasure;
  /** What the error is, where its name does not say so. */
  readonly meaning: string;
  /** In what the rules differ, in words. */
  readonly protocolDifferences: readonly string[];
}

/** What a sample is ordered by: the first of which every run has values. */
interface Ranking extends ErrorMeasure {
  /** A sentence, where the name is not the field's own. */
  readonly meaning: string;
  readonly of: (scores: RunScores) => Float64Array | null;
}

const MISSED_AT = KEYPOINT_METRICS.filter(({ headline }) => headline);
const LISTED = new Intl.ListFormat('en-GB').format(MISSED_AT.map(({ threshold }) => threshold.toFixed(2)));

const RANKINGS: readonly Ranking[] = [
  ...HAND_METRICS.filter(({ headline, unit }) => headline && unit === 'mm').map(
    ({ key, label }): Ranking => ({
      label,
      unit: 'mm',
      meaning: '',
      of: ({ columns }) => columns.get(key) ?? null,
    }),
  ),
  {
    label: 'Keypoints missed',
    unit: '%',
    meaning: `Keypoints missed: the share of a hand’s labelled keypoints that lie beyond the threshold, mean of the thresholds ${LISTED}.`,
    of: missedShare,
  },
];

/** Percent of a sample's labelled keypoints beyond the threshold, mean of the headlines' thresholds. */
function missedShare({ columns }: RunScores): Float64Array | null {
  const shares = MISSED_AT.map(({ key }) => columns.get(key));
  if (shares.some((share) => share === undefined)) return null;
  return shares[0]!.map(
    (_, row) => 100 * (1 - shares.reduce((sum, share) => sum + share![row]!, 0) / shares.length),
  );
}

/** @throws UserError where a folder holds no finished, scored run, or the runs are of different datasets. */
export async function readRuns(folders: readonly string[]): Promise<ReadRuns> {
  const names = uniqueNames(folders);
  const all: { stored: StoredRun; scores: RunScores }[] = [];
  for (const folder of folders) {
    const stored = await StoredRun.open(folder);
    all.push({ stored, scores: await readRunScores(stored) });
  }
  const [first, ...others] = all.map(({ scores }) => scores) as [RunScores, ...RunScores[]];
  for (const other of others) requireSameDataset(first, other);
  const ranking = RANKINGS.find(({ of }) => all.every(({ scores }) => of(scores) !== null));
  if (ranking === undefined) throw nothingInCommon(folders);
  const runs = await Promise.all(
    all.map(async ({ stored, scores }, index): Promise<ReadRun> => {
      return {
        stored,
        scores,
        errors: ranking.of(scores)!,
        shown: {
          name: names[index]!,
          folder: resolve(folders[index]!),
          document: scores.document,
          provenance: provenanceOf(stored),
          distributions: distributionsOf(scores),
          perJoint: jointsOf(scores),
          curves: await curvesOf(stored),
        },
      };
    }),
  );
  const differences = others.flatMap((other, index) =>
    likenessOf(first, other).unlike.map(
      ({ field, baseline, run }) =>
        `${field} is ${baseline} in ${names[0]} and ${run} in ${names[index + 1]}`,
    ),
  );
  const { label, unit } = ranking;
  return { runs, error: { label, unit }, meaning: ranking.meaning, protocolDifferences: differences };
}

function requireSameDataset(first: RunScores, other: RunScores): void {
  const [a, b] = [first.document.dataset, other.document.dataset];
  if (a.id === b.id && a.split === b.split) return;
  throw new UserError({
    code: 'report-other-dataset',
    message: 'The runs are not of one dataset and split',
    file: other.path,
    expected: `${a.id}, ${a.split}, as in ${first.path}`,
    got: `${b.id}, ${b.split}`,
    next: 'make one report for each dataset',
  });
}

function nothingInCommon(folders: readonly string[]): UserError {
  return new UserError({
    code: 'report-nothing-in-common',
    message: 'The runs have no error of single samples in common',
    file: folders[0]!,
    expected: 'joints, vertices or keypoints that every run has scored',
    got: `${folders.length} runs with different ones`,
    next: 'make one report for each',
  });
}

function distributionsOf(scores: RunScores): Distribution[] {
  return RANKINGS.flatMap(({ label, unit, of }) => {
    const values = of(scores)?.filter(Number.isFinite);
    return values === undefined || values.length === 0 ? [] : [{ label, unit, values }];
  });
}

/** In OpenPose order, whatever the dataset's. */
function jointsOf({ joints }: RunScores): JointRow[] {
  if (joints === null) return [];
  return OPENPOSE_JOINTS.map((name) => {
    const row = joints.names.indexOf(name);
    const values = [...joints.columns].flatMap(([key, column]): [string, number][] => {
      const value = column[row];
      return value === undefined || Number.isNaN(value) ? [] : [[key, value]];
    });
    return { name, values: Object.fromEntries(values) };
  });
}

async function curvesOf(stored: StoredRun): Promise<Curve[]> {
  const table = await stored.curves();
  if (table === null) return [];
  const { thresholds, curves } = table;
  return Array.from(curves, ([name, pck]) => ({ name, thresholds, pck: Array.from(pck) }));
}

/** What run.json says, in a person's words; absent entries and the names of machines are left out. */
function provenanceOf({ manifest, path }: StoredRun): ProvenanceEntry[] {
  const { configuration, program, times, host, dataset, coverage, origin } = manifest;
  const { protocol, model } = configuration;
  const entries: (readonly [string, unknown])[] = [
    ['Run directory', sharedPath(path)],
    ['Program', joined([program.name, program.version, program.commit], ' ')],
    ['Node', program.node],
    ['Checkpoint', pathOf(model)],
    ['Checkpoint SHA-256', model?.sha256],
    ['Predictions', model === undefined ? pathOf(origin) : undefined],
    ['Predictions SHA-256', model === undefined ? origin?.sha256 : undefined],
    ['Execution provider', configuration.provider],
    ['Batch size', configuration.batch_size],
    ['Joints from', protocol?.jointSource],
    ['Alignment', protocol?.alignment],
    ['Reflection', protocol?.reflection],
    ['Placement of the hand', protocol?.rootAlignment],
    ['Boxes', protocol?.boxes ?? 'not known'],
    ['Test-time augmentation', protocol?.tta ?? 'none'],
    ['Protocol version', protocol?.version],
    ['Dataset folder', sharedPath(dataset.folder)],
    ['Dataset fingerprint', configuration.fingerprint],
    ['Samples selected', configuration.selection],
    [
      'Coverage',
      coverage === undefined
        ? undefined
        : `${coverage.scored} scored, ${coverage.unscored} unscored, ${coverage.folder} in the folder, ${coverage.benchmark} in the benchmark`,
    ],
    ['Platform', host.platform],
    ['Started', times.started],
    ['Seconds', times.seconds?.toFixed(1)],
  ];
  return entries.flatMap(([label, value]) =>
    value === undefined || value === null
      ? []
      : [{ label, value: typeof value === 'string' ? value : JSON.stringify(value) }],
  );
}

function pathOf(file: { readonly path?: string | undefined } | undefined): string | undefined {
  return file?.path === undefined ? undefined : sharedPath(file.path);
}

function joined(parts: readonly unknown[], separator: string): string {
  return parts.filter((part) => typeof part === 'string').join(separator);
}
