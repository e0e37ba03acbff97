import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';
import { readConfiguration, requireDataFolder } from '../../config.js';
import { verificationText } from '../../datasets/datasets-text.js';
import { DATASET_IDS, SPLITS } from '../../datasets/registry.js';
import { EXIT } from '../../errors.js';

export default class DatasetsVerify extends BaseCommand {
  static override summary = 'Check a dataset folder: counts, photographs, annotations, order.';

  static override description =
    'Decodes every photograph and reads every annotation. What is wrong is named; the exit code is 3 then.';

  static override examples = [
    '<%= config.bin %> datasets verify freihand reports/demo/dataset',
    '<%= config.bin %> datasets verify ho3d-v2 /data/HO3D_v2 --json',
  ];

  static override args = {
    dataset: Args.string({ required: true, options: [...DATASET_IDS], description: 'The benchmark.' }),
    folder: Args.string({ description: 'Its folder [default: as the configuration names it].' }),
  };

  static override flags = {
    split: Flags.string({ default: 'evaluation', options: [...SPLITS], summary: 'The split of it.' }),
    boxes: Flags.string({
      summary: "Where boxes come from: image, annotations, or HaMeR's evaluation metadata.",
      helpValue: 'FILE.npz|image|annotations',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DatasetsVerify);
    const data = requireDataFolder(
      args.dataset,
      args.folder,
      () => readConfiguration(this.config.configDir),
      'a folder',
    );
    const { verifyDataset } = await import('../../datasets/verify/verify.js');
    const verified = await verifyDataset(
      { ...flags, dataset: args.dataset, data },
      { progress: this.progress, signal: this.interruption.signal },
    );
    this.progress.close();
    this.log(verificationText(verified, this.colour));
    if (verified.problems.length > 0) process.exitCode = EXIT.findings;
    return verified;
  }
}
