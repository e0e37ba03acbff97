import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';
import { EXIT, UserError } from '../../errors.js';
import { AUTO_TEXT, PROVIDER_CHOICES } from '../../inference/session/providers.js';
import { ARCHITECTURES } from '../../network/architectures/registry.js';

export default class ModelProfile extends BaseCommand {
  static override summary = 'Print what a network costs, module by module.';

  static override description =
    "Parameters, multiply-accumulates and activations; Hamba's stand beside those that Table S2 of its paper prints. With --measure also the time of one image. No checkpoint is needed; --config takes the options of an ablation.";

  static override examples = [
    '<%= config.bin %> <%= command.id %> --arch hamba',
    {
      description: 'How long each module takes on this machine:',
      command: '<%= config.bin %> <%= command.id %> --arch hamba --measure',
    },
  ];

  static override args = {
    file: Args.string({ description: 'A checkpoint, or a model of model build.' }),
  };

  static override flags = {
    arch: Flags.string({
      summary: 'The network, in place of a file.',
      options: ARCHITECTURES.map(({ id }) => id),
    }),
    config: Flags.string({
      summary: 'model_config.yaml, or a JSON file of options (docs/networks.md).',
      helpValue: 'FILE',
    }),
    tiny: Flags.boolean({ summary: 'The small network of model build --tiny.', dependsOn: ['arch'] }),
    measure: Flags.boolean({
      summary:
        'Run each module on random weights and time it; takes as much disk as the weights, for a while.',
    }),
    provider: Flags.option({ options: PROVIDER_CHOICES, default: 'auto' as const })({
      summary: `What ONNX Runtime computes with; auto takes ${AUTO_TEXT}.`,
    }),
    device: Flags.integer({ min: 0, summary: 'Which GPU, where there are several.', helpValue: 'N' }),
    'allow-fallback': Flags.boolean({
      summary: 'Run on the CPU where the provider asked for does not start; otherwise that is an error.',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ModelProfile);
    if ((args.file === undefined) === (flags.arch === undefined)) throw oneNetwork(args.file);
    const { profileNetwork } = await import('../../checkpoints/profile.js');
    const { profileText } = await import('../../checkpoints/profile-text.js');
    const { provider, device } = flags;
    const measure = {
      provider,
      allowFallback: flags['allow-fallback'],
      ...(device === undefined ? {} : { device }),
    };
    const context = { progress: this.progress, signal: this.interruption.signal };
    const request = { ...flags, file: args.file, measure: flags.measure ? measure : null };
    const profile = await profileNetwork(request, context);
    this.progress.close();
    this.log(profileText(profile, this.colour));
    return profile;
  }
}

function oneNetwork(file: string | undefined): UserError {
  return new UserError({
    code: 'profile-network',
    message: file === undefined ? 'Nothing says which network' : 'A file and --arch both say which network',
    expected: 'a checkpoint, a model of model build, or --arch',
    got: file === undefined ? 'neither' : `${file} and --arch`,
    next: file === undefined ? 'add --arch hamba, or give a file' : 'leave --arch out: the file tells it',
    exitCode: EXIT.usage,
  });
}
