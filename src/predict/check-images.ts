/** A first look at every photograph, before hours of predicting end at one that is none. */
import type { Sample } from '../datasets/types.js';
import { openFile } from '../files/open-file.js';
import { decodeImage, imageFormat } from '../imaging/decode.js';

/** Enough to tell what a file is. */
const HEAD_BYTES = 16;
/** Files looked at together: enough to hide the latency of a network file system. */
const AT_ONCE = 32;

/** @throws UserError naming the first photograph that is not there, cannot be read, or is neither JPEG nor PNG. */
export async function checkImages(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
  for (let first = 0; first < samples.length; first += AT_ONCE) {
    signal.throwIfAborted();
    const looked = samples.slice(first, first + AT_ONCE).map(async ({ image }) => {
      // What is no photograph is decoded, for the error that says what it is instead.
      if (!(await looksLikeImage(image))) await decodeImage(image);
    });
    const outcomes = await Promise.allSettled(looked);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

async function looksLikeImage(path: string): Promise<boolean> {
  const file = await openFile(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return imageFormat(buffer.subarray(0, bytesRead)) !== null;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
