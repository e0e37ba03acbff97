// Writes THIRD-PARTY.md from the lock file: every package a user of hamba-eval
// installs, with its licence. `--check` says whether the file is up to date.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const rows = Object.entries(lock.packages)
  .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional)
  .map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return `| ${name} | ${entry.version} | ${entry.license ?? 'see the package'} |`;
  });
const text = `# Third-party packages

What \`npm install hamba-eval\` brings along, from package-lock.json; each package carries its licence text.
Packages named \`@img/…\` and \`@emnapi/…\` are the per-platform parts of sharp; only one platform's are installed.
Made by \`node scripts/third-party.mjs\`.

| package | version | licence |
| --- | --- | --- |
${[...new Set(rows)].sort().join('\n')}
`;

const file = new URL('../THIRD-PARTY.md', import.meta.url);
if (process.argv.includes('--check')) {
  let current = '';
  try {
    current = readFileSync(file, 'utf8');
  } catch {
    // Absent: not up to date.
  }
  if (current !== text) {
    console.error('THIRD-PARTY.md is not up to date: run node scripts/third-party.mjs');
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}
