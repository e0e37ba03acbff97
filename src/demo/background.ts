import { type ImageSize, type PixelWindow, wholePicture } from './picture.js';
import type { SceneRandom } from './random.js';
import type { HandLayer } from './renderer.js';
import type { Colour } from './skin.js';

/** FreiHAND's four background versions of every training image, in their order on disk. */
export const BACKGROUND_VERSIONS = ['gs', 'hom', 'sample', 'auto'] as const;
export type BackgroundVersion = (typeof BACKGROUND_VERSIONS)[number];

/** The coarse grid that gradients, blobs and soft noise are computed on. */
const GRID = 29;

export interface Backdrop {
  readonly size: ImageSize;
  /** The part of it that is wanted; the whole unless given. */
  readonly window?: PixelWindow;
  /** Multiplies the film grain; 1 unless given. */
  readonly grain?: number;
}

/**
 * Fills the window's height×width×3 numbers of linear light with a simple scene: a gradient
 * between two colours, soft blobs and cloudy noise; `gs` is a green screen.
 */
export function paintBackground(
  target: Float32Array,
  { size, window = wholePicture(size), grain: graininess = 1 }: Backdrop,
  version: BackgroundVersion,
  random: SceneRandom,
): void {
  const grid = version === 'gs' ? greenScreen(random) : scene(random);
  const grain = graininess * random.uniform(0.008, 0.04);
  // A linear congruential generator (Numerical Recipes) is good enough for film grain, and fast.
  let state = Math.floor(random.next() * 2 ** 32) | 0;
  const stepX = (GRID - 1) / size.width;
  const stepY = (GRID - 1) / size.height;
  const line = new Float32Array(GRID * 3);
  for (let y = window.top, to = 0; y < window.top + window.height; y++) {
    const top = Math.floor(y * stepY);
    const ty = y * stepY - top;
    const above = top * GRID * 3;
    for (let i = 0; i < line.length; i++) {
      line[i] = grid[above + i]! * (1 - ty) + grid[above + line.length + i]! * ty;
    }
    for (let x = window.left; x < window.left + window.width; x++, to += 3) {
      const column = Math.floor(x * stepX);
      const tx = x * stepX - column;
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      const noise = 1 + grain * (state / 2 ** 31);
      const right = tx * noise;
      const left = noise - right;
      const at = column * 3;
      target[to] = line[at]! * left + line[at + 3]! * right;
      target[to + 1] = line[at + 1]! * left + line[at + 4]! * right;
      target[to + 2] = line[at + 2]! * left + line[at + 5]! * right;
    }
  }
}

function sampleColour(random: SceneRandom, brightness: number): Colour {
  const hue = random.next() * 2 * Math.PI;
  const saturation = random.uniform(0.05, 0.45);
  return [0, 1, 2].map((k) => brightness * (1 + saturation * Math.cos(hue - (k * 2 * Math.PI) / 3))) as [
    number,
    number,
    number,
  ];
}

function greenScreen(random: SceneRandom): Float32Array {
  const grid = new Float32Array(GRID * GRID * 3);
  const level = random.uniform(0.14, 0.3);
  const [cx, cy] = [random.uniform(6, 22), random.uniform(4, 18)];
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      const fall = 1 - 0.0008 * ((x - cx) ** 2 + (y - cy) ** 2);
      grid.set([level * 0.18 * fall, level * fall, level * 0.3 * fall], (y * GRID + x) * 3);
    }
  }
  return grid;
}

function scene(random: SceneRandom): Float32Array {
  const grid = new Float32Array(GRID * GRID * 3);
  const brightness = random.uniform(0.03, 0.28);
  const from = sampleColour(random, brightness * random.uniform(0.5, 1.2));
  const to = sampleColour(random, brightness * random.uniform(0.5, 1.2));
  const angle = random.next() * 2 * Math.PI;
  const [gx, gy] = [Math.cos(angle) / GRID, Math.sin(angle) / GRID];
  const blobs = Array.from({ length: 5 }, () => ({
    x: random.uniform(0, GRID),
    y: random.uniform(0, GRID),
    reach: random.uniform(2, 7),
    strength: random.uniform(0.3, 0.9),
    colour: sampleColour(random, brightness * random.uniform(0.3, 1.7)),
  }));
  const clouds = random.uniform(0, 0.1);
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      const t = Math.min(1, Math.max(0, 0.5 + (x - GRID / 2) * gx + (y - GRID / 2) * gy));
      const cloud = 1 + clouds * (random.next() - 0.5) * 2;
      for (let k = 0; k < 3; k++) {
        let value = from[k]! + (to[k]! - from[k]!) * t;
        for (const blob of blobs) {
          const near = ((x - blob.x) ** 2 + (y - blob.y) ** 2) / (blob.reach * blob.reach);
          // A soft disc: flat inside, fading over its last third.
          const cover = blob.strength * Math.min(1, Math.max(0, (1.3 - near) / 0.6));
          value += (blob.colour[k]! - value) * cover;
        }
        grid[(y * GRID + x) * 3 + k] = Math.max(0, value * cloud);
      }
    }
  }
  return grid;
}

/** Linear light → 8-bit sRGB by table; light above 1 is white. */
const SRGB = Uint8Array.from({ length: 4097 }, (_, i) => {
  const linear = i / 4096;
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
});

/**
 * Lays the hand over the background of a window; both linear light. Returns 8-bit sRGB of the
 * window, height×width×3.
 *
 * @param background at least height×width×3 numbers
 */
export function composite(
  background: Float32Array,
  layer: Pick<HandLayer, 'colour' | 'coverage' | 'width'>,
  window: PixelWindow,
): Uint8Array<ArrayBuffer> {
  const { colour, coverage } = layer;
  const image = new Uint8Array(window.width * window.height * 3);
  for (let y = 0, to = 0; y < window.height; y++) {
    let pixel = (window.top + y) * layer.width + window.left;
    for (let x = 0; x < window.width; x++, pixel++, to += 3) {
      const through = 1 - coverage[pixel]!;
      for (let c = 0; c < 3; c++) {
        const value = background[to + c]! * through + colour[pixel * 3 + c]!;
        image[to + c] = SRGB[Math.min(4096, (value * 4096 + 0.5) | 0)]!;
      }
    }
  }
  return image;
}
