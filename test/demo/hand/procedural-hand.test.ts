import { describe, expect, it } from 'vitest';
import { enclosedVolume } from '../../../src/demo/hand/mesh-builder.js';
import { FINGERS, handDistance } from '../../../src/demo/hand/procedural-anatomy.js';
import {
  POSE_COUNT,
  SHAPE_COUNT,
  SKINNING_JOINT_COUNT,
  poseHand,
  proceduralHand,
} from '../../../src/demo/hand/procedural-hand.js';
import {
  FACE_COUNT,
  VERTEX_COUNT,
  WRIST_EDGES,
  buildRestMesh,
} from '../../../src/demo/hand/procedural-mesh.js';
import { rotate, rotationFromAxisAngle } from '../../../src/hand/rotations.js';
import { type Vec3, cross, dot, norm, normalise, pointAt, subtract } from '../../../src/hand/vectors.js';

const hand = proceduralHand();
const flat = new Float64Array(POSE_COUNT);
const average = new Float64Array(SHAPE_COUNT);

/** For each directed edge 'a>b' the face it belongs to. */
function directedEdges(faces: Int32Array): Map<string, number> {
  const edges = new Map<string, number>();
  for (let f = 0; f < faces.length / 3; f++) {
    for (let k = 0; k < 3; k++) {
      const key = `${faces[f * 3 + k]!}>${faces[f * 3 + ((k + 1) % 3)]!}`;
      expect(edges.has(key), `edge ${key} runs the same way in two faces`).toBe(false);
      edges.set(key, f);
    }
  }
  return edges;
}

const reversed = (edge: string): string => edge.split('>').reverse().join('>');

function faceNormal(vertices: Float64Array, faces: Int32Array, f: number): Vec3 {
  const [a, b, c] = [0, 1, 2].map((k) => pointAt(vertices, faces[f * 3 + k]!));
  return normalise(cross(subtract(b!, a!), subtract(c!, a!)));
}

describe('the mesh of the procedural hand', () => {
  const edges = directedEdges(hand.faces);
  const boundary = [...edges.keys()].filter((edge) => !edges.has(reversed(edge)));

  it('has 778 vertices, all used, and 1,538 triangles', () => {
    expect([VERTEX_COUNT, FACE_COUNT]).toEqual([778, 1538]);
    expect(hand.vertices).toHaveLength(778 * 3);
    expect(hand.faces).toHaveLength(1538 * 3);
    expect(new Set(hand.faces)).toEqual(new Set(Array.from({ length: 778 }, (_, i) => i)));
  });

  it('is a manifold disc, consistently oriented, with one boundary of 16 edges at the wrist', () => {
    const undirected = (edges.size - boundary.length) / 2 + boundary.length;
    expect(VERTEX_COUNT - undirected + FACE_COUNT).toBe(1);
    expect(boundary).toHaveLength(WRIST_EDGES);
    const next = new Map(boundary.map((edge) => edge.split('>').map(Number) as [number, number]));
    let [vertex, steps] = [[...next.keys()][0]!, 0];
    const start = vertex;
    do {
      vertex = next.get(vertex)!;
      steps++;
    } while (vertex !== start && steps <= WRIST_EDGES);
    expect(steps).toBe(WRIST_EDGES);
    // Past the wrist joint, away from the fingers (which point along −y).
    for (const v of next.keys()) expect(pointAt(hand.vertices, v)[1]).toBeGreaterThan(0.01);
  });

  it('has one fan of faces around every vertex', () => {
    const spokes = new Map<number, Map<number, number>>();
    for (let f = 0; f < hand.faces.length; f += 3) {
      for (let k = 0; k < 3; k++) {
        const [v, a, b] = [0, 1, 2].map((j) => hand.faces[f + ((k + j) % 3)]!);
        spokes.set(v!, (spokes.get(v!) ?? new Map<number, number>()).set(a!, b!));
      }
    }
    for (const [vertex, fan] of spokes) {
      const ends = new Set(fan.values());
      const first = [...fan.keys()].find((a) => !ends.has(a)) ?? [...fan.keys()][0]!;
      let [at, count] = [fan.get(first), 1];
      while (at !== undefined && at !== first && fan.has(at) && count <= fan.size) {
        at = fan.get(at);
        count++;
      }
      expect(count, `vertex ${vertex}`).toBe(fan.size);
    }
  });

  it('faces outwards', () => {
    const volume = enclosedVolume(hand.vertices, hand.faces);
    expect(volume * 1e6).toBeGreaterThan(200); // cm³
    expect(volume * 1e6).toBeLessThan(450);
    let outwards = 0;
    for (let f = 0; f < FACE_COUNT; f++) {
      const corners = [0, 1, 2].map((k) => pointAt(hand.vertices, hand.faces[f * 3 + k]!));
      const centre = [0, 1, 2].map((k) => (corners[0]![k]! + corners[1]![k]! + corners[2]![k]!) / 3);
      const normal = faceNormal(hand.vertices, hand.faces, f);
      const ahead = [0, 1, 2].map((k) => centre[k]! + normal[k]! * 0.002) as unknown as Vec3;
      if (handDistance(ahead) > handDistance(centre as unknown as Vec3)) outwards++;
    }
    // All but a few slivers in the webs, where the surface turns within a millimetre.
    expect(outwards).toBeGreaterThan(FACE_COUNT - 8);
  });

  it('is not folded: neighbouring faces never turn back on each other', () => {
    for (const [edge, face] of edges) {
      const other = edges.get(reversed(edge));
      if (other === undefined) continue;
      const cosine = dot(
        faceNormal(hand.vertices, hand.faces, face),
        faceNormal(hand.vertices, hand.faces, other),
      );
      expect(cosine, `edge ${edge}`).toBeGreaterThan(-0.3);
    }
  });

  it('is the same every time', () => {
    const again = buildRestMesh();
    expect(again.vertices).toEqual(hand.vertices);
    expect(again.faces).toEqual(hand.faces);
  });
});

describe('the skeleton of the procedural hand', () => {
  it('has weights that are not negative and sum to 1', () => {
    for (let i = 0; i < VERTEX_COUNT; i++) {
      const row = hand.weights.subarray(i * SKINNING_JOINT_COUNT, (i + 1) * SKINNING_JOINT_COUNT);
      expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    }
  });

  it('lies inside the flesh, the tips on it', () => {
    const { joints } = poseHand(hand, flat, average, [0, 0, 0]);
    for (let j = 0; j < 21; j++) {
      const depth = handDistance(pointAt(joints, j));
      if (j > 0 && j % 4 === 0) expect(Math.abs(depth), `tip ${j}`).toBeLessThan(1e-4);
      else expect(depth, `joint ${j}`).toBeLessThan(-0.004);
    }
  });

  it('is about 19 cm long, with fingers in the usual order of length', () => {
    const { joints } = poseHand(hand, flat, average, [0, 0, 0]);
    const reach = [4, 8, 12, 16, 20].map((tip) => norm(subtract(pointAt(joints, tip), pointAt(joints, 0))));
    expect(reach[2]).toBeGreaterThan(0.18);
    expect(reach[2]).toBeLessThan(0.2);
    const [thumb, index, middle, ring, pinky] = reach;
    expect(middle).toBeGreaterThan(Math.max(index!, ring!));
    expect(Math.min(index!, ring!)).toBeGreaterThan(pinky!);
    expect(pinky).toBeGreaterThan(thumb!);
  });

  it('is a right hand: seen from its back with fingers up, the thumb is on the left', () => {
    const { joints } = poseHand(hand, flat, average, [0, 0, 0]);
    const at = (j: number): Vec3 => pointAt(joints, j);
    // The palm is where the fingers bend to.
    const fist = Float64Array.from(flat);
    [1, 2, 4, 3].forEach((finger, k) => {
      for (let j = 0; j < 3; j++) fist.set(FINGERS[finger]!.flexion, 3 * (1 + 3 * k + j));
    });
    const bent = poseHand(hand, fist, average, [0, 0, 0]).joints;
    const palmar = subtract(pointAt(bent, 12), at(12));
    // distal × palmar points to the thumb on a right hand, to the little finger on a left one.
    const thumbSide = cross(subtract(at(9), at(0)), palmar);
    expect(dot(thumbSide, subtract(at(5), at(17)))).toBeGreaterThan(0);
    expect(dot(thumbSide, subtract(at(4), at(9)))).toBeGreaterThan(0);
  });

  it('brings the fingertips to the palm when all joints bend', () => {
    const fist = Float64Array.from(flat);
    [1, 2, 4, 3].forEach((finger, k) => {
      [1.35, 1.6, 1].forEach((angle, j) => {
        const axis = FINGERS[finger]!.flexion;
        fist.set([axis[0] * angle, axis[1] * angle, axis[2] * angle], 3 * (1 + 3 * k + j));
      });
    });
    const { joints } = poseHand(hand, fist, average, [0, 0, 0]);
    for (const [base, tip] of [
      [5, 8],
      [9, 12],
      [13, 16],
      [17, 20],
    ] as const) {
      expect(norm(subtract(pointAt(joints, tip), pointAt(joints, base)))).toBeLessThan(0.05);
    }
  });

  it('turns and moves as a whole by the global rotation and translation', () => {
    const turn: Vec3 = [0.3, -0.8, 0.5];
    const pose = Float64Array.from(flat);
    pose.set(turn);
    const rest = poseHand(hand, flat, average, [0, 0, 0]);
    const moved = poseHand(hand, pose, average, [0.1, -0.2, 0.7]);
    const rotation = rotationFromAxisAngle(turn);
    for (let i = 0; i < VERTEX_COUNT; i++) {
      const expected = rotate(rotation, pointAt(rest.vertices, i));
      const got = subtract(pointAt(moved.vertices, i), [0.1, -0.2, 0.7]);
      expect(norm(subtract(got, expected))).toBeLessThan(1e-12);
    }
  });

  it('changes its measures by shape: the second number lengthens the fingers, not the palm', () => {
    const bone = (shape: Float64Array, from: number, to: number): number => {
      const { joints } = poseHand(hand, flat, shape, [0, 0, 0]);
      return norm(subtract(pointAt(joints, to), pointAt(joints, from)));
    };
    const longer = Float64Array.from(average);
    longer[1] = 1;
    expect(bone(longer, 9, 10) / bone(average, 9, 10)).toBeCloseTo(1.05, 2);
    expect(bone(longer, 0, 9)).toBeCloseTo(bone(average, 0, 9), 12);
    expect(bone(longer, 2, 3)).toBeCloseTo(bone(average, 2, 3), 12);
  });
});
