/** Runs an ES module in a process of its own, which has to end by itself. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

export async function runScript(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ stdout: string; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hamba-script-'));
  try {
    const file = join(folder, 'script.mjs');
    await writeFile(file, text);
    return await promisify(execFile)(process.execPath, [file], { timeout: 60_000, env });
  } finally {
    await rm(folder, { recursive: true });
  }
}
