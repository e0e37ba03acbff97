import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { outcomeJson, outcomeText } from '../reporting/outcome.js';

export default class Demo extends BaseCommand {
  static override summary = 'Make a small benchmark, fit a baseline and evaluate it; needs no download.';

  static override description =
    'A procedural hand is rendered into FreiHAND\'s layout, a ridge regression from pooled pixels is fitted on the training half and written as an ONNX file, and "run" evaluates it on the evaluation half, as it evaluates any checkpoint. What is already there is not made again.';

  static override examples = ['<%= config.bin %> demo', '<%= config.bin %> demo --out /tmp/demo --seed 7'];

  static override flags = {
    out: Flags.string({
      default: 'reports/demo',
      summary: 'Folder for the dataset, the checkpoints and the run directory.',
      helpValue: 'DIR',
    }),
    seed: Flags.integer({ default: 1, min: 0, summary: 'Seed of the hands, photographs and the fit.' }),
    training: Flags.integer({
      default: 400,
      min: 20,
      summary: 'Hands to train on, each before four backgrounds.',
    }),
    evaluation: Flags.integer({ default: 200, min: 2, summary: 'Hands to evaluate on.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Demo);
    const [{ prepareDemo }, { run }, { stagesOf }] = await Promise.all([
      import('../demo/demo.js'),
      import('../evaluation/run.js'),
      import('../progress.js'),
    ]);
    const { signal } = this.interruption;
    const onProgress = stagesOf(this.progress, signal);
    const prepared = await prepareDemo({ ...flags, root: flags.out, onProgress });
    const outcome = await run(
      {
        dataset: 'freihand',
        data: prepared.datasetDir,
        split: 'evaluation',
        model: prepared.checkpoint,
        out: join(flags.out, 'ridge'),
        batchSize: undefined,
        workers: availableParallelism(),
        existing: 'replace-other',
      },
      { progress: this.progress, signal },
    );
    this.progress.close();
    this.log(outcomeText(outcome, { colour: this.colour, again: 'another --seed makes another' }));
    return outcomeJson(outcome);
  }
}
