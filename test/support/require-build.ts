import { existsSync } from 'node:fs';

/** Workers and the command line are tested as built; say so instead of failing obscurely. */
export default function requireBuild(): void {
  if (!existsSync(new URL('../../dist/errors.js', import.meta.url))) {
    throw new Error("dist/ is missing: run 'npm run build' first ('npm test' does it for you).");
  }
}
