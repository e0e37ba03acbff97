#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Error: hamba-eval needs Node 20.19 or newer\n  got       Node ${process.versions.node}\n` +
      '  next      install a current Node (https://nodejs.org) and run the same command again\n',
  );
  process.exit(1);
}

const { main } = await import('../dist/main.js');
await main(process.argv.slice(2), import.meta.url);
