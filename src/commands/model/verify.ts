import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';

export default class ModelVerify extends BaseCommand {
  static override summary = 'Compare the outputs of a model with known ones.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> hamer.onnx --inputs img.npy --expected expected.npz',
  ];

  static override args = {
    model: Args.string({ required: true, description: 'The ONNX file.' }),
  };

  static override flags = {
    inputs: Flags.string({
      required: true,
      summary: 'What goes in: (N, 3, 256, 256), normalised.',
      helpValue: 'FILE.npy',
    }),
    expected: Flags.string({
      required: true,
      summary: 'What should come out, by the names of the outputs.',
      helpValue: 'FILE.npz',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ModelVerify);
    const { verifyModel, verificationLines } = await import('../../checkpoints/verify-model.js');
    const verified = await verifyModel({ ...flags, model: args.model });
    this.log(verificationLines(verified));
    return verified;
  }
}
