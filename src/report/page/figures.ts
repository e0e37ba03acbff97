/** The figures of many samples: curves, distributions, spreads by what the dataset knows. */
import { scaleLinear } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import { chart, CHART_WIDTH, r, RUN_COLOURS, type Margin } from './chart.js';
import { markup, type Markup } from './markup.js';
import type { Curve, Distribution, Factor } from './report-data.js';
import { histogram, spreadOf } from './spread.js';

const HEIGHT = 250;
const MARGIN: Margin = { top: 44, right: 14, bottom: 36, left: 44 };

export interface NamedCurve {
  /** Index of the run, which decides the colour. */
  readonly run: number;
  readonly name: string;
  readonly curve: Curve;
}

/** The share of points within a threshold, against the threshold. */
export function curvesChart(title: string, xName: string, curves: readonly NamedCurve[]): Markup {
  const last = Math.max(...curves.map(({ curve }) => curve.thresholds.at(-1) ?? 0));
  const x = scaleLinear([0, last], [MARGIN.left, CHART_WIDTH - MARGIN.right]);
  const y = scaleLinear([0, 1], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const path = ({ curve }: NamedCurve): string =>
    line<number>(
      (threshold) => x(threshold),
      (_, index) => y(curve.pck[index]!),
    ).digits(2)([...curve.thresholds]) ?? '';
  return chart(
    {
      height: HEIGHT,
      margin: MARGIN,
      x,
      y,
      xName,
      yName: 'share of points within',
      title,
      description: curves.map(({ name, curve }) => `${name}: ${curveWords(curve)}`).join('; '),
      yFormat: percent,
    },
    curves.map((named) => markup`<path class="curve run-${named.run % RUN_COLOURS}" d="${path(named)}" />`),
  );
}

function curveWords({ thresholds, pck }: Curve): string {
  const half = Math.floor((thresholds.length - 1) / 2);
  return `${percent(pck[half] ?? 0)} within ${r(thresholds[half] ?? 0)}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** How the error is spread over samples. */
export function distributionChart(
  { label, unit }: Distribution,
  series: readonly { readonly run: number; readonly name: string; readonly values: Float64Array }[],
): Markup {
  const { edges, shares, beyond } = histogram(series.map(({ values }) => values));
  const x = scaleLinear([0, edges.at(-1)!], [MARGIN.left, CHART_WIDTH - MARGIN.right]);
  const y = scaleLinear([0, Math.max(...shares.flat())], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice();
  const shape = (heights: readonly number[]): { outline: string; fill: string } => {
    const points = edges.map((edge, k): [number, number] => [x(edge), y(heights[k] ?? 0)]);
    const floor = y(0);
    return {
      outline: line().curve(curveStepAfter).digits(2)([[x(0), floor], ...points]) ?? '',
      fill: area().curve(curveStepAfter).y0(floor).digits(2)(points) ?? '',
    };
  };
  const medians = series.map(({ values }) => spreadOf(values)?.quantiles[2] ?? 0);
  return chart(
    {
      height: HEIGHT,
      margin: MARGIN,
      x,
      y,
      xName: `${label}, ${unit}`,
      yName: 'share of samples',
      title: label,
      description: series
        .map(({ name }, k) => `${name}: median ${r(medians[k]!)} ${unit}${beyondWords(beyond[k]!)}`)
        .join('; '),
      yFormat: (share) => `${r(share * 100)} %`,
    },
    series.map(({ run }, k) => {
      const { outline, fill } = shape(shares[k]!);
      const at = r(x(medians[k]!));
      return markup`<g class="run-${run % RUN_COLOURS}"
        ><path class="fill" d="${fill}" /><path class="curve thin" d="${outline}" />
        <line class="median" x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}"
      /></g>`;
    }),
  );
}

function beyondWords(share: number): string {
  return share === 0 ? '' : `, ${r(share * 100)} % of the samples beyond the axis`;
}

const FACTOR_MARGIN: Margin = { top: 28, right: 14, bottom: 36, left: 118 };
/** px for a run in a row, and between rows. */
const LANE = 13;
const GAP = 9;
const LONGEST_LABEL = 17;

/** A row a bin: the mean as a dot, the middle half of the samples as a bar, 5 to 95 % as a line. */
export function factorChart(factor: Factor, names: readonly string[], errorName: string): Markup {
  const { bins } = factor;
  const rowHeight = names.length * LANE + GAP;
  const height = FACTOR_MARGIN.top + bins.length * rowHeight + FACTOR_MARGIN.bottom;
  const highest = Math.max(
    ...bins.flatMap(({ spreads }) => spreads.map((spread) => spread?.quantiles[4] ?? 0)),
  );
  const x = scaleLinear(
    [0, highest > 0 ? highest : 1],
    [FACTOR_MARGIN.left, CHART_WIDTH - FACTOR_MARGIN.right],
  ).nice();
  return chart(
    {
      height,
      margin: FACTOR_MARGIN,
      x,
      y: null,
      xName: errorName,
      yName: '',
      title: factor.title,
      description: bins
        .map(
          ({ label, spreads }) =>
            `${label}: ${spreads.map((spread, run) => (spread === null ? '' : `${names[run]!} ${r(spread.mean)}`)).join(', ')}`,
        )
        .join('; '),
    },
    bins.map(({ label, spreads }, row) => {
      const top = FACTOR_MARGIN.top + row * rowHeight + GAP / 2;
      const middle = r(top + (names.length * LANE) / 2);
      const count = Math.max(...spreads.map((spread) => spread?.count ?? 0));
      return markup`<text
          class="row-name"
          x="${FACTOR_MARGIN.left - 8}"
          y="${middle + (names.length > 1 ? -1 : 0)}"
          text-anchor="end"
          >${shortLabel(label)}</text
        >
        <text class="row-count" x="${FACTOR_MARGIN.left - 8}" y="${middle + 11}" text-anchor="end"
          >${count} samples</text
        >
        ${spreads.map((spread, run) => {
          if (spread === null) return null;
          const lane = r(top + (run + 0.5) * LANE);
          const [low, lower, , upper, high] = spread.quantiles.map((value) => r(x(value))) as [
            number,
            number,
            number,
            number,
            number,
          ];
          return markup`<g class="run-${run % RUN_COLOURS}"
            ><line class="whisker" x1="${low}" x2="${high}" y1="${lane}" y2="${lane}" />
            <line class="box" x1="${lower}" x2="${upper}" y1="${lane}" y2="${lane}" /><circle
              class="dot"
              cx="${r(x(spread.mean))}"
              cy="${lane}"
              r="3.6"
          /></g>`;
        })}`;
    }),
  );
}

function shortLabel(label: string): string {
  return label.length <= LONGEST_LABEL ? label : `${label.slice(0, LONGEST_LABEL - 1)}…`;
}
