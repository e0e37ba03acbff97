/** What `model inspect` prints of each kind of file. */
import { grouped, listed, padEnd, wrapText } from '../../text/text.js';
import { describeShape } from '../../inference/model/model-io.js';
import type { Inspection } from './inspect.js';
import type { CheckpointInspection, InspectedNetwork } from './inspect-checkpoint.js';
import type { ConfigurationInspection, ConfiguredNetwork } from './inspect-configuration.js';
import type { ExternalFile, OnnxInspection } from './inspect-onnx.js';
import type { InspectedModule, ListedTensor } from './tensor-groups.js';

/** @param all  whether every tensor is listed */
export function inspectionText(inspection: Inspection, all: boolean): string {
  switch (inspection.kind) {
    case 'checkpoint':
      return checkpointLines(inspection, all).join('\n');
    case 'onnx':
      return onnxLines(inspection, all).join('\n');
    case 'configuration':
      return configurationLines(inspection).join('\n');
  }
}

// --------------------------------------------------------------------------------------------- checkpoints

function checkpointLines(inspection: CheckpointInspection, all: boolean): string[] {
  const { file, format, bytes, modules, tensors, others, network } = inspection;
  return [
    `${file}: ${format}, ${grouped(bytes)} bytes`,
    '',
    ...moduleLines(modules),
    ...(others.length === 0 ? [] : ['', `Passed over: ${listed(others.map(({ key }) => key))}`]),
    ...(all ? tensorLines(tensors) : []),
    '',
    ...(network === null ? ['It is of none of the networks that can be built.'] : networkLines(network)),
  ];
}

function networkLines({
  title,
  configurations,
  options,
  assumed,
  contradiction,
}: InspectedNetwork): string[] {
  const from = configurations.length > 0 ? `, options from ${configurations.join(', ')}` : '';
  return [
    `${title}${from}`,
    ...Object.entries(options).map(
      ([option, value]) =>
        `${optionText(option, value)}${assumed.includes(option) ? '  (assumed: nothing says so)' : ''}`,
    ),
    ...(contradiction === null ? [] : ['', contradiction]),
  ];
}

function optionText(option: string, value: unknown): string {
  return `  ${option.padEnd(18)} ${JSON.stringify(value)}`;
}

function moduleLines(modules: readonly InspectedModule[]): string[] {
  const sum = (key: 'tensors' | 'elements'): number => modules.reduce((total, each) => total + each[key], 0);
  const rows = [...modules, { name: 'all', tensors: sum('tensors'), elements: sum('elements'), types: [] }];
  const width = Math.max(8, ...rows.map(({ name }) => name.length));
  return rows.map(({ name, tensors, elements, types }) =>
    `  ${name.padEnd(width)}  ${`${tensors} tensors`.padStart(12)}  ${grouped(elements).padStart(13)}  ${types.join(', ')}`.trimEnd(),
  );
}

function tensorLines(tensors: readonly ListedTensor[]): string[] {
  return [
    '',
    ...tensors.map(({ name, type, shape }) => `${name}  (${shape.join(', ')})  ${type ?? 'unknown'}`),
  ];
}

// --------------------------------------------------------------------------------------------- models

function onnxLines(inspection: OnnxInspection, all: boolean): string[] {
  const { file, bytes, opsets, producer, inputs, outputs, modules, initializers } = inspection;
  const { external, operators, sidecar, contract, metadata, problem } = inspection;
  const versions = opsets.map(
    ({ domain, version }) => `opset ${version}${domain === '' ? '' : ` of ${domain}`}`,
  );
  const nodes = Object.values(operators).reduce((sum, count) => sum + count, 0);
  const crop =
    contract === null ? '' : `the image, ${contract.input.size.join(' × ')} px, crop ${contract.crop}`;
  return [
    `${file}: ONNX, ${grouped(bytes)} bytes, ${versions.join(', ')}${producer === '' ? '' : `, made by ${producer}`}`,
    '',
    ...aligned([
      ...inputs.map(({ name, type, shape }) => ['input', name, type, describeShape(shape), crop]),
      ...outputs.map(({ name, type, shape, read_as, recognised_by }) => [
        'output',
        name,
        type,
        describeShape(shape),
        read_as === null ? 'not read' : `${read_as}, by its ${recognised_by}`,
      ]),
    ]),
    '',
    ...moduleLines(modules),
    ...(all ? tensorLines(initializers) : []),
    '',
    ...wrapped(
      `${nodes} operators: ${Object.entries(operators)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
    ),
    ...external.flatMap(externalLines),
    `  sidecar  ${sidecar === null ? 'none' : `${sidecar.file}: ${JSON.stringify(sidecar.content)}`}`,
    ...Object.entries(metadata).flatMap(([key, value]) => wrapped(`${key}  ${value.replaceAll(',', ', ')}`)),
    ...(problem === null ? [] : ['', problem]),
  ];
}

function externalLines({
  file,
  tensors,
  bytes,
  size,
  sha256,
  recorded_sha256,
  state,
}: ExternalFile): string[] {
  const held = size === null ? '' : ` of ${grouped(size)}`;
  return [
    `  weights  ${file}: ${tensors} tensors, ${grouped(bytes)}${held} bytes, ${STATE_WORDS[state]}`,
    ...(sha256 === null ? [] : [`           SHA-256 ${sha256}`]),
    ...(state === 'changed' ? [`           recorded ${recorded_sha256}`] : []),
  ];
}

const STATE_WORDS: Readonly<Record<ExternalFile['state'], string>> = {
  'as recorded': 'the file it was built from',
  'not recorded': 'the model does not say which file it was built from',
  changed: 'NOT the file it was built from: build the model again',
  'too short': 'SHORTER than the model needs: copy the file again, or build the model again',
  missing: 'MISSING: put the file back beside the model',
};

/** Columns of a terminal. */
const WIDTH = 80;

/** A paragraph, indented. */
function wrapped(text: string): string[] {
  return wrapText(text, WIDTH - 4).map((line, at) => `${at === 0 ? '  ' : '    '}${line}`);
}

/** Columns as wide as their longest cell. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => padEnd(cell, widths[column]!)).join('  ')}`.trimEnd(),
  );
}

// --------------------------------------------------------------------------------------------- configurations

function configurationLines({ file, format, networks }: ConfigurationInspection): string[] {
  const kind = format === 'options' ? 'options' : 'a model_config.yaml';
  const fitting = networks.filter(({ problem }) => problem === null).map(({ title }) => title);
  const fits = fitting.length === 0 ? 'of no network that can be built' : `of ${listed(fitting, 'or')}`;
  const which = fitting.length > 1 ? '; the tensors of the checkpoint tell which' : '';
  return [
    `${file}: ${kind}, ${fits}${which}`,
    ...networks.flatMap((network) => ['', ...configuredLines(network)]),
  ];
}

function configuredLines({ title, options, unsaid, unread, problem }: ConfiguredNetwork): string[] {
  if (problem !== null) return [`Not ${title}:`, problem];
  const rows = options.map(({ option, value, key, released }) => [
    option,
    JSON.stringify(value),
    key === option ? '' : key,
    JSON.stringify(value) === JSON.stringify(released) ? '' : `released: ${JSON.stringify(released)}`,
  ]);
  const unsaidText = Object.entries(unsaid).map(([option, what]) => `${option} (${what})`);
  return [
    title,
    ...aligned(rows),
    ...(unsaidText.length === 0
      ? []
      : wrapped(`Left open, and no tensor shows it: ${unsaidText.join(', ')}`)),
    ...(unread.length === 0 ? [] : wrapped(`Says nothing of the network: ${unread.join(', ')}`)),
  ];
}
