/** One metric of every pass of a sweep as a picture: rotation across, scale down. Plain SVG, readable in both themes. */
import { formatMetric, metricLabel } from './metric-labels.js';

export interface SweepCell {
  /** Degrees. */
  readonly rotation: number;
  readonly scale: number;
  /** Undefined where the pass has none. */
  readonly value: number | undefined;
}

const CELL = { width: 44, height: 28 };
const MARGIN = { left: 64, top: 52, right: 16, bottom: 44 };

/** Light to dark of one hue: the better, the lighter. */
function shade(share: number): string {
  const lightness = 94 - 52 * share;
  return `hsl(212, 62%, ${lightness.toFixed(1)}%)`;
}

export function sweepHeatMap(metric: string, cells: readonly SweepCell[]): string {
  const rotations = [...new Set(cells.map(({ rotation }) => rotation))].sort((a, b) => a - b);
  const scales = [...new Set(cells.map(({ scale }) => scale))].sort((a, b) => a - b);
  const values = cells.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const { label, unit, better } = metricLabel(metric);
  const width = MARGIN.left + rotations.length * CELL.width + MARGIN.right;
  const height = MARGIN.top + scales.length * CELL.height + MARGIN.bottom;
  const text = (x: number, y: number, content: string, extra = ''): string =>
    `<text x="${x}" y="${y}" ${extra}>${content}</text>`;
  const body = cells.map(({ rotation, scale, value }) => {
    const x = MARGIN.left + rotations.indexOf(rotation) * CELL.width;
    const y = MARGIN.top + scales.indexOf(scale) * CELL.height;
    const badness = value === undefined || high === low ? 0 : (value - low) / (high - low);
    const share = better === 'lower' ? badness : 1 - badness;
    const fill = value === undefined ? 'none' : shade(share);
    const ink = share > 0.55 ? '#fff' : '#14202e';
    const shown = value === undefined ? '' : formatMetric(metric, value);
    return (
      `<rect x="${x + 1}" y="${y + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="3" fill="${fill}"/>` +
      text(x + CELL.width / 2, y + CELL.height / 2 + 4, shown, `fill="${ink}" text-anchor="middle"`)
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
  const title = `${label}${unit === '' ? '' : `, ${unit}`}, of each pass alone`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">`,
    `<style>text{font:12px system-ui,sans-serif;fill:#14202e}@media(prefers-color-scheme:dark){.ink text{fill:#e6edf5}}</style>`,
    `<g class="ink">${text(MARGIN.left, 22, title, 'font-weight="600"')}`,
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
    '</g>',
    ...body,
    '</svg>',
    '',
  ].join('\n');
}
