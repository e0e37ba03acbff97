import { Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { leftOut, optionalConfiguration, readConfiguration, requireDataFolder } from '../config.js';
import { DATASET_IDS, SPLITS } from '../datasets/registry.js';
import { EXIT } from '../errors.js';
import { isIncomplete, outcomeJson, outcomeText } from '../evaluation/outcome.js';
import { AUTO_TEXT, PROVIDER_CHOICES } from '../inference/session/providers.js';
import { ACCEPTED_HELP } from '../predictions/formats/registry.js';
import { parseShard } from '../runs/shard.js';
import { keptPassesRequest, sweepRequest, TTA_FLAGS } from '../tta-flags.js';

export default class Run extends BaseCommand {
  static override summary = 'Evaluate a checkpoint, or a prediction file, on a benchmark folder.';

  static override description = [
    'With --model the checkpoint predicts every photograph of the folder and the predictions are scored; without ground truth it predicts and stops there. With --predictions an existing file is scored.',
    'Everything is left in a run directory; the same command again prints the result that is there, or goes on where it was interrupted.',
  ].join('\n\n');

  static override examples = [
    {
      description: "After 'hamba-eval demo', on its data and with its checkpoint:",
      command:
        '<%= config.bin %> <%= command.id %> --dataset freihand --data reports/demo/dataset --model reports/demo/ridge.onnx',
    },
    {
      description: 'Score a prediction file; xyz and verts json are all the folder needs:',
      command:
        '<%= config.bin %> <%= command.id %> --dataset freihand --data FreiHAND_eval --predictions pred.json',
    },
  ];

  static override flags = {
    dataset: Flags.string({ required: true, options: [...DATASET_IDS], summary: 'The benchmark.' }),
    data: Flags.string({
      summary:
        'Its folder, in the official layout [default: as HAMBA_EVAL_DATA or the configuration file names it].',
      helpValue: 'DIR',
    }),
    split: Flags.string({
      default: 'evaluation',
      options: [...SPLITS],
      summary: 'The split of it; FreiHAND has its training split too, whole or one background version.',
    }),
    boxes: Flags.string({
      summary:
        "Where boxes come from: the photograph's edges, the dataset's annotations, HaMeR's evaluation metadata, or (an oracle) the true hands [default: as the dataset's card says].",
      helpValue: 'FILE.npz|image|annotations|truth',
    }),
    model: Flags.string({
      exactlyOne: ['model', 'predictions'],
      summary: 'A checkpoint to evaluate; docs/model-contract.md says what it must look like.',
      helpValue: 'FILE.onnx',
    }),
    predictions: Flags.string({
      summary: `Predictions to score: ${ACCEPTED_HELP}.`,
      helpValue: 'PATH',
    }),
    out: Flags.string({
      summary: 'The run directory [default: reports/DATASET-NAME].',
      helpValue: 'DIR',
    }),
    'batch-size': Flags.integer({
      helpGroup: 'PREDICTING',
      min: 1,
      summary:
        'Photographs a batch; another size may change the last digits of a prediction [default: 4, or what the model is fixed to].',
    }),
    workers: Flags.integer({
      helpGroup: 'SCORING',
      min: 1,
      summary: 'Scoring threads; no number depends on them [default: the cores].',
    }),
    reflection: Flags.option({ options: ['allowed', 'forbidden'] as const })({
      helpGroup: 'SCORING',
      summary:
        'Whether the alignment may mirror a hand [default: allowed, as the official evaluators do; the figures of the other rule stand beside].',
    }),
    provider: Flags.option({ options: PROVIDER_CHOICES, default: 'auto' as const })({
      helpGroup: 'PREDICTING',
      summary: `What ONNX Runtime computes with; auto takes ${AUTO_TEXT}.`,
    }),
    device: Flags.integer({
      helpGroup: 'PREDICTING',
      min: 0,
      summary: 'Which GPU, where there are several.',
      helpValue: 'N',
    }),
    'allow-fallback': Flags.boolean({
      helpGroup: 'PREDICTING',
      summary: 'Run on the CPU where the provider asked for does not start; otherwise that is an error.',
    }),
    ...TTA_FLAGS,
    'joints-from': Flags.option({ options: ['model', 'freihand', 'ho3d', 'smplx', 'manopth'] as const })({
      helpGroup: 'SCORING',
      summary:
        "Score joints formed from the predicted mesh as a convention has them [default: the model's own].",
    }),
    mano: Flags.string({
      helpGroup: 'PREDICTING',
      summary:
        'MANO_RIGHT.pkl: for models that give its parameters, for --joints-from freihand, and to compare predicted joints with predicted vertices [default: as the configuration file names it].',
      helpValue: 'FILE',
    }),
    limit: Flags.integer({ min: 1, summary: 'Only the first N samples.', helpValue: 'N' }),
    samples: Flags.string({
      summary: 'Only the samples whose ids the file lists, one a line.',
      helpValue: 'FILE',
    }),
    'skip-unreadable': Flags.boolean({
      helpGroup: 'PREDICTING',
      summary:
        'Leave photographs that cannot be read unscored, with the reason, instead of stopping at the first.',
    }),
    shard: Flags.string({
      helpGroup: 'PREDICTING',
      dependsOn: ['model'],
      summary: 'Predict one of N parts of the samples, on as many machines; merge puts them together.',
      helpValue: 'I/N',
    }),
    force: Flags.boolean({ summary: 'Replace the run that is in the output folder.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Run);
    const { configDir } = this.config;
    const data = requireDataFolder(flags.dataset, flags.data, () => readConfiguration(configDir));
    const mano =
      flags.mano ?? optionalConfiguration(configDir, (problem) => this.progress.note(leftOut(problem))).mano;
    const { run, score } = await import('../library.js');
    const common = {
      ...flags,
      data,
      jointsFrom: flags['joints-from'],
      mano: mano ?? undefined,
      manoIsDefault: flags.mano === undefined,
      existing: flags.force ? ('replace' as const) : ('refuse' as const),
    };
    const context = { progress: this.progress, signal: this.interruption.signal };
    const { model, predictions } = flags;
    const outcome =
      model === undefined
        ? // One of the two is there: `exactlyOne` has seen to it.
          await score(
            { ...common, model, predictions: predictions ?? '', tta: keptPassesRequest(flags) },
            context,
          )
        : await run(
            {
              ...common,
              model,
              predictions: undefined,
              batchSize: flags['batch-size'],
              skipUnreadable: flags['skip-unreadable'],
              shard: flags.shard === undefined ? undefined : parseShard(flags.shard),
              allowFallback: flags['allow-fallback'],
              tta: sweepRequest(flags),
            },
            context,
          );
    this.progress.close();
    this.log(outcomeText(outcome, { colour: this.colour, again: '--force runs it again' }));
    if (isIncomplete(outcome)) process.exitCode = EXIT.findings;
    return outcomeJson(outcome);
  }
}
