/** One metric of every pass of a sweep as a picture: rotation across, scale down. Plain SVG, readable in both themes. */
import type { MetricDefinition } from '../metrics/index.js';
import { formatMetric, withUnit } from '../text/metric-text.js';

export interface SweepCell {
  /** Degrees. */
  readonly rotation: number;
  readonly scale: number;
  /** Undefined where the pass has none. */
  readonly value: number | undefined;
}

/** White letters from here on; dark ones are read better on what is lighter. */
const LIGHT_INK = 0.83;
const CELL = { width: 44, height: 28 };
const MARGIN = { left: 64, top: 64, right: 16, bottom: 44 };
/** The narrowest picture whose title fits above a sweep of a few rotations, px. */
const MIN_WIDTH = 320;

/** Light to dark of one hue: the better, the lighter. */
function shade(share: number): string {
  const lightness = 94 - 52 * share;
  return `hsl(212, 62%, ${lightness.toFixed(1)}%)`;
}

export function sweepHeatMap(metric: MetricDefinition, cells: readonly SweepCell[]): string {
  const rotations = [...new Set(cells.map(({ rotation }) => rotation))].sort((a, b) => a - b);
  const scales = [...new Set(cells.map(({ scale }) => scale))].sort((a, b) => a - b);
  const values = cells.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const { key, label, better } = metric;
  const width = Math.max(MIN_WIDTH, MARGIN.left + rotations.length * CELL.width + MARGIN.right);
  const height = MARGIN.top + scales.length * CELL.height + MARGIN.bottom;
  const text = (x: number, y: number, content: string, extra = ''): string =>
    `<text x="${x}" y="${y}"${extra === '' ? '' : ` ${extra}`}>${escaped(content)}</text>`;
  const body = cells.map(({ rotation, scale, value }) => {
    const x = MARGIN.left + rotations.indexOf(rotation) * CELL.width;
    const y = MARGIN.top + scales.indexOf(scale) * CELL.height;
    const share = value === undefined || high === low ? 0 : (value - low) / (high - low);
    const badness = better === 'lower' || high === low ? share : 1 - share;
    const fill = value === undefined ? 'none' : shade(badness);
    const ink = badness > LIGHT_INK ? 'light' : 'dark';
    const centre = x + CELL.width / 2;
    return (
      `<rect x="${x + 1}" y="${y + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="3" fill="${fill}"/>` +
      (value === undefined
        ? text(centre, y + CELL.height / 2 + 4, '–', 'text-anchor="middle"')
        : text(
            centre,
            y + CELL.height / 2 + 4,
            formatMetric(key, value),
            `class="${ink}" text-anchor="middle"`,
          ))
    );
  });
  const across = rotations.map((rotation, k) =>
    text(
      MARGIN.left + (k + 0.5) * CELL.width,
      height - MARGIN.bottom + 18,
      `${rotation}°`,
      'text-anchor="middle"',
    ),
  );
  const down = scales.map((scale, k) =>
    text(MARGIN.left - 8, MARGIN.top + (k + 0.5) * CELL.height + 4, `${scale}`, 'text-anchor="end"'),
  );
  const title = `${withUnit(key, label, ', ')}, of each pass alone`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>text{font:12px system-ui,sans-serif;fill:#14202e}@media(prefers-color-scheme:dark){text{fill:#e6edf5}}.title{font-weight:600}text.light{fill:#fff}text.dark{fill:#14202e}</style>`,
    text(MARGIN.left, 22, title, 'class="title"'),
    text(MARGIN.left, 40, `${better} is better; darker is worse`),
    ...across,
    ...down,
    text(
      MARGIN.left + (rotations.length * CELL.width) / 2,
      height - 8,
      'rotation of the crop',
      'text-anchor="middle"',
    ),
    text(12, MARGIN.top - 8, 'scale'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

/** `text` as XML has it, in an element and in an attribute. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
