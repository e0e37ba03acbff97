import { availableParallelism } from 'node:os';
import { Flags, type Interfaces } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { checkLines } from '../comparison/comparison-notes.js';
import { comparisonText } from '../comparison/comparison-text.js';
import { leftOut, optionalConfiguration, readConfiguration, requireDataFolder } from '../config.js';
import { DATASET_IDS, SPLITS } from '../datasets/registry.js';
import { EXIT, type UserError } from '../errors.js';
import type { CompareOptions } from '../library.js';
import { DATA_FORMATS, FORMAT_CHOICES, tableFormat } from '../text/formats/registry.js';
import { COMPARED_FUSION } from '../tta-flags.js';

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
      description: 'What test-time augmentation gains a checkpoint:',
      command:
        '<%= config.bin %> <%= command.id %> reports/a reports/a --tta-fusion none --tta-fusion aligned-mean --allow-mixed',
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
    format: Flags.option({ options: FORMAT_CHOICES })({
      default: 'table',
      summary: `${DATA_FORMATS} print that alone, under the keys of metrics.json.`,
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
    'tta-fusion': COMPARED_FUSION,
    mano: Flags.string({
      dependsOn: ['tta-fusion'],
      summary:
        'Your MANO_RIGHT.pkl, for fused hands whose joints are regressed from their meshes [default: as the configuration file names it].',
      helpValue: 'FILE',
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
      helpValue: 'FILE.npz|image|annotations|truth',
    }),
    'batch-size': Flags.integer({ min: 1, dependsOn: ['dataset'], summary: 'As for run.' }),
    workers: Flags.integer({ min: 1, dependsOn: ['dataset'], summary: 'As for run.' }),
    limit: Flags.integer({ min: 1, dependsOn: ['dataset'], summary: 'As for run.', helpValue: 'N' }),
  };

  async run(): Promise<unknown> {
    const { flags, argv } = await this.parse(Compare);
    const fusions = flags['tta-fusion'];
    const { compare } = await import('../library.js');
    const document = await compare(
      argv as string[],
      {
        ...flags,
        dataset: this.#runsToMake(flags),
        allowMixed: flags['allow-mixed'],
        failIfWorse: flags['fail-if-worse'],
        fusions,
        mano: flags.mano ?? (fusions === undefined ? undefined : this.#manoOfConfiguration()),
      },
      { progress: this.progress, signal: this.interruption.signal },
    );
    this.progress.close();
    const format = tableFormat(flags.format);
    if (format === null) this.log(JSON.stringify(document, null, 2));
    else this.log(comparisonText(document, format, this.colour));
    if (format?.around !== 'screen') for (const line of checkLines(document)) this.logToStderr(line);
    if (document.checks.some(({ passed }) => !passed)) process.exitCode = EXIT.findings;
    return document;
  }

  #manoOfConfiguration(): string | undefined {
    const tell = (problem: UserError): void => this.progress.note(leftOut(problem));
    return optionalConfiguration(this.config.configDir, tell).mano ?? undefined;
  }

  #runsToMake(flags: Interfaces.InferredFlags<typeof Compare.flags>): CompareOptions['dataset'] {
    const { dataset, split = 'evaluation', boxes, limit, workers = availableParallelism() } = flags;
    if (dataset === undefined) return undefined;
    const data = requireDataFolder(dataset, flags.data, () => readConfiguration(this.config.configDir));
    return { dataset, data, split, boxes, limit, batchSize: flags['batch-size'], workers };
  }
}
