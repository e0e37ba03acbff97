/**
 * A small software renderer for one hand: perspective camera, z-buffer at twice
 * the image's resolution, smooth shading by a key light, sky light and a faint
 * highlight. Plain arithmetic, so the same scene gives the same pixels on every machine.
 */
import { projectPoints, type PinholeCamera } from '../hand/camera.js';
import { type Vec3, normalise } from '../hand/vectors.js';
import { vertexNormals } from './hand/procedural-hand.js';
import type { ImageSize } from './picture.js';
import type { SceneRandom } from './random.js';
import { type Colour, sampleSkinTone } from './skin.js';

export interface Lighting {
  readonly skin: Colour;
  /** Unit vector from the hand to the key light, camera axes. */
  readonly towardsLight: Vec3;
  readonly light: Colour;
  /** Light from everywhere, somewhat stronger from above. */
  readonly ambient: Colour;
}

export interface HandLayer extends ImageSize {
  /** height×width×3, linear light, already multiplied by `coverage`. */
  readonly colour: Float32Array;
  /** height×width, 0…1: the share of the pixel that the hand covers. */
  readonly coverage: Float32Array;
}

/** Samples per pixel along each axis. */
const SUPERSAMPLING = 2;
/** Pixel (u, v) has its centre at u, v; its subsamples lie ±1/4 around it. */
const SUBSAMPLE_SHIFT = (SUPERSAMPLING - 1) / 2;
const HIGHLIGHT = 0.07;

export function sampleLighting(random: SceneRandom): Lighting {
  const power = random.uniform(0.75, 1.0);
  const warmth = random.uniform(-0.06, 0.08);
  const ambient = random.uniform(0.16, 0.28);
  return {
    skin: sampleSkinTone(random),
    towardsLight: normalise([random.normal(-0.35, 0.2), random.normal(-0.65, 0.15), -0.75]),
    light: [power * (1 + warmth), power, power * (1 - warmth)],
    ambient: [ambient * (1 - warmth / 2), ambient, ambient * (1 + warmth)],
  };
}

/**
 * Reusable buffers for rendering images of one size; `render`'s result is
 * valid until the next call.
 */
export class HandRenderer {
  readonly #size: ImageSize;
  /** Subsamples along each axis. */
  readonly #width: number;
  readonly #height: number;
  /** 1 / z of the nearest surface at each subsample, 0 where there is none. */
  readonly #nearest: Float32Array;
  /** Per subsample: unit-ish normal (3) and tint (3). */
  readonly #attributes: Float32Array;
  readonly #colour: Float32Array;
  readonly #coverage: Float32Array;
  /** The subsamples drawn to, inclusive: shading looks nowhere else. */
  #box = { left: 0, right: -1, top: 0, bottom: -1 };

  constructor(size: ImageSize) {
    this.#size = size;
    this.#width = size.width * SUPERSAMPLING;
    this.#height = size.height * SUPERSAMPLING;
    this.#nearest = new Float32Array(this.#width * this.#height);
    this.#attributes = new Float32Array(this.#width * this.#height * 6);
    this.#colour = new Float32Array(size.width * size.height * 3);
    this.#coverage = new Float32Array(size.width * size.height);
  }

  /**
   * @param vertices N×3, metres, camera frame (OpenCV axes), in front of the camera
   * @param faces F×3, counter-clockwise seen from outside
   * @param tint N×3 factors on the skin colour
   */
  render(
    vertices: Float64Array,
    faces: Int32Array,
    tint: Float32Array,
    camera: PinholeCamera,
    lighting: Lighting,
  ): HandLayer {
    this.#nearest.fill(0);
    this.#box = { left: this.#width, right: -1, top: this.#height, bottom: -1 };
    const normals = vertexNormals(vertices, faces);
    const pixels = projectPoints(vertices, camera);
    for (let f = 0; f < faces.length; f += 3) {
      this.#drawTriangle(faces[f]!, faces[f + 1]!, faces[f + 2]!, vertices, pixels, normals, tint);
    }
    this.#shade(lighting);
    return { ...this.#size, colour: this.#colour, coverage: this.#coverage };
  }

  /**
   * Depth z in metres of the nearest surface in the last rendering at a place in the picture, px;
   * Infinity where there is none or the place lies outside the picture.
   */
  depthAt(u: number, v: number): number {
    const x = Math.round(u * SUPERSAMPLING + SUBSAMPLE_SHIFT);
    const y = Math.round(v * SUPERSAMPLING + SUBSAMPLE_SHIFT);
    if (x < 0 || x >= this.#width || y < 0 || y >= this.#height) return Infinity;
    return 1 / this.#nearest[y * this.#width + x]!;
  }

  #drawTriangle(
    a: number,
    b: number,
    c: number,
    vertices: Float64Array,
    pixels: Float64Array,
    normals: Float64Array,
    tint: Float32Array,
  ): void {
    const width = this.#width;
    const shift = SUBSAMPLE_SHIFT;
    const ax = pixels[a * 2]! * SUPERSAMPLING + shift;
    const ay = pixels[a * 2 + 1]! * SUPERSAMPLING + shift;
    const bx = pixels[b * 2]! * SUPERSAMPLING + shift;
    const by = pixels[b * 2 + 1]! * SUPERSAMPLING + shift;
    const cx = pixels[c * 2]! * SUPERSAMPLING + shift;
    const cy = pixels[c * 2 + 1]! * SUPERSAMPLING + shift;
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    // Outward faces appear clockwise-positive in y-down pixels when turned away from the camera.
    const inside = area > 0 ? -1 : 1;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx)));
    const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx)));
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy)));
    const bottom = Math.min(this.#height - 1, Math.floor(Math.max(ay, by, cy)));
    const box = this.#box;
    box.left = Math.min(box.left, left);
    box.right = Math.max(box.right, right);
    box.top = Math.min(box.top, top);
    box.bottom = Math.max(box.bottom, bottom);
    const za = 1 / vertices[a * 3 + 2]!;
    const zb = 1 / vertices[b * 3 + 2]!;
    const zc = 1 / vertices[c * 3 + 2]!;
    const nearest = this.#nearest;
    const attributes = this.#attributes;
    // The hollow seen through the wrist is dark.
    const dim = inside < 0 ? 0.35 : 1;
    // Barycentric weights and inverse depth are linear in the image: step them along each row.
    const [waX, waY] = [(by - cy) / area, (cx - bx) / area];
    const [wbX, wbY] = [(cy - ay) / area, (ax - cx) / area];
    const wa0 = (bx * cy - by * cx) / area;
    const wb0 = (cx * ay - cy * ax) / area;
    for (let y = top; y <= bottom; y++) {
      let wa = wa0 + waY * y + waX * left;
      let wb = wb0 + wbY * y + wbX * left;
      for (let x = left; x <= right; x++, wa += waX, wb += wbX) {
        const wc = 1 - wa - wb;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        const nearness = wa * za + wb * zb + wc * zc;
        const pixel = y * width + x;
        if (nearness <= nearest[pixel]!) continue;
        nearest[pixel] = nearness;
        const at = pixel * 6;
        const [na, nb, nc] = [inside * wa, inside * wb, inside * wc];
        attributes[at] = na * normals[a * 3]! + nb * normals[b * 3]! + nc * normals[c * 3]!;
        attributes[at + 1] = na * normals[a * 3 + 1]! + nb * normals[b * 3 + 1]! + nc * normals[c * 3 + 1]!;
        attributes[at + 2] = na * normals[a * 3 + 2]! + nb * normals[b * 3 + 2]! + nc * normals[c * 3 + 2]!;
        const [ta, tb, tc] = [dim * wa, dim * wb, dim * wc];
        attributes[at + 3] = ta * tint[a * 3]! + tb * tint[b * 3]! + tc * tint[c * 3]!;
        attributes[at + 4] = ta * tint[a * 3 + 1]! + tb * tint[b * 3 + 1]! + tc * tint[c * 3 + 1]!;
        attributes[at + 5] = ta * tint[a * 3 + 2]! + tb * tint[b * 3 + 2]! + tc * tint[c * 3 + 2]!;
      }
    }
  }

  #shade(lighting: Lighting): void {
    const { skin, towardsLight, light, ambient } = lighting;
    const [lx, ly, lz] = towardsLight;
    const [sr, sg, sb] = skin;
    const [lr, lg, lb] = light;
    const [ar, ag, ab] = ambient;
    // The viewer is at −z; half way between it and the light for the highlight.
    const [hx, hy, hz] = normalise([lx, ly, lz - 1]);
    const share = 1 / (SUPERSAMPLING * SUPERSAMPLING);
    const [colour, coverage, attributes, nearest] = [
      this.#colour,
      this.#coverage,
      this.#attributes,
      this.#nearest,
    ];
    colour.fill(0);
    coverage.fill(0);
    const { left, right, top, bottom } = this.#box;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const sample = y * this.#width + x;
        if (nearest[sample] === 0) continue;
        const at = sample * 6;
        let nx = attributes[at]!;
        let ny = attributes[at + 1]!;
        let nz = attributes[at + 2]!;
        const length = Math.sqrt(nx * nx + ny * ny + nz * nz) || 1;
        nx /= length;
        ny /= length;
        nz /= length;
        // Light reaches a little round the edge, as in skin, and reddens there.
        const cosine = nx * lx + ny * ly + nz * lz;
        const diffuse = Math.max(0, (cosine + 0.22) / 1.22);
        const edge = Math.max(0, 1 - Math.abs(cosine) * 4) * 0.05;
        const sky = 0.8 - 0.35 * ny - 0.25 * nz * nz * (nz > 0 ? 1 : -0.4);
        const turned = 1 + Math.min(0, nz);
        const rim = 1 - 0.35 * turned * turned;
        const shine = Math.max(0, nx * hx + ny * hy + nz * hz);
        const shine2 = shine * shine;
        const shine4 = shine2 * shine2;
        const shine16 = shine4 * shine4 * shine4 * shine4;
        // Blinn–Phong with exponent 22, multiplied out: `**` was a third of the time.
        const highlight = HIGHLIGHT * shine16 * shine4 * shine2;
        const pixel = (y >> 1) * this.#size.width + (x >> 1);
        coverage[pixel]! += share;
        const weight = share * rim;
        const gloss = share * highlight;
        const to = pixel * 3;
        const [r, g, b] = [attributes[at + 3]!, attributes[at + 4]!, attributes[at + 5]!];
        colour[to]! += weight * sr * r * (ar * sky + lr * (diffuse + edge)) + gloss * lr;
        colour[to + 1]! += weight * sg * g * (ag * sky + lg * diffuse) + gloss * lg;
        colour[to + 2]! += weight * sb * b * (ab * sky + lb * diffuse) + gloss * lb;
      }
    }
  }
}
