/** The tables of the page: headline, published neighbours, joints, worst samples, provenance. */
import { formatMetric, METRIC_LABELS, metricLabel } from '../metric-labels.js';
import { grouped } from '../text.js';
import { RUN_COLOURS } from './chart.js';
import { markup, type Markup, type MarkupValue } from './markup.js';
import type { ErrorMeasure, PublishedNeighbours, ReportRun, WorstSample } from './report-data.js';
import { errorText } from './sample-card.js';

/** What a wide table is put into: it scrolls on its own, also by keyboard. */
export function scrolling(label: string, table: Markup): Markup {
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

export function spot(run: number): Markup {
  return markup`<span class="spot run-${run % RUN_COLOURS}"></span>`;
}

function runHeads(runs: readonly ReportRun[]): MarkupValue {
  return runs.map(
    ({ name }, run) => markup`<th scope="col">${runs.length > 1 ? spot(run) : null}${name}</th>`,
  );
}

/** A metric a row, a run a column; the best of a row is bold. */
export function headlineTable(runs: readonly ReportRun[]): Markup {
  const keys = [...new Set(runs.flatMap(({ document }) => Object.keys(document.metrics)))]
    .filter((key) => !key.includes('_proper'))
    .sort(byPaper);
  return scrolling(
    'Metrics',
    markup`<table class="headline">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          ${runHeads(runs)}
        </tr>
      </thead>
      <tbody>
        ${keys.map((key) => {
          const best = bestOf(key, runs);
          return markup`<tr>
            <th scope="row">
              ${metricLabel(key).label}${unitOf(key)}<span class="better"
                >${metricLabel(key).better === 'lower' ? '↓' : '↑'}</span
              >
            </th>
            ${runs.map(({ document }) => {
              const value = document.metrics[key];
              if (value === undefined) return markup`<td class="number">–</td>`;
              const interval = document.confidence[key];
              const isBest = runs.length > 1 && formatMetric(key, value) === best;
              return markup`<td class="number${isBest ? ' best' : ''}">
                ${formatMetric(key, value)}${interval === undefined ? null : markup`<span class="interval">${formatMetric(key, interval.low)} – ${formatMetric(key, interval.high)}</span>`}
              </td>`;
            })}
          </tr>`;
        })}
        <tr class="samples">
          <th scope="row">samples</th>
          ${runs.map(({ document: { coverage } }) => {
            return markup`<td class="number">
              ${grouped(coverage.scored)}<span class="interval">of ${grouped(coverage.benchmark)}</span>
            </td>`;
          })}
        </tr>
      </tbody>
    </table>`,
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
export function jointTable(runs: readonly ReportRun[], key: string, decimals: number): Markup {
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
                    ${value === undefined ? '–' : shown(value, key).toFixed(decimals)}
                  </td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </details>`;
}

function shown(value: number, key: string): number {
  return metricLabel(key).unit === '%' ? value * 100 : value;
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
