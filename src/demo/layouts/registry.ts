/** The layouts by the id of their benchmark: one line each. */
import { UserError } from '../../errors.js';
import type { DemoLayout } from './layout.js';

/** Loaded where one is wanted: the help of a command needs the ids alone. */
const LAYOUTS = {
  freihand: () => import('./freihand.js').then(({ freihandLayout }) => freihandLayout),
  'ho3d-v2': () => import('./ho3d.js').then(({ ho3dV2Layout }) => ho3dV2Layout),
  'ho3d-v3': () => import('./ho3d.js').then(({ ho3dV3Layout }) => ho3dV3Layout),
  'hint-newdays': () => import('./hint.js').then(({ hintNewDaysLayout }) => hintNewDaysLayout),
  'hint-visor': () => import('./hint.js').then(({ hintVisorLayout }) => hintVisorLayout),
  'hint-ego4d': () => import('./hint.js').then(({ hintEgo4dLayout }) => hintEgo4dLayout),
} satisfies Record<string, () => Promise<DemoLayout>>;

/** A benchmark whose layout the demo can write. */
export type DemoDatasetId = keyof typeof LAYOUTS;

export const DEMO_DATASET_IDS = Object.keys(LAYOUTS) as [DemoDatasetId, ...DemoDatasetId[]];

/** The one unless told otherwise; the stamp of its folders names no benchmark. */
export const [DEFAULT_DEMO_DATASET] = DEMO_DATASET_IDS;

/** @throws UserError where the demo has no layout of that benchmark. */
export async function layoutOf(dataset: DemoDatasetId): Promise<DemoLayout> {
  if (Object.hasOwn(LAYOUTS, dataset)) return LAYOUTS[dataset]();
  throw new UserError({
    code: 'demo-dataset-unknown',
    message: `The demo cannot write a dataset called '${dataset}'`,
    expected: `one of ${DEMO_DATASET_IDS.join(', ')}`,
    got: dataset,
    next: 'name it with --dataset',
  });
}
