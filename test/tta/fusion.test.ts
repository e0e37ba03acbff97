import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cropAffine } from '../../src/imaging/crop.js';
import { alignSimilarity } from '../../src/metrics/index.js';
import { Random } from '../../src/statistics/random.js';
import { createFusion, type FusedHand, type FusionKind, type PassPrediction } from '../../src/tta/fusion.js';
import { meanOfMetrics } from '../../src/tta/mean-error.js';
import { SWEEP_PRESETS, sweepPasses, type Pass } from '../../src/tta/sweep.js';
import { largestDifference } from '../support/largest-difference.js';

/** Points of one hand. */
type Hand = number[][];

interface Golden {
  views_joints: Hand[][];
  fused_joints: Hand[];
  views_vertices: Hand[][];
  fused_vertices: Hand[];
}

/** The first holds all joints and every 20th vertex, the second all vertices. */
function golden(file: 'meshgraphormer' | 'meshgraphormer_vertices'): Golden {
  const url = new URL(`../fixtures/tta/${file}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Golden;
}

const PASSES = sweepPasses(SWEEP_PRESETS.graphormer);
const POINT_KINDS = ['aligned-mean', 'derotated-mean'] as const;
const SEED = 95;

const flat = (points: Hand): Float64Array => Float64Array.from(points.flat());

function cloud(random: Random, count: number, spread = 0.05, depth = 0): Float64Array {
  return Float64Array.from(
    { length: count * 3 },
    (_, k) => spread * random.normal() + (k % 3 === 2 ? depth : 0),
  );
}

const mirror = (points: Float64Array): Float64Array =>
  points.map((value, k) => (k % 3 === 0 ? -value : value));

/** What a network sees turned by a pass's crop: its own camera axes, x right, y down. */
function turnedLikeTheCrop(points: Float64Array, { rotationDegrees }: Pass): Float64Array {
  const box = { center: [100, 80] as const, side: 256 };
  const [a, b, , d, e] = cropAffine({ box, patchSize: 256, rotationDegrees }, 200).map(Number);
  return points.map((value, k) => {
    const [x, y] = [points[k - (k % 3)]!, points[k - (k % 3) + 1]!];
    return k % 3 === 0 ? a! * x + b! * y : k % 3 === 1 ? d! * x + e! * y : value;
  });
}

/** A network that turns with the photograph and does not care about scale; mirrored hands are mirrored back. */
function equivariant(points: Float64Array, pass: Pass, mirrored: boolean): Float64Array {
  return mirrored ? mirror(turnedLikeTheCrop(mirror(points), pass)) : turnedLikeTheCrop(points, pass);
}

function fuse(
  kind: FusionKind,
  mirrored: boolean,
  predict: (pass: Pass) => PassPrediction,
  passes: readonly Pass[] = PASSES,
): FusedHand {
  const sample = createFusion(kind, passes).sample({ mirrored });
  for (const pass of passes) sample.add(pass, predict(pass));
  return sample.result();
}

describe('aligned-mean', () => {
  const views = golden('meshgraphormer');
  const meshes = golden('meshgraphormer_vertices');
  const passes = PASSES.slice(0, views.views_joints.length);

  it.each([0, 1])('is what MeshGraphormer computes, sample %i', (sample) => {
    const fused = fuse(
      'aligned-mean',
      false,
      ({ index }) => ({
        joints: flat(views.views_joints[index]![sample]!),
        vertices: flat(meshes.views_vertices[index]![sample]!),
      }),
      passes,
    );
    expect(fused.failure).toBeNull();
    expect(largestDifference(fused.joints!, flat(views.fused_joints[sample]!))).toBeLessThan(1e-14);
    expect(largestDifference(fused.vertices!, flat(meshes.fused_vertices[sample]!))).toBeLessThan(1e-14);
  });

  it('aligns joints and vertices on their own: a part alone gives the same', () => {
    const part = (name: 'joints' | 'vertices', from: Hand[][]): FusedHand =>
      fuse('aligned-mean', false, ({ index }) => ({ [name]: flat(from[index]![0]!) }), passes);
    expect(
      largestDifference(part('joints', views.views_joints).joints!, flat(views.fused_joints[0]!)),
    ).toBeLessThan(1e-14);
    expect(part('vertices', meshes.views_vertices)).not.toHaveProperty('joints');
  });

  it('never mirrors a hand: a mirrored pass does not fit', () => {
    const random = new Random(SEED);
    const joints = cloud(random, 21);
    const two = sweepPasses({ rotations: [0, 10], scales: [1] });
    const fused = fuse(
      'aligned-mean',
      false,
      ({ index }) => ({ joints: index === 0 ? joints : mirror(joints) }),
      two,
    );
    const { aligned } = alignSimilarity(mirror(joints), joints, 'forbidden');
    const expected = joints.map((value, k) => (2 * value + aligned[k]!) / 3);
    // The evaluators' alignment adds 1e-8 to norms.
    expect(largestDifference(fused.joints!, expected)).toBeLessThan(1e-7);
  });
});

describe('derotated-mean', () => {
  const random = new Random(SEED);
  const joints = cloud(random, 21, 0.05, 0.6);
  const two = sweepPasses({ rotations: [0, 90], scales: [1] });

  it('turns a crop turned counter-clockwise by 90° back: up becomes right', () => {
    // Turned counter-clockwise, what pointed right (x) points up (−y).
    const right = Float64Array.of(0, 0, 0.5, 0.1, 0, 0.5);
    const up = Float64Array.of(0, 0, 0.5, 0, -0.1, 0.5);
    const fused = fuse('derotated-mean', false, ({ index }) => ({ joints: index === 0 ? right : up }), two);
    expect(largestDifference(fused.joints!, right)).toBeLessThan(1e-15);
  });

  it('keeps the place and the size of the reference and counts it once', () => {
    const shift = [0.3, -0.2, 1.5];
    const predict = (pass: Pass): PassPrediction => ({
      joints: equivariant(joints, pass, false).map((value, k) =>
        pass.index === 0 ? value : 1.7 * value + shift[k % 3]!,
      ),
    });
    expect(largestDifference(fuse('derotated-mean', false, predict).joints!, joints)).toBeLessThan(1e-9);

    const other = cloud(random, 21);
    const plain = sweepPasses({ rotations: [0], scales: [1, 0.9] });
    const fused = fuse(
      'derotated-mean',
      false,
      ({ index }) => ({ joints: index === 0 ? joints : other }),
      plain,
    );
    const radius = (points: Float64Array): number =>
      Math.hypot(...points.map((value, k) => value - points[k % 3]!));
    const ratio = radius(joints) / radius(other);
    const expected = joints.map((value, k) => {
      const brought = (other[k]! - other[k % 3]!) * ratio + joints[k % 3]!;
      return (value + brought) / 2;
    });
    expect(largestDifference(fused.joints!, expected)).toBeLessThan(1e-15);
  });

  it('moves joints and vertices by one map: a joint on a vertex stays on it', () => {
    const noisy = (): PassPrediction => {
      const vertices = cloud(random, 60);
      return { vertices, joints: vertices.slice(0, 63) };
    };
    const fused = fuse('derotated-mean', true, noisy);
    expect(fused.vertices!.slice(0, 63)).toEqual(fused.joints!);
  });

  it('does without joints: the centroid of the vertices is the root', () => {
    const fused = fuse('derotated-mean', false, (pass) => ({
      vertices: equivariant(joints, pass, false).map((value) => (pass.index === 0 ? value : 0.5 * value)),
    }));
    expect(largestDifference(fused.vertices!, joints)).toBeLessThan(1e-9);
  });
});

describe.each(POINT_KINDS)('%s', (kind) => {
  const random = new Random(SEED + 1);
  const joints = cloud(random, 21, 0.04, 0.7);
  const vertices = cloud(random, 778, 0.04, 0.7);

  it.each([false, true])(
    'gives the un-augmented pass of an equivariant network, mirrored: %s',
    (mirrored) => {
      const fused = fuse(kind, mirrored, (pass) => ({
        joints: equivariant(joints, pass, mirrored),
        vertices: equivariant(vertices, pass, mirrored),
      }));
      expect(fused.failure).toBeNull();
      expect(largestDifference(fused.joints!, joints)).toBeLessThan(1e-9);
      expect(largestDifference(fused.vertices!, vertices)).toBeLessThan(1e-9);
    },
  );

  it('averages 2D keypoints plainly, every pass once', () => {
    const three = sweepPasses({ rotations: [0, 10, -10], scales: [1] });
    const fused = fuse(
      kind,
      true,
      ({ index }) => ({ keypoints2d: Float32Array.of(index, 10 * index) }),
      three,
    );
    expect(fused).toEqual({ keypoints2d: Float64Array.of(1, 10), failure: null });
  });

  it('takes single precision and changes no input', () => {
    const single = Float32Array.from(joints);
    const before = single.slice();
    const fused = fuse(
      kind,
      false,
      () => ({ joints: single }),
      sweepPasses({ rotations: [0], scales: [1, 1.1] }),
    );
    expect(largestDifference(fused.joints!, before)).toBeLessThan(1e-15);
    expect(single).toEqual(before);
  });

  it('holds no view of the arrays it was given', () => {
    const two = sweepPasses({ rotations: [0], scales: [1, 1.1] });
    const sample = createFusion(kind, two).sample({ mirrored: false });
    const buffer = joints.slice();
    sample.add(two[0]!, { joints: buffer });
    buffer.set(joints.map((value) => 2 * value));
    sample.add(two[1]!, { joints: buffer });
    const fresh = fuse(
      kind,
      false,
      ({ index }) => ({ joints: joints.map((value) => (index + 1) * value) }),
      two,
    );
    expect(sample.result()).toEqual(fresh);
  });

  it('gives NaN and names the first pass that failed', () => {
    const predict = ({ index }: Pass): PassPrediction => ({
      joints: index === 4 ? joints.with(7, Number.NaN) : index === 9 ? joints.with(0, Infinity) : joints,
      vertices,
    });
    const fused = fuse(kind, false, predict);
    expect(fused.failure).toBe('pass 4 (rot-60_scale0.7): joints contain NaN');
    expect(fused.joints).toHaveLength(63);
    expect(fused.joints!.every(Number.isNaN)).toBe(true);
    expect(fused.vertices!.every(Number.isNaN)).toBe(true);
  });

  it('takes a pass without prediction as failed, the first and the last too', () => {
    const two = sweepPasses({ rotations: [0, 10], scales: [1] });
    const first = createFusion(kind, two).sample({ mirrored: false });
    first.fail(two[0]!, 'the photograph cannot be read');
    first.add(two[1]!, { joints });
    expect(first.result()).toEqual({
      joints: new Float64Array(63).fill(Number.NaN),
      failure: 'pass 0 (rot0_scale1): the photograph cannot be read',
    });
    const last = createFusion(kind, two).sample({ mirrored: false });
    last.add(two[0]!, { joints });
    last.fail(two[1]!, 'the session ended');
    expect(last.result().failure).toBe('pass 1 (rot10_scale1): the session ended');
  });

  it('takes a pass whose points all coincide as failed, without NaN on the way', () => {
    const point = joints.map((_, k) => [0.1, 0.2, 0.7][k % 3]!);
    const fused = fuse(kind, false, ({ index }) => ({ joints: index === 3 ? point : joints }));
    expect(fused.failure).toMatch(/^pass 3 \(.*\): all .* coincide/);
    expect(fuse(kind, false, () => ({ joints: point })).failure).toMatch(/^pass 0 /);
  });

  it('throws for passes out of order, too few or too many, and for parts that change: bugs', () => {
    const two = sweepPasses({ rotations: [0, 10], scales: [1] });
    const sample = createFusion(kind, two).sample({ mirrored: false });
    expect(() => {
      sample.add(two[1]!, { joints });
    }).toThrow('pass rot0_scale1 comes next, got rot10_scale1');
    expect(() => sample.result()).toThrow('2 passes make a sample, got 0');
    const started = createFusion(kind, two).sample({ mirrored: false });
    started.add(two[0]!, { joints });
    expect(() => {
      started.add(two[1]!, { joints, vertices });
    }).toThrow('vertices of pass rot10_scale1: expected no numbers, got 2334');
    const empty = createFusion(kind, two).sample({ mirrored: false });
    expect(() => {
      empty.add(two[0]!, {});
    }).toThrow('holds nothing');
  });
});

describe('createFusion', () => {
  it('refuses mean-error and a sweep without its reference first', () => {
    expect(() => createFusion('mean-error', PASSES)).toThrow('meanOfMetrics');
    expect(() => createFusion('aligned-mean', PASSES.slice(1))).toThrow('begins with the un-augmented pass');
    expect(() => createFusion('aligned-mean', [])).toThrow('no pass');
  });
});

describe('meanOfMetrics', () => {
  it('is the mean of each metric', () => {
    expect(
      meanOfMetrics([
        { pa_mpjpe_mm: 6, f5: 0.5 },
        { pa_mpjpe_mm: 8, f5: 0.75 },
      ]),
    ).toEqual({
      pa_mpjpe_mm: 7,
      f5: 0.625,
    });
  });

  it.each([
    [[], 'at least one pass'],
    [[{ a: 1 }, {}], 'pass 1 differs in a'],
    [[{ a: 1 }, { a: 1, b: 2 }], 'pass 1 differs in b'],
    [[{ a: Number.NaN }, { a: 1 }], 'pass 0 differs in a'],
  ] as [Record<string, number>[], string][])('drops nothing silently: %j', (perPass, message) => {
    expect(() => meanOfMetrics(perPass)).toThrow(message);
  });
});
