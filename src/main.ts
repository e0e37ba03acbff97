/** The way into the program: streams that may close, and errors before a command takes over. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { EXIT, UserError } from './errors.js';
import { expandHome, outliveUnknownUser } from './files/home.js';

/** Commands whose result is in a run directory before it is printed. */
const KEEPING = ['run', 'demo', 'merge'];

/** @param root URL of a file of the package, for oclif to find package.json. */
export async function main(argv: string[], root: string): Promise<void> {
  outliveUnknownUser();
  // It asks for the user's home while it is loaded.
  const { handle, run } = await import('@oclif/core');
  outliveClosedStreams(KEEPING.includes(argv[0] ?? ''));
  try {
    // Plugins of the user's would be read from his home; this program takes none.
    await run(argv.map(expandFlag), { root: fileURLToPath(root), userPlugins: false });
  } catch (error) {
    if (isExit(error)) return handle(error as Error);
    const told = argv[0] === 'autocomplete' ? cacheError(error as NodeJS.ErrnoException) : null;
    if (told !== null) {
      process.stderr.write(`Error: ${told.toLines().join('\n')}\n`);
      process.exitCode = told.exitCode;
      return;
    }
    // The name of a command that does not exist may come from anywhere.
    const { printable } = await import('./text/text.js');
    const message = printable((error as Error).message);
    (error as Error).message = message;
    if (!argv.includes('--json')) return handle(error as Error);
    // Such a command has no --json of its own.
    const next = 'hamba-eval --help lists the commands';
    process.stdout.write(`${JSON.stringify({ error: { code: 'usage', message, next } }, null, 2)}\n`);
    process.exitCode = EXIT.usage;
  }
}

/** A shell leaves the home in `--data=~/folder` to the program. */
function expandFlag(argument: string): string {
  const [, flag, value] = /^(--[\w-]+=)(~.*)$/.exec(argument) ?? [];
  return flag === undefined ? argument : flag + expandHome(value!);
}

/** The command for completion is a library's, and hands on what the system says about its folder. */
function cacheError({ code, path, message }: NodeJS.ErrnoException): UserError | null {
  if (code === undefined || path === undefined) return null;
  return new UserError({
    code: 'cache-unwritable',
    message: 'The words for completion cannot be kept',
    file: path,
    expected: 'a folder that can be written',
    got: message,
    next: 'let HAMBA_EVAL_CACHE_DIR name a folder of yours, here and in the shell that completes',
  });
}

/** `--help` and its like end the program through an error of this kind. */
function isExit(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'EEXIT';
}

/**
 * `hamba-eval … | head` closes a pipe early: nobody is left to tell, and the
 * work goes on. A full disk behind stdout must not look like success.
 */
function outliveClosedStreams(isKept: boolean): void {
  // oclif's own listener throws, which ends the program in a stack.
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    const next = isKept
      ? 'it is in the run directory'
      : 'free some disk space, or send it elsewhere, and give the command again';
    process.stderr.write(
      `Error: the result cannot be printed\n  got       ${error.message}\n  next      ${next}\n`,
    );
    process.exitCode = EXIT.input;
  });
  process.stderr.on('error', () => undefined);
}
