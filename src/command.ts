/**
 * What all commands share: `--json`, the two kinds of error and their exit
 * codes, interruption, and colour only where a terminal shows it.
 */
import process from 'node:process';
import { Command, Errors } from '@oclif/core';
import { EXIT, UserError, type ErrorJson } from './errors.js';
import { createProgress, type Progress } from './progress.js';
import { printable } from './text/text.js';

/** The user pressed Ctrl-C, the scheduler sent SIGTERM, or the terminal went away. */
const STOPPING = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hangup } as const;
type StoppingSignal = keyof typeof STOPPING;
const SIGNALS = Object.keys(STOPPING) as StoppingSignal[];

/** Raised by nobody but `interruption`. */
class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: StoppingSignal) {
    super(`Interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = STOPPING[signal];
  }
}

export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** Ends work in flight; its reason is an `Interrupted`. */
  protected readonly interruption = new AbortController();
  #progressOrNull: Progress | null = null;

  protected get progress(): Progress {
    return (this.#progressOrNull ??= createProgress());
  }

  /** True where colour is welcome: a terminal, no NO_COLOR, no dumb terminal. */
  protected get colour(): boolean {
    const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
    if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
    if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true;
    return process.stdout.isTTY && TERM !== 'dumb';
  }

  override async init(): Promise<void> {
    await super.init();
    const stop = (signal: StoppingSignal): void => {
      // A second signal takes its default course: process.exit() inside a
      // native session.run would end in an abort, with another exit code.
      for (const name of SIGNALS) process.removeListener(name, stop);
      process.stderr.write('\nStopping; press Ctrl-C again to stop at once.\n');
      this.interruption.abort(new Interrupted(signal));
    };
    for (const name of SIGNALS) process.on(name, stop);
  }

  protected override finally(): Promise<void> {
    this.#progressOrNull?.close();
    return Promise.resolve();
  }

  protected override catch(error: Error): Promise<void> {
    this.#progressOrNull?.close();
    const { exitCode, json, lines } = describeError(error);
    if (this.jsonEnabled()) {
      process.stdout.write(`${JSON.stringify({ error: json }, null, 2)}\n`);
    } else {
      const [first = '', ...rest] = lines.map(printable);
      const label = process.stderr.isTTY && this.colour ? '\u001b[1;31mError:\u001b[0m' : 'Error:';
      process.stderr.write([`${label} ${first}`, ...rest, ''].join('\n'));
    }
    process.exitCode = exitCode;
    return Promise.resolve();
  }

  /** oclif's own warnings (a flag's old name) are notes like ours. */
  override warn(input: Error | string): Error | string {
    this.progress.note(typeof input === 'string' ? input : input.message);
    return input;
  }

  protected override toSuccessJson(result: unknown): unknown {
    return result;
  }
}

interface DescribedError {
  exitCode: number;
  json: ErrorJson;
  lines: string[];
}

function describeError(error: Error): DescribedError {
  if (error instanceof UserError) {
    const lines = error.toLines();
    if (process.env.DEBUG !== undefined && error.stack !== undefined) lines.push(error.stack);
    return { exitCode: error.exitCode, json: error.toJson(), lines };
  }
  if (error instanceof Interrupted) {
    return {
      exitCode: error.exitCode,
      json: { code: 'interrupted', message: error.message },
      lines: [error.message],
    };
  }
  if (error instanceof Errors.CLIError) {
    const message = error.message
      .replace(/^The following errors? occurred:\s*/, '')
      .replace(/\nSee more help with --help\s*$/, '')
      .replace(/\s+/g, ' ')
      .trim();
    const next = 'see --help for the flags of this command';
    return {
      exitCode: EXIT.usage,
      json: { code: 'usage', message, next },
      lines: [message, `  next      ${next}`],
    };
  }
  const stack = error.stack ?? String(error);
  return {
    exitCode: EXIT.bug,
    json: { code: 'bug', message: error.message, next: 'please report this with the command and the stack' },
    lines: [
      'this is a bug in hamba-eval, not in your input; please report it with the lines below',
      ...stack.split('\n'),
    ],
  };
}
