/**
 * Threads that crop. A batch is filled by one thread, into the buffer that the session then takes as
 * it is; several batches are filled side by side. What is in a batch never depends on which thread
 * filled it, or when.
 */
import { builtFile } from '../../workers/built-file.js';
import { WorkerThread } from '../../workers/worker-thread.js';
import type {
  CropData,
  CropFile,
  CropService,
  CropSettings,
  CropTask,
  FilledBatch,
  SharedPhoto,
} from './crop-messages.js';

export type { CropData, CropFile, CropSettings, CropTask, SharedPhoto } from './crop-messages.js';

export interface CropPoolOptions extends CropSettings {
  /** Most threads; each starts when there is a batch that all others are too busy for. */
  readonly threads: number;
}

/** A batch in the making. */
export interface OpenBatch {
  /** Resolves once the photograph is not needed any more. */
  crop(photo: SharedPhoto, tasks: readonly CropTask[]): Promise<void>;
  /**
   * Decodes JPEG files in the thread that crops them; their bytes are copied.
   *
   * @returns for each the milliseconds that took; null where the thread cannot decode it, and nothing is cropped.
   */
  cropFiles(files: readonly CropFile[]): Promise<readonly (number | null)[]>;
  /** Ends the batch; `blank` are the slots without a crop, which become zeros. */
  finish(blank: readonly number[]): Promise<FilledBatch>;
}

interface CropThread {
  readonly worker: WorkerThread<CropService>;
  /** Begun and not filled. */
  batches: number;
}

export class CropPool {
  readonly #options: CropPoolOptions;
  readonly #threads: CropThread[] = [];
  #nextBatch = 0;

  constructor(options: CropPoolOptions) {
    this.#options = options;
  }

  /**
   * Gives a batch to the thread with the fewest.
   *
   * @param data  handed over: unusable here until it comes back filled.
   */
  begin(data: CropData): OpenBatch {
    const thread = this.#leastBusy();
    const { worker } = thread;
    const batch = this.#nextBatch++;
    thread.batches += 1;
    // What fails here is told by the calls that follow.
    worker.call('begin', [batch, data], [data.buffer]).catch(() => undefined);
    return {
      crop: (photo, tasks) => worker.call('crop', [batch, photo, tasks]),
      cropFiles: (files) => worker.call('cropFiles', [batch, files]),
      finish: async (blank) => {
        const filled = await worker.call('finish', [batch, blank]);
        thread.batches -= 1;
        return filled;
      },
    };
  }

  /** Ends the threads, whatever they are doing; what they were asked for fails. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): CropThread {
    const { threads, ...settings } = this.#options;
    const idle = this.#threads.find(({ batches }) => batches === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < Math.max(1, threads)) {
      const file = builtFile('inference/crops/crop.worker.js');
      const thread = { worker: new WorkerThread<CropService>(file, 'a crop thread', settings), batches: 0 };
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((least, other) => (other.batches < least.batches ? other : least));
  }
}
