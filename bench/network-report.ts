/** The figures of a network of full size as data (network.json) and as a page (network.md, and the terminal). */
import type { Machine, Versions } from './machine.js';
import { markdownTable } from './markdown-table.js';
import type { NetworkFigures } from './network.js';
import { BENCHMARK_SCHEMA, header, targetsSection } from './report.js';
import { verdict, type Judgement } from './targets.js';

export interface NetworkReport {
  readonly schema: typeof BENCHMARK_SCHEMA;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly targets: readonly Judgement[];
  readonly network: NetworkFigures;
}

const BUILD = { seconds: 5, bytes: 500e6 } as const;

export function networkReport(machine: Machine, versions: Versions, network: NetworkFigures): NetworkReport {
  const { build_seconds, build_peak_bytes } = network;
  return {
    schema: BENCHMARK_SCHEMA,
    date: new Date().toISOString(),
    machine,
    versions,
    targets: [
      {
        target: 'Hamba built beside its checkpoint',
        wanted: `< ${BUILD.seconds} s`,
        measured: seconds(build_seconds),
        verdict: verdict(build_seconds < BUILD.seconds),
      },
      {
        target: 'peak memory of building it',
        wanted: `< ${BUILD.bytes / 1e6} MB`,
        measured: megabytes(build_peak_bytes),
        verdict: verdict(build_peak_bytes < BUILD.bytes),
      },
    ],
    network,
  };
}

export function networkMarkdown(report: NetworkReport): string {
  const { network } = report;
  const rows = [
    ['checkpoint', `${(network.checkpoint_bytes / 1e9).toFixed(2)} GB`],
    ['model beside it', megabytes(network.model_bytes)],
    ['model build', seconds(network.build_seconds)],
    ['peak memory of model build', megabytes(network.build_peak_bytes)],
    ['opening the session', seconds(network.open_seconds)],
    ['one image on the CPU', seconds(network.run_seconds)],
    ['peak memory of session and image', megabytes(network.run_peak_bytes)],
  ];
  return `${[
    '# A network of full size: Hamba',
    header(report),
    targetsSection(report.targets),
    markdownTable(
      [
        { title: '', align: 'left' },
        { title: 'measured', align: 'right' },
      ],
      rows,
    ),
    'The checkpoint holds zeros and is in the cache of the system; most of building is its SHA-256. The session has\nrandom weights. Memory is what the process held at most,\nmapped weights included where they were read.',
  ].join('\n\n')}\n`;
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
