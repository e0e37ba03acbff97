/** The published tables: one line each. */
import { PUBLISHED_FREIHAND } from './data/freihand.js';
import { PUBLISHED_HINT } from './data/hint.js';
import { PUBLISHED_HO3D_V2 } from './data/ho3d-v2.js';
import { PUBLISHED_HO3D_V3 } from './data/ho3d-v3.js';
import type { PublishedTable } from './published-table.js';

export const PUBLISHED_TABLES: readonly PublishedTable[] = [
  PUBLISHED_FREIHAND,
  PUBLISHED_HO3D_V2,
  PUBLISHED_HO3D_V3,
  ...PUBLISHED_HINT,
];

/** Null where nothing is published for the dataset, or known here. */
export function publishedTable(dataset: string): PublishedTable | null {
  return PUBLISHED_TABLES.find((table) => table.dataset === dataset) ?? null;
}
