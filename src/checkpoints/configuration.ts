/** The configuration of a checkpoint: model_config.yaml where the released code keeps it, or a file that is named. */
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readText } from '../files/open-file.js';
import type { Architecture } from '../network/architectures/architecture.js';
import { ModelConfig } from '../network/architectures/model-config.js';
import { declarationOf, type Declaration, type Declared } from '../network/architectures/options.js';

const NAME = 'model_config.yaml';

/**
 * What is known of a checkpoint beside its tensors: first the released code's yaml, beside the checkpoint or one
 * folder up, then the file given with --config, which wins.
 */
export async function readDeclarations(
  architecture: Architecture,
  checkpoint: string | null,
  given: string | undefined,
): Promise<Declaration[]> {
  const folder = checkpoint === null ? null : dirname(checkpoint);
  const candidates = folder === null ? [] : [join(folder, NAME), join(folder, '..', NAME)];
  const declarations: Declaration[] = [];
  for (const file of candidates) {
    const found = await readDeclaration(architecture, file).catch((error: unknown) => {
      if (error instanceof UserError && error.code === 'file-missing') return null;
      throw error;
    });
    if (found === null) continue;
    declarations.push(found);
    break;
  }
  if (given !== undefined) declarations.push(await readDeclaration(architecture, given));
  return declarations;
}

async function readDeclaration(architecture: Architecture, file: string): Promise<Declaration> {
  return declare(architecture, await readConfiguration(file), file).declaration;
}

/** What a configuration says of one network, and which of its keys do not matter to it. */
export function declare(
  architecture: Architecture,
  content: Configuration,
  file: string,
): { readonly declaration: Declaration; readonly unread: readonly string[] } {
  if (!('MODEL' in content)) {
    const declaration = declarationOf(content, file, architecture.released, architecture.choices);
    return { declaration, unread: [] };
  }
  const config = new ModelConfig(content, file);
  const values = architecture.fromConfig(config);
  const said = Object.entries(values).filter((entry): entry is [string, Declared] => entry[1] !== undefined);
  return { declaration: { file, values: Object.fromEntries(said) }, unread: config.unread() };
}

export type Configuration = Readonly<Record<string, unknown>>;

/** A yaml or JSON file that holds an object. Tags stay text: nothing in the file makes an object. */
export async function readConfiguration(file: string): Promise<Configuration> {
  let text: string;
  try {
    text = (await readText(file)).replace(/^\uFEFF/, '');
  } catch (error) {
    throw fileError(error, file);
  }
  const document = parseDocument(text, {
    logLevel: 'silent',
    prettyErrors: false,
    schema: 'core',
    customTags: [],
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new UserError({
      code: 'config-syntax',
      message: 'The configuration is neither YAML nor JSON',
      file,
      offset: problem.pos[0],
      expected: 'model_config.yaml of the checkpoint, or a JSON object of options',
      got: problem.message,
      next: 'give the file that came with the checkpoint',
    });
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    content = error;
  }
  if (
    typeof content === 'object' &&
    content !== null &&
    !Array.isArray(content) &&
    !(content instanceof Error)
  ) {
    return content as Configuration;
  }
  throw new UserError({
    code: 'config-content',
    message: 'The configuration holds no table of options',
    file,
    expected: 'keys such as MODEL, EXTRA, or options such as heads',
    got: content instanceof Error ? content.message : (JSON.stringify(content)?.slice(0, 80) ?? 'nothing'),
    next: 'give the file that came with the checkpoint',
  });
}
