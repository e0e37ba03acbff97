/** `metrics.json` of a scored set, put together the same way for every kind of measure. */
import type { DatasetFolder } from '../datasets/types.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { OrderedSource } from '../predictions/folder-order.js';
import {
  METRICS_SCHEMA,
  type MetricsDocument,
  type UnscoredSample,
  type Warning,
} from '../runs/metrics-document.js';
import { ttaParts, ttaWarnings, type TtaResult } from './score-sets.js';

export interface ResultParts extends Pick<MetricsDocument, 'metrics' | 'confidence'> {
  readonly folder: DatasetFolder;
  readonly protocol: AnyProtocol;
  readonly ordered: OrderedSource;
  readonly unscored: readonly UnscoredSample[];
  /** Before and after what there is to say of test-time augmentation. */
  readonly warnings: readonly [readonly Warning[], readonly Warning[]];
}

export function resultDocument(parts: ResultParts, tta: TtaResult | null): MetricsDocument {
  const { folder, protocol, ordered, unscored, metrics, confidence } = parts;
  const { source, folderCount } = ordered;
  const [before, after] = parts.warnings;
  return {
    schema: METRICS_SCHEMA,
    state: 'complete',
    dataset: { id: folder.definition.id, split: folder.split },
    coverage: {
      scored: source.count - unscored.length,
      unscored: unscored.length,
      folder: folderCount,
      benchmark: folder.benchmarkCount,
    },
    protocol,
    metrics,
    confidence,
    ...ttaParts(tta),
    warnings: [
      ...folder.notices,
      ...source.notices,
      ...before,
      ...ttaWarnings(tta, unscored.length),
      ...after,
    ],
    unscored,
  };
}

/** The ground truth of a folder is of another kind than its protocol: a definition that contradicts itself. */
export function wrongTruth({ definition }: DatasetFolder): TypeError {
  return new TypeError(`the ground truth of ${definition.id} is not what its protocol measures`);
}
