import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests of workers and of the command line run the built files in dist/.
    globalSetup: ['test/support/require-build.ts', 'test/support/demo-folders.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ['default', ['json', { outputFile: 'coverage/results.json' }]],
  },
});
