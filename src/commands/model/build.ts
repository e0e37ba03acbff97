import { Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';
import { ARCHITECTURES } from '../../network/architectures/registry.js';

export default class ModelBuild extends BaseCommand {
  static override summary = 'Build a Hamba, HaMeR or WiLoR checkpoint as an ONNX file.';

  static override description = [
    'The network is told from the names of the tensors, its sizes from their shapes; what no tensor shows comes from model_config.yaml, beside the checkpoint or one folder up. Nothing in the checkpoint is run.',
    'The weights stay in the checkpoint: the model refers to its bytes, and run checks that they are still the same. docs/networks.md says where the released networks differ from their papers.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> <%= command.id %> --checkpoint hamer_ckpts/checkpoints/hamer.ckpt',
    {
      description: 'A small network of random weights, to try things with:',
      command: '<%= config.bin %> <%= command.id %> --arch hamba --random --tiny --out tiny.onnx',
    },
  ];

  static override flags = {
    checkpoint: Flags.string({
      summary: 'The checkpoint: torch.save (.ckpt, .pth, .pt) or safetensors.',
      helpValue: 'FILE',
      exactlyOne: ['checkpoint', 'random'],
    }),
    arch: Flags.string({
      summary: 'The network [default: as the tensors tell].',
      options: ARCHITECTURES.map(({ id }) => id),
    }),
    config: Flags.string({
      summary: 'model_config.yaml of the checkpoint, or a JSON file of options (docs/networks.md).',
      helpValue: 'FILE',
    }),
    mano: Flags.string({
      summary: 'Your MANO_RIGHT.pkl, for a checkpoint that was saved without the hand model.',
      helpValue: 'FILE.pkl',
    }),
    out: Flags.string({ summary: 'The model [default: beside the checkpoint].', helpValue: 'FILE.onnx' }),
    copy: Flags.boolean({ summary: 'Copy the weights into a file beside the model.' }),
    precision: Flags.option({ options: ['fp32', 'fp16'] as const, default: 'fp32' as const })({
      summary:
        'fp16 has products of weights in half precision, and copies them; scans, norms and MANO stay fp32.',
    }),
    random: Flags.boolean({ summary: 'Random weights in place of a checkpoint.', dependsOn: ['arch'] }),
    tiny: Flags.boolean({ summary: 'A network of some thousand weights.', dependsOn: ['random'] }),
    seed: Flags.integer({
      summary: 'Seed of the random weights.',
      min: 0,
      default: 0,
    }),
    intermediates: Flags.boolean({ summary: 'Give out what lies between the layers too.' }),
    force: Flags.boolean({ summary: 'Replace the model that is there.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ModelBuild);
    const { buildModel } = await import('../../checkpoints/build-model.js');
    const { builtText } = await import('../../checkpoints/built-text.js');
    const built = await buildModel({ ...flags });
    this.progress.close();
    this.log(builtText(built));
    return built;
  }
}
