/**
 * Loaded before the program under measurement (`node --import`): leaves what the
 * whole process has used, threads that have ended included, in a file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { USAGE_FILE_VARIABLE, type Usage } from './measured-run.js';

if (isMainThread) {
  process.once('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const usage: Usage = {
      userSeconds: userCPUTime / 1e6,
      systemSeconds: systemCPUTime / 1e6,
      peakBytes: highWaterMark() ?? maxRSS * 1024,
    };
    writeFileSync(process.env[USAGE_FILE_VARIABLE]!, JSON.stringify(usage));
  });
}

/** Linux hands `maxRSS` on from parent to child, so that a small child of a large parent looks large; this is the child's own. */
function highWaterMark(): number | null {
  try {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  } catch {
    return null;
  }
}
