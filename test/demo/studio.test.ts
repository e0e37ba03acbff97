import { describe, expect, it } from 'vitest';
import { proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import { type HandSample, sampleHand } from '../../src/demo/pose-sampling.js';
import { sceneRandom } from '../../src/demo/random.js';
import { sampleLighting } from '../../src/demo/renderer.js';
import { type Scene, Studio } from '../../src/demo/studio.js';
import { type Vec3, cross, dot, pointAt, scale, subtract } from '../../src/hand/vectors.js';

const hand = proceduralHand();
const SIZE = { width: 224, height: 224 };

function draw(stream: number): Scene {
  const random = sceneRandom(8, stream);
  return { size: SIZE, sample: sampleHand(hand, random), lighting: sampleLighting(random) };
}

/** Depth of the first triangle on the way from the camera to a point, as a share of the point's own (Möller and Trumbore, 1997). */
function firstHit(target: Vec3, { vertices }: HandSample): number {
  let first = Infinity;
  for (let f = 0; f < hand.faces.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => pointAt(vertices, hand.faces[f + k]!)) as [Vec3, Vec3, Vec3];
    const [ab, ac] = [subtract(b, a), subtract(c, a)];
    const p = cross(target, ac);
    const determinant = dot(ab, p);
    if (determinant === 0) continue;
    const fromA = scale(a, -1);
    const u = dot(fromA, p) / determinant;
    const q = cross(fromA, ab);
    const v = dot(target, q) / determinant;
    if (u < 0 || v < 0 || u + v > 1) continue;
    first = Math.min(first, dot(ac, q) / determinant);
  }
  return first;
}

describe('Studio', () => {
  it('says which joints are hidden as rays to them do', () => {
    const studio = new Studio(hand);
    let [hidden, different] = [0, 0];
    for (let stream = 0; stream < 12; stream++) {
      const scene = draw(stream);
      const { sample } = scene;
      studio.hiddenJoints(scene).forEach((found, j) => {
        const joint = pointAt(sample.joints, j);
        const expected = joint[2] * (1 - firstHit(joint, sample)) > 0.022;
        hidden += Number(expected);
        if (found !== expected) different++;
      });
    }
    expect(hidden).toBeGreaterThan(40);
    // A picture knows depth at half-pixel steps: a joint behind an edge may fall on its other side.
    expect(different).toBeLessThan(0.02 * 12 * 21);
  });

  it('draws each scene anew, and one scene once', () => {
    const studio = new Studio(hand);
    const [first, second] = [draw(1), draw(2)];
    const layer = studio.render(first);
    const colour = layer.colour.slice();
    expect(studio.render(first)).toBe(layer);
    expect(studio.render(second).colour).not.toEqual(colour);
    expect(studio.render(first).colour).toEqual(colour);
  });
});
