import { join } from 'node:path';
import { isFile } from '../../datasets/folder.js';
import { arrayFiles, PLAIN_SET, setFolders } from '../../runs/prediction-sets.js';
import { RUN_FILES } from '../../runs/run-files.js';
import type { PredictionFormat } from './prediction-format.js';

/** A run directory of this program, whose run.json describes the arrays. */
export const RUN_DIRECTORY: PredictionFormat = {
  kind: 'run-directory',
  title: 'a run directory',
  help: 'a run directory',
  recognises: ({ path, isFolder }) => isFolder && isFile(join(path, RUN_FILES.manifest)),
  open: async ({ path }, dataset, { requireRows }) => {
    // Loaded when they are needed: every command loads this file, whose texts are in the help.
    const { StoredRun } = await import('../../runs/stored-run.js');
    const { openRunPredictions } = await import('../run-predictions.js');
    const run = await StoredRun.open(path);
    for (const { shape } of Object.values(run.manifest.predictions ?? {}))
      await requireRows?.(shape[0] ?? 0, { named: true, atLeast: false });
    return openRunPredictions(run, dataset, 'run-directory');
  },
  files: async (path) => {
    const sets = [PLAIN_SET, ...(await setFolders(path))];
    return [RUN_FILES.manifest, RUN_FILES.samples, ...sets.flatMap(arrayFiles)];
  },
};
