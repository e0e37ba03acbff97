/** The tables of the page: headline, published neighbours, joints, worst samples, provenance. */
import { formatMetric, METRIC_LABELS, metricLabel } from '../metric-labels.js';
import { grouped } from '../text.js';
import { RUN_COLOURS } from './chart.js';
import { html, type Markup, type MarkupValue } from './markup.js';
import type { ErrorMeasure, PublishedNeighbours, ReportRun, WorstSample } from './report-data.js';
import { errorText } from './sample-card.js';

/** What a wide table is put into: it scrolls on its own, also by keyboard. */
export function scrolling(label: string, table: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

export function spot(run: number): Markup {
  return html`<span class="spot run-${run % RUN_COLOURS}"></span>`;
}

function runHeads(runs: readonly ReportRun[]): MarkupValue {
  return runs.map(({ name }, run) => html`<th scope="col">${runs.length > 1 ? spot(run) : null}${name}</th>`);
}

/** A metric a row, a run a column; the best of a row is bold. */
export function headlineTable(runs: readonly ReportRun[]): Markup {
  const keys = [...new Set(runs.flatMap(({ document }) => Object.keys(document.metrics)))]
    .filter((key) => !key.includes('_proper'))
    .sort(byPaper);
  return scrolling(
    'Metrics',
    html`<table class="headline"><thead><tr><th scope="col">Metric</th>${runHeads(runs)}</tr></thead><tbody>
${keys.map((key) => {
  const best = bestOf(key, runs);
  return html`<tr><th scope="row">${metricLabel(key).label}${unitOf(key)}<span class="better">${metricLabel(key).better === 'lower' ? '↓' : '↑'}</span></th>${runs.map(
    ({ document }) => {
      const value = document.metrics[key];
      if (value === undefined) return html`<td class="number">–</td>`;
      const interval = document.confidence[key];
      const isBest = runs.length > 1 && formatMetric(key, value) === best;
      return html`<td class="number${isBest ? ' best' : ''}">${formatMetric(key, value)}${interval === undefined ? null : html`<span class="interval">${formatMetric(key, interval.low)} – ${formatMetric(key, interval.high)}</span>`}</td>`;
    },
  )}</tr>`;
})}
<tr class="samples"><th scope="row">samples</th>${runs.map(({ document: { coverage } }) => {
      return html`<td class="number">${grouped(coverage.scored)}<span class="interval">of ${grouped(coverage.benchmark)}</span></td>`;
    })}</tr>
</tbody></table>`,
  );
}

function unitOf(key: string): string {
  const { unit } = metricLabel(key);
  return unit === '' ? '' : `, ${unit}`;
}

/** As METRIC_LABELS has them; what it does not know comes last. */
function byPaper(a: string, b: string): number {
  const place = (key: string): number => {
    const at = METRIC_LABELS.findIndex((label) => label.key === key);
    return at < 0 ? METRIC_LABELS.length : at;
  };
  return place(a) - place(b);
}

/** As it is printed, so that equal figures are equally best. */
function bestOf(key: string, runs: readonly ReportRun[]): string | null {
  const values = runs.flatMap(({ document }) => document.metrics[key] ?? []);
  if (values.length === 0) return null;
  const best = metricLabel(key).better === 'lower' ? Math.min(...values) : Math.max(...values);
  return formatMetric(key, best);
}

export function neighboursTable({ caption, columns, rows }: PublishedNeighbours): Markup {
  return html`<figure class="wide">${scrolling(
    'Published results',
    html`<table><thead><tr><th scope="col">Method</th>${columns.map((column) => html`<th scope="col">${column}</th>`)}<th scope="col">Source</th></tr></thead><tbody>
${rows.map(
  ({ name, source, run, cells }) =>
    html`<tr${run === null ? null : html` class="ours"`}><th scope="row">${run === null ? null : spot(run)}${name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}<td>${source}</td></tr>`,
)}
</tbody></table>`,
  )}<figcaption>${caption}</figcaption></figure>`;
}

/** The figures behind the drawn hand. */
export function jointTable(runs: readonly ReportRun[], key: string, decimals: number): Markup {
  const names = runs[0]?.perJoint.map(({ name }) => name) ?? [];
  return html`<details><summary>The figures joint by joint</summary>${scrolling(
    'Joints',
    html`<table><thead><tr><th scope="col">Joint</th>${runHeads(runs)}</tr></thead><tbody>
${names.map(
  (name) =>
    html`<tr><th scope="row">${name.replace('_', ' ')}</th>${runs.map(({ perJoint }) => {
      const value = perJoint.find((joint) => joint.name === name)?.values[key];
      return html`<td class="number">${value === undefined ? '–' : shown(value, key).toFixed(decimals)}</td>`;
    })}</tr>`,
)}
</tbody></table>`,
  )}</details>`;
}

function shown(value: number, key: string): number {
  return metricLabel(key).unit === '%' ? value * 100 : value;
}

export function worstTable(worst: readonly WorstSample[], runs: readonly ReportRun[], error: ErrorMeasure): Markup {
  return html`<details><summary>The ${worst.length} worst samples as a table</summary>${scrolling(
    'Worst samples',
    html`<table><thead><tr><th scope="col">Sample</th>${runHeads(runs)}</tr></thead><tbody>
${worst.map(
  ({ id, errors }) =>
    html`<tr><th scope="row">${id}</th>${errors.map((value) => html`<td class="number">${errorText(value, error)}</td>`)}</tr>`,
)}
</tbody></table>`,
  )}</details>`;
}

/** What was measured, with what, under which rules. */
export function provenanceTable(runs: readonly ReportRun[]): Markup {
  const labels = [...new Set(runs.flatMap(({ provenance }) => provenance.map(({ label }) => label)))];
  return scrolling(
    'Provenance',
    html`<table class="provenance"><thead><tr><td></td>${runHeads(runs)}</tr></thead><tbody>
${labels.map(
  (label) =>
    html`<tr><th scope="row">${label}</th>${runs.map(
      ({ provenance }) => html`<td>${provenance.find((entry) => entry.label === label)?.value ?? '–'}</td>`,
    )}</tr>`,
)}
</tbody></table>`,
  );
}
