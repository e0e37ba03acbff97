import process from 'node:process';
import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { DATASET_IDS } from '../datasets/registry.js';
import { EXIT } from '../errors.js';
import type { StoredRun } from '../runs/stored-run.js';
import { DATA_FORMATS, FORMAT_CHOICES, tableFormat } from '../text/formats/registry.js';

export default class Leaderboard extends BaseCommand {
  static override summary = 'Published results of a benchmark, with your runs among them.';

  static override description = [
    'The rows are those of the Hamba paper, digit by digit; nothing of them was measured here. Runs stand where their figure, rounded as the published ones are, belongs.',
    "A run of a part of the samples, or under another protocol, is shown without a rank; --allow-mixed ranks it and says so. Test-time augmentation and boxes are noted, as in the papers' own tables.",
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> <%= command.id %> freihand',
    '<%= config.bin %> <%= command.id %> ho3d-v3 reports/ho3d-v3-hamba --format latex',
    {
      description: 'Which published figures contradict each other (and which of a run named behind them):',
      command: '<%= config.bin %> <%= command.id %> freihand --lint',
    },
  ];

  static override usage =
    '<%= command.id %> DATASET [RUN_DIR…] [--format FORMAT] [--allow-mixed] [--lint] [--json]';

  // Any number of run directories may follow the dataset.
  static override strict = false;

  static override args = {
    dataset: Args.string({ required: true, options: [...DATASET_IDS], description: 'The benchmark.' }),
    runs: Args.string({ description: 'Run directories of it.' }),
  };

  static override flags = {
    format: Flags.option({ options: FORMAT_CHOICES })({
      default: 'table',
      summary: `${DATA_FORMATS} put nothing else on stdout and use the keys of metrics.json.`,
    }),
    'allow-mixed': Flags.boolean({
      summary: 'Rank runs of a part of the samples or under another protocol, too.',
    }),
    lint: Flags.boolean({
      summary: 'Report rows whose figures contradict each other, yours too; exit code 3 where there are any.',
      exclusive: ['format', 'allow-mixed'],
    }),
  };

  async run(): Promise<unknown> {
    const { args, argv, flags } = await this.parse(Leaderboard);
    const runs = (argv as string[]).slice(1);
    // What oclif lets pass for an argument, now that there may be any number of them.
    const misspelt = runs.find((run) => run.startsWith('-'));
    if (misspelt !== undefined) this.error(`Nonexistent flag: ${misspelt}`);
    const { leaderboard } = await import('../leaderboards/leaderboard.js');
    const { leaderboardJson, leaderboardText, lintText } =
      await import('../leaderboards/leaderboard-text.js');
    const board = await leaderboard({
      dataset: args.dataset,
      runs: await openRuns(runs),
      allowMixed: flags['allow-mixed'],
    });
    if (flags.lint) {
      const { lintRuns, lintTable } = await import('../leaderboards/lint.js');
      const findings = [...lintTable(board.table), ...lintRuns(board.rows)];
      this.log(lintText(board, findings));
      if (findings.length > 0) process.exitCode = EXIT.findings;
      return { dataset: args.dataset, rows: board.rows.length, findings };
    }
    const json = leaderboardJson(board);
    const format = tableFormat(flags.format);
    this.log(
      format === null
        ? JSON.stringify(json, null, 2)
        : leaderboardText(board, format, this.colour).replace(/\n$/, ''),
    );
    return json;
  }
}

/** The published rows alone are shown without the schemas of a run directory, which take longest to load. */
async function openRuns(paths: readonly string[]): Promise<StoredRun[]> {
  if (paths.length === 0) return [];
  const { StoredRun } = await import('../runs/stored-run.js');
  return Promise.all(paths.map((path) => StoredRun.open(path)));
}
