/** Finished runs made in memory. */
import type { RunScores } from '../../src/comparison/run-scores.js';
import { FREIHAND_PROTOCOL, type AnyProtocol } from '../../src/metrics/index.js';
import { METRICS_SCHEMA } from '../../src/runs/metrics-document.js';

export interface MadeRun {
  readonly path?: string;
  readonly ids?: readonly string[];
  /** By metric, NaN where a sample is unscored. */
  readonly columns: Readonly<Record<string, readonly number[]>>;
  readonly sequences?: readonly string[];
  readonly protocol?: Partial<AnyProtocol>;
  readonly dataset?: { readonly id: string; readonly split: string };
  readonly imported?: boolean;
  readonly fingerprint?: string;
}

export function madeRun(made: MadeRun): RunScores {
  const columns = new Map(Object.entries(made.columns).map(([key, list]) => [key, Float64Array.from(list)]));
  const count = [...columns.values()][0]!.length;
  const ids = made.ids ?? Array.from({ length: count }, (_, i) => i.toString().padStart(8, '0'));
  const scored = Uint8Array.from(ids, (_, i) =>
    [...columns.values()].some((column) => !Number.isNaN(column[i]!)) ? 1 : 0,
  );
  const total = scored.reduce((a, b) => a + b, 0);
  const mean = (column: Float64Array): number =>
    column.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0) / total;
  return {
    path: made.path ?? 'runs/made',
    document: {
      schema: METRICS_SCHEMA,
      state: 'complete',
      dataset: made.dataset ?? { id: 'freihand', split: 'evaluation' },
      coverage: { scored: total, unscored: count - total, folder: count, benchmark: 3960 },
      protocol: { ...FREIHAND_PROTOCOL, ...made.protocol } as AnyProtocol,
      metrics: Object.fromEntries([...columns].map(([key, column]) => [key, mean(column)])),
      confidence: {},
      warnings: [],
      unscored: [],
    },
    imported: made.imported ?? true,
    fingerprint: made.fingerprint ?? 'same',
    ids,
    rowOf: new Map(ids.map((id, row) => [id, row])),
    scored,
    sequences: made.sequences ?? null,
    columns,
    joints: {
      names: ['wrist', 'thumb_1'],
      columns: new Map([['pa_mpjpe_mm', Float64Array.of(5, 6)]]),
    },
    keypoints: null,
  };
}
