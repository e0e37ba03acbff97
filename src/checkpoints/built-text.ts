/** What `model build` says of the model it wrote. */
import type { BuiltModel } from './build-model.js';

const SHOWN = 6;

export function builtText(built: BuiltModel): string {
  const { tensors, assumed } = built;
  const copied = built.data === null ? '' : `in ${built.data}`;
  const weights = built.in_place
    ? `in place: ${built.checkpoint} has to stay where it is${copied === '' ? '' : `\n             ${copied}: those that are not stored row by row in float32`}`
    : copied;
  const lines = [
    `${built.title} → ${built.model}`,
    `  weights    ${weights}`,
    `  tensors    ${tensors.used} used, ${tensors.spare} of the network that inference does not need`,
    `  hand model ${HAND_MODEL[built.mano]}`,
    `  sidecar    ${built.sidecar}`,
  ];
  if (built.configurations.length > 0) lines.push(`  options    from ${built.configurations.join(', ')}`);
  if (tensors.unknown.length > 0) {
    const more = tensors.unknown.length - SHOWN;
    lines.push(
      `  not known  ${tensors.unknown.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}: left out`,
    );
  }
  if (assumed.length > 0) {
    lines.push(
      '',
      'Nothing says these, so the released network’s values hold; model_config.yaml settles them:',
    );
    for (const { option, value, settled_by } of assumed)
      lines.push(`  ${option} = ${JSON.stringify(value)}  ${settled_by}`);
  }
  return lines.join('\n');
}

const HAND_MODEL: Readonly<Record<BuiltModel['mano'], string>> = {
  checkpoint: 'the checkpoint’s own',
  file: 'your MANO file, copied into the model: its licence holds for the model too',
  random: 'random points',
};
