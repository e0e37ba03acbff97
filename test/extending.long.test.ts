/**
 * docs/extending.md, done: a copy of the program gets the six toys of fixtures/extending and the lines that the page
 * shows, is compiled, and run as a user does. Each toy is seen wherever its kind is, and gone without its line.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { JOINT_COUNT } from '../src/hand/joints.js';
import { Random } from '../src/statistics/random.js';
import { cli, FIXTURES, sharedFolder, type CliResult } from './support/cli.js';
import { givenModel } from './support/models.js';
import { numbersNpy } from './support/tiny-npz.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TOYS = join(FIXTURES, 'extending');

/** What the page says of one kind. */
interface Step {
  /** `a dataset` */
  readonly kind: string;
  /** The file to write, and the registry to name it in. */
  readonly file: string;
  readonly registry: string;
  readonly importLine: string;
  /** The registry's list as it begins: `export const DATASETS: readonly DatasetDefinition[] = [`. */
  readonly list: string;
  /** What is added to it. */
  readonly entry: string;
}

const page = await readFile(join(ROOT, 'docs', 'extending.md'), 'utf8');
const steps = [...page.matchAll(/^\| \[([^\]]+)\]\(#[\w-]+\) *\| `([^`]+)` *\| `([^`]+)` *\|$/gm)].map(
  ([, kind, file, registry]): Step => {
    const section = page.split(/^## /m).find((text) => text.toLowerCase().startsWith(`${kind!}\n`));
    const code = new RegExp(
      `^\`\`\`ts\n// ${registry!}\n(import .*;)\n\n(.* = \\[)\n  // …\n  (\\w+),\n\\].*;\n\`\`\`$`,
      'm',
    );
    const [, importLine, list, entry] = code.exec(section ?? '') ?? [];
    if (importLine === undefined || list === undefined || entry === undefined)
      throw new Error(`docs/extending.md shows no line of ${registry!} under '${kind!}'`);
    return { kind: kind!, file: file!, registry: registry!, importLine, list, entry };
  },
);

function stepOf(kind: string): Step {
  return steps.find((step) => step.kind === kind)!;
}

/** The registry with the two lines of the page. */
function registered(text: string, { importLine, list, entry }: Step): string {
  const [head, rest] = text.split(list, 2);
  if (rest === undefined) throw new Error(`no list begins with '${list}'`);
  const end = rest.indexOf(']');
  const items = rest.slice(0, end).replace(/,?\s*$/, `,\n  ${entry},\n`);
  return head!.replace(/^import /m, `${importLine}\nimport `) + list + items + rest.slice(end);
}

/** The compiled registry without them. */
function unregistered(text: string, { importLine, entry }: Step): string {
  const without = text.replace(`${importLine}\n`, '').replace(new RegExp(`,\\s*${entry}(?=,?\\s*\\])`), '');
  expect(without).not.toMatch(new RegExp(`\\b${entry}\\b`));
  return without;
}

/** The names of the files below a folder, with `/`. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

const root = sharedFolder();
/** The copy of the program. */
const program = join(root, 'program');

/** Runs the copy, without a configuration of the user's own. */
function toyEval(...args: string[]): Promise<CliResult> {
  const env = { XDG_CONFIG_HOME: root, HAMBA_EVAL_DATA: '' };
  return cli(args, { bin: join(program, 'bin', 'run.js'), cwd: root, env });
}

const helpOf = new Map<string, Promise<string>>();

/** What is printed on a page of help, as one line. */
function help(command: string): Promise<string> {
  const known = helpOf.get(command);
  if (known !== undefined) return known;
  const text = toyEval(command, '--help').then(({ stdout }) => inOneLine(stdout));
  helpOf.set(command, text);
  return text;
}

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');

async function copyProgram(): Promise<void> {
  for (const name of ['src', 'bin', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    await cp(join(ROOT, name), join(program, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(program, 'node_modules'), 'junction');
  // What the compiler below does not make: the script of the report's page, and the stamp.
  for (const name of ['report/page/client', 'build.json']) {
    await cp(join(ROOT, 'dist', name), join(program, 'dist', name), { recursive: true });
  }
}

/** What the compiler says; nothing where all is well. */
async function compile(): Promise<string> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: program });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return said;
}

/** Runs without the line of a registry. */
async function withoutLine(kind: string, run: () => Promise<CliResult>): Promise<CliResult> {
  const step = stepOf(kind);
  const file = join(program, step.registry.replace(/^src/, 'dist').replace(/ts$/, 'js'));
  const text = await readFile(file, 'utf8');
  await writeFile(file, unregistered(text, step));
  try {
    return await run();
  } finally {
    await writeFile(file, text);
  }
}

const SAMPLES = 12;
/** Pinky to thumb, each tip to base, as the toy joint order says: the OpenPose index of each joint. */
const TOY_ORDER = [0, ...[17, 13, 9, 5, 1].flatMap((base) => [3, 2, 1, 0].map((level) => base + level))];

type Point = readonly [number, number, number];
type Hand = readonly Point[];

/** A right hand in OpenPose order with its fingers bent at random, metres. */
function hand(random: Random): Hand {
  const joints: Point[] = [[0, 0, 0.6]];
  for (let finger = 0; finger < 5; finger++) {
    const spread = finger === 0 ? -1 : 0.15 * (finger - 2.5);
    let [x, y, z] = [0.022 * (finger - 2), finger === 0 ? 0.03 : 0.09, 0.6];
    let bend = 0.4 * random.uniform();
    for (let joint = 0; joint < 4; joint++) {
      joints.push([x, y, z]);
      const length = [0.032, 0.04, 0.045, 0.041, 0.033][finger]! * (1 - 0.2 * joint);
      bend += 0.5 * random.uniform();
      x += length * Math.sin(spread) * Math.cos(bend);
      y += length * Math.cos(spread) * Math.cos(bend);
      z += length * Math.sin(bend);
    }
  }
  return joints;
}

/** Off by `sigma` in each coordinate. */
function moved(joints: Hand, sigma: number, random: Random): Hand {
  const by = (value: number): number => value + sigma * random.normal();
  return joints.map(([x, y, z]) => [by(x), by(y), by(z)]);
}

const inToyOrder = (joints: Hand): Hand => TOY_ORDER.map((index) => joints[index]!);

/** The dataset folder, predictions, and the run directories that are made of them. */
const data = join(root, 'data');
const [good, bad] = [join(root, 'good'), join(root, 'bad')];
let first: CliResult;
let second: CliResult;

async function writeData(): Promise<void> {
  const random = new Random(11);
  const hands = Array.from({ length: SAMPLES }, () => hand(random));
  await mkdir(join(data, 'photographs'), { recursive: true });
  for (let sample = 0; sample < SAMPLES; sample++) {
    const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#646464' } });
    await image.png().toFile(join(data, 'photographs', `hand_${sample.toString().padStart(2, '0')}.png`));
  }
  const numbers = hands.flatMap((joints) => inToyOrder(joints).flat());
  await writeFile(join(data, 'joints.npy'), numbersNpy('<f8', [SAMPLES, JOINT_COUNT, 3], numbers));
  const predictions = (name: string, predicted: readonly Hand[]): Promise<void> =>
    writeFile(
      join(root, name),
      ['# joints', ...predicted.map((joints) => joints.flat().join(' '))].join('\n'),
    );
  await predictions(
    'good.txt',
    hands.map((joints) => inToyOrder(moved(joints, 0.002, random))),
  );
  // Left in OpenPose order by mistake.
  await predictions(
    'bad.txt',
    hands.map((joints) => moved(joints, 0.003, random)),
  );
}

beforeAll(async () => {
  await copyProgram();
  await cp(join(TOYS, 'src'), join(program, 'src'), { recursive: true, errorOnExist: true, force: false });
  for (const step of steps) {
    const file = join(program, step.registry);
    await writeFile(file, registered(await readFile(file, 'utf8'), step));
  }
  expect(await compile()).toBe('');
  await writeData();
  const run = (name: string): Promise<CliResult> =>
    toyEval(
      ...['run', '--dataset', 'toy', '--data', data, '--workers', '1'],
      ...['--predictions', join(root, `${name}.txt`), '--out', join(root, name)],
    );
  first = await run('good');
  second = await run('bad');
}, 900_000);

async function json<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as T;
}

describe('docs/extending.md', () => {
  it('names the files that are written, each once', async () => {
    expect(steps.map(({ file }) => file).sort()).toEqual(
      (await filesBelow(TOYS)).filter((name) => name.startsWith('src/')),
    );
  });

  it('names the files that are edited: no other differs from the program', async () => {
    const files = await filesBelow(join(program, 'src'));
    const touched: string[] = [];
    for (const file of files.map((name) => `src/${name}`)) {
      const [copied, original] = await Promise.all(
        [program, ROOT].map((folder) => readFile(join(folder, file), 'utf8').catch(() => null)),
      );
      if (copied !== original) touched.push(file);
    }
    expect(touched).toEqual(steps.flatMap(({ file, registry }) => [file, registry]).sort());
  });

  it('names contract suites and documents that exist', async () => {
    const named = page.matchAll(/`((?:test|docs|src)\/[^`<*]+\.(?:ts|md))`/g);
    const toys = steps.map(({ file }) => file);
    for (const [, file] of named) {
      if (!toys.includes(file!)) await expect(readFile(join(ROOT, file!)), file).resolves.toBeTruthy();
    }
  });
});

describe('a dataset', () => {
  it('is listed, scored by its own protocol, and offered by every command that takes one', async () => {
    const listed = await toyEval('datasets', 'list');
    expect(listed.stdout).toMatch(/^toy {2}Toy hands$/m);
    expect(listed.stdout).toContain('joints.npy: (N, 21, 3), metres (to score)');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Toy hands') as string });
    expect(await json(good, 'metrics.json')).toMatchObject({
      dataset: { id: 'toy', split: 'evaluation' },
      coverage: { scored: SAMPLES, unscored: 0, folder: SAMPLES, benchmark: SAMPLES },
      protocol: { dataset: 'toy', jointOrder: 'toy' },
    });
    expect(await help('run')).toMatch(
      /--dataset=<option> \(required\) The benchmark\. <options: [^>]*\|toy>/,
    );
    expect(await help('leaderboard')).toMatch(/\([^)]*\|toy ?\) The benchmark\./);
  });

  it('has a report, with photographs and hands', async () => {
    const file = join(root, 'toy.html');
    const { code, stdout } = await toyEval('report', good, bad, '--out', file, '--samples', '1');
    expect(code).toBe(0);
    expect(stdout).not.toContain('true hands');
    const html = await readFile(file, 'utf8');
    expect(html).toContain('Toy hands: good and bad');
    expect(html).toContain('data:image/');
    // The metric and the joints are in it, too.
    expect(html).toContain('PA-MedJPE');
    expect(inOneLine(html)).toMatch(/<th scope="row">wrist<\/th>.*?<th scope="row">pinky 4<\/th>/);
  });

  it('has a leaderboard of its runs, with the toy metric among the columns', async () => {
    const { code, stdout } = await toyEval('leaderboard', 'toy', bad, good);
    expect(code).toBe(0);
    expect(stdout).toContain('Toy hands');
    expect(stdout).toMatch(/MedJPE/);
    expect(stdout).toMatch(/^ *1 {2}good .*\n *2 {2}bad /m);
  });

  it('is its line', async () => {
    const { code, stderr } = await withoutLine('a dataset', () => toyEval('leaderboard', 'toy', good));
    expect(code).toBe(2);
    expect(stderr).toContain('Expected toy to be one of');
  });
});

describe('a metric', () => {
  const KEY = 'pa_medjpe_mm';

  it('has a row of the terminal, a value, an interval, and a column of every sample', async () => {
    expect(first.stdout).toMatch(/^MedJPE mm +\d\.\d\d +\d\.\d\d – \d\.\d\d +–$/m);
    const { metrics, confidence } = await json<{
      metrics: Record<string, number>;
      confidence: Record<string, { low: number; high: number }>;
    }>(good, 'metrics.json');
    const value = metrics[KEY]!;
    expect(confidence[KEY]!.low).toBeLessThan(value);
    expect(confidence[KEY]!.high).toBeGreaterThan(value);
    expect(await readFile(join(good, 'metrics.csv'), 'utf8')).toContain(`\n${KEY},${value},`);
    const [head, ...rows] = (await readFile(join(good, 'per_sample.csv'), 'utf8')).trim().split('\n');
    const column = head!.split(',').indexOf(KEY);
    const values = rows.map((row) => Number(row.split(',')[column]));
    expect(values).toHaveLength(SAMPLES);
    expect(values.reduce((sum, each) => sum + each, 0) / SAMPLES).toBeCloseTo(value, 9);
  });

  it('is compared, judges more to be worse, and fails a check', async () => {
    const result = await toyEval('compare', good, bad, '--by', KEY, '--fail-if-worse', `${KEY}:0`);
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(/FAILED: B is \d+\.\d\d mm worse than A in PA-MedJPE/);
  });

  it('is its line', async () => {
    const { code, stderr } = await withoutLine('a metric', () =>
      toyEval('compare', good, bad, '--fail-if-worse', `${KEY}:0`),
    );
    expect(code).toBe(2);
    expect(stderr).not.toMatch(new RegExp(`metrics are .*${KEY}`));
  });
});

describe('a joint order', () => {
  it('is declared in run.json, and names the joints', async () => {
    expect(await json(good, 'run.json')).toMatchObject({ predictions: { joints: { joint_order: 'toy' } } });
    const lines = (await readFile(join(good, 'per_joint.csv'), 'utf8')).trim().split('\n');
    const names = lines.slice(1).map((line) => line.split(',')[1]);
    expect(names.slice(0, 6)).toEqual(['wrist', 'pinky_4', 'pinky_3', 'pinky_2', 'pinky_1', 'ring_4']);
  });

  it('is what the diagnosis holds joints against', () => {
    expect(first.stdout).not.toContain('order');
    expect(inOneLine(second.stdout)).toContain(
      'The predicted joints are not in Toy order but in OpenPose order (wrist, thumb to pinky, each base to tip)',
    );
  });

  it('is its line', async () => {
    const { code, stderr } = await withoutLine('a joint order', () => toyEval('leaderboard', 'toy', good));
    expect(code).toBe(1);
    expect(stderr).toContain('predictions.joints.joint_order');
  });
});

describe('a prediction file format', () => {
  it('is recognised by its first bytes, and named in run.json, the help and the error of another path', async () => {
    expect(await json(good, 'run.json')).toMatchObject({ origin: { kind: 'toy-text' } });
    expect(await help('run')).toContain("or a text file of '# joints' and 63 numbers a line.");
    const nothing = await toyEval(
      ...['run', '--dataset', 'toy', '--data', data, '--predictions', join(root, 'nothing')],
    );
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain("or a text file that begins with '# joints'");
  });

  it('is its line', async () => {
    const { code, stderr } = await withoutLine('a prediction file format', () =>
      toyEval(
        ...['run', '--dataset', 'toy', '--data', data, '--predictions', join(root, 'good.txt')],
        ...['--out', join(root, 'unknown')],
      ),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/JSON/);
  });
});

describe('a report table format', () => {
  const leaderboard = (): Promise<CliResult> => toyEval('leaderboard', 'freihand', '--format', 'org');

  it('is what leaderboard and compare print, and in their help', async () => {
    expect((await leaderboard()).stdout).toMatch(/^\| # \| method \| .*\|\n\|---\+---\+.*\|\n\| 1 \| /);
    const compared = await toyEval('compare', good, bad, '--format', 'org');
    expect(compared.stdout).toMatch(/^\|---\+---\+.*\|\n\| A \| .*good \| /m);
    for (const command of ['compare', 'leaderboard']) {
      expect(await help(command)).toMatch(/--format=<option> [^<]*<options: [^>]*\|org\|/);
    }
  });

  it('is its line', async () => {
    const { code, stderr } = await withoutLine('a report table format', leaderboard);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected --format=org to be one of');
  });
});

describe('an execution provider', () => {
  const ADVICE = 'build ONNX Runtime with the toy provider';
  const run = async (): Promise<CliResult> => {
    const model = join(root, 'model.onnx');
    const joints = { name: 'joints', shape: [JOINT_COUNT, 3], constant: new Float64Array(JOINT_COUNT * 3) };
    await writeFile(model, givenModel({ outputs: [joints] }));
    return toyEval(
      ...['run', '--dataset', 'toy', '--data', data, '--model', model, '--provider', 'toy'],
      ...['--out', join(root, 'predicted')],
    );
  };

  it('is offered, and asked for: where it does not start, its advice is told', async () => {
    expect(await help('run')).toMatch(/--provider=<option> [^<]*<options: auto\|[^>]*\|toy>/);
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toContain('The execution provider toy does not start on this machine');
    expect(stderr).toContain(`${ADVICE}; or choose the provider cpu`);
  });

  it('is tried by doctor', async () => {
    const { stdout } = await toyEval('doctor', '--json');
    const { providers } = JSON.parse(stdout) as { providers: { provider: string }[] };
    expect(providers.at(-1)).toMatchObject({ provider: 'toy', ok: false, advice: ADVICE });
  });

  it('is its line', async () => {
    const { code, stderr } = await withoutLine('an execution provider', run);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected --provider=toy to be one of');
  });
});
