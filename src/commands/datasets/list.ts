import { BaseCommand } from '../../command.js';
import { dataFolder, leftOut, optionalConfiguration } from '../../config.js';
import { datasetList } from '../../datasets/datasets-text.js';
import { DATASETS } from '../../datasets/registry.js';

export default class DatasetsList extends BaseCommand {
  static override summary = 'What each benchmark is, which files it needs, and where to get it.';

  static override description =
    'Also shows which folders are named in the configuration file or under HAMBA_EVAL_DATA.';

  static override examples = ['<%= config.bin %> datasets list', '<%= config.bin %> datasets list --json'];

  async run(): Promise<unknown> {
    await this.parse(DatasetsList);
    const configuration = optionalConfiguration(this.config.configDir, (problem) =>
      this.progress.note(leftOut(problem)),
    );
    const listed = DATASETS.map((definition) => ({
      definition,
      known: dataFolder(definition.id, undefined, () => configuration),
    }));
    this.log(datasetList(listed, configuration.file, this.colour));
    return listed.map(({ definition: { id, title, splits, boxes, protocol, card }, known }) => ({
      id,
      title,
      samples: protocol.sampleCount,
      splits,
      boxes,
      ...card,
      folder: known?.folder ?? null,
    }));
  }
}
