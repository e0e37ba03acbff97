/** `datasets list` and `datasets verify` as an 80-column terminal shows them. */
import type { ErrorJson } from '../errors.js';
import { measureText } from '../text/measure-text.js';
import { grouped, printable, styled, wrapText } from '../text/text.js';
import type { DatasetDefinition, DatasetFile } from './types.js';

const WIDTH = 80;
const LABEL_WIDTH = 12;

export interface ListedDataset {
  readonly definition: DatasetDefinition;
  /** Where the folder is known from; null where it is not. */
  readonly known: { readonly folder: string; readonly from: string } | null;
}

export function datasetList(datasets: readonly ListedDataset[], configFile: string, colour: boolean): string {
  const blocks = datasets.map(({ definition, known }) => {
    const { id, title, card, protocol, splits } = definition;
    return [
      `${styled(id, 'bold', colour)}  ${title}`,
      ...field('samples', `${grouped(protocol.sampleCount)} (evaluation)`),
      ...(splits.length > 1 ? field('splits', splits.join(', ')) : []),
      ...field('scored by', measureText(protocol.measure).scoredBy),
      ...field('folder', known === null ? 'not named yet' : `${printable(known.folder)} (${known.from})`),
      ...field('files', card.files.map(fileLine)),
      ...field('licence', card.licence),
      ...field('from', card.homepage),
    ].join('\n');
  });
  const end = wrapText(
    `Nothing of a dataset is part of this program. Name a folder with --data, once for all in ${printable(configFile)}, or put the folders under their ids into one that HAMBA_EVAL_DATA names. 'datasets verify ID DIR' checks one.`,
    WIDTH,
  );
  return `\n${blocks.join('\n\n')}\n\n${end.join('\n')}\n`;
}

function fileLine({ path, content, neededTo }: DatasetFile): string {
  return `${path}: ${content}${neededTo.length === 0 ? '' : ` (to ${neededTo.join(', to ')})`}`;
}

/** A label and its text, wrapped and indented. */
function field(label: string, text: string | readonly string[]): string[] {
  const parts = typeof text === 'string' ? [text] : text;
  const lines = parts.flatMap((part) =>
    wrapText(part, WIDTH - 2 - LABEL_WIDTH).map((line, index) => (index === 0 ? line : `  ${line}`)),
  );
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

export interface VerifiedDataset {
  readonly dataset: string;
  readonly folder: string;
  readonly split: string;
  readonly counts: Readonly<Record<string, number | null>>;
  readonly notices: readonly { readonly message: string; readonly remedy: string }[];
  readonly problems: readonly ErrorJson[];
}

export function verificationText(verified: VerifiedDataset, colour: boolean): string {
  const { problems, notices, counts } = verified;
  const { benchmark, ...found } = counts;
  const present = Object.entries(found).filter((entry): entry is [string, number] => entry[1] !== null);
  const whole = Math.max(0, ...present.map(([, count]) => count));
  const lines = [
    `${styled(verified.dataset, 'bold', colour)} · ${verified.split}`,
    ...wrapText(printable(verified.folder), WIDTH - 2).map((line) => `  ${line}`),
    '',
    ...present.map(([name, count]) => `  ${name.padEnd(LABEL_WIDTH)}${grouped(count)}`),
    `  ${'benchmark'.padEnd(LABEL_WIDTH)}${grouped(benchmark ?? 0)}${whole === benchmark ? '' : ': results on this folder are partial'}`,
  ];
  for (const { message, remedy } of notices) {
    lines.push('', ...wrapText(`note: ${printable(message)}; ${printable(remedy)}`, WIDTH));
  }
  for (const problem of problems) {
    lines.push(
      '',
      ...wrapText(`! ${printable(problem.message)}`, WIDTH).map((line) => styled(line, 'yellow', colour)),
      ...problemFields(problem),
    );
  }
  const verdict =
    problems.length === 0
      ? styled('Everything that was looked at is in order.', 'green', colour)
      : `${problems.length === 1 ? 'One thing is' : `${problems.length} things are`} not in order.`;
  return `\n${lines.join('\n')}\n\n${verdict}\n`;
}

function problemFields({ file, offset, expected, got, next }: ErrorJson): string[] {
  const where = file === undefined ? undefined : `${file}${offset === undefined ? '' : `, byte ${offset}`}`;
  const parts = { where, expected, got, next };
  return Object.entries(parts).flatMap(([label, text]) =>
    text === undefined ? [] : field(label, printable(text)),
  );
}
