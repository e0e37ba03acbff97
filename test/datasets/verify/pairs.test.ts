/** True joints against true meshes of the same index: right pairs are never told of, files of another order always. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  distanceFromMesh,
  fingertips,
  MeshPairing,
  tellPairing,
} from '../../../src/datasets/verify/pairs.js';
import { isWidespread, Problems } from '../../../src/datasets/verify/problems.js';
import { proceduralHand } from '../../../src/demo/hand/procedural-hand.js';
import { sampleHand } from '../../../src/demo/pose-sampling.js';
import { sampleStreams } from '../../../src/demo/random.js';
import { HO3D } from '../../../src/hand/joint-orders/ho3d.js';
import { Random } from '../../../src/statistics/random.js';
import { FIXTURES } from '../../support/cli.js';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const HANDS = 40;
const HAND = proceduralHand();

interface Hand {
  readonly joints: Float64Array;
  readonly vertices: Float64Array;
}

const handsOf = new Map<number, readonly Hand[]>();

function hands(seed: number): readonly Hand[] {
  let made = handsOf.get(seed);
  if (made === undefined) {
    const streams = sampleStreams(seed, 0);
    made = Array.from({ length: HANDS }, (_, index) => sampleHand(HAND, streams('evaluation', index, 0)));
    handsOf.set(seed, made);
  }
  return made;
}

/** The problems that joints and meshes give, read in batches of seven. */
function told(
  joints: readonly Float64Array[],
  meshes: readonly Float64Array[],
  damaged: readonly number[] = [],
): Problems['list'] {
  const truth = {
    file: 'xyz.json',
    count: joints.length,
    joints: Float64Array.from(joints.flatMap((hand) => [...hand])),
    damaged: new Set(damaged),
  };
  const pairing = new MeshPairing(truth, 'openpose');
  for (let first = 0; first < meshes.length; first += 7) {
    const part = meshes.slice(first, first + 7);
    const values = Float64Array.from(part.flatMap((mesh) => [...mesh]));
    pairing.add({ values, count: part.length, vertexCount: 778 }, first, new Set());
  }
  const problems = new Problems();
  tellPairing(pairing.result, truth, null, problems);
  return problems.list;
}

const jointsOf = (all: readonly Hand[]): Float64Array[] => all.map(({ joints }) => joints);
const meshesOf = (all: readonly Hand[]): Float64Array[] => all.map(({ vertices }) => vertices);

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = new Random(seed);
  const out = [...list];
  for (let k = out.length - 1; k > 0; k--) {
    const other = Math.floor(random.uniform() * (k + 1));
    [out[k], out[other]] = [out[other]!, out[k]!];
  }
  return out;
}

describe.each(SEEDS)('the hands of seed %i', (seed) => {
  it('lie in their meshes', () => {
    expect(told(jointsOf(hands(seed)), meshesOf(hands(seed)))).toEqual([]);
  });

  it.each([
    ['shifted by one', (list: readonly Float64Array[]) => [...list.slice(1), list[0]!]],
    ['shifted by eleven', (list: readonly Float64Array[]) => [...list.slice(11), ...list.slice(0, 11)]],
    ['reversed', (list: readonly Float64Array[]) => list.toReversed()],
    ['shuffled', (list: readonly Float64Array[]) => shuffled(list, seed)],
  ])('are told of once with their meshes %s', (_, order) => {
    const problems = told(jointsOf(hands(seed)), order(meshesOf(hands(seed))));
    expect(problems.map(({ code, file }) => [code, file])).toEqual([['joints-not-in-meshes', 'xyz.json']]);
    const [, count] = /of (\d+) of 40 samples/.exec(problems[0]!.message)!;
    expect(Number(count)).toBeGreaterThan(0.75 * HANDS);
  });

  it('are told of where a mesh is left out in the middle, with the first that does not fit', () => {
    const meshes = meshesOf(hands(seed));
    const problems = told(jointsOf(hands(seed)), [...meshes.slice(0, 20), ...meshes.slice(21), meshes[20]!]);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.got).toMatch(/^up to \d+ mm away: number 2[0-3], /);
  });
});

describe('a single sample that does not fit', () => {
  it('is an odd annotation, two are another order', () => {
    const [joints, meshes] = [jointsOf(hands(1)), meshesOf(hands(1))];
    const odd = meshes.map((mesh, index) => (index === 3 ? meshes[9]! : mesh));
    expect(told(joints, odd)).toEqual([]);
    odd[9] = meshes[3]!;
    expect(told(joints, odd).map(({ got }) => got)).toEqual([
      expect.stringMatching(/^up to \d+ mm away: number 3, number 9$/),
    ]);
  });

  it('is not counted where its joints are known to be none', () => {
    const [joints, meshes] = [jointsOf(hands(1)), meshesOf(hands(1))];
    [meshes[3], meshes[9]] = [meshes[9]!, meshes[3]!];
    expect(told(joints, meshes, [3, 9])).toEqual([]);
  });

  it.each([
    [1, 8, false],
    [2, 8, true],
    [39, 3960, false],
    [40, 3960, true],
    [115, 11_524, false],
    [116, 11_524, true],
  ])('counts by its share: %i of %i', (disagreeing, compared, expected) => {
    expect(isWidespread(disagreeing, compared)).toBe(expected);
  });
});

describe('the distance of joints from a mesh', () => {
  const { joints, vertices } = hands(1)[0]!;
  const tips = fingertips('openpose');

  it('is that of the fingertip farthest from its nearest vertex', () => {
    expect(distanceFromMesh(joints, vertices, tips)).toBe(0);
    // A box of eight corners around everything, 30 mm wider: joints are inside, tips far from its corners.
    const corners = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => [x, y, z + 0.5])));
    const box = Float64Array.from(corners.flat());
    const farthest = tips.map((tip) =>
      Math.min(
        ...corners.map((corner) =>
          Math.hypot(...corner.map((value, axis) => value - joints[tip * 3 + axis]!)),
        ),
      ),
    );
    expect(distanceFromMesh(joints, box, tips)).toBeCloseTo(Math.max(...farthest), 12);
  });

  it('is that of the joint farthest outside of its box', () => {
    const moved = joints.slice();
    const low = Math.min(...vertices.filter((_, k) => k % 3 === 0));
    moved[0] = low - 0.05;
    expect(distanceFromMesh(moved, vertices, tips)).toBeCloseTo(0.05, 12);
  });

  it('takes the fingertips of the order', () => {
    expect(tips).toEqual([4, 8, 12, 16, 20]);
    expect(fingertips('ho3d')).toEqual([16, 17, 18, 19, 20]);
    const reordered = Float64Array.from(
      HO3D.fromOpenPose.flatMap((joint) => [...joints.subarray(joint * 3, joint * 3 + 3)]),
    );
    expect(distanceFromMesh(reordered, vertices, fingertips('ho3d'))).toBe(0);
  });
});

describe.each(['freihand', 'freihand-zeros', 'freihand-other-topology', 'ho3d', 'ho3d-zeros'])(
  'the reference case %s',
  (name) => {
    it('has joints that lie in their meshes', async () => {
      const read = async (kind: string): Promise<number[][][]> =>
        JSON.parse(
          await readFile(join(FIXTURES, 'golden', name, `evaluation_${kind}.json`), 'utf8'),
        ) as number[][][];
      const [joints, meshes] = [await read('xyz'), await read('verts')];
      const tips = fingertips(name.startsWith('ho3d') ? 'ho3d' : 'openpose');
      const distances = joints.map((hand, index) =>
        distanceFromMesh(Float64Array.from(hand.flat()), Float64Array.from(meshes[index]!.flat()), tips),
      );
      expect(Math.max(...distances)).toBeLessThan(0.01);
    });
  },
);
