import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Flags, type Interfaces } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { parseWorseRule } from '../comparison/fail-if-worse.js';
import { readConfiguration, requireDataFolder } from '../config.js';
import { DATASET_IDS, SPLITS } from '../datasets/registry.js';
import { EXIT, UserError } from '../errors.js';
import { checkLines, comparisonText } from '../reporting/comparison-text.js';
import { TABLE_FORMATS } from '../reporting/table-formats.js';

export default class Compare extends BaseCommand {
  static override strict = false;

  static override summary = 'Compare runs over the same samples: which is better, and how sure that is.';

  static override usage = ['compare RUN_DIR RUN_DIR…', 'compare --dataset ID --data DIR A.onnx B.onnx…'];

  static override description = [
    'Every run is set against the first (or --baseline): the difference in each metric with its paired bootstrap interval and permutation p-value, the share of samples that got better, the joints, and the samples that gained and lost most. Samples are paired by id; one that a run has not scored leaves the comparison for all.',
    'With --dataset, checkpoints and prediction files are run first, into their default run directories, unless that is done already.',
    'docs/comparison.md says what the figures mean.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> <%= command.id %> reports/freihand-a reports/freihand-b',
    {
      description: 'In the CI of a training repository: exit code 3 if PA-MPJPE rises by more than 0.1 mm:',
      command:
        '<%= config.bin %> <%= command.id %> runs/released runs/candidate --fail-if-worse pa_mpjpe_mm:0.1',
    },
    {
      description: 'Two checkpoints; each is run unless it has been:',
      command: '<%= config.bin %> <%= command.id %> --dataset freihand --data FreiHAND_eval a.onnx b.onnx',
    },
  ];

  static override flags = {
    baseline: Flags.integer({
      min: 1,
      default: 1,
      summary: 'Which of the runs the others are set against, counted from 1.',
      helpValue: 'N',
    }),
    format: Flags.option({ options: TABLE_FORMATS })({
      default: 'table',
      summary: 'csv and json print that alone, under the keys of metrics.json.',
    }),
    by: Flags.string({
      summary: 'The metric by which samples and joints are looked at [default: the first they share].',
      helpValue: 'METRIC',
    }),
    top: Flags.integer({
      min: 0,
      default: 5,
      summary: 'How many of the samples that gained and lost most are named.',
      helpValue: 'N',
    }),
    'allow-mixed': Flags.boolean({
      summary: 'Compare runs of unlike datasets, rules or samples all the same, and mark them.',
    }),
    'fail-if-worse': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      summary:
        "Exit with 3 if a run is worse than the baseline by more than this, in the metric's unit (mm, or a share from 0 to 1); may be given several times.",
      helpValue: 'METRIC:AMOUNT',
    }),
    dataset: Flags.string({
      options: [...DATASET_IDS],
      summary: 'The benchmark to run checkpoints and prediction files on.',
    }),
    data: Flags.string({ dependsOn: ['dataset'], summary: 'Its folder, as for run.', helpValue: 'DIR' }),
    split: Flags.string({
      dependsOn: ['dataset'],
      options: [...SPLITS],
      summary: 'As for run [default: evaluation].',
    }),
    boxes: Flags.string({
      dependsOn: ['dataset'],
      summary: 'As for run.',
      helpValue: 'FILE.npz|image|annotations',
    }),
    'batch-size': Flags.integer({ min: 1, dependsOn: ['dataset'], summary: 'As for run.' }),
    workers: Flags.integer({ min: 1, dependsOn: ['dataset'], summary: 'As for run.' }),
    limit: Flags.integer({ min: 1, dependsOn: ['dataset'], summary: 'As for run.', helpValue: 'N' }),
  };

  async run(): Promise<unknown> {
    const { flags, argv } = await this.parse(Compare);
    const subjects = argv as string[];
    requireSeveral(subjects, flags.baseline);
    const failIfWorse = (flags['fail-if-worse'] ?? []).map(parseWorseRule);
    const { compare } = await import('../comparison/compare.js');
    const { readRunScores } = await import('../comparison/run-scores.js');
    const paths = await this.runDirectories(subjects, flags);
    const runs = [];
    for (const path of paths) {
      this.interruption.signal.throwIfAborted();
      runs.push(await readRunScores(path));
    }
    const document = compare(runs, {
      baseline: flags.baseline - 1,
      allowMixed: flags['allow-mixed'],
      by: flags.by,
      top: flags.top,
      failIfWorse,
    });
    this.progress.close();
    if (flags.format === 'json') this.log(JSON.stringify(document, null, 2));
    else this.log(comparisonText(document, flags.format, this.colour));
    if (flags.format !== 'table') for (const line of checkLines(document)) this.logToStderr(line);
    if (document.checks.some(({ passed }) => !passed)) process.exitCode = EXIT.findings;
    return document;
  }
  /** The subjects themselves, or, with --dataset, what they were run into. */
  private async runDirectories(
    subjects: readonly string[],
    flags: Interfaces.InferredFlags<typeof Compare.flags>,
  ): Promise<readonly string[]> {
    const { dataset } = flags;
    if (dataset === undefined) {
      const file = subjects.find((subject) => extname(subject) === '.onnx');
      if (file !== undefined) throw datasetMissing(file);
      return subjects;
    }
    const data = requireDataFolder(dataset, flags.data, () => readConfiguration(this.config.configDir));
    const { runSubjects } = await import('../evaluation/run-subjects.js');
    return runSubjects(
      subjects,
      {
        dataset,
        data,
        split: flags.split ?? 'evaluation',
        boxes: flags.boxes,
        limit: flags.limit,
        batchSize: flags['batch-size'],
        workers: flags.workers ?? availableParallelism(),
      },
      { progress: this.progress, signal: this.interruption.signal },
    );
  }
}

function requireSeveral(subjects: readonly string[], baseline: number): void {
  if (subjects.length >= 2 && baseline <= subjects.length) return;
  throw new UserError({
    code: 'usage',
    message: subjects.length < 2 ? 'A comparison needs two runs or more' : 'There is no such baseline',
    expected: subjects.length < 2 ? 'RUN_DIR RUN_DIR…' : `--baseline from 1 to ${subjects.length}`,
    got: subjects.length < 2 ? subjects.join(' ') || 'none' : `--baseline ${baseline}`,
    next: 'see --help for what compare takes',
    exitCode: EXIT.usage,
  });
}

function datasetMissing(file: string): UserError {
  return new UserError({
    code: 'usage',
    message: 'A checkpoint can be compared once it has been run on a dataset',
    expected: '--dataset ID and --data DIR beside checkpoints, or run directories alone',
    got: file,
    next: 'add --dataset and --data, and it is run first',
    exitCode: EXIT.usage,
  });
}
