import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../command.js';
import { reportText } from '../report/report-text.js';

export default class Report extends BaseCommand {
  static override summary = 'Make one page of one or several runs: figures, photographs, hands in 3D.';

  static override description = [
    'The page is one file that requests nothing: tables with intervals, PCK curves, the spread of the error, a hand coloured joint by joint, the error against what the dataset knows, and the worst, median and best samples with their photographs and both meshes in 3D.',
    'Photographs and true hands come from the dataset folder that the run names, if it is still there and unchanged; what is missing is named in the page and left out.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> <%= command.id %> reports/freihand-ridge',
    {
      description: 'Two runs over each other, without photographs, to pass on:',
      command: '<%= config.bin %> <%= command.id %> reports/a reports/b --no-images --out a-b.html',
    },
  ];

  static override strict = false;

  static override args = {
    run: Args.string({ required: true, description: 'Run directories, of one dataset and split.' }),
  };

  static override flags = {
    out: Flags.string({
      summary: 'The page [default: report.html in the first run directory].',
      helpValue: 'FILE',
    }),
    samples: Flags.integer({
      default: 4,
      min: 0,
      max: 100,
      summary: 'Samples shown of the worst, the median and the best each.',
      helpValue: 'N',
    }),
    images: Flags.boolean({
      default: true,
      allowNo: true,
      summary: 'Photographs in the page; most datasets do not allow to pass them on.',
    }),
    mano: Flags.string({
      summary: 'Your MANO_RIGHT.pkl, for the surface of the meshes; without it they are drawn as points.',
      helpValue: 'FILE',
    }),
    data: Flags.string({
      summary: 'The dataset folder, if it is no longer where the run had it.',
      helpValue: 'DIR',
    }),
    boxes: Flags.string({
      summary: "HaMeR's evaluation metadata, if the run took its boxes from there.",
      helpValue: 'FILE.npz',
    }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Report);
    const { makeReport } = await import('../report/report.js');
    const outcome = await makeReport(
      { ...flags, runs: argv as string[] },
      { progress: this.progress, signal: this.interruption.signal },
    );
    this.progress.close();
    this.log(reportText(outcome));
    return outcome;
  }
}
