/** Each finding of `diagnoseSamples` fires for its mistake, alone; honest models stay silent. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { poseHand, proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import { diagnoseSamples, type Finding, type SampleProbe } from '../../src/diagnosis/index.js';
import { gathered, permutationsOf } from '../../src/diagnosis/joint-permutations.js';
import { SAMPLE_FINDING_CODES } from '../../src/diagnosis/samples.js';
import { HO3D } from '../../src/hand/joint-orders/ho3d.js';
import { KNOWN_ORDERS } from '../../src/hand/joint-orders/registry.js';
import { Random } from '../../src/statistics/random.js';
import {
  asHo3d,
  changed,
  codes,
  flipped,
  goldenProbe,
  probeOf,
  reordered,
  rootRelative,
  samplePose,
  scene,
  trueHand,
  type Hand,
  type Scene,
} from './support.js';

const good = scene(64, 1);
const few = scene(3, 2);

function only(findings: readonly Finding[], code: string): Finding {
  expect(codes(findings)).toEqual([code]);
  return findings[0]!;
}

function scaled(given: Scene, factor: number): Scene {
  return changed(given, (points) => points.map((x) => x * factor));
}

function relisted(given: Scene, from: (index: number) => number): Scene {
  return { truth: given.truth, predicted: given.predicted.map((_, i) => given.predicted[from(i)]!) };
}

const shape = new Float64Array(10);

/** Frames of one slow movement, each predicted with the same error and a little noise. */
function video(count: number, seed: number, bias: number): Scene {
  const random = new Random(seed);
  const [from, to] = [samplePose(random), samplePose(random)];
  const hand = trueHand(random);
  const error = from.map(() => bias * random.normal());
  const posed = (t: number, wrong: (k: number) => number): Hand => {
    const pose = from.map((a, k) => a * (1 - t) + to[k]! * t + wrong(k)).fill(0, 0, 3);
    return hand.place(poseHand(proceduralHand(), pose, shape, [0, 0, 0]));
  };
  const frames = Array.from({ length: count }, (_, i) => i / 200);
  return {
    truth: frames.map((t) => posed(t, () => 0)),
    predicted: frames.map((t) => posed(t, (k) => error[k]! + 0.03 * random.normal())),
  };
}

/** Predictions near one mean pose, in the true orientation or in one of their own. */
function meanish(count: number, seed: number, keep: number, turned: boolean): Scene {
  const random = new Random(seed);
  const mean = samplePose(new Random(1));
  const truth: Hand[] = [];
  const predicted: Hand[] = [];
  for (let i = 0; i < count; i++) {
    const hand = trueHand(random);
    const pose = hand.pose
      .map((a, k) => keep * a + (1 - keep) * mean[k]! + 0.02 * random.normal())
      .fill(0, 0, 3);
    truth.push({ joints: hand.joints, vertices: hand.vertices });
    const guess = poseHand(proceduralHand(), pose, shape, [0, 0, turned ? 0 : 0.6]);
    predicted.push(turned ? hand.place(guess) : guess);
  }
  return { truth, predicted };
}

describe('an honest model', () => {
  const models: Record<string, (count: number, seed: number) => Scene> = {
    'of some 9 mm': (count, seed) => scene(count, seed),
    'of 3 mm': (count, seed) => scene(count, seed, { pose: 0.05, turn: 0.05, place: 0.005 }),
    'with 30 mm of noise on every coordinate': (count, seed) => scene(count, seed, { noise: 0.03 }),
    'with 60 mm of noise': (count, seed) => scene(count, seed, { noise: 0.06 }),
    'with poses 0.8 rad off, turned and misplaced': (count, seed) =>
      scene(count, seed, { pose: 0.8, turn: 1, place: 0.1 }),
    'with orientations by chance': (count, seed) => scene(count, seed, { turn: 3 }),
    'on frames of one video': (count, seed) => video(count, seed, 0.2),
    'of 2 mm on frames of one video': (count, seed) => video(count, seed, 0.02),
    'near a mean pose': (count, seed) => meanish(count, seed, 0.3, true),
    'near a mean pose in an orientation of its own': (count, seed) => meanish(count, seed, 0.1, false),
  };

  for (const [name, make] of Object.entries(models)) {
    it(`${name} is left alone, whatever the number of samples and the parts`, () => {
      for (const count of [1, 2, 3, 5, 12, 40]) {
        for (let seed = 100 * count; seed < 100 * count + (count > 10 ? 2 : 6); seed++) {
          const given = make(count, seed);
          const whole = probeOf(given);
          const probes: Record<string, SampleProbe> = {
            whole,
            joints: { ...whole, predictedVertices: null, trueVertices: null },
            vertices: { ...whole, predictedJoints: null, trueJoints: null },
            ho3d: { ...probeOf(asHo3d(given)), jointOrder: 'ho3d', axes: 'opengl' },
          };
          for (const [part, probe] of Object.entries(probes)) {
            expect(diagnoseSamples(probe), `${count} samples, seed ${seed}, ${part}`).toEqual([]);
          }
        }
      }
    });
  }

  it('in single precision, with NaN rows, without truth of a part', () => {
    const probe = probeOf(good);
    const joints = Float32Array.from(probe.predictedJoints!);
    joints.fill(NaN, 63 * 3, 63 * 9);
    joints[63 * 20 + 5] = Infinity;
    expect(diagnoseSamples({ ...probe, predictedJoints: joints })).toEqual([]);
    expect(diagnoseSamples({ ...probe, predictedJoints: joints.fill(NaN) })).toEqual([]);
    expect(diagnoseSamples({ ...probe, trueVertices: null, trueVertexCount: 0 })).toEqual([]);
    expect(diagnoseSamples({ ...probe, trueJoints: null, trueVertices: null })).toEqual([]);
  });

  it('with a mesh of another topology', () => {
    const thin = (points: Float64Array): Float64Array => points.filter((_, k) => Math.floor(k / 3) % 2 === 0);
    const given = {
      truth: good.truth,
      predicted: good.predicted.map((hand) => ({ joints: hand.joints, vertices: thin(hand.vertices) })),
    };
    const probe = probeOf(given);
    expect(probe.predictedVertexCount).toBe(389);
    expect(diagnoseSamples(probe)).toEqual([]);
    expect(diagnoseSamples({ ...probe, predictedJoints: null, trueJoints: null })).toEqual([]);
  });

  it('and no sample at all', () => {
    expect(diagnoseSamples({ ...probeOf(few), count: 0, ...emptied() })).toEqual([]);
  });

  function emptied(): Pick<
    SampleProbe,
    'predictedJoints' | 'trueJoints' | 'predictedVertices' | 'trueVertices'
  > {
    const none = new Float64Array(0);
    return { predictedJoints: none, trueJoints: none, predictedVertices: none, trueVertices: none };
  }

  it('does not have its arrays changed', () => {
    const wrong = probeOf(scaled(reordered(good, HO3D.fromOpenPose), 1000));
    const before = [wrong.predictedJoints!.slice(), wrong.trueVertices!.slice()];
    diagnoseSamples(wrong);
    expect([wrong.predictedJoints, wrong.trueVertices]).toEqual(before);
  });
});

describe('golden cases', () => {
  it.each(['freihand', 'ho3d'] as const)(
    '%s: the one mirrored sample is told, the one far off is not made more of',
    (name) => {
      const finding = only(diagnoseSamples(goldenProbe(name)), 'some-predictions-mirrored');
      expect(finding.message).toBe(
        'the predictions are mirrored hands in 1 of 5 samples looked at (joints and vertices): ' +
          'mirrored 11.6 mm off after alignment, unmirrored 25.7 mm (medians)',
      );
    },
  );

  it.each(['freihand-zeros', 'ho3d-zeros'] as const)('%s: zeros are no hands', (name) => {
    const { message } = only(diagnoseSamples(goldenProbe(name)), 'predictions-placeholder');
    expect(message).toContain('joints and vertices of all 2 samples looked at are no hands (all 0)');
  });

  it('freihand-other-topology: nothing', () => {
    expect(diagnoseSamples(goldenProbe('freihand-other-topology'))).toEqual([]);
  });

  it('ho3d declared as freihand: the truth is on the wrong side', () => {
    const found = diagnoseSamples({ ...goldenProbe('ho3d'), jointOrder: 'openpose', axes: 'opencv' });
    expect(codes(found)).toEqual(['truth-axes', 'some-predictions-mirrored']);
  });
});

describe('joint order', () => {
  it('is sought among all known but the declared one', () => {
    expect(permutationsOf('openpose')).toHaveLength(KNOWN_ORDERS.length - 1);
    expect(permutationsOf('ho3d')).toHaveLength(KNOWN_ORDERS.length - 1);
  });

  it.each(KNOWN_ORDERS.slice(1).map((order) => [order.name, order] as const))('names %s', (name, order) => {
    for (const given of [good, scene(8, 5), scene(2, 6, { pose: 0.1 })]) {
      const wrong = reordered(given, order.fromOpenPose);
      const { message, remedy } = only(diagnoseSamples(probeOf(wrong)), 'joint-order');
      expect(message).toContain(`not in OpenPose order but in ${name}`);
      // The remedy does what it says.
      const slots = JSON.parse(/\[:, (\[.*\])\]/.exec(remedy)![1]!) as number[];
      expect(gathered(wrong.predicted[0]!.joints, slots)).toEqual(given.predicted[0]!.joints);
    }
  });

  it('names OpenPose order where HO-3D order is declared, with both errors', () => {
    const { predicted, truth } = asHo3d(good);
    const openPose = good.predicted.map((hand, i) => ({
      joints: flipped(hand.joints, [1, -1, -1]),
      vertices: predicted[i]!.vertices,
    }));
    const probe = probeOf({ truth, predicted: openPose });
    const { message } = only(
      diagnoseSamples({ ...probe, jointOrder: 'ho3d', axes: 'opengl' }),
      'joint-order',
    );
    expect(message).toMatch(
      /not in HO-3D order but in OpenPose order .*from \d\d\.\d mm to 8\.9 mm \(medians; all 64 samples agree\); the mesh fits to 7\.\d mm$/,
    );
  });

  it('reads an order that is not listed off the mesh', () => {
    const order = [3, 0, 9, 12, 1, 20, 5, 7, 2, 14, 16, 18, 4, 6, 8, 10, 11, 13, 15, 17, 19];
    const { message, remedy } = only(diagnoseSamples(probeOf(reordered(good, order))), 'joint-order');
    expect(message).toContain('an order of their own, read off the mesh');
    expect(remedy).toContain(`[${Array.from({ length: 21 }, (_, k) => order.indexOf(k)).join(', ')}]`);
  });

  it('is one finding beside millimetres and mirrored hands, not a cascade', () => {
    const wrong = scaled(reordered(good, HO3D.fromOpenPose), 1000);
    expect(codes(diagnoseSamples(probeOf(wrong)))).toEqual(['joint-order', 'predictions-units']);
    const mirrored = changed(reordered(good, HO3D.fromOpenPose), (points) => flipped(points, [-1, 1, 1]));
    expect(codes(diagnoseSamples(probeOf(mirrored)))).toEqual(['joint-order', 'predictions-mirrored']);
  });

  it('finds a mesh in another order than its joints', () => {
    const random = new Random(8);
    const order = Array.from({ length: 778 }, (_, k) => k).sort(() => random.uniform() - 0.5);
    const wrong = changed(good, (points) =>
      points.length === 63 ? points : points.map((_, k) => points[order[Math.floor(k / 3)]! * 3 + (k % 3)]!),
    );
    const { message } = only(diagnoseSamples(probeOf(wrong)), 'vertex-order');
    expect(message).toMatch(/does not fit though its joints do: \d\d\.\d mm against 8\.9 mm/);
  });
});

describe('units', () => {
  it.each([
    [1000, 'millimetres', 'divide the predictions by 1000'],
    [100, 'centimetres', 'divide the predictions by 100'],
    [0.001, 'metres divided by 1000', 'multiply the predictions by 1000'],
  ])('predictions times %d', (factor, name, remedy) => {
    for (const given of [good, few]) {
      const finding = only(diagnoseSamples(probeOf(scaled(given, factor))), 'predictions-units');
      expect(finding.message).toContain(`the predicted joints and vertices are in ${name}, not metres`);
      expect(finding.remedy).toContain(remedy);
    }
  });

  it('only the joints, or without truth', () => {
    const wrong = changed(good, (points) => (points.length === 63 ? points.map((x) => x * 1000) : points));
    expect(only(diagnoseSamples(probeOf(wrong)), 'predictions-units').message).toContain(
      'the predicted joints are in millimetres',
    );
    const blind = { ...probeOf(scaled(good, 1000)), trueJoints: null, trueVertices: null };
    only(diagnoseSamples(blind), 'predictions-units');
  });

  it('is no longer root-relative, nor behind the camera, for being in millimetres', () => {
    const wrong = scaled(rootRelative(good), 1000);
    expect(codes(diagnoseSamples(probeOf(wrong)))).toEqual([
      'predictions-units',
      'predictions-root-relative',
    ]);
  });

  it('a bone of length 1', () => {
    const wrong = changed(good, (points, { joints }) => {
      const bone = Math.hypot(...[0, 1, 2].map((axis) => joints[27 + axis]! - joints[30 + axis]!));
      return points.map((x) => x / bone);
    });
    const { message, remedy } = only(
      diagnoseSamples({ ...probeOf(wrong), predictedVertices: null }),
      'predictions-scale',
    );
    expect(message).toContain('first bone of the middle finger of length 1');
    expect(remedy).toContain('evaluation_scale.json');
  });

  it('of the ground truth', () => {
    const swapped = {
      truth: scaled({ truth: [], predicted: good.truth }, 1000).predicted,
      predicted: good.predicted,
    };
    const { message } = only(diagnoseSamples(probeOf(swapped)), 'truth-units');
    expect(message).toContain('the true joints and vertices are in millimetres, not metres');
    const both = { truth: swapped.truth, predicted: scaled(good, 1000).predicted };
    expect(codes(diagnoseSamples(probeOf(both)))).toEqual(['truth-units', 'predictions-units']);
  });
});

describe('axes and handedness', () => {
  it.each([
    [[1, -1, -1], 'OpenGL (y up, z backward)', 'negate y and z'],
    [[-1, -1, 1], 'PyTorch3D', 'negate x and y'],
  ])('signs %j', (signs, name, remedy) => {
    const finding = only(
      diagnoseSamples(probeOf(changed(good, (points) => flipped(points, signs)))),
      'predictions-axes',
    );
    expect(finding.message).toContain(`in the axes of ${name}`);
    expect(finding.remedy).toContain(remedy);
    const relative = changed(rootRelative(good), (points) => flipped(points, signs));
    expect(codes(diagnoseSamples(probeOf(relative)))).toEqual([
      'predictions-axes',
      'predictions-root-relative',
    ]);
  });

  it('OpenCV where OpenGL is declared', () => {
    const { truth } = asHo3d(good);
    const joints = good.predicted.map((hand) => gathered(hand.joints, HO3D.fromOpenPose));
    const predicted = good.predicted.map((hand, i) => ({ joints: joints[i]!, vertices: hand.vertices }));
    const probe: SampleProbe = { ...probeOf({ truth, predicted }), jointOrder: 'ho3d', axes: 'opengl' };
    expect(only(diagnoseSamples(probe), 'predictions-axes').message).toContain(
      'in the axes of OpenCV (y down, z forward), the dataset is in OpenGL',
    );
  });

  it.each([
    [[-1, 1, 1], 'x has the wrong sign'],
    [[1, -1, 1], 'y has the wrong sign'],
    [[1, 1, -1], 'z has the wrong sign'],
    [[-1, -1, -1], 'all three axes have the wrong sign'],
  ])('mirrored by %j, of good and of rough models', (signs, name) => {
    for (const given of [good, few, scene(20, 4, { pose: 0.4, turn: 0.2 })]) {
      const wrong = changed(given, (points) => flipped(points, signs));
      expect(only(diagnoseSamples(probeOf(wrong)), 'predictions-mirrored').message).toContain(name);
    }
  });

  it('a quarter of the hands mirrored', () => {
    const wrong = changed(good, (points, _, i) => (i % 4 === 0 ? flipped(points, [-1, 1, 1]) : points));
    expect(only(diagnoseSamples(probeOf(wrong)), 'some-predictions-mirrored').message).toContain(
      '16 of 64 samples',
    );
  });

  it('ground truth on the wrong side, with predictions that agree with it or not', () => {
    const truth = changed({ truth: [], predicted: good.truth }, (p) => flipped(p, [1, -1, -1])).predicted;
    const agreeing = changed(good, (p) => flipped(p, [1, -1, -1])).predicted;
    for (const predicted of [good.predicted, agreeing]) {
      only(diagnoseSamples(probeOf({ truth, predicted })), 'truth-axes');
    }
  });
});

describe('placement', () => {
  it('root-relative, with the root named', () => {
    for (const given of [good, few]) {
      const { message } = only(diagnoseSamples(probeOf(rootRelative(given))), 'predictions-root-relative');
      expect(message).toContain('(wrist at the origin)');
    }
    const knuckle = changed(good, (points, { joints }) => points.map((x, k) => x - joints[27 + (k % 3)]!));
    expect(diagnoseSamples(probeOf(knuckle))[0]!.message).toContain('(middle_1 at the origin)');
  });

  it('behind the camera, and far away', () => {
    const behind = changed(good, (points, { joints }) =>
      points.map((x, k) => (k % 3 === 2 ? x - 2 * joints[2]! : x)),
    );
    only(diagnoseSamples(probeOf(behind)), 'predictions-behind-camera');
    const far = changed(good, (points) => points.map((x, k) => (k % 3 === 2 ? x + 30 : x)));
    expect(only(diagnoseSamples(probeOf(far)), 'predictions-far-away').message).toMatch(
      /30\.\d\d m against 0\.70 m/,
    );
  });

  it('joints in one frame and vertices in another', () => {
    const relative = rootRelative(good);
    const mixed = good.predicted.map((hand, i) => ({
      joints: relative.predicted[i]!.joints,
      vertices: hand.vertices,
    }));
    only(diagnoseSamples(probeOf({ truth: good.truth, predicted: mixed })), 'joints-apart-from-mesh');
    const thin = mixed.map(({ joints, vertices }) => ({ joints, vertices: vertices.subarray(0, 389 * 3) }));
    only(diagnoseSamples(probeOf({ truth: good.truth, predicted: thin })), 'joints-apart-from-mesh');
  });

  it("HaMeR's own export: wrist-relative joints, vertices 96 mm off", () => {
    const wrong = changed(rootRelative(good), (points) =>
      points.length === 63 ? points : points.map((x, k) => (k % 3 === 0 ? x + 0.0957 : x)),
    );
    const findings = diagnoseSamples(probeOf(wrong));
    expect(findings[0]!.code).toBe('joints-apart-from-mesh');
    expect(findings[0]!.message).toMatch(/lie 9\d\.\d mm from where they belong/);
  });
});

describe('lists', () => {
  it.each([1, -1, 3, -20])('shifted by %d', (by) => {
    const wrong = relisted(good, (i) => (i + by + 64) % 64);
    const { message } = only(diagnoseSamples(probeOf(wrong)), 'list-shifted');
    // Prediction i belongs to the sample `by` later.
    expect(message).toContain(`shifted by ${Math.abs(by)}: `);
    expect(message).toContain(by > 0 ? 'later' : 'earlier');
  });

  it('shifted, seen through the first samples and a few others, or vertices alone', () => {
    const indices = [...Array.from({ length: 20 }, (_, i) => i), 30, 41, 63];
    const wrong = relisted(good, (i) => (i + 1) % 64);
    const at = (hands: Hand[]): Hand[] => indices.map((i) => hands[i]!);
    const probe = { ...probeOf({ truth: at(wrong.truth), predicted: at(wrong.predicted) }), indices };
    expect(only(diagnoseSamples(probe), 'list-shifted').message).toContain('19 samples');
    only(diagnoseSamples({ ...probe, predictedJoints: null, trueJoints: null }), 'list-shifted');
  });

  it('reversed, permuted, and from elsewhere', () => {
    const reversed = relisted(good, (i) => 63 - i);
    expect(only(diagnoseSamples(probeOf(reversed)), 'list-permuted').message).toContain(
      'reversed: prediction i fits the truth of sample 63 − i',
    );
    const permuted = relisted(good, (i) => (i * 37 + 11) % 64);
    expect(only(diagnoseSamples(probeOf(permuted)), 'list-permuted').message).toContain(
      'prediction 0 belongs to sample 11',
    );
    const elsewhere = { truth: good.truth, predicted: scene(64, 99).predicted };
    only(diagnoseSamples(probeOf(elsewhere)), 'list-unrelated');
  });
});

describe('placeholders', () => {
  const blank = (value: number) => (points: Float64Array) => points.map(() => value);

  it.each([0, 1, -1])('ground truth all %d', (value) => {
    const truth = changed({ truth: [], predicted: good.truth }, blank(value)).predicted;
    const { message } = only(
      diagnoseSamples(probeOf({ truth, predicted: good.predicted })),
      'truth-placeholder',
    );
    expect(message).toContain(
      `joints and vertices of all 64 samples looked at are placeholders (all ${value})`,
    );
  });

  it('ground truth that is one hand', () => {
    const truth = good.truth.map(() => good.truth[0]!);
    only(diagnoseSamples(probeOf({ truth, predicted: good.predicted })), 'truth-constant');
  });

  it('a mean pose: constant, and nothing else, at one place or at the right one', () => {
    const mean = good.predicted[0]!;
    for (const hands of [few, good]) {
      const still = { truth: hands.truth, predicted: hands.truth.map(() => mean) };
      expect(only(diagnoseSamples(probeOf(still)), 'predictions-constant').message).not.toContain(
        'moved about',
      );
      const placed = changed(still, (points, _, i) => {
        const wrist = hands.truth[i]!.joints;
        return points.map((x, k) => x - mean.joints[k % 3]! + wrist[k % 3]!);
      });
      expect(only(diagnoseSamples(probeOf(placed)), 'predictions-constant').message).toContain('moved about');
    }
  });

  it('a tail of zeros, every second a zero', () => {
    const tail = changed(good, (points, _, i) => (i >= 40 ? blank(0)(points) : points));
    expect(only(diagnoseSamples(probeOf(tail)), 'predictions-partly-placeholder').message).toContain(
      '24 of 64 samples looked at are no hands (all 0), everything from sample 40 on',
    );
    const second = changed(good, (points, _, i) => (i % 2 === 1 ? blank(0)(points) : points));
    expect(only(diagnoseSamples(probeOf(second)), 'predictions-partly-placeholder').message).toContain(
      'every second one',
    );
  });

  it('copies', () => {
    const doubled = relisted(good, (i) => i - (i % 2));
    expect(only(diagnoseSamples(probeOf(doubled)), 'predictions-repeated').message).toContain(
      '32 of 64 samples looked at are exact copies of the sample before, every second one',
    );
    const tail = relisted(good, (i) => Math.min(i, 40));
    expect(only(diagnoseSamples(probeOf(tail)), 'predictions-repeated').message).toContain(
      'from sample 41 on',
    );
  });

  it('but not where the truth repeats as well', () => {
    const twice = (hands: Hand[]): Hand[] => hands.map((_, i) => hands[i - (i % 2)]!);
    const given = { truth: twice(good.truth), predicted: twice(good.predicted) };
    expect(diagnoseSamples(probeOf(given))).toEqual([]);
  });
});

describe('the findings', () => {
  it('are sentences without a final full stop', () => {
    const wrong = probeOf(scaled(reordered(rootRelative(good), HO3D.fromOpenPose), 1000));
    const findings = diagnoseSamples(wrong);
    expect(findings).toHaveLength(3);
    for (const { message, remedy } of findings) {
      expect(message).toMatch(/\d/);
      expect(`${message}|${remedy}`).not.toMatch(/\.(\||$)/);
    }
  });

  it('are all documented', () => {
    const text = readFileSync(new URL('../../docs/diagnosis.md', import.meta.url), 'utf8');
    for (const code of SAMPLE_FINDING_CODES) expect(text).toContain(`| \`${code}\``);
  });

  it('throw where the lengths do not fit the counts', () => {
    const probe = probeOf(few);
    expect(() => diagnoseSamples({ ...probe, count: 4 })).toThrow(
      'predicted joints must hold 4 × 21 × 3 numbers: expected 252, got 189',
    );
    expect(() => diagnoseSamples({ ...probe, trueVertexCount: 777 })).toThrow('true vertices must hold');
    expect(() => diagnoseSamples({ ...probe, indices: [1] })).toThrow('expected 3, got 1');
  });
});
