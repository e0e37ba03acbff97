/**
 * What every chart has: a frame with axes, ticks and names, as an SVG that follows the page's
 * colours. Scales and ticks are d3-scale's. Nothing is styled inline (the page's policy forbids it):
 * classes say what a mark is, style.ts how it looks.
 */
import type { ScaleLinear } from 'd3-scale';
import { markup, type Markup, type MarkupValue } from './markup.js';

/** px; a chart this wide is read on a phone without being shrunk. */
export const CHART_WIDTH = 360;

export interface Margin {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export interface FrameOptions {
  readonly height: number;
  readonly margin: Margin;
  readonly x: ScaleLinear<number, number>;
  /** `null`: rows have names of their own. */
  readonly y: ScaleLinear<number, number> | null;
  readonly xName: string;
  readonly yName: string;
  /** The title, which stands above the chart. */
  readonly title: string;
  /** What somebody who does not see it should know. */
  readonly description: string;
  readonly yFormat?: (value: number) => string;
}

const X_TICKS = 6;
const Y_TICKS = 5;

/** A chart: the marks over their axes. */
export function chart(options: FrameOptions, marks: MarkupValue): Markup {
  const { height, margin, x, y, xName, yName, title, description } = options;
  const bottom = height - margin.bottom;
  const right = CHART_WIDTH - margin.right;
  const yFormat = options.yFormat ?? String;
  return markup`<svg
    class="chart"
    viewBox="0 0 ${CHART_WIDTH} ${height}"
    role="img"
    aria-label="${title}. ${description}"
  >
    <text class="chart-title" x="${margin.left}" y="14">${title}</text>
    ${x.ticks(X_TICKS).map(
      (tick) =>
        markup`<line class="grid" x1="${r(x(tick))}" x2="${r(x(tick))}" y1="${margin.top}" y2="${bottom}" />
            <text class="tick" x="${r(x(tick))}" y="${bottom + 15}" text-anchor="middle">${tick}</text>`,
    )}
    ${
      y === null
        ? null
        : y.ticks(Y_TICKS).map(
            (tick) =>
              markup`<line
                    class="grid"
                    x1="${margin.left}"
                    x2="${right}"
                    y1="${r(y(tick))}"
                    y2="${r(y(tick))}"
                  />
                  <text class="tick" x="${margin.left - 6}" y="${r(y(tick) + 4)}" text-anchor="end"
                    >${yFormat(tick)}</text
                  >`,
          )
    }
    <line class="axis" x1="${margin.left}" x2="${right}" y1="${bottom}" y2="${bottom}" />
    ${marks}
    <text class="axis-name" x="${(margin.left + right) / 2}" y="${height - 4}" text-anchor="middle">
      ${xName}
    </text>
    ${yName === '' ? null : markup`<text class="axis-name" x="${margin.left}" y="${margin.top - 7}" text-anchor="start">${yName}</text>`}
  </svg>`;
}

/** A coordinate with no more digits than can be seen. */
export function r(value: number): number {
  return Number(value.toFixed(2));
}

/** The runs and their colours, above figures of several. */
export function legend(names: readonly string[]): Markup | null {
  if (names.length < 2) return null;
  return markup`<ul class="legend">
    ${names.map(
      (name, run) =>
        markup`<li class="run-${run % RUN_COLOURS}">
          <svg class="swatch" viewBox="0 0 28 10" aria-hidden="true">
            <line class="curve" x1="1" x2="27" y1="5" y2="5" /></svg
          >${name}
        </li>`,
    )}
  </ul>`;
}

/** Charts side by side: in threes where that leaves no gap, else in twos. */
export function panels(charts: readonly Markup[]): Markup {
  const inThrees = charts.length === 3 || charts.length > 4;
  return markup`<div class="panels${inThrees ? ' three-wide' : ''}">${charts}</div>`;
}

/** How many runs have a colour of their own; style.ts defines as many. */
export const RUN_COLOURS = 6;
