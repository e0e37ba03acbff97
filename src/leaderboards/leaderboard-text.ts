/** `leaderboard` in every format. */
import { metricOf, worseBy } from '../metrics/index.js';
import type { TableCell, TableColumn, TableFormat } from '../text/formats/table-format.js';
import { measureText } from '../text/measure-text.js';
import { printable, styled, wrapText } from '../text/text.js';
import type { Leaderboard, LeaderboardRow } from './leaderboard.js';
import type { LintFinding } from './lint.js';
import type { PublishedTable } from './published-table.js';

const WIDTH = 80;

export function leaderboardText(board: Leaderboard, format: TableFormat, colour: boolean): string {
  if (format.around === 'nothing') return records(board, format);
  const columns = tableColumns(board, format);
  const marks = marksOf(board);
  const rows = board.rows.map((row) => columns.map(({ cell }) => cell(row, marks)));
  const foot = footnotes(board, format);
  const rendered = format.render(columns, rows, {
    colour,
    width: WIDTH,
    caption: `${[board.title, ...foot].join('. ')}.`,
    label: `tab:${board.dataset}`,
  });
  const notes = foot.map((text) => `${text}.`);
  switch (format.around) {
    case 'captions':
      return rendered;
    case 'paragraphs':
      return `${[rendered, ...notes.map((note) => format.paragraph?.(note) ?? note)].join('\n\n')}\n`;
    case 'screen': {
      const lines = notes.flatMap((note) => wrapText(note, WIDTH));
      return `\n${[styled(board.title, 'bold', colour), '', rendered, '', ...lines].join('\n')}\n`;
    }
  }
}

/** The one JSON document of `--format json` and `--json`. */
export function leaderboardJson(board: Leaderboard): unknown {
  const { dataset, title, table, rankedBy, rows } = board;
  return {
    dataset,
    title,
    ranked_by: rankedBy,
    source: table?.source ?? null,
    remarks: table === null ? [] : [...table.remarks, ...table.discrepancies],
    rows: rows.map(({ rank, method, figures, published, run }) => ({
      ...(rank === null ? {} : { rank }),
      method,
      ...(published === null
        ? {}
        : {
            ...(published.reference === null ? {} : { paper_reference: published.reference }),
            venue: published.venue,
            ...(published.backbone === null ? {} : { backbone: published.backbone }),
            stacked: published.stacked,
            tta: published.tta,
          }),
      ...(run === null
        ? {}
        : {
            run: run.path,
            tta: run.tta ?? false,
            coverage: run.document.coverage,
            comparable: run.obstacles.length === 0,
            notes: [...run.obstacles, ...run.notes],
          }),
      metrics: Object.fromEntries([...figures].map(([key, { value }]) => [key, value])),
    })),
  };
}

type CsvColumn = readonly [key: string, cell: (row: LeaderboardRow) => TableCell | null];

/** The published columns under their own names, then what a row of one's own adds; full precision. */
function records({ table, metrics, rows }: Leaderboard, format: TableFormat): string {
  const text = (value: string | number | null | undefined): TableCell | null =>
    value === null || value === undefined || value === '' ? null : { text: String(value), value };
  const backbones: readonly CsvColumn[] = [
    ['backbone', ({ published }) => text(published?.backbone)],
    ['stacked', ({ published }) => text(published?.stacked === true ? 'yes' : '')],
  ];
  const named: readonly CsvColumn[] = [
    ['method', ({ method }) => text(method)],
    ['paper_reference', ({ published }) => text(published?.reference)],
    ['venue', ({ published }) => text(published?.venue)],
    ...(table?.hasBackbones === true ? backbones : []),
    ['tta', ({ published, run }) => text(run?.tta ?? (published?.tta === true ? 'yes' : ''))],
    ...metrics.map((key): CsvColumn => [
      key,
      ({ figures, published }) => {
        const figure = figures.get(key);
        // The digits that were printed, trailing zeros too.
        return figure === undefined ? null : text(published === null ? figure.value : figure.text);
      },
    ]),
    ['rank', ({ rank }) => text(rank)],
    ['run', ({ run }) => text(run?.path)],
    ['notes', ({ run }) => text(run === null ? '' : noteOf(run.obstacles, run.notes))],
  ];
  return format.render(
    named.map(([key]) => ({ key, title: key, align: 'left' })),
    rows.map((row) => named.map(([, cell]) => cell(row))),
    { colour: false, width: WIDTH },
  );
}

function noteOf(obstacles: readonly string[], notes: readonly string[]): string {
  return [...obstacles, ...notes].join('; ');
}

type Marks = ReadonlyMap<string, Readonly<Record<string, TableCell['mark']>>>;

interface Column extends TableColumn {
  readonly cell: (row: LeaderboardRow, marks: Marks) => TableCell | null;
}

/** A run that is not may be ranked on demand, but is never the best. */
function isComparable({ run }: LeaderboardRow): boolean {
  return run === null || run.obstacles.length === 0;
}

/** Which printed figures are the best and the second of their column, among the comparable rows. */
function marksOf({ metrics, rows }: Leaderboard): Marks {
  return new Map(
    metrics.map((key) => {
      const metric = metricOf(key);
      const texts = rows.filter(isComparable).flatMap(({ figures }) => figures.get(key)?.text ?? []);
      const [best, second] = [...new Set(texts)].sort((a, b) => worseBy(metric, Number(a) - Number(b)));
      return [
        key,
        {
          ...(second === undefined ? {} : { [second]: 'second' as const }),
          ...(best === undefined ? {} : { [best]: 'best' as const }),
        },
      ];
    }),
  );
}

function tableColumns({ table, metrics }: Leaderboard, format: TableFormat): Column[] {
  const text = (value: string | null | undefined): TableCell | null =>
    value === null || value === undefined || value === '' ? null : { text: value };
  return [
    { key: 'rank', title: '#', align: 'right', cell: ({ rank }) => text(rank === null ? '' : `${rank}`) },
    { key: 'method', title: 'method', align: 'left', cell: (row) => text(nameOf(row, table, format)) },
    {
      key: 'venue',
      title: 'venue',
      align: 'left',
      terminal: 'if-room',
      cell: ({ published }) => text(published?.venue),
    },
    {
      key: 'backbone',
      title: 'backbone',
      align: 'left',
      terminal: 'if-room',
      cell: ({ published }) => text(published?.backbone),
    },
    ...metrics.map((key): Column => {
      const { better, unit } = metricOf(key);
      return {
        key,
        title: shortTitle(key),
        align: 'right',
        better,
        cell: (row, marks) => {
          const figure = row.figures.get(key);
          if (figure === undefined) return null;
          const mark = isComparable(row) ? marks.get(key)?.[figure.text] : undefined;
          const shown = unit === '%' ? (Number(figure.text) * 100).toFixed(1) : figure.text;
          return mark === undefined ? { text: shown } : { text: shown, mark };
        },
      };
    }),
    {
      key: 'notes',
      title: 'notes',
      align: 'left',
      terminal: 'below',
      cell: ({ run, rank }) => text(run === null ? '' : runNote(run, rank)),
    },
  ];
}

function runNote(run: NonNullable<LeaderboardRow['run']>, rank: number | null): string {
  const verdict =
    run.obstacles.length === 0
      ? []
      : [rank === null ? 'not ranked' : 'ranked though not comparable (--allow-mixed)'];
  return [
    ...verdict,
    ...run.obstacles,
    ...(run.tta === null ? [] : [`test-time augmentation: ${run.tta}`]),
    ...run.notes,
  ].join('; ');
}

/** The table's own marks; a run among published rows is marked as one's own. */
function nameOf(
  { method, published, run }: LeaderboardRow,
  table: PublishedTable | null,
  format: TableFormat,
): string {
  const marks = [
    ...(published?.stacked === true ? ['∗'] : []),
    ...(published?.tta === true || (run?.tta ?? null) !== null ? ['†'] : []),
  ].join('');
  const marked = marks === '' ? method : `${method} ${marks}`;
  if (run === null || table === null) return marked;
  return format.around === 'screen' ? `▸ ${marked}` : `${marked} (ours)`;
}

/** The name of a column in few letters; what all figures are is said below the table. */
function shortTitle(key: string): string {
  const metric = metricOf(key);
  return measureText(metric.measure).column(metric);
}

/** The notes below the table, each without its final full stop. */
function footnotes({ title, table, rankedBy, rows }: Leaderboard, format: TableFormat): string[] {
  const some = (test: (row: LeaderboardRow) => boolean): boolean => rows.some(test);
  const { measure, label } = metricOf(rankedBy);
  const marks = [
    ...(table !== null && some(({ run }) => run !== null)
      ? [`${format.around === 'screen' ? '▸ yours' : '(ours)'}: rounded as the published figures are`]
      : []),
    ...(some(({ published, run }) => published?.tta === true || (run?.tta ?? null) !== null)
      ? ['† test-time augmentation']
      : []),
    ...(some(({ published }) => published?.stacked === true) ? ['∗ stacked network'] : []),
    '– not reported',
  ];
  return [
    `${measureText(measure).figures}; ranked by ${label}. ${marks.join('; ')}`,
    table === null
      ? `No table of published results is known for ${title}: runs are ranked among themselves`
      : [
          `Published figures: ${table.source.citation}, ${table.source.table}`,
          ...table.remarks.map(sentence),
        ].join('. '),
  ];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function lintText(board: Leaderboard, findings: readonly LintFinding[]): string {
  const { table, title, rows } = board;
  const own = rows.filter(({ run }) => run !== null).length;
  const runs = own === 0 ? '' : own === 1 ? ' and one of yours' : ` and ${own} of yours`;
  const checked =
    table === null
      ? `${own === 1 ? 'one run' : `${own} rows of runs`} of ${title}, for which no published table is known`
      : `${table.rows.length} published rows of ${title} (${table.source.table})${runs}`;
  const count =
    findings.length === 0
      ? 'no figure contradicts another'
      : findings.length === 1
        ? 'one contradiction'
        : `${findings.length} contradictions`;
  const marked = (mark: string, text: string): string[] =>
    wrapText(text, WIDTH - 2).map((line, index) => (index === 0 ? mark : '  ') + line);
  const lines = [
    ...findings.flatMap(({ method, venue, tta, message }) => {
      const row = venue === undefined ? `▸ ${method}` : `${method}${tta ? ' †' : ''}, ${venue}`;
      return marked('! ', printable(`${row}: ${message}.`));
    }),
    ...(table?.discrepancies ?? []).flatMap((text) => marked('· ', `${text}.`)),
  ];
  return `\n${[`${checked}: ${count}.`, ...(lines.length === 0 ? [] : ['', ...lines])].join('\n')}\n`;
}
