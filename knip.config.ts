import type { KnipConfig } from 'knip';

/** `knip` finds what nobody uses; `knip --production` what only tests or benchmarks use, which has no place in src. */
const config: KnipConfig = ({ production = false }) => ({
  entry: [
    'src/main.ts!',
    'src/library.ts!',
    'src/metrics/index.ts!',
    'src/commands/**/*.ts!',
    // Started by their path in dist.
    'src/**/*.{worker,process}.ts!',
    'src/report/page/client/page.ts!',
    'bench/{main,submission}.ts',
    'scripts/*.mjs',
  ],
  // Files of fixtures are copied into another program.
  project: ['src/**/*.ts!', 'bench/**/*.ts', 'test/**/*.ts', '!test/fixtures/**', 'scripts/*.mjs'],
  // bench/inference.ts imports it from dist, where the workers are.
  ignoreIssues: { 'src/inference/crops/crop-source.ts': ['exports'] },
  // Tests make a pipe with the one, and look at the calls of a process with the other.
  ignoreBinaries: ['mkfifo', 'strace'],
  // A type named in the signature of an export is used; so is, in dist, a part that tests try alone.
  ignoreExportsUsedInFile: production || { interface: true, type: true },
});
export default config;
