/** The tables of the page: headline, published neighbours, joints, worst samples, provenance. */
import { ALIGNMENTS, findMetric, METRICS, worseBy, type MetricDefinition } from '../../metrics/index.js';
import type { Coverage, Interval, MetricValues } from '../../runs/metrics-document.js';
import { formatMetric, metricLabel, withUnit } from '../../text/metric-text.js';
import { grouped } from '../../text/text.js';
import { RUN_COLOURS } from './chart.js';
import { markup, type Markup, type MarkupValue } from './markup.js';
import type { ErrorMeasure, PublishedNeighbours, ReportRun, WorstSample } from './report-data.js';
import { errorText } from './sample-card.js';

/** What a wide table is put into: it scrolls on its own, also by keyboard. */
function scrolling(label: string, table: Markup): Markup {
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

function spot(run: number): Markup {
  return markup`<span class="spot run-${run % RUN_COLOURS}"></span>`;
}

function runHeads(runs: readonly ReportRun[]): MarkupValue {
  return runs.map(
    ({ name }, run) => markup`<th scope="col">${runs.length > 1 ? spot(run) : null}${name}</th>`,
  );
}

/** A run's result, or that of one fusion of its test-time augmentation. */
interface Column {
  readonly name: string;
  readonly run: number;
  readonly coverage: Coverage;
  readonly metrics: MetricValues;
  readonly confidence: Readonly<Record<string, Interval>>;
}

function columnsOf(runs: readonly ReportRun[]): Column[] {
  return runs.flatMap(({ name, document }, run): Column[] => {
    const { coverage, metrics, confidence, tta = {}, tta_confidence = {} } = document;
    const fused = Object.entries(tta).map(([fusion, values]) => {
      return {
        name: `${name}, ${fusion}`,
        run,
        coverage,
        metrics: values,
        confidence: tta_confidence[fusion] ?? {},
      };
    });
    return [{ name, run, coverage, metrics, confidence }, ...fused];
  });
}

/** A metric a row, a run a column and one for each of its fusions; the best of a row is bold. */
export function headlineTable(runs: readonly ReportRun[]): Markup {
  const columns = columnsOf(runs);
  const keys = [...new Set(columns.flatMap(({ metrics }) => Object.keys(metrics)))]
    .filter((key) => findMetric(key)?.alignment !== 'similarity-proper')
    .sort((a, b) => placeOf(a) - placeOf(b));
  return scrolling(
    'Metrics',
    markup`<table class="headline">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          ${columns.map(({ name, run }) => markup`<th scope="col">${runs.length > 1 ? spot(run) : null}${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${keys.map((key) => {
          const best = columns.length > 1 ? bestOf(key, columns) : null;
          return markup`<tr>
            <th scope="row">${withUnit(key, metricLabel(key), ', ')}${directionOf(key)}</th>
            ${columns.map((column) => headlineCell(key, column, best))}
          </tr>`;
        })}
        <tr class="samples">
          <th scope="row">samples</th>
          ${columns.map(({ coverage }) => markup`<td class="number">${grouped(coverage.scored)}<span class="interval">of ${grouped(coverage.benchmark)}</span></td>`)}
        </tr>
      </tbody>
    </table>`,
  );
}

function headlineCell(key: string, { metrics, confidence }: Column, best: string | null): Markup {
  const value = metrics[key];
  if (value === undefined) return markup`<td class="number">–</td>`;
  const text = formatMetric(key, value);
  const interval = confidence[key];
  const range =
    interval === undefined
      ? null
      : markup`<span class="interval">${formatMetric(key, interval.low)} – ${formatMetric(key, interval.high)}</span>`;
  return markup`<td class="number${text === best ? ' best' : null}">${text}${range}</td>`;
}

/** Nothing where it is not known. */
function directionOf(key: string): Markup | null {
  const metric = findMetric(key);
  return metric ? markup`<span class="better">${metric.better === 'lower' ? '↓' : '↑'}</span>` : null;
}

const rankOf = ({ alignment }: MetricDefinition): number =>
  alignment === null ? -1 : ALIGNMENTS.indexOf(alignment);

/** The metrics as papers order them: by alignment. */
const IN_ORDER = [...METRICS].sort((a, b) => rankOf(a) - rankOf(b)).map(({ key }) => key);

/** What is not known comes last. */
function placeOf(key: string): number {
  const at = IN_ORDER.indexOf(key);
  return at < 0 ? IN_ORDER.length : at;
}

/** As it is printed, so that equal figures are equally best; null where it is not known which are better. */
function bestOf(key: string, columns: readonly Column[]): string | null {
  const metric = findMetric(key);
  const values = columns.flatMap(({ metrics }) => metrics[key] ?? []);
  const [best] = metric ? values.sort((a, b) => worseBy(metric, a - b)) : [];
  return best === undefined ? null : formatMetric(key, best);
}

export function neighboursTable({ caption, columns, rows }: PublishedNeighbours): Markup {
  return markup`<figure class="wide">
    ${scrolling(
      'Published results',
      markup`<table>
        <thead>
          <tr>
            <th scope="col">Method</th>
            ${columns.map((column) => markup`<th scope="col">${column}</th>`)}
            <th scope="col">Source</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ name, source, run, cells }) =>
              markup`<tr${run === null ? null : markup` class="ours"`}><th scope="row">${run === null ? null : spot(run)}${name}</th>${cells.map((cell) => markup`<td class="number">${cell}</td>`)}<td>${source}</td></tr>`,
          )}
        </tbody>
      </table>`,
    )}
    <figcaption><b>Table 2.</b> ${caption}</figcaption>
  </figure>`;
}

/** The figures behind the drawn hand. */
export function jointTable(runs: readonly ReportRun[], key: string): Markup {
  const names = runs[0]?.perJoint.map(({ name }) => name) ?? [];
  return markup`<details>
    <summary>The figures joint by joint</summary>
    ${scrolling(
      'Joints',
      markup`<table>
        <thead>
          <tr>
            <th scope="col">Joint</th>
            ${runHeads(runs)}
          </tr>
        </thead>
        <tbody>
          ${names.map(
            (name) =>
              markup`<tr>
                <th scope="row">${name.replace('_', ' ')}</th>
                ${runs.map(({ perJoint }) => {
                  const value = perJoint.find((joint) => joint.name === name)?.values[key];
                  return markup`<td class="number">
                    ${value === undefined ? '–' : formatMetric(key, value)}
                  </td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`;
}

export function worstTable(
  worst: readonly WorstSample[],
  runs: readonly ReportRun[],
  error: ErrorMeasure,
): Markup {
  return markup`<details>
    <summary>The ${worst.length} worst samples as a table</summary>
    ${scrolling(
      'Worst samples',
      markup`<table>
        <thead>
          <tr>
            <th scope="col">Sample</th>
            ${runHeads(runs)}
          </tr>
        </thead>
        <tbody>
          ${worst.map(
            ({ id, errors }) =>
              markup`<tr>
                <th scope="row">${id}</th>
                ${errors.map((value) => markup`<td class="number">${errorText(value, error)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`;
}

/** What was measured, with what, under which rules. */
export function provenanceTable(runs: readonly ReportRun[]): Markup {
  const labels = [...new Set(runs.flatMap(({ provenance }) => provenance.map(({ label }) => label)))];
  return scrolling(
    'Provenance',
    markup`<table class="provenance">
      <thead>
        <tr>
          <td></td>
          ${runHeads(runs)}
        </tr>
      </thead>
      <tbody>
        ${labels.map(
          (label) =>
            markup`<tr>
              <th scope="row">${label}</th>
              ${runs.map(
                ({ provenance }) =>
                  markup`<td>${provenance.find((entry) => entry.label === label)?.value ?? '–'}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>`,
  );
}
