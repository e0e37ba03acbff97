/** `npm run bench`: measures scoring and inference, holds them against the targets and, with --write, stores the records. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  folderRequest,
  FREIHAND_SIZE,
  HO3D_V3_SIZE,
  measureEndToEnd,
  measureLengths,
  runOn,
  type BenchmarkSize,
  type EndToEndFigure,
} from './end-to-end.js';
import { inferenceMarkdown, inferenceReport } from './inference-report.js';
import { measureInference } from './inference.js';
import { machine, ROOT, versions } from './machine.js';
import { measureMetrics } from './metrics.js';
import { networkMarkdown, networkReport } from './network-report.js';
import { measureNetwork } from './network.js';
import { parseOptions, PARTS, USAGE, type Options } from './options.js';
import { measureParsing } from './parse.js';
import { profilingFlags, timeShares } from './profile.js';
import { report, reportMarkdown, type Measured } from './report.js';
import { syntheticFolder, type SyntheticFolder } from './synthetic-files.js';

const RECORD = join(ROOT, 'reports', 'benchmarks');

/** The parts that share one report. */
const SCORING_PARTS = PARTS.filter((part) => part !== 'inference' && part !== 'network');

/** Filled in part by part. */
type Growing<T> = { -readonly [key in keyof T]?: T[key] };

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return;
  const workplace = resolve(options.keep ?? newFolder(tmpdir(), 'hamba-eval-bench-'));
  // Gigabytes must not stay behind when somebody presses Ctrl-C.
  const clean = (): void => {
    if (options.keep === null) rmSync(workplace, { recursive: true, force: true });
  };
  process.once('SIGINT', () => {
    clean();
    process.exit(130);
  });
  try {
    if (SCORING_PARTS.some((part) => options.parts.has(part))) {
      const finished = report(machine(), versions(), await measureScoring(options, workplace));
      publish('scoring', finished, reportMarkdown(finished), options.write);
    }
    if (options.parts.has('inference')) {
      const figures = await measureInference({
        folder: join(workplace, 'inference'),
        repetitions: options.repetitions,
        samples: options.samples,
        say,
      });
      const finished = inferenceReport(machine(), versions(), figures);
      publish('inference', finished, inferenceMarkdown(finished), options.write);
    }
    if (options.parts.has('network')) {
      const figures = await measureNetwork(join(workplace, 'network'), options.repetitions, say);
      const finished = networkReport(machine(), versions(), figures);
      publish('network', finished, networkMarkdown(finished), options.write);
    }
  } finally {
    clean();
  }
}

async function measureScoring({ parts, ...options }: Options, workplace: string): Promise<Measured> {
  const endToEnd: EndToEndFigure[] = [];
  const measured: Growing<Measured> = {};
  if (parts.has('parse')) {
    say('parsing');
    measured.parse = measureParsing(options.samples ?? FREIHAND_SIZE.samples);
  }
  if (parts.has('metrics')) {
    say('metrics');
    measured.metrics = measureMetrics(options.samples ?? FREIHAND_SIZE.samples);
  }
  if (parts.has('freihand')) {
    const folder = await makeFolder(workplace, FREIHAND_SIZE, options.samples ?? FREIHAND_SIZE.samples);
    say(`FreiHAND, ${folder.samples} samples`);
    const figure = await measureEndToEnd(FREIHAND_SIZE, folder, options.repetitions);
    endToEnd.push(figure);
    say('FreiHAND under the profiler');
    const profiles = newFolder(options.profiles ?? workplace, 'profile-');
    await runOn(FREIHAND_SIZE, folder, profilingFlags(profiles));
    measured.time_shares = timeShares(profiles);
    say('shorter files');
    const shorter: SyntheticFolder[] = [];
    for (const part of [4, 2]) {
      shorter.push(await makeFolder(workplace, FREIHAND_SIZE, Math.ceil(folder.samples / part)));
    }
    measured.lengths = [
      ...(await measureLengths(FREIHAND_SIZE, shorter)),
      {
        samples: folder.samples,
        processor_seconds: figure.processor_seconds,
        peak_bytes: figure.peak_bytes,
      },
    ];
  }
  if (parts.has('ho3d')) {
    const folder = await makeFolder(workplace, HO3D_V3_SIZE, options.samples ?? HO3D_V3_SIZE.samples);
    say(`HO-3D v3, ${folder.samples} samples`);
    const figure = await measureEndToEnd(HO3D_V3_SIZE, folder, options.repetitions);
    endToEnd.push(figure);
  }
  return { ...measured, end_to_end: endToEnd };
}

async function makeFolder(workplace: string, size: BenchmarkSize, samples: number): Promise<SyntheticFolder> {
  say(`synthetic ${size.title}, ${samples} samples`);
  return syntheticFolder(join(workplace, `${size.dataset}-${samples}`), folderRequest(size, samples));
}

/** A folder that nothing else has been written to. */
function newFolder(parent: string, prefix: string): string {
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(resolve(parent), prefix));
}

/** `null` where there is nothing to measure: help was asked for, or a flag was wrong. */
function readOptions(): Options | null {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options !== 'help') return options;
    process.stdout.write(USAGE);
  } catch (error) {
    process.stderr.write(`Error: ${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
  }
  return null;
}

function publish(name: string, finished: object, page: string, write: boolean): void {
  process.stdout.write(`\n${page}`);
  if (!write) return;
  mkdirSync(RECORD, { recursive: true });
  writeFileSync(join(RECORD, `${name}.md`), page);
  writeFileSync(join(RECORD, `${name}.json`), `${JSON.stringify(finished, null, 2)}\n`);
  say(`stored in ${RECORD}`);
}

/** Progress goes to stderr: stdout is the report. */
function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
}

await main();
