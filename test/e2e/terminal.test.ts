/** What a person sees: the built program on a terminal of 80 columns, through a pseudo-terminal. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FIXTURES, temporaryFolder } from '../support/cli.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

const ESCAPE = String.fromCharCode(27);

/** Runs argv on a pseudo-terminal of 80 columns and copies what it shows to stdout. */
const PTY = `
import fcntl, pty, struct, sys, termios
def start(argv):
    def read(fd):
        import os
        return os.read(fd, 65536)
    pid, fd = pty.fork()
    if pid == 0:
        import os
        os.execv(argv[0], argv)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 80, 0, 0))
    import os
    try:
        while True:
            data = os.read(fd, 65536)
            if not data: break
            sys.stdout.buffer.write(data)
    except OSError:
        pass
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
start(sys.argv[1:])
`;

/** Node has no pseudo-terminal of its own; a machine with Node alone skips this by name. */
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

describe('on a terminal', () => {
  it.skipIf(!hasPython)(
    'shows bars, notes and the table, coloured, in 80 columns, and gives the cursor back',
    async () => {
      const out = join(await temporaryFolder(), 'run');
      const data = join(FIXTURES, 'golden', 'freihand');
      const args = ['run', '--dataset', 'freihand', '--data', data, '--predictions', join(data, 'pred.json')];
      // An empty NO_COLOR is none (no-color.org).
      const env = { ...process.env, NO_COLOR: '', TERM: 'xterm-256color' };
      const { stdout } = await promisify(execFile)(
        'python3',
        ['-c', PTY, process.execPath, BIN, ...args, '--out', out],
        { env },
      );
      expect(stdout).toContain('━');
      expect(stdout).toMatch(/score +━+ 5\/5 samples/);
      expect(stdout).toContain('warning (some-predictions-mirrored)');
      expect(stdout).toMatch(/scored in \d+\.\d s; threads: read/);
      expect(stdout).toContain(`${ESCAPE}[1mFreiHAND · evaluation`);
      expect(stdout.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${ESCAPE}[?25l`));
      // A note within a stage stands above its bar, one after it below.
      const bar = stdout.lastIndexOf('5/5 samples');
      expect(bar).toBeGreaterThan(stdout.lastIndexOf('some-predictions-mirrored'));
      expect(bar).toBeLessThan(stdout.lastIndexOf('scored in'));
      const plain = stdout.replace(new RegExp(`${ESCAPE}\\[[?\\d;]*[A-Za-z]`, 'g'), '\n');
      for (const line of plain.split(/[\r\n]+/)) {
        if (!line.includes(out) && !line.includes(data))
          expect([...line].length, line).toBeLessThanOrEqual(80);
      }
    },
  );
});
