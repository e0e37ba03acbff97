import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';

export default class ModelInspect extends BaseCommand {
  static override summary = 'List what a checkpoint holds, and which network it is.';

  static override description =
    'Names, types and sizes of its tensors, the options told from them and from model_config.yaml, and what contradicts. Nothing in the file is run.';

  static override examples = ['<%= config.bin %> <%= command.id %> hamer_ckpts/checkpoints/hamer.ckpt'];

  static override args = {
    file: Args.string({ required: true, description: 'A .ckpt, .pth, .pt or .safetensors file.' }),
  };

  static override flags = {
    all: Flags.boolean({ summary: 'List every tensor.' }),
    config: Flags.string({ summary: 'model_config.yaml, or a JSON file of options.', helpValue: 'FILE' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ModelInspect);
    const { inspectCheckpoint, inspectionText } = await import('../../checkpoints/inspect.js');
    const inspection = await inspectCheckpoint(args.file, flags.config);
    this.log(inspectionText(inspection, flags.all));
    return inspection;
  }
}
