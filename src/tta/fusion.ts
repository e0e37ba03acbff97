/**
 * Fusing the passes of test-time augmentation into one hand per sample (docs/tta.md).
 *
 * A fusion keeps the reference and one running sum per sample, whatever the number of passes. Every pass of the
 * sweep must arrive, in the sweep's order (the last digits of a sum depend on it), the reference first. Nothing is
 * dropped silently: where one pass failed, the fused sample is NaN and says which.
 *
 * Points are N×3, metres, in OpenCV camera axes (x right, y down, z forward), as the predictor hands them out:
 * OpenPose order, left hands already mirrored back. They are *not* rotated back; a fusion does that. 2D keypoints are
 * N×2, px of the photograph: whoever made them has undone the rotation and scale of the box.
 */
import { isPlain } from '../hand/view.js';
import { firstOutOfRange, type Points } from '../metrics/points.js';
import { alignedMean } from './aligned-mean.js';
import { derotatedMean } from './derotated-mean.js';
import type { HandPoints, PointFusion } from './point-fusion.js';
import type { Pass } from './sweep.js';

/**
 * `aligned-mean`: as MeshGraphormer ran it. `derotated-mean`: by the known geometry. `mean-error`: no fusion of
 * points but a mean of the metrics of each pass (`meanOfMetrics`).
 */
export type FusionKind = 'aligned-mean' | 'derotated-mean' | 'mean-error';

export const FUSION_KINDS: readonly FusionKind[] = ['aligned-mean', 'derotated-mean', 'mean-error'];

/** What one pass predicted for one sample; the same parts in every pass. */
export interface PassPrediction {
  readonly joints?: Points;
  readonly vertices?: Points;
  /** N×2, px of the photograph. */
  readonly keypoints2d?: Points;
}

/** The fused hand of one sample: the parts its passes had, in doubles; none where no pass had any. */
export interface FusedHand {
  readonly joints?: Float64Array;
  readonly vertices?: Float64Array;
  readonly keypoints2d?: Float64Array;
  /** Why there is none: the first pass that failed. Every part is then NaN. */
  readonly failure: string | null;
}

const POINT_FUSIONS: Readonly<Record<Exclude<FusionKind, 'mean-error'>, PointFusion>> = {
  'aligned-mean': alignedMean,
  'derotated-mean': derotatedMean,
};

const PARTS = ['joints', 'vertices', 'keypoints2d'] as const;
type Part = (typeof PARTS)[number];

/** A fusion of a whole sweep. */
export interface Fusion {
  readonly kind: FusionKind;
  readonly passes: readonly Pass[];
  /**
   * A new accumulator for one sample. `mirrored`: the photograph was flipped before it was cropped, and the
   * prediction mirrored back (a left hand, and a network that only knows right ones).
   */
  sample(options: { readonly mirrored: boolean }): SampleFusion;
}

/**
 * @param passes of `sweepPasses`: the reference first
 * @throws Error for `mean-error`, which fuses no points, and for passes that do not begin with the reference: bugs.
 */
export function createFusion(kind: FusionKind, passes: readonly Pass[]): Fusion {
  if (kind === 'mean-error') {
    throw new Error('mean-error fuses no points: take meanOfMetrics of the metrics of each pass');
  }
  const [first] = passes;
  if (first === undefined || !isPlain(first)) {
    throw new Error(`a sweep begins with the un-augmented pass, got ${first?.name ?? 'no pass'}`);
  }
  return {
    kind,
    passes,
    sample: ({ mirrored }) => new SampleFusion(POINT_FUSIONS[kind], passes, mirrored),
  };
}

/** Takes the passes of one sample in, one after the other. */
export class SampleFusion {
  readonly #fusion: PointFusion;
  readonly #passes: readonly Pass[];
  readonly #mirrored: boolean;
  readonly #sums = new Map<Part, Float64Array>();
  #reference: HandPoints = {};
  #added = 0;
  #failure: string | null = null;

  constructor(fusion: PointFusion, passes: readonly Pass[], mirrored: boolean) {
    this.#fusion = fusion;
    this.#passes = passes;
    this.#mirrored = mirrored;
  }

  /**
   * Adds the next pass. NaN or infinity in it makes the sample fail.
   *
   * @throws Error when it is another pass than the next of the sweep, or its parts or their sizes are not those of
   *   the passes before: bugs.
   */
  add(pass: Pass, prediction: PassPrediction): void {
    this.#take(pass);
    const points = this.#checked(pass, prediction);
    if (this.#failure !== null) return;
    for (const [part, values] of points) {
      const at = firstOutOfRange(values);
      if (at < 0) continue;
      this.#fail(pass, `${part} contain ${Number.isNaN(values[at]) ? 'NaN' : 'infinity'}`);
      return;
    }
    const hand = handOf(points);
    if (pass.index === 0) this.#start(points, hand);
    const brought = this.#fusion.bring(hand, this.#reference, pass, this.#mirrored);
    if (typeof brought === 'string') {
      this.#fail(pass, brought);
      return;
    }
    for (const [part, sum] of this.#sums)
      addTo(sum, part === 'keypoints2d' ? points.get(part)! : brought[part]!);
  }

  /** Takes the next pass as failed: nothing was predicted, `reason` says why. */
  fail(pass: Pass, reason: string): void {
    this.#take(pass);
    if (this.#failure === null) this.#fail(pass, reason);
  }

  /** @throws Error before every pass has been taken: a bug. */
  result(): FusedHand {
    if (this.#added !== this.#passes.length) {
      throw new Error(`${this.#passes.length} passes make a sample, got ${this.#added}`);
    }
    const fused: { joints?: Float64Array; vertices?: Float64Array; keypoints2d?: Float64Array } = {};
    for (const [part, sum] of this.#sums) {
      const count = this.#passes.length + (part === 'keypoints2d' ? 0 : this.#fusion.extraReferences);
      fused[part] = this.#failure === null ? sum.map((value) => value / count) : sum.map(() => Number.NaN);
    }
    return { ...fused, failure: this.#failure };
  }

  #take(pass: Pass): void {
    const next = this.#passes[this.#added];
    if (pass.index !== next?.index) {
      throw new Error(`pass ${next?.name ?? 'none'} comes next, got ${pass.name}`);
    }
    this.#added++;
  }

  #fail(pass: Pass, reason: string): void {
    this.#failure = `pass ${pass.index} (${pass.name}): ${reason}`;
  }

  /** Copies of the parts, in doubles; the first pass that has any decides which there are. */
  #checked(pass: Pass, prediction: PassPrediction): Map<Part, Float64Array> {
    const points = new Map<Part, Float64Array>();
    for (const part of PARTS) {
      const values = prediction[part];
      if (values !== undefined) points.set(part, new Float64Array(values));
    }
    if (this.#sums.size === 0) {
      if (points.size === 0) throw new Error(`pass ${pass.name} holds nothing`);
      for (const [part, { length }] of points) this.#sums.set(part, new Float64Array(length));
    }
    for (const part of PARTS) {
      const expected = this.#sums.get(part)?.length;
      const got = points.get(part)?.length;
      if (expected !== got) {
        throw new Error(
          `${part} of pass ${pass.name}: expected ${expected ?? 'no'} numbers, got ${got ?? 'none'}`,
        );
      }
    }
    return points;
  }

  #start(points: ReadonlyMap<Part, Float64Array>, hand: HandPoints): void {
    this.#reference = hand;
    if (this.#fusion.extraReferences === 0) return;
    for (const [part, sum] of this.#sums) if (part !== 'keypoints2d') sum.set(points.get(part)!);
  }
}

function handOf(points: ReadonlyMap<Part, Float64Array>): HandPoints {
  const joints = points.get('joints');
  const vertices = points.get('vertices');
  return { ...(joints === undefined ? {} : { joints }), ...(vertices === undefined ? {} : { vertices }) };
}

function addTo(sum: Float64Array, values: Float64Array): void {
  for (let k = 0; k < sum.length; k++) sum[k]! += values[k]!;
}
