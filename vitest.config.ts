import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const LONG = 'test/**/*.long.test.ts';

/** What can differ on the Node floor: the built program, threads and processes, native modules, the file system. */
const FLOOR = ['e2e', 'files', 'imaging', 'inference', 'predict', 'runs', 'workers'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    globalSetup: ['test/support/require-build.ts', 'test/support/demo-folders.ts'],
    // Most tests wait for programs they have started; one file at a time would leave a core idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A file that only the garbage collector closes is an error of its own in newer versions of Node.
    execArgv: ['--throw-deprecation'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ['default', ['json', { outputFile: 'coverage/results.json' }]],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [LONG] } },
      { extends: true, test: { name: 'long', include: [LONG], testTimeout: 600_000 } },
      {
        extends: true,
        test: { name: 'floor', include: [...FLOOR, 'test/score/score-pool.test.ts'], testTimeout: 600_000 },
      },
    ],
  },
});
