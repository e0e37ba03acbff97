/** Two processes that write one place: one does, the other says so in one error. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli, errorOf, FIXTURES, temporaryFolder, type CliResult } from '../support/cli.js';

const GOLDEN = join(FIXTURES, 'golden', 'freihand');
const PREDICTIONS = join(GOLDEN, 'pred.json');

async function atOnce(args: readonly string[]): Promise<CliResult[]> {
  const both = await Promise.all([cli([...args, '--json']), cli([...args, '--json'])]);
  return both.sort((a, b) => a.code! - b.code!);
}

it('demo makes one folder', async () => {
  const out = join(await temporaryFolder(), 'demo');
  const [made, refused] = await atOnce(['demo', '--out', out, '--training', '20', '--evaluation', '8']);
  expect(made!.code).toBe(0);
  expect(refused!.code).toBe(1);
  expect(errorOf(refused!)).toMatchObject({ code: 'output-in-use', file: out });
  expect((await readdir(out)).sort()).toEqual(['dataset', 'mean-pose.onnx', 'ridge', 'ridge.onnx']);
});

it('submission writes one archive, and report one page', async () => {
  const folder = await temporaryFolder();
  const zip = ['submission', '--dataset', 'freihand', '--from', PREDICTIONS, '--allow-partial'];
  const [written, refused] = await atOnce([...zip, '--out', join(folder, 'pred.zip')]);
  expect(written!.code).toBe(0);
  expect(refused!.code).toBe(1);
  // Where the first was over before the second began, its archive is there.
  expect(errorOf(refused!).code).toMatch(/^(output-in-use|submission-exists)$/);
  expect(await readdir(folder)).toEqual(['pred.zip']);

  const run = join(await temporaryFolder(), 'run');
  const scored = ['run', '--dataset', 'freihand', '--data', GOLDEN, '--predictions', PREDICTIONS];
  expect((await cli([...scored, '--out', run])).code).toBe(0);
  const [page, other] = await atOnce(['report', run, '--no-images', '--out', join(folder, 'page.html')]);
  expect(page!.code).toBe(0);
  if (other!.code !== 0) expect(errorOf(other!).code).toBe('output-in-use');
  expect(await readdir(folder)).toEqual(['page.html', 'pred.zip']);
});
