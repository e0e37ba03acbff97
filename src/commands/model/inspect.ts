import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../command.js';

export default class ModelInspect extends BaseCommand {
  static override summary =
    'List what a checkpoint, a model or a configuration holds, and which network it is.';

  static override description = [
    'Of a checkpoint: names, types and sizes of its tensors, the options told from them and from model_config.yaml, and what contradicts. Nothing in the file is run.',
    'Of an ONNX model: its inputs and outputs, what run takes them for, its weights and the files they lie in, its sidecar. Of model_config.yaml or a JSON file of options: what it says of each network, and what of it no network reads.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> <%= command.id %> hamer_ckpts/checkpoints/hamer.ckpt',
    '<%= config.bin %> <%= command.id %> hamer.onnx',
  ];

  static override args = {
    file: Args.string({
      required: true,
      description: 'A .ckpt, .pth, .pt, .safetensors, .onnx, .yaml or .json file.',
    }),
  };

  static override flags = {
    all: Flags.boolean({ summary: 'List every tensor.' }),
    config: Flags.string({
      summary: 'model_config.yaml of the checkpoint, or a JSON file of options.',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ModelInspect);
    const { inspectFile } = await import('../../checkpoints/inspect/inspect.js');
    const { inspectionText } = await import('../../checkpoints/inspect/inspection-text.js');
    const inspection = await inspectFile(args.file, flags.config);
    this.log(inspectionText(inspection, flags.all));
    return inspection;
  }
}
