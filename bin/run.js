#!/usr/bin/env node
const stop = (message, got, next) => {
  process.stderr.write(`Error: ${message}\n  got       ${got}\n  next      ${next}\n`);
  process.exit(1);
};

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stop(
    'hamba-eval needs Node 20.19 or newer',
    `Node ${process.versions.node}`,
    'install a current Node (https://nodejs.org) and run the same command again',
  );
}

const { main } = await import('../dist/main.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  stop(
    'hamba-eval is not wholly installed',
    error.message,
    "npm ci installs and builds it; after npm ci --ignore-scripts, 'npm run build' is what is left",
  );
});
await main(process.argv.slice(2), import.meta.url);
