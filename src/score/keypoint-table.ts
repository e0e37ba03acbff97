/** per_keypoint.csv: what PCK is made of, for whoever compares two runs joint by joint. */
import { jointNames } from '../hand/joints.js';
import { KEYPOINT_CURVE_THRESHOLDS, KEYPOINT_SUBSETS, type KeypointResult } from '../metrics/index.js';
import { tableCsv, type Cell } from '../text/csv.js';

/**
 * One row a labelled keypoint of a scored sample. `within` is the smallest threshold
 * of the curve (share of the box's longer side) that it is within, empty beyond all.
 */
export function perKeypointCsv(ids: readonly string[], results: readonly KeypointResult[]): string {
  const names = jointNames('openpose');
  const known = KEYPOINT_SUBSETS.filter((subset) =>
    results.some((result) => result.state === 'scored' && result.labelled[subset] !== null),
  );
  const rows = results.flatMap((result, row): Cell[][] => {
    if (result.state === 'unscored') return [];
    const { bins, labelled } = result;
    const joints = [...names.keys()].filter((joint) =>
      known.some((subset) => labelled[subset]?.[joint] === 1),
    );
    return joints.map((joint) => [
      ids[row],
      joint,
      names[joint],
      KEYPOINT_CURVE_THRESHOLDS[bins[joint]!],
      ...known.map((subset) => labelled[subset]?.[joint] ?? 0),
    ]);
  });
  return tableCsv(['id', 'joint', 'name', 'within', ...known.map((subset) => `labelled_${subset}`)], rows);
}
