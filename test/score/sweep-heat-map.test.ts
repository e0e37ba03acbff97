import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { metricOf } from '../../src/metrics/index.js';
import { sweepHeatMap, type SweepCell } from '../../src/score/sweep-heat-map.js';
import { SWEEP_PRESETS, sweepPasses } from '../../src/tta/sweep.js';

/** The best in the middle. */
const cells: SweepCell[] = sweepPasses(SWEEP_PRESETS.graphormer).map(({ rotationDegrees, scale }) => ({
  rotation: rotationDegrees,
  scale,
  value: 5 + Math.abs(rotationDegrees) / 30 + 4 * Math.abs(scale - 1),
}));

/** Checks that tags are closed in order, attributes quoted and nothing unescaped. */
function tagsOf(svg: string): string[] {
  const open: string[] = [];
  const seen: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<&]*(?:&#\d+;[^"<&]*)*")*)(\/?)>/g,
    (_, end, name: string, __, empty) => {
      if (end === '/') expect(open.pop()).toBe(name);
      else {
        seen.push(name);
        if (empty !== '/') open.push(name);
      }
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest.replace(/&#\d+;/g, '')).not.toMatch(/[<>&]/);
  return seen;
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly fill: string;
}
const rectsOf = (svg: string): Cell[] =>
  [...svg.matchAll(/<rect x="(\d+)" y="(\d+)" [^>]*fill="([^"]+)"/g)].map(([, x, y, fill]) => ({
    x: Number(x),
    y: Number(y),
    fill: fill!,
  }));
const lightness = ({ fill }: Cell): number => Number(/([\d.]+)%\)$/.exec(fill)![1]);

/** WCAG's contrast of two colours. */
function contrast(a: readonly number[], b: readonly number[]): number {
  const luminance = (colour: readonly number[]): number => {
    const [r, g, blue] = colour.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * blue!;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe('sweepHeatMap', () => {
  it('is well-formed and has a cell for each pass, none on another', () => {
    const svg = sweepHeatMap(metricOf('pa_mpjpe_mm'), cells);
    expect(tagsOf(svg).filter((name) => name === 'rect')).toHaveLength(95);
    expect(new Set(rectsOf(svg).map(({ x, y }) => `${x} ${y}`)).size).toBe(95);
    expect(svg).toContain('PA-MPJPE, mm');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has rotations across, scales down, and is darker where it is worse', () => {
    const rects = rectsOf(sweepHeatMap(metricOf('pa_mpjpe_mm'), cells));
    const at = (rotation: number, scale: number): Cell =>
      rects[cells.findIndex((cell) => cell.rotation === rotation && cell.scale === scale)]!;
    expect(at(-90, 1).x).toBeLessThan(at(0, 1).x);
    expect(at(0, 0.7).y).toBeLessThan(at(0, 1.1).y);
    expect(at(0, 1).y).toBe(at(90, 1).y);
    expect(lightness(at(90, 0.7))).toBeLessThan(lightness(at(0, 1)));
    const better = rectsOf(sweepHeatMap(metricOf('f5_aligned'), cells));
    expect(lightness(better[0]!)).toBeLessThan(lightness(better[1]!));
  });

  it('is as light as can be where all passes are equal', () => {
    for (const metric of ['pa_mpjpe_mm', 'pck_0_05_all']) {
      const equal = cells.map((cell) => ({ ...cell, value: 0.5 }));
      const shades = new Set(rectsOf(sweepHeatMap(metricOf(metric), equal)).map(lightness));
      expect([...shades]).toEqual([94]);
    }
  });

  it('leaves the cell of a pass without a value empty', () => {
    const svg = sweepHeatMap(metricOf('pa_mpjpe_mm'), [
      ...cells.slice(1),
      { ...cells[0]!, value: undefined },
    ]);
    expect(rectsOf(svg).at(-1)!.fill).toBe('none');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(rectsOf(sweepHeatMap(metricOf('f5'), [{ rotation: 0, scale: 1, value: undefined }]))).toHaveLength(
      1,
    );
  });

  it('escapes what it is named', () => {
    const svg = sweepHeatMap({ ...metricOf('pa_mpjpe_mm'), label: 'a<b>&"c' }, cells.slice(0, 2));
    tagsOf(svg);
    expect(svg).toContain('a&#60;b&#62;&#38;&#34;c, mm');
  });

  it('is drawn as it says: letters stand out from every shade, and the title is not cut', async () => {
    const spread = Array.from({ length: 30 }, (_, k) => ({ rotation: k, scale: 1, value: k }));
    const svg = sweepHeatMap(metricOf('pa_mpjpe_mm'), spread);
    const { data, info } = await sharp(Buffer.from(svg))
      .flatten({ background: '#fff' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    for (const { x, y } of rectsOf(svg)) {
      const colours: number[][] = [];
      for (let row = y + 2; row < y + 24; row++) {
        for (let column = x + 2; column < x + 40; column++) {
          colours.push([...data.subarray((row * info.width + column) * info.channels).subarray(0, 3)]);
        }
      }
      const ground = colours[0]!;
      const best = Math.max(...colours.map((colour) => contrast(colour, ground)));
      expect(best, `cell at ${x}`).toBeGreaterThan(3.5);
    }
    const narrow = sweepHeatMap(metricOf('pck_0_15_all'), [{ rotation: 0, scale: 1, value: 0.5 }]);
    const { width } = await sharp(Buffer.from(narrow)).metadata();
    const trimmed = await sharp(Buffer.from(narrow))
      .flatten({ background: '#fff' })
      .trim()
      .toBuffer({ resolveWithObject: true });
    expect(trimmed.info.width).toBeLessThan(width - 8);
  });
});
