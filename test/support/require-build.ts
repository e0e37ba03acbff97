import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const STAMP = fileURLToPath(new URL('../../scripts/stamp.mjs', import.meta.url));

/** Workers and the command line are tested as built; say so instead of testing another program. */
export default function requireBuild(): void {
  const { status, stderr } = spawnSync(process.execPath, [STAMP, '--check'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
