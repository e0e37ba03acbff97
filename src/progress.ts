/**
 * How long work shows itself: bars on a terminal, a plain line now and then
 * anywhere else, always on stderr so that stdout stays the result's.
 */
import process from 'node:process';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { wrapText } from './text/text.js';

/** One piece of work with a known number of steps. */
export interface ProgressStage {
  /** Moves to `done` steps; never backwards. */
  update(done: number): void;
  /** Ends the stage where it stands. */
  stop(): void;
}

export interface Progress {
  /** Starts a stage of `total` steps, named in the user's words, of which the first `from` were done before. */
  stage(name: string, total: number, unit: string, from?: number): ProgressStage;
  /** One line of text between the stages. */
  note(message: string): void;
  /** Releases the terminal; safe to call twice. */
  close(): void;
}

/** What long work is given: where it shows itself, and what ends it. */
export interface RunContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export const silentProgress: Progress = {
  stage: () => ({ update: () => undefined, stop: () => undefined }),
  note: () => undefined,
  close: () => undefined,
};

/** Bars where stderr is a terminal, lines where it is not. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? new BarProgress(stream) : new LineProgress(stream);
}

/** Clears the line behind the cursor: a note is written where a bar was. */
const CLEAR_REST = '\u001b[K';
const NAME_WIDTH = 17;
const BAR_WIDTH = 22;
const COUNT_WIDTH = 16;

class BarProgress implements Progress {
  #bars: MultiBar | null = null;
  #running = 0;
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  stage(name: string, total: number, unit: string, from = 0): ProgressStage {
    this.#bars ??= new MultiBar(
      {
        stream: this.#stream,
        hideCursor: true,
        clearOnComplete: false,
        stopOnComplete: false,
        barsize: BAR_WIDTH,
        fps: 10,
        format: '{name} {bar} {count} {rate} {time}',
        barCompleteChar: '━',
        barIncompleteChar: '─',
        linewrap: false,
        // A note takes the bars' place; they are drawn again below it.
        forceRedraw: true,
      },
      Presets.shades_classic,
    );
    const started = performance.now();
    let done = from;
    const fields = (ended: boolean): Record<string, string> => {
      const seconds = (performance.now() - started) / 1000;
      const left = done === from ? '' : `${formatSeconds((seconds / (done - from)) * (total - done))} left`;
      return {
        name: name.padEnd(NAME_WIDTH),
        count: `${done}/${total}${unit === '' ? '' : ` ${unit}`}`.padEnd(COUNT_WIDTH),
        rate: `${formatRate((done - from) / Math.max(seconds, 1e-3))}/s`.padStart(8),
        time: (ended ? formatSeconds(seconds) : left).padStart(10),
      };
    };
    const bar: SingleBar = this.#bars.create(total, from, fields(false));
    let stopped = false;
    this.#running += 1;
    return {
      update: (value) => {
        done = value;
        bar.update(value, fields(value >= total));
      },
      stop: () => {
        if (stopped) return;
        stopped = true;
        this.#running -= 1;
        bar.update(done, fields(true));
        bar.stop();
      },
    };
  }

  note(message: string): void {
    // Between the stages a note stands below their bars, within one above.
    if (this.#running === 0) this.close();
    // cli-progress cuts lines at the edge while its bars are shown; these are broken before.
    const lines = wrapText(message, this.#stream.columns - 1);
    if (this.#bars?.isActive) this.#bars.log(`${lines.join(`${CLEAR_REST}\n`)}${CLEAR_REST}\n`);
    else this.#stream.write(`${lines.join('\n')}\n`);
  }

  close(): void {
    // Notes wait for the next drawing; there must be one more.
    if (this.#bars?.isActive) this.#bars.update();
    this.#bars?.stop();
    this.#bars = null;
  }
}

const LINE_INTERVAL_MS = 5_000;

class LineProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  stage(name: string, total: number, unit: string, from = 0): ProgressStage {
    const started = performance.now();
    let last = started;
    let done = from;
    let stopped = false;
    const print = (suffix: string): void => {
      const seconds = (performance.now() - started) / 1000;
      const rate = formatRate((done - from) / Math.max(seconds, 1e-3));
      const counted = unit === '' ? '' : ` ${unit}`;
      this.#stream.write(`${name}: ${done}/${total}${counted} (${rate}/s)${suffix}\n`);
    };
    return {
      update(value) {
        done = value;
        const now = performance.now();
        if (now - last >= LINE_INTERVAL_MS && done < total) {
          last = now;
          print('');
        }
      },
      stop() {
        if (stopped) return;
        stopped = true;
        const seconds = (performance.now() - started) / 1000;
        print(`, ${seconds.toFixed(1)} s`);
      },
    };
  }

  note(message: string): void {
    this.#stream.write(`${message}\n`);
  }

  close(): void {
    // Lines hold nothing open.
  }
}

function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}

/**
 * A callback for work that knows nothing of this file: `(stage, done, total)`,
 * one stage after another. It throws the signal's reason once that is aborted.
 */
export function stagesOf(
  progress: Progress,
  signal: AbortSignal,
): (stage: string, done: number, total: number) => void {
  let current: { name: string; stage: ProgressStage } | null = null;
  return (name, done, total) => {
    signal.throwIfAborted();
    if (current?.name !== name) {
      current?.stage.stop();
      current = { name, stage: progress.stage(name, total, '') };
    }
    current.stage.update(done);
    if (done >= total) {
      current.stage.stop();
      current = null;
    }
  };
}
