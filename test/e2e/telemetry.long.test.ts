/** No run asks for an address: ONNX Runtime's telemetry would look up its server after some 15 s. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli.js';

const SESSION = new URL('../../dist/inference/session/', import.meta.url).href;
const SECONDS = 25;
const traced = spawnSync('strace', ['-f', 'true']).status === 0;

/** A model that is run once a second. */
const LONG_RUN = `
import { openSession } from '${SESSION}session.js';
import { TRIAL_MODEL } from '${SESSION}trial-model.js';
import { writeFileSync } from 'node:fs';

writeFileSync('model.onnx', TRIAL_MODEL.bytes());
const session = await openSession({ model: 'model.onnx' });
for (let second = 0; second < ${SECONDS}; second++) {
  await session.run(TRIAL_MODEL.request());
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
await session.close();
`;

it.runIf(traced)('a long run opens no socket to a network', { timeout: 120_000 }, async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'run.mjs'), LONG_RUN);
  const env = { ...process.env, XDG_CACHE_HOME: cwd, TMPDIR: cwd, ORT_DISABLE_TELEMETRY: undefined };
  const args = ['-f', '-e', 'trace=socket,connect', '-o', 'calls.txt', process.execPath, 'run.mjs'];
  const { status, stderr } = spawnSync('strace', args, { cwd, env, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect((await readFile(join(cwd, 'calls.txt'), 'utf8')).split('\n')).toEqual(
    expect.not.arrayContaining([expect.stringContaining('INET')]),
  );
});
