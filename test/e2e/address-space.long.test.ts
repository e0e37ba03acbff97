/** Batch systems limit the address space of a process (`ulimit -v`), of which V8 and WebAssembly reserve much. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ErrorJson } from '../../src/errors.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { givenModel } from '../support/models.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const VM_SIZE = `/VmSize:\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1]`;

/** A run of a model on one thread each, within so many kB. */
async function runWithin(
  kilobytes: number,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const folder = await temporaryFolder();
  const model = join(folder, 'model.onnx');
  const joints = { name: 'joints', shape: [21, 3], constant: new Array<number>(63).fill(0.01) };
  await writeFile(model, givenModel({ outputs: [joints] }));
  const data = await demoFolder('freihand');
  const args = ['--dataset', 'freihand', '--data', data, '--model', model, '--out', join(folder, 'run')];
  const limited = ['-c', `ulimit -v ${kilobytes}; exec "$0" "$@"`, process.execPath, BIN, 'run', ...args];
  return spawnSync('bash', [...limited, '--workers', '1', '--json'], { encoding: 'utf8' });
}

describe.runIf(process.platform === 'linux')('where the address space is limited', () => {
  it('photographs are decoded without WebAssembly, and nothing is said of it', async () => {
    const { status, stderr } = await runWithin(8_000_000);
    expect(status, stderr).toBe(0);
    expect(stderr).not.toMatch(/abort|wasm|memory for/i);
  });

  it('a thread that has no room is one sentence with a way on, not the end of the process', async () => {
    const node = Number(execFileSync(process.execPath, ['-p', VM_SIZE], { encoding: 'utf8' }));
    const { status, stdout, stderr } = await runWithin(node + 900_000);
    expect(status, stderr).toBe(1);
    const { error } = JSON.parse(stdout) as { error: ErrorJson };
    expect(error.code).toBe('address-space');
    expect(error.next).toContain('ulimit -v unlimited');
    expect(stderr).not.toMatch(/abort|fatal/i);
  });

  it.each([450, 600, 700])('a folder is not blamed for %i MB', async (megabytes) => {
    const node = Number(execFileSync(process.execPath, ['-p', VM_SIZE], { encoding: 'utf8' }));
    const script = `ulimit -v ${node + megabytes * 1000}; exec "$0" "$@"`;
    const verify = ['datasets', 'verify', 'ho3d-v2', await demoFolder('ho3d-v2'), '--json'];
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, BIN, ...verify], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(1);
    expect((JSON.parse(stdout) as { error: ErrorJson }).error.code).toBe('address-space');
  });
});
