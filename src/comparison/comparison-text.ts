/** A comparison of runs in every format of its tables: for the terminal, for a paper and for programs. */
import { metricOf } from '../metrics/index.js';
import {
  type TableCell,
  type TableColumn,
  type TableFormat,
  type TableOptions,
  type TableRow,
} from '../text/formats/table-format.js';
import type { ComparisonDocument } from './comparison-document.js';
import { datasetTitle, notes, samplesText } from './comparison-notes.js';
import {
  differencesTable,
  isMixed,
  markedName,
  marks,
  metricKeys,
  others,
  runText,
  title,
  valueCell,
} from './comparison-tables.js';
import { terminalText, WIDTH } from './comparison-terminal.js';

export function comparisonText(document: ComparisonDocument, format: TableFormat, colour: boolean): string {
  const options = { colour, width: WIDTH };
  if (format.around === 'screen') return terminalText(document, format, options);
  if (format.around === 'nothing') return recordsText(document, format, options).trimEnd();
  const remarks = notes(document);
  return [
    resultsTable(document, format, { ...options, caption: caption(document), label: 'tab:comparison' }),
    ...others(document).map((run) =>
      differencesTable(document, run, format, {
        ...options,
        caption: `${run.name} (${runText(run)}) against ${document.baseline}. ${remarks.join(' ')}`,
        label: `tab:comparison-${run.name}`,
      }),
    ),
    ...(format.around === 'captions' ? [] : remarks.map((note) => format.paragraph?.(note) ?? note)),
  ].join('\n\n');
}

/** The table that papers print: a method a row, a metric a column. */
function resultsTable(document: ComparisonDocument, format: TableFormat, options: TableOptions): string {
  const keys = metricKeys(document);
  const best = keys.map((key) => marks(document, key));
  const columns: TableColumn[] = [
    { key: 'name', title: '', align: 'left' },
    { key: 'run', title: 'Run', align: 'left' },
    ...keys.map((key): TableColumn => ({
      key,
      title: title(key),
      align: 'right',
      better: metricOf(key).better,
    })),
  ];
  const rows = document.runs.map((run): TableRow => [
    { text: markedName(run) },
    { text: runText(run) },
    ...keys.map((key, k) => valueCell(run, key, best[k]!.get(run.name))),
  ]);
  return format.render(columns, rows, options);
}

function caption(document: ComparisonDocument): string {
  return `${datasetTitle(document)}, ${document.dataset.split}: ${samplesText(document)}.`;
}

/** One row a run and metric, under the keys of metrics.json. */
function recordsText(document: ComparisonDocument, format: TableFormat, options: TableOptions): string {
  const keys = [
    'name',
    'run',
    'baseline',
    'metric',
    'value',
    'baseline_value',
    'difference',
    'low',
    'high',
    'level',
    'p',
    'p_holm',
    'improved',
    'equal',
    'worse',
  ] as const;
  const columns = [...keys, 'samples', 'missing', 'mixed', 'tta'].map((key): TableColumn => ({
    key,
    title: key,
    align: 'left',
  }));
  const baseline = document.runs.find(({ name }) => name === document.baseline)!;
  const cell = (value: string | number | undefined): TableCell | null =>
    value === undefined ? null : { text: String(value), value };
  const rows = document.runs.flatMap((run) =>
    Object.keys(run.metrics).map((metric): TableRow => {
      const values = {
        name: run.name,
        run: run.run,
        ...(run === baseline ? {} : { baseline: baseline.run, baseline_value: baseline.metrics[metric] }),
        metric,
        value: run.metrics[metric],
        ...run.differences[metric],
        samples: document.paired?.samples,
        missing: run.missing,
        mixed: isMixed(run) ? run.mixed.map(({ field }) => field).join(' ') : undefined,
        tta: run.tta,
      } as Record<string, string | number | undefined>;
      return columns.map(({ key }) => cell(values[key]));
    }),
  );
  return format.render(columns, rows, options);
}
