import { BaseCommand } from '../command.js';
import { dataFolder, optionalConfiguration } from '../config.js';
import { DATASET_IDS } from '../datasets/registry.js';
import { doctorText } from '../doctor/doctor-text.js';
import { EXIT, type UserError } from '../errors.js';

export default class Doctor extends BaseCommand {
  static override summary = 'What this machine has for a run, and what to do about what does not work.';

  static override description =
    'Starts a session on each execution provider with a tiny built-in model, and looks at the configuration file, the dataset folders and the MANO file it names. The exit code is 3 where a named file or folder cannot be used.';

  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<unknown> {
    await this.parse(Doctor);
    // A configuration that cannot be used is a finding here, not the end.
    let problem: UserError | null = null;
    const configuration = optionalConfiguration(this.config.configDir, (found) => (problem = found));
    const folders = DATASET_IDS.flatMap((dataset) => {
      const known = dataFolder(dataset, undefined, () => configuration);
      return known === null ? [] : [{ dataset, ...known }];
    });
    const { examine } = await import('../doctor/doctor.js');
    const { file, exists, mano } = configuration;
    const diagnosis = await examine({ config: { file, exists, problem }, folders, mano });
    this.log(doctorText(diagnosis, this.colour));
    if (diagnosis.checks.some(({ ok }) => !ok)) process.exitCode = EXIT.findings;
    return diagnosis;
  }
}
