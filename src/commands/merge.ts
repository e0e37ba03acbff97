import { availableParallelism } from 'node:os';
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { leftOut, optionalConfiguration } from '../config.js';
import { EXIT } from '../errors.js';
import { isIncomplete, outcomeJson, outcomeText } from '../evaluation/outcome.js';

export default class Merge extends BaseCommand {
  static override summary = 'Put the shards of a run together, and score it.';

  static override description =
    'The result is the run directory of the whole run: its predictions byte for byte, its metrics and files. Shards that lack, are there twice or are of unlike runs are named. Neither the model nor a GPU is needed.';

  static override examples = ['<%= config.bin %> <%= command.id %> parts/1 parts/2 --out reports/hamba'];

  static override strict = false;

  static override args = {
    shards: Args.string({ required: true, description: 'Run directories made with run --shard I/N.' }),
  };

  static override flags = {
    out: Flags.string({ required: true, summary: 'The run directory of the whole run.', helpValue: 'DIR' }),
    data: Flags.string({
      summary: "The dataset's folder, where it lies elsewhere now than the shards say.",
      helpValue: 'DIR',
    }),
    boxes: Flags.string({
      summary: "HaMeR's evaluation metadata, where the shards took their boxes from it.",
      helpValue: 'FILE.npz',
    }),
    mano: Flags.string({ summary: 'MANO_RIGHT.pkl, as for run.', helpValue: 'FILE' }),
    workers: Flags.integer({
      min: 1,
      summary: 'Scoring threads; no number depends on them [default: the cores].',
    }),
    force: Flags.boolean({ summary: 'Replace the run that is in the output folder.' }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Merge);
    const { mergeRuns } = await import('../evaluation/merge.js');
    const { configDir } = this.config;
    const mano =
      flags.mano ?? optionalConfiguration(configDir, (problem) => this.progress.note(leftOut(problem))).mano;
    const outcome = await mergeRuns(
      {
        ...flags,
        workers: flags.workers ?? availableParallelism(),
        shards: argv as string[],
        mano: mano ?? undefined,
        manoIsDefault: flags.mano === undefined,
        existing: flags.force ? 'replace' : 'refuse',
      },
      { progress: this.progress, signal: this.interruption.signal },
    );
    this.progress.close();
    this.log(outcomeText(outcome, { colour: this.colour, again: '--force merges again' }));
    if (isIncomplete(outcome)) process.exitCode = EXIT.findings;
    return outcomeJson(outcome);
  }
}
