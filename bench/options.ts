/** The flags of `npm run bench --`. */
import { parseArgs } from 'node:util';

/** Parts of the benchmark, in the order they run. */
export const PARTS = ['parse', 'metrics', 'freihand', 'ho3d', 'inference', 'network'] as const;
export type Part = (typeof PARTS)[number];

/** Measured where none is named: a network of full size takes gigabytes. */
const DEFAULT_PARTS = PARTS.filter((part) => part !== 'network');

export interface Options {
  readonly parts: ReadonlySet<Part>;
  /** Samples instead of each benchmark's own number; times are then not held against the targets. */
  readonly samples: number | null;
  /** Runs of each end-to-end case; the median counts, for inference the fastest. */
  readonly repetitions: number;
  /** Synthetic data is made here, left here, and used again where it is already here. */
  readonly keep: string | null;
  /** Where the .cpuprofile files of the profiled run are left. */
  readonly profiles: string | null;
  /** Store what was measured in reports/benchmarks. */
  readonly write: boolean;
}

export const USAGE = `npm run bench -- [flags]

  --only PART[,PART]   ${PARTS.join(', ')}; all but network when left out
  --samples N          a shorter run: N samples in place of each benchmark's number
  --repetitions N      runs of each end-to-end case, 3 when left out; the median counts,
                       for inference the fastest
  --keep FOLDER        make the synthetic data here, leave it, use it again next time (4 GB)
  --profile FOLDER     leave the .cpuprofile files of the profiled run here
  --write              store what was measured in reports/benchmarks: scoring.md and scoring.json,
                       inference.md and inference.json, network.md and network.json

network is measured when it is named alone: it writes 3 GB and takes a minute.
`;

/** @throws Error in plain words for a flag that is not one of these. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      samples: { type: 'string' },
      repetitions: { type: 'string', default: '3' },
      keep: { type: 'string' },
      profile: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    parts: new Set(values.only === undefined ? DEFAULT_PARTS : values.only.split(',').map(partOf)),
    samples: values.samples === undefined ? null : positive('--samples', values.samples),
    repetitions: positive('--repetitions', values.repetitions),
    keep: values.keep ?? null,
    profiles: values.profile ?? null,
    write: values.write,
  };
}

function partOf(name: string): Part {
  const part = PARTS.find((candidate) => candidate === name);
  if (part === undefined) throw new Error(`--only takes ${PARTS.join(', ')}; got '${name}'`);
  return part;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`${flag} takes a whole number of 1 or more; got '${text}'`);
  }
  return value;
}
