/** Global setup: where demo-folder.ts keeps what the files of a test run share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly demoFolders: string;
  }
}

export default function provideDemoFolders({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hamba-eval demos '));
  provide('demoFolders', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
