import { availableParallelism } from 'node:os';
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { challenges, DATASET_IDS } from '../datasets/registry.js';
import { EXIT } from '../errors.js';
import { listed } from '../text/text.js';

export default class Submission extends BaseCommand {
  static override summary = 'Write the zip a challenge takes, and read it back as a check.';

  static override description = [
    "The zip holds pred.json alone: joints and vertices in metres, in the benchmark's own order, joint order, axes and place. It is scored again where the run has scores and its folder is still there; otherwise every number is compared.",
    `${listed(challenges().map(({ title }) => title))} have such challenges. Exit code 3: written, but the check failed.`,
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> <%= command.id %> reports/ho3d-v2-hamba',
    {
      description: "Validate somebody else's predictions and pack them again:",
      command: '<%= config.bin %> <%= command.id %> --from pred.json --dataset freihand --out mine.zip',
    },
  ];

  static override args = {
    run: Args.string({ description: 'A run directory.' }),
  };

  static override flags = {
    from: Flags.string({
      summary: 'Pack these predictions in place of a run: whatever run --predictions reads.',
      helpValue: 'PATH',
      dependsOn: ['dataset'],
    }),
    dataset: Flags.string({
      options: [...DATASET_IDS],
      summary: 'The benchmark that --from is about.',
      dependsOn: ['from'],
    }),
    'tta-fusion': Flags.string({
      // The name it had here alone.
      aliases: ['fusion'],
      deprecateAliases: true,
      summary: "The run's fused predictions of this name [default: the un-augmented ones].",
      helpValue: 'NAME',
      exclusive: ['from'],
    }),
    out: Flags.string({
      summary: 'The archive [default: pred.zip in the run directory, or beside the file].',
      helpValue: 'FILE.zip',
    }),
    decimals: Flags.integer({
      default: 6,
      min: 4,
      max: 9,
      summary: 'Decimals of a metre: 6 is 1 µm, and half the size of full precision.',
    }),
    'allow-partial': Flags.boolean({
      summary: 'Write a zip of fewer samples than the benchmark has; no server takes it.',
    }),
    workers: Flags.integer({ min: 1, summary: 'Scoring threads of the check [default: the cores].' }),
    force: Flags.boolean({ summary: 'Replace the archive that is there.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Submission);
    if ((args.run === undefined) === (flags.from === undefined)) {
      this.error('Give either a run directory or --from PATH with --dataset');
    }
    const { writeSubmission } = await import('../submission/submission.js');
    const { submissionText } = await import('../submission/submission-text.js');
    const submission = await writeSubmission(
      {
        ...flags,
        run: args.run,
        fusion: flags['tta-fusion'],
        allowPartial: flags['allow-partial'],
        workers: flags.workers ?? availableParallelism(),
      },
      { progress: this.progress, signal: this.interruption.signal },
    );
    this.progress.close();
    this.log(submissionText(submission, this.colour));
    if (!submission.check.agrees) process.exitCode = EXIT.findings;
    return submission;
  }
}
