// Writes dist/build.json: the commit the build was made from, for run.json.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

let build = {};
try {
  const changes = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+changes';
  build = { commit: `${git('rev-parse', '--short=12', 'HEAD')}${changes}` };
} catch {
  // No git, no checkout: the version alone has to do.
}
writeFileSync(new URL('../dist/build.json', import.meta.url), `${JSON.stringify(build)}\n`);
