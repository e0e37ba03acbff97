/** How large a photograph is, from the beginning of its file where that says it. */
import { readStart } from '../files/file-start.js';
import { decodeImage, imageFormat } from './decode.js';
import { jpegFrame } from './jpeg-header.js';

/** What cameras write before the frame header is seldom longer. */
const START_BYTES = 2 ** 16;

/** @throws UserError where the file cannot be read, or is no photograph. */
export async function photographSize(file: string): Promise<{ width: number; height: number }> {
  const start = await readStart(file, START_BYTES);
  const format = imageFormat(start);
  // IHDR is a PNG's first chunk.
  if (format === 'png' && start.length >= 24)
    return { width: start.readUInt32BE(16), height: start.readUInt32BE(20) };
  const { width, height } = (format === 'jpeg' ? jpegFrame(start) : null) ?? (await decodeImage(file));
  return { width, height };
}
