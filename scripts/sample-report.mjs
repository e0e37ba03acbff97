// The committed sample in reports/sample: two baselines of the demo, coarse and fine pooling, each with and without
// test-time augmentation, compared. Needs a build; `node scripts/sample-report.mjs`. The picture in the README is made of
// it by scripts/report-picture.mjs.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { prepareDemo } from '../dist/demo/demo.js';
import { layoutOf } from '../dist/demo/layouts/registry.js';
import { fitRidgeBaseline } from '../dist/demo/ridge.js';
import { Studio } from '../dist/demo/studio.js';
import { proceduralHand } from '../dist/demo/hand/procedural-hand.js';

// Paths in the page are those below the folder the program is started in.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const root = join('reports', 'demo');
const out = join('reports', 'sample');
const prepared = await prepareDemo({ root });
const { seed, training, evaluation } = prepared.dataset.stamp;
const half = (await layoutOf('freihand')).trainingHalf({
  dir: prepared.datasetDir,
  seed,
  training,
  evaluation,
  studio: new Studio(proceduralHand()),
});
const models = { fine: join(root, 'pooling-fine.onnx'), coarse: join(root, 'pooling-coarse.onnx') };
await fitRidgeBaseline({ training: half, out: models.fine, pool: 16 });
await fitRidgeBaseline({ training: half, out: models.coarse, pool: 4 });

const hambaEval = (...args) => execFileSync(process.execPath, ['bin/run.js', ...args], { encoding: 'utf8' });
const runs = [];
for (const [name, model] of Object.entries(models)) {
  const run = join(root, `pooling-${name}`);
  const sweep = ['--rotations=-10:10:5', '--scales', '0.95,1,1.05'];
  hambaEval(
    ...['run', '--dataset', 'freihand', '--data', prepared.datasetDir, '--model', model],
    ...['--out', run, '--force', ...sweep],
  );
  runs.push(run);
}
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
hambaEval('report', ...runs, '--out', join(out, 'report.html'), '--samples', '2');
const page = await readFile(join(out, 'report.html'), 'utf8');
if (page.includes(process.cwd())) throw new Error(`${out}: the page names ${process.cwd()}`);
await writeFile(join(out, 'comparison.md'), hambaEval('compare', ...runs, '--format', 'markdown'));
console.log(`${out}: report.html, comparison.md`);
