// Removes the build so that no file of a deleted module is ever run or packed, and no help of an older one shown.
import { rmSync } from 'node:fs';

for (const made of ['../dist', '../oclif.manifest.json']) {
  rmSync(new URL(made, import.meta.url), { recursive: true, force: true });
}
