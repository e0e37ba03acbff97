/** Every photograph of a folder, decoded. */
import { availableParallelism } from 'node:os';
import { UserError } from '../../errors.js';
import { decodeImage } from '../../imaging/decode.js';
import { loadSharp } from '../../imaging/sharp.js';
import type { Progress } from '../../progress.js';
import type { Sample } from '../types.js';
import { collect, type Problems } from './problems.js';

/** px. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes every photograph that should be there, and looks whether its box lies in it.
 *
 * @returns the sizes of those that are sound, by the ids of their samples.
 */
export async function checkPhotographs(
  all: readonly Sample[],
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<Map<string, ImageSize>> {
  if ((await collect(problems, null, loadSharp)) === null) return new Map();
  const samples = all.filter(({ id }) => !problems.explained.has(id));
  const stage = progress.stage('photographs', samples.length, 'images');
  let next = 0;
  let done = 0;
  const sizes = new Map<string, ImageSize>();
  const work = async (): Promise<void> => {
    for (let index; (index = next++) < samples.length;) {
      signal.throwIfAborted();
      const { id, image, box } = samples[index]!;
      await collect(problems, null, async () => {
        const { width, height } = await decodeImage(image);
        sizes.set(id, { width, height });
        if (box === null) return;
        const [x, y] = box.center;
        const half = box.side / 2;
        if (x + half > 0 && x - half < width && y + half > 0 && y - half < height) return;
        throw new UserError({
          code: 'box-outside',
          message: 'The box of the hand lies outside its photograph',
          file: image,
          expected: `a box in ${width}×${height} px`,
          got: `centre ${x}, ${y}, side ${box.side}`,
          next: 'check that boxes and photographs are of one dataset',
        });
      });
      stage.update(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: 2 * availableParallelism() }, work));
    return sizes;
  } finally {
    stage.stop();
  }
}
