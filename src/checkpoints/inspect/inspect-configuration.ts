/** What a configuration says of each network that it may belong to. */
import { UserError } from '../../errors.js';
import type { Architecture } from '../../network/architectures/architecture.js';
import type { FieldValue } from '../../network/architectures/options.js';
import { ARCHITECTURES } from '../../network/architectures/registry.js';
import { declare, readConfiguration, type Configuration } from '../configuration.js';

export interface ConfigurationInspection {
  readonly kind: 'configuration';
  readonly file: string;
  /** `model_config.yaml` of a released code base, or the options by this program's names. */
  readonly format: 'model-config' | 'options';
  readonly networks: readonly ConfiguredNetwork[];
}

export interface ConfiguredNetwork {
  readonly architecture: string;
  readonly title: string;
  readonly options: readonly {
    readonly option: string;
    readonly value: FieldValue;
    /** How the file calls it. */
    readonly key: string;
    readonly released: FieldValue;
  }[];
  /** Options that neither the file nor any tensor tells, and what would. */
  readonly unsaid: Readonly<Record<string, string>>;
  /** Keys of the file that say nothing of this network. */
  readonly unread: readonly string[];
  /** Why it cannot be this network's. */
  readonly problem: string | null;
}

export async function inspectConfiguration(file: string): Promise<ConfigurationInspection> {
  const content = await readConfiguration(file);
  const named = ARCHITECTURES.filter(({ id }) => id === content.architecture);
  const networks = (named.length > 0 ? named : ARCHITECTURES).map((one) => configured(one, content, file));
  return { kind: 'configuration', file, format: 'MODEL' in content ? 'model-config' : 'options', networks };
}

function configured(architecture: Architecture, content: Configuration, file: string): ConfiguredNetwork {
  const { id, title, released, unseen } = architecture;
  try {
    const { declaration, unread } = declare(architecture, content, file);
    const options = Object.entries(declaration.values).map(([option, { value, key }]) => ({
      option,
      value,
      key,
      released: released[option]!,
    }));
    const unsaid = Object.entries(unseen).filter(([option]) => declaration.values[option] === undefined);
    return {
      architecture: id,
      title,
      options,
      unsaid: Object.fromEntries(unsaid),
      unread,
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const problem = error.toLines().join('\n');
    return { architecture: id, title, options: [], unsaid: {}, unread: [], problem };
  }
}
