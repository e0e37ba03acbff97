/** The layouts by the id of their benchmark: one line each. */
import { UserError } from '../../errors.js';
import { freihandLayout } from './freihand.js';
import { hintEgo4dLayout, hintNewDaysLayout, hintVisorLayout } from './hint.js';
import { ho3dV2Layout, ho3dV3Layout } from './ho3d.js';
import type { DemoLayout } from './layout.js';

const LAYOUTS: readonly DemoLayout[] = [
  freihandLayout,
  ho3dV2Layout,
  ho3dV3Layout,
  hintNewDaysLayout,
  hintVisorLayout,
  hintEgo4dLayout,
];

export function layoutOf(dataset: string): DemoLayout {
  const layout = LAYOUTS.find((candidate) => candidate.dataset === dataset);
  if (layout !== undefined) return layout;
  throw new UserError({
    code: 'demo-dataset-unknown',
    message: `The demo cannot write a dataset called '${dataset}'`,
    expected: `one of ${LAYOUTS.map((candidate) => candidate.dataset).join(', ')}`,
    got: dataset,
    next: 'name it with --dataset',
  });
}
