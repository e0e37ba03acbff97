/** A hand on paper whose joints are coloured by their error. */
import { r } from './chart.js';
import { markup, type Markup } from './markup.js';
import { chartRamp, RAMP_STEPS, rampClass } from './ramp.js';
import type { ErrorMeasure } from './report-data.js';
import { BONES, PAPER_HAND } from './skeleton.js';

const WIDTH = 340;
const HEIGHT = 376;
const RADIUS = 9;

export interface JointErrors {
  readonly title: string;
  /** In OpenPose order; `null` where a joint has none. */
  readonly values: readonly (number | null)[];
  readonly names: readonly string[];
}

/** @param highest where the colours end, the same for every hand that is compared. */
export function handFigure(
  { title, values, names }: JointErrors,
  { unit }: ErrorMeasure,
  highest: number,
): Markup {
  const decimals = unit === 'mm' ? 1 : 0;
  const known = values.flatMap((value, joint) => (value === null ? [] : [{ name: names[joint]!, value }]));
  const worst = known.reduce<(typeof known)[number] | null>(
    (a, b) => (a === null || b.value > a.value ? b : a),
    null,
  );
  const words =
    worst === null
      ? 'no joint has a value'
      : `greatest at ${worst.name}, ${worst.value.toFixed(decimals)} ${unit}`;
  return markup`<svg
    class="chart hand"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="${title}. Error at each joint, ${words}"
  >
    <text class="chart-title" x="8" y="16">${title}</text>
    ${BONES.map(([from, to]) => {
      const [x1, y1] = PAPER_HAND[from]!;
      const [x2, y2] = PAPER_HAND[to]!;
      return markup`<line class="bone" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" />`;
    })}
    ${values.map((value, joint) => {
      const [x, y] = PAPER_HAND[joint]!;
      if (value === null)
        return markup`<circle class="joint absent" cx="${x}" cy="${y}" r="${RADIUS - 3}" />`;
      return markup`<circle class="joint ${rampClass(value, highest)}" cx="${x}" cy="${y}" r="${RADIUS}" />
        <text class="value" x="${x + RADIUS + 4}" y="${y + 4}">${value.toFixed(decimals)}</text>`;
    })}
  </svg>`;
}

/** The colours and what they stand for. */
export function rampLegend({ unit, label }: ErrorMeasure, highest: number): Markup {
  const width = 20;
  return markup`<svg
    class="chart ramp"
    viewBox="0 0 ${RAMP_STEPS * width + 40} 34"
    role="img"
    aria-label="Colours from 0 to ${r(highest)} ${unit} or more"
  >
    ${chartRamp().map((name, step) => markup`<rect class="${name}" x="${step * width + 4}" y="2" width="${width}" height="11" />`)}
    <text class="tick" x="4" y="28">0</text>
    <text class="tick" x="${RAMP_STEPS * width + 4}" y="28" text-anchor="end">
      ${r(highest)} ${unit}: ${label}
    </text>
  </svg>`;
}
