/** The benchmarks whose layouts the demo can write; the first is the one unless told otherwise. */
export const DEMO_DATASET_IDS = [
  'freihand',
  'ho3d-v2',
  'ho3d-v3',
  'hint-newdays',
  'hint-visor',
  'hint-ego4d',
] as const;

export type DemoDatasetId = (typeof DEMO_DATASET_IDS)[number];
