/** The benchmarks by id: one line each. */
import { UserError } from '../errors.js';
import { freihand } from './freihand.js';
import { ho3dV2, ho3dV3 } from './ho3d.js';
import type { DatasetDefinition } from './types.js';

const DATASETS: readonly DatasetDefinition[] = [freihand, ho3dV2, ho3dV3];

export const DATASET_IDS: readonly string[] = DATASETS.map((dataset) => dataset.id);

export function datasetById(id: string): DatasetDefinition {
  const dataset = DATASETS.find((candidate) => candidate.id === id);
  if (dataset !== undefined) return dataset;
  throw new UserError({
    code: 'dataset-unknown',
    message: `There is no dataset called '${id}'`,
    expected: `one of ${DATASET_IDS.join(', ')}`,
    got: id,
    next: 'name it with --dataset',
  });
}
