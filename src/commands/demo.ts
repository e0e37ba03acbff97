import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { DEFAULT_DEMO_DATASET, DEMO_DATASET_IDS } from '../demo/layouts/registry.js';
import { outcomeJson, outcomeText } from '../evaluation/outcome.js';

export default class Demo extends BaseCommand {
  static override summary = 'Make a small benchmark, fit a baseline and evaluate it; needs no download.';

  static override description =
    'A procedural hand is rendered into a benchmark\'s official layout, a ridge regression from pooled pixels is fitted on other hands and written as an ONNX file, and "run" evaluates it on the folder, as it evaluates any checkpoint. What is already there is not made again.';

  static override examples = [
    '<%= config.bin %> demo',
    '<%= config.bin %> demo --dataset ho3d-v3',
    '<%= config.bin %> demo --out /tmp/demo --seed 7',
  ];

  static override flags = {
    dataset: Flags.option({ options: DEMO_DATASET_IDS })({
      default: DEFAULT_DEMO_DATASET,
      summary: 'The benchmark whose layout it is made in.',
    }),
    out: Flags.string({
      summary:
        'Folder for the dataset, the checkpoints and the run directory [default: reports/demo, for other datasets than FreiHAND reports/demo-DATASET].',
      helpValue: 'DIR',
    }),
    seed: Flags.integer({ default: 1, min: 0, summary: 'Seed of the hands, photographs and the fit.' }),
    training: Flags.integer({
      default: 400,
      min: 20,
      summary:
        "Hands to train on, each before several backgrounds; they are part of FreiHAND's folder alone.",
    }),
    evaluation: Flags.integer({ default: 200, min: 2, summary: 'Photographs to evaluate on.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Demo);
    const [{ demoRoot, inDemoFolder, prepareDemo }, { run }, { stagesOf }] = await Promise.all([
      import('../demo/demo.js'),
      import('../evaluation/run.js'),
      import('../progress.js'),
    ]);
    const { signal } = this.interruption;
    const root = flags.out ?? demoRoot(flags.dataset);
    const outcome = await inDemoFolder(root, async () => {
      const prepared = await prepareDemo({ ...flags, root, onProgress: stagesOf(this.progress, signal) });
      return run(
        {
          dataset: flags.dataset,
          data: prepared.datasetDir,
          split: 'evaluation',
          model: prepared.checkpoint,
          out: join(root, 'ridge'),
          batchSize: undefined,
          workers: availableParallelism(),
          existing: 'replace-other',
        },
        { progress: this.progress, signal },
      );
    });
    this.progress.close();
    this.log(outcomeText(outcome, { colour: this.colour, again: 'another --seed makes another' }));
    return outcomeJson(outcome);
  }
}
