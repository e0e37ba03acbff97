/**
 * How long work shows itself: bars on a terminal, a plain line now and then
 * anywhere else, always on stderr so that stdout stays the result's.
 */
import process from 'node:process';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** One piece of work with a known number of steps. */
export interface ProgressStage {
  /** Moves to `done` steps; never backwards. */
  update(done: number): void;
  /** Ends the stage where it stands. */
  stop(): void;
}

export interface Progress {
  /** Starts a stage of `total` steps, named in the user's words. */
  stage(name: string, total: number, unit: string): ProgressStage;
  /** One line of text between the stages. */
  note(message: string): void;
  /** Releases the terminal; safe to call twice. */
  close(): void;
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

const NAME_WIDTH = 10;

class BarProgress implements Progress {
  private bars: MultiBar | null = null;
  private readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  stage(name: string, total: number, unit: string): ProgressStage {
    this.bars ??= new MultiBar(
      {
        stream: this.stream,
        hideCursor: true,
        clearOnComplete: false,
        stopOnComplete: false,
        barsize: 24,
        fps: 10,
        etaBuffer: 50,
        format: `{name} {bar} {value}/{total} {unit} · {rate}/s · {eta_formatted} left`,
        barCompleteChar: '━',
        barIncompleteChar: '─',
        linewrap: false,
      },
      Presets.shades_classic,
    );
    const bars = this.bars;
    const started = performance.now();
    const bar: SingleBar = bars.create(total, 0, { name: name.padEnd(NAME_WIDTH), unit, rate: '–' });
    let stopped = false;
    return {
      update(done) {
        const seconds = (performance.now() - started) / 1000;
        bar.update(done, { rate: formatRate(done / Math.max(seconds, 1e-3)) });
      },
      stop: () => {
        if (stopped) return;
        stopped = true;
        bar.stop();
      },
    };
  }

  note(message: string): void {
    if (this.bars?.isActive) this.bars.log(`${message}\n`);
    else this.stream.write(`${message}\n`);
  }

  close(): void {
    this.bars?.stop();
    this.bars = null;
  }
}

const LINE_INTERVAL_MS = 5_000;

class LineProgress implements Progress {
  private readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  stage(name: string, total: number, unit: string): ProgressStage {
    const started = performance.now();
    let last = started;
    let done = 0;
    let stopped = false;
    const print = (suffix: string): void => {
      const seconds = (performance.now() - started) / 1000;
      const rate = formatRate(done / Math.max(seconds, 1e-3));
      this.stream.write(`${name}: ${done}/${total} ${unit} (${rate}/s)${suffix}\n`);
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
    this.stream.write(`${message}\n`);
  }

  close(): void {
    // Lines hold nothing open.
  }
}

function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}
