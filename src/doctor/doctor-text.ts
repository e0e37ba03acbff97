/** `doctor` as an 80-column terminal shows it. */
import { grouped, printable, styled, wrapText } from '../text/text.js';

const WIDTH = 80;
const LABEL_WIDTH = 14;
const TEXT_WIDTH = WIDTH - LABEL_WIDTH - 2;
/** What stands under a mark, `ok` or `no`, in the lines that follow. */
const MARK = '   ';

export interface DoctorReport {
  readonly program: { readonly version: string; readonly commit?: string };
  readonly versions: { readonly node: string; readonly onnxruntime: string };
  readonly machine: {
    readonly platform: string;
    readonly processor: string;
    readonly cores: number;
    readonly memory_bytes: number;
    readonly free_memory_bytes: number;
  };
  readonly providers: readonly (
    | { readonly provider: string; readonly ok: true }
    | { readonly provider: string; readonly ok: false; readonly reason: string; readonly advice: string }
  )[];
  readonly config: { readonly file: string; readonly exists: boolean };
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
    readonly advice: string | null;
  }[];
}

const megabytes = (bytes: number): string => `${grouped(Math.round(bytes / 1e6))} MB`;

export function doctorText(report: DoctorReport, colour: boolean): string {
  const { program, versions, machine, providers, config, checks } = report;
  const commit = program.commit === undefined ? '' : ` (${program.commit})`;
  const line = (label: string, text: string): string[] => indented(label, broken(text, TEXT_WIDTH));
  const behind = (mark: string, text: string): string[] =>
    broken(text, TEXT_WIDTH - MARK.length).map((part, index) => (index === 0 ? mark : MARK) + part);
  const marked = (label: string, ok: boolean, text: string): string[] =>
    indented(label, behind(`${ok ? styled('ok', 'green', colour) : styled('no', 'yellow', colour)} `, text));
  const advice = (text: string): string[] => indented('', behind(' → ', text));
  const lines = [
    ...line('hamba-eval', `${program.version}${commit}`),
    ...line('Node', versions.node),
    ...line('ONNX Runtime', versions.onnxruntime),
    ...line('machine', `${machine.platform}, ${machine.cores} cores, ${machine.processor}`),
    ...line('memory', `${megabytes(machine.memory_bytes)}, ${megabytes(machine.free_memory_bytes)} free`),
    ...line('configuration', `${config.file}${config.exists ? '' : ' (not there, which is fine)'}`),
    '',
    styled('Execution providers', 'bold', colour),
    ...providers.flatMap((probe) =>
      probe.ok
        ? marked(probe.provider, true, 'a session starts and computes')
        : [...marked(probe.provider, false, probe.reason), ...advice(probe.advice)],
    ),
    '',
    styled('Files', 'bold', colour),
    ...(checks.length === 0
      ? line('', "no dataset folder and no MANO file is named; 'hamba-eval datasets list' says how")
      : checks.flatMap(({ name, ok, detail, advice: next }) => [
          ...marked(name, ok, detail),
          ...(next === null ? [] : advice(next)),
        ])),
  ];
  return `\n${lines.join('\n')}\n`;
}

/** Lines beside a label. */
function indented(label: string, lines: readonly string[]): string[] {
  return lines.map((text, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${text}`);
}

/** One paragraph in lines of at most `width` characters. A longer word, such as a path, stays whole: it is copied. */
function broken(text: string, width: number): string[] {
  return wrapText(printable(text).replace(/\s+/g, ' '), width);
}
