/** What stands in run.json about the program itself. */
import { readFileSync } from 'node:fs';

export interface ProgramInfo {
  readonly name: string;
  readonly version: string;
  /** Of the checkout it was built from; `+changes` where that had uncommitted ones. */
  readonly commit?: string;
}

export function programInfo(): ProgramInfo {
  const { name, version } = readJson('../package.json') as { name: string; version: string };
  const { commit } = (readJson('../dist/build.json') ?? {}) as { commit?: string };
  return commit === undefined ? { name, version } : { name, version, commit };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  } catch {
    return null;
  }
}
