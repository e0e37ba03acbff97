import { Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';
import { ARCHITECTURES } from '../../network/architectures/registry.js';

export default class ModelProfile extends BaseCommand {
  static override summary = "Print a network's parameters and multiply-accumulates, module by module.";

  static override description =
    "Hamba's stand beside those that Table S2 of its paper prints. No checkpoint is needed; --config takes the options of an ablation.";

  static override examples = ['<%= config.bin %> <%= command.id %> --arch hamba'];

  static override flags = {
    arch: Flags.string({
      required: true,
      summary: 'The network.',
      options: ARCHITECTURES.map(({ id }) => id),
    }),
    config: Flags.string({
      summary: 'model_config.yaml, or a JSON file of options (docs/networks.md).',
      helpValue: 'FILE',
    }),
    tiny: Flags.boolean({ summary: 'The small network of model build --tiny.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ModelProfile);
    const { profileNetwork } = await import('../../checkpoints/profile.js');
    const { profileText } = await import('../../checkpoints/profile-text.js');
    const profile = await profileNetwork(flags);
    this.log(profileText(profile, this.colour));
    return profile;
  }
}
