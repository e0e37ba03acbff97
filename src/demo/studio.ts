/** Where pictures are taken: the hand, its skin and one renderer for each size of picture. */
import { projectPoints } from '../hand/camera.js';
import { type BackgroundVersion, composite, paintBackground } from './background.js';
import type { ProceduralHand } from './hand/procedural-hand.js';
import { type ImageSize, type PixelWindow, wholePicture } from './picture.js';
import type { HandSample } from './pose-sampling.js';
import type { SceneRandom } from './random.js';
import { type HandLayer, HandRenderer, type Lighting } from './renderer.js';
import { skinTint } from './skin.js';

/** A lit right hand before a camera: all of a picture but what is behind the hand. */
export interface Scene {
  readonly size: ImageSize;
  readonly sample: HandSample;
  readonly lighting: Lighting;
}

/** What is behind the hand, and where its details are drawn from. */
export interface Surroundings {
  readonly version: BackgroundVersion;
  readonly random: SceneRandom;
}

/**
 * A joint is hidden where a surface lies this much nearer than it, metres. Its own flesh reaches
 * 15 mm at most (the base of the thumb); the next finger before it adds at least its thickness.
 */
const HIDDEN_BEYOND = 0.022;

export class Studio {
  readonly hand: ProceduralHand;
  readonly #tint: Float32Array;
  readonly #renderers = new Map<string, HandRenderer>();
  #background = new Float32Array(0);
  #latest: { readonly scene: Scene; readonly layer: HandLayer } | undefined;

  constructor(hand: ProceduralHand) {
    this.hand = hand;
    this.#tint = skinTint(hand);
  }

  /** The hand alone; valid until the next picture. */
  render(scene: Scene): HandLayer {
    if (this.#latest?.scene === scene) return this.#latest.layer;
    const { size, sample, lighting } = scene;
    const layer = this.#renderer(size).render(
      sample.vertices,
      this.hand.faces,
      this.#tint,
      sample.camera,
      lighting,
    );
    this.#latest = { scene, layer };
    return layer;
  }

  /** The same hand before each background: height×width×3 bytes of the window (the whole picture unless given), sRGB. */
  photographs(
    scene: Scene,
    behind: readonly Surroundings[],
    window: PixelWindow = wholePicture(scene.size),
  ): Uint8Array<ArrayBuffer>[] {
    const layer = this.render(scene);
    const needed = window.width * window.height * 3;
    if (this.#background.length < needed) this.#background = new Float32Array(needed);
    return behind.map(({ version, random }) => {
      paintBackground(this.#background, { size: scene.size, window }, version, random);
      return composite(this.#background, layer, window);
    });
  }

  /** For each of the 21 joints whether another part of the hand hides it from the camera. */
  hiddenJoints(scene: Scene): boolean[] {
    this.render(scene);
    const renderer = this.#renderer(scene.size);
    const { joints, camera } = scene.sample;
    const pixels = projectPoints(joints, camera);
    return Array.from({ length: joints.length / 3 }, (_, j) => {
      const surface = renderer.depthAt(pixels[j * 2]!, pixels[j * 2 + 1]!);
      return joints[j * 3 + 2]! - surface > HIDDEN_BEYOND;
    });
  }

  #renderer(size: ImageSize): HandRenderer {
    const key = `${size.width}x${size.height}`;
    const found = this.#renderers.get(key) ?? new HandRenderer(size);
    this.#renderers.set(key, found);
    return found;
  }
}
