import { describe, expect, it } from 'vitest';
import { BACKGROUND_VERSIONS, composite, paintBackground } from '../../src/demo/background.js';
import { proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import { wholePicture } from '../../src/demo/picture.js';
import { IMAGE_SIZE, type HandSample, sampleHand } from '../../src/demo/pose-sampling.js';
import { sceneRandom } from '../../src/demo/random.js';
import { type HandLayer, HandRenderer, sampleLighting } from '../../src/demo/renderer.js';
import { skinTint } from '../../src/demo/skin.js';
import { projectPoints } from '../../src/hand/camera.js';

const hand = proceduralHand();
const tint = skinTint(hand);
const SQUARE = { width: IMAGE_SIZE, height: IMAGE_SIZE };

function render(stream: number): { sample: HandSample; layer: HandLayer } {
  const sample = sampleHand(hand, sceneRandom(9, stream));
  const lighting = sampleLighting(sceneRandom(9, stream + 1000));
  const layer = new HandRenderer(SQUARE).render(sample.vertices, hand.faces, tint, sample.camera, lighting);
  return { sample, layer };
}

describe('sampleHand', () => {
  it('keeps the hand 0.4 to 0.8 m away and its joints in the image', () => {
    for (let stream = 0; stream < 200; stream++) {
      const sample = sampleHand(hand, sceneRandom(5, stream));
      const pixels = projectPoints(sample.joints, sample.camera);
      for (let j = 0; j < 21; j++) {
        expect(sample.joints[j * 3 + 2]).toBeGreaterThan(0.4);
        expect(sample.joints[j * 3 + 2]).toBeLessThan(0.8);
        for (const pixel of pixels.subarray(j * 2, j * 2 + 2)) {
          expect(pixel, `stream ${stream}, joint ${j}`).toBeGreaterThan(-0.5);
          expect(pixel, `stream ${stream}, joint ${j}`).toBeLessThan(IMAGE_SIZE - 0.5);
        }
      }
    }
  });

  it('depends on seed and stream alone', () => {
    const once = sampleHand(hand, sceneRandom(5, 17));
    expect(sampleHand(hand, sceneRandom(5, 17))).toEqual(once);
    expect(sampleHand(hand, sceneRandom(6, 17)).pose).not.toEqual(once.pose);
    expect(sampleHand(hand, sceneRandom(5, 18)).pose).not.toEqual(once.pose);
  });
});

describe('HandRenderer', () => {
  it('covers the pixels of the joints, which lie in the flesh, and little else', () => {
    for (let stream = 0; stream < 20; stream++) {
      const { sample, layer } = render(stream);
      const pixels = projectPoints(sample.joints, sample.camera);
      for (let j = 0; j < 20; j++) {
        // Tips lie on the silhouette; the others are at least some pixels inside it.
        if (j > 0 && j % 4 === 0) continue;
        const [u, v] = [Math.round(pixels[j * 2]!), Math.round(pixels[j * 2 + 1]!)];
        expect(layer.coverage[v * IMAGE_SIZE + u], `stream ${stream}, joint ${j}`).toBe(1);
      }
      const share = layer.coverage.reduce((sum, value) => sum + value, 0) / layer.coverage.length;
      expect(share).toBeGreaterThan(0.06);
      expect(share).toBeLessThan(0.4);
    }
  });

  it('shades: colours are finite, not negative, and vary over the hand', () => {
    const { layer } = render(3);
    const reds: number[] = [];
    layer.coverage.forEach((covered, i) => {
      const red = layer.colour[i * 3]!;
      expect(Number.isFinite(red) && red >= 0).toBe(true);
      if (covered === 1) reds.push(red);
    });
    reds.sort((a, b) => a - b);
    expect(reds[Math.floor(reds.length * 0.95)]! / reds[Math.floor(reds.length * 0.05)]!).toBeGreaterThan(
      1.3,
    );
  });

  it('draws the same hand in a wider picture, about its own principal point', () => {
    const { sample, layer } = render(4);
    const colour = layer.colour.slice();
    const size = { width: IMAGE_SIZE + 30, height: IMAGE_SIZE + 11 };
    const camera = { ...sample.camera, cx: sample.camera.cx + 30, cy: sample.camera.cy + 11 };
    const lighting = sampleLighting(sceneRandom(9, 1004));
    const wide = new HandRenderer(size).render(sample.vertices, hand.faces, tint, camera, lighting);
    expect([wide.width, wide.height]).toEqual([size.width, size.height]);
    let different = 0;
    for (let y = 0; y < IMAGE_SIZE; y++) {
      for (let x = 0; x < IMAGE_SIZE * 3; x++) {
        const there = wide.colour[(y + 11) * size.width * 3 + 90 + x]!;
        if (Math.abs(there - colour[y * IMAGE_SIZE * 3 + x]!) > 1e-4) different++;
      }
    }
    // Rounding may move a sample on an edge from one triangle to the next.
    expect(different).toBeLessThan(30);
  });

  it('says how far away the nearest surface is, and that there is none beside the hand', () => {
    const sample = sampleHand(hand, sceneRandom(9, 3));
    const renderer = new HandRenderer(SQUARE);
    renderer.render(sample.vertices, hand.faces, tint, sample.camera, sampleLighting(sceneRandom(9, 1)));
    const [u, v] = projectPoints(sample.joints.subarray(27, 30), sample.camera);
    const depth = sample.joints[29]! - renderer.depthAt(u!, v!);
    // The middle knuckle lies in the flesh of the back of the hand.
    expect(depth).toBeGreaterThan(0.002);
    expect(depth).toBeLessThan(0.02);
    expect(renderer.depthAt(1, 1)).toBe(Infinity);
    for (const [x, y] of [
      [-1, 100],
      [100, -1],
      [IMAGE_SIZE, 100],
      [100, IMAGE_SIZE],
    ] as const) {
      expect(renderer.depthAt(x, y)).toBe(Infinity);
    }
  });

  it('shows the nearer of two triangles whichever is drawn first', () => {
    const near = [-0.1, -0.1, 0.5, 0.1, -0.1, 0.5, 0, 0.1, 0.5];
    const far = near.map((value, i) => (i % 3 === 2 ? 0.8 : value * 2));
    const vertices = Float64Array.from([...near, ...far]);
    const tints = Float32Array.from([...Array<number>(9).fill(1), ...Array<number>(9).fill(0)]);
    const camera = { fx: 100, fy: 100, cx: 32, cy: 32 };
    const lighting = sampleLighting(sceneRandom(1, 1));
    const centres = [
      [0, 2, 1, 3, 5, 4],
      [3, 5, 4, 0, 2, 1],
    ].map((faces) => {
      const layer = new HandRenderer({ width: 64, height: 64 }).render(
        vertices,
        Int32Array.from(faces),
        tints,
        camera,
        lighting,
      );
      return layer.colour[(32 * 64 + 32) * 3]!;
    });
    expect(centres[0]).toBe(centres[1]);
    expect(centres[0]).toBeGreaterThan(0.1);
  });
});

describe('backgrounds', () => {
  it('paints every version as light between 0 and 1, the same from the same stream', () => {
    for (const version of BACKGROUND_VERSIONS) {
      const images = [0, 1].map(() => {
        const image = new Float32Array(IMAGE_SIZE * IMAGE_SIZE * 3);
        paintBackground(image, { size: SQUARE }, version, sceneRandom(2, 5));
        return image;
      });
      expect(images[0]).toEqual(images[1]);
      expect(images[0]!.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
  });

  it('paints a window of a picture as the picture has it there', () => {
    const size = { width: 90, height: 60 };
    const window = { left: 20, top: 7, width: 31, height: 40 };
    // Grain is drawn pixel after pixel: only without it are the two the same.
    const [whole, part] = [wholePicture(size), window].map((wanted) => {
      const image = new Float32Array(wanted.width * wanted.height * 3);
      paintBackground(image, { size, window: wanted, grain: 0 }, 'auto', sceneRandom(2, 5));
      return image;
    });
    for (let y = 0; y < window.height; y++) {
      const from = ((window.top + y) * size.width + window.left) * 3;
      const row = part!.subarray(y * window.width * 3, (y + 1) * window.width * 3);
      expect(row).toEqual(whole!.subarray(from, from + window.width * 3));
    }
  });

  it('lays a half-covering hand over half the background', () => {
    const layer = (
      colour: number[],
      coverage: number[],
    ): Pick<HandLayer, 'width' | 'colour' | 'coverage'> => ({
      width: coverage.length,
      colour: Float32Array.from(colour),
      coverage: Float32Array.from(coverage),
    });
    const whole = layer([0, 0, 0, 1, 1, 2], [1, 1]);
    const white = Float32Array.of(1, 1, 1, 0, 0, 0);
    expect([...composite(white, whole, wholePicture({ width: 2, height: 1 }))]).toEqual([
      0, 0, 0, 255, 255, 255,
    ]);
    const second = { left: 1, top: 0, width: 1, height: 1 };
    expect([...composite(white, whole, second)]).toEqual([255, 255, 255]);
    const half = layer([0, 0, 0.2], [0.5]);
    const image = composite(Float32Array.of(1, 0, 0.4), half, wholePicture({ width: 1, height: 1 }));
    // sRGB of linear 0.5, 0 and 0.4.
    expect([...image]).toEqual([188, 0, 170]);
  });
});
