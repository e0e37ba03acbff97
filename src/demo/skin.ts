import { dot, normalise, pointAt, subtract } from '../hand/vectors.js';
import { FINGERS } from './hand/procedural-anatomy.js';
import { type ProceduralHand, vertexNormals } from './hand/procedural-hand.js';
import type { SceneRandom } from './random.js';

/** A colour in linear light, 0…1 per channel. */
export type Colour = readonly [number, number, number];

/** Typical skin from light to dark, linear light. */
const SKIN_TONES: readonly Colour[] = [
  [0.68, 0.44, 0.34],
  [0.6, 0.37, 0.27],
  [0.5, 0.29, 0.2],
  [0.38, 0.21, 0.135],
  [0.25, 0.13, 0.085],
];

/** A tone between two neighbouring skin tones, lighter ones more often. */
export function sampleSkinTone(random: SceneRandom): Colour {
  const position = random.next() ** 1.3 * (SKIN_TONES.length - 1.001);
  const [low, high] = [SKIN_TONES[Math.floor(position)]!, SKIN_TONES[Math.floor(position) + 1]!];
  const t = position - Math.floor(position);
  return [0, 1, 2].map((c) => low[c]! + (high[c]! - low[c]!) * t) as [number, number, number];
}

/**
 * How each vertex's colour differs from the skin tone, 778×3 factors: a paler
 * palm and pinker fingertips, so that front, back and tips can be told apart.
 */
export function skinTint(hand: ProceduralHand): Float32Array {
  const tint = new Float32Array(hand.vertices.length);
  const normals = vertexNormals(hand.vertices, hand.faces);
  for (let i = 0; i < hand.parts.length; i++) {
    const point = pointAt(hand.vertices, i);
    const normal = pointAt(normals, i);
    const palmar = Math.max(0, normal[2]);
    let colour: [number, number, number] = [1 + 0.1 * palmar, 1 + 0.1 * palmar, 1 + 0.12 * palmar];
    const finger = FINGERS[hand.parts[i]!];
    if (finger !== undefined) {
      const [, , last, tip] = finger.joints;
      const along = dot(subtract(point, last), normalise(subtract(tip, last)));
      const length = Math.hypot(...subtract(tip, last));
      const pink = Math.min(1, Math.max(0, along / length));
      colour = [colour[0] * (1 + 0.05 * pink), colour[1] * (1 - 0.07 * pink), colour[2] * (1 - 0.03 * pink)];
    }
    tint.set(colour, i * 3);
  }
  return tint;
}
