/**
 * Writes dist/build.json: the commit the build was made from, for run.json, and a hash of the sources it was made of.
 * `--check` compares that hash with the sources as they are, and exits with 1 where the build is missing or stale.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const stamp = new URL('dist/build.json', root);

const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** SHA-256 of the names and contents of what the build reads; no times, which mean nothing in a clone or a copy. */
function sourcesHash() {
  const sources = readdirSync(new URL('src', root), { recursive: true })
    .filter((name) => /\.(ts|json)$/.test(name))
    .map((name) => `src/${name.replaceAll('\\', '/')}`);
  const scripts = ['clean', 'manifest', 'stamp'].map((name) => `scripts/${name}.mjs`);
  const others = ['tsconfig.json', 'tsconfig.build.json', ...scripts];
  const hash = createHash('sha256');
  for (const name of [...sources, ...others].sort()) {
    const content = readFileSync(new URL(name, root));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function commit() {
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+changes';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changes}`;
  } catch {
    // No git, no checkout: the version alone has to do.
    return undefined;
  }
}

function builtFrom() {
  try {
    return JSON.parse(readFileSync(stamp, 'utf8')).sources;
  } catch {
    return undefined;
  }
}

if (process.argv[2] !== '--check') {
  writeFileSync(stamp, `${JSON.stringify({ commit: commit(), sources: sourcesHash() })}\n`);
} else if (builtFrom() !== sourcesHash()) {
  const state = builtFrom() === undefined ? 'missing' : 'not a build of these sources';
  console.error(`dist/ is ${state}: run 'npm run build' first ('npm test' does it for you).`);
  process.exit(1);
}
