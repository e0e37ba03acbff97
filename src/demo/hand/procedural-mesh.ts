/**
 * The triangle mesh of the procedural hand at rest: a palm tube whose distal
 * ring splits into four finger loops (neighbours share a web edge chain), a
 * hole in its thumb side from which the thumb grows, and an open wrist of 16
 * edges. A triangulated disc with 16 boundary edges and V vertices has
 * 2 V − 18 faces whatever its shape, so 778 vertices give 1,538 triangles.
 */
import {
  type Vec3,
  add,
  addScaled,
  cross,
  dot,
  mix,
  norm,
  normalise,
  scale,
  setPoint,
  subtract,
} from '../../hand/vectors.js';
import {
  MeshBuilder,
  type Surface,
  angleAbout,
  enclosedVolume,
  neighboursOf,
  relax,
  splitLongestEdges,
  withoutLooseVertices,
} from './mesh-builder.js';
import {
  FINGERS,
  type Finger,
  anatomical,
  castToSkin,
  handDistance,
  outwardNormal,
  palmDistance,
  projectToSkin,
} from './procedural-anatomy.js';

export const VERTEX_COUNT = 778;
export const FACE_COUNT = 1538;
/** Edges (and vertices) of the open wrist. */
export const WRIST_EDGES = 16;

export interface RestMesh {
  /** 778×3, metres, the rest frame of procedural-anatomy. */
  readonly vertices: Float64Array;
  /** 1,538×3 vertex ids, counter-clockwise seen from outside. */
  readonly faces: Int32Array;
  /** Which part each vertex was built for: −1 palm, else an index into `FINGERS`. */
  readonly parts: Int8Array;
  /** The five fingertip vertices, thumb first. */
  readonly tips: readonly number[];
}

const SKIN: Surface = {
  normal: (point) => outwardNormal(handDistance, point),
  project: projectToSkin,
};

/** Vertices of a finger's cross-section; a palm ring has 22: nine dorsal, nine palmar, two on either side. */
const FINGER_RING = 10;
const PALM_COLUMNS = 22;
const PALM_RINGS = 10;
const FINGER_CYLINDER_RINGS = 9;
const DORSAL = 9;
/** Palm columns of the thumb's hole (palmar radial corner … radial side) and its lowest ring. */
const HOLE_COLUMNS = [18, 19, 20, 21] as const;
const HOLE_ROW = 2;
const HOLE_ROWS = 3;

/** Directions square to a finger's axis: `first` and `second` span its cross-section. */
interface Frame {
  readonly first: Vec3;
  readonly second: Vec3;
}

function squareTo(axis: Vec3, direction: Vec3): Vec3 {
  return normalise(subtract(direction, scale(axis, dot(axis, direction))));
}

/** Rings around one finger from its base loop to the tip vertex; returns that vertex. */
function growFinger(
  mesh: MeshBuilder,
  part: number,
  base: readonly number[],
  frame: Frame,
  firstAngle: number,
  from: number,
): number {
  const finger = FINGERS[part]!;
  const [a, b, c, tip] = finger.joints;
  const tipRadius = finger.radii[3];
  const lengths = [norm(subtract(b, a)), norm(subtract(c, b)), norm(subtract(tip, c))] as const;
  const total = lengths[0] + lengths[1] + lengths[2];
  const along = (s: number): { centre: Vec3; axis: Vec3 } => {
    if (s < lengths[0]) return { centre: mix(a, b, s / lengths[0]), axis: normalise(subtract(b, a)) };
    const t = (s - lengths[0]) / (lengths[1] + lengths[2]);
    return { centre: mix(b, tip, t), axis: normalise(subtract(tip, b)) };
  };
  const surface = (centre: Vec3, axis: Vec3, angle: number, lift: number): Vec3 => {
    const first = squareTo(axis, frame.first);
    const second = squareTo(axis, frame.second);
    const radial = add(scale(first, Math.cos(angle)), scale(second, Math.sin(angle)));
    const direction = add(scale(radial, Math.cos(lift)), scale(axis, Math.sin(lift)));
    return castToSkin(handDistance, centre, direction, finger.radii[0] * 1.5);
  };
  const ring = (s: number, count: number, lift: number): number[] => {
    const { centre, axis } = along(s);
    return Array.from({ length: count }, (_, i) =>
      mesh.vertex(surface(centre, axis, firstAngle + (i / count) * 2 * Math.PI, lift), part),
    );
  };
  const domeCentre = total - tipRadius;
  const connect = (lower: readonly number[], upper: readonly number[], s: number): void => {
    const { centre, axis } = along(s);
    const angle = angleAbout(centre, squareTo(axis, frame.first), squareTo(axis, frame.second));
    mesh.zip(lower, upper, (vertex) => angle(mesh.points[vertex]!));
  };
  let previous = base;
  for (let i = 0; i < FINGER_CYLINDER_RINGS; i++) {
    const s = from + ((domeCentre - from) * i) / (FINGER_CYLINDER_RINGS - 1);
    const current = ring(s, FINGER_RING, 0);
    // Only the thumb's base loop has another number of vertices than a ring.
    if (previous.length === current.length) mesh.strip(previous, current);
    else connect(previous, current, s);
    previous = current;
  }
  const outer = ring(domeCentre, FINGER_RING, 0.6);
  mesh.strip(previous, outer);
  const inner = ring(domeCentre, FINGER_RING / 2, 1.12);
  connect(outer, inner, domeCentre);
  const apex = mesh.vertex(projectToSkin(tip), part);
  inner.forEach((vertex, i) => mesh.faces.push([vertex, inner[(i + 1) % inner.length]!, apex]));
  return apex;
}

/** The palm's frame: ulnar, then dorsal; angles run backwards, from dorsal-radial over dorsal to ulnar. */
const ULNAR: Vec3 = [1, 0, 0];
const DORSAL_DIRECTION: Vec3 = [0, 0, -1];

/** Where column `k` (0 radial … 8 ulnar) of the palm ends: odd columns above knuckles, even ones at webs. */
function distalEdge(column: number): Vec3 {
  const past = (finger: Finger, by: number): Vec3 =>
    addScaled(finger.joints[0], normalise(subtract(finger.joints[1], finger.joints[0])), by);
  if (column === 0) return add(past(FINGERS[1]!, 0.013), [-0.006, 0, 0]);
  if (column === DORSAL - 1) return add(past(FINGERS[4]!, 0.012), [0.005, 0, 0]);
  const left = FINGERS[1 + Math.floor((column - 1) / 2)]!;
  if (column % 2 === 1) return past(left, 0.015);
  const right = FINGERS[2 + Math.floor((column - 1) / 2)]!;
  return mix(past(left, 0.024), past(right, 0.024), 0.5);
}

function palmRing(mesh: MeshBuilder, row: number): number[] {
  const top = row === PALM_RINGS - 1;
  const t = row / (PALM_RINGS - 1);
  const distance = top ? handDistance : palmDistance;
  const columns = Array.from({ length: DORSAL }, (_, k) => {
    const proximal = anatomical(((k - 4) / 4) * 18, -6, 1);
    return mix(proximal, distalEdge(k), t);
  });
  const cast = (from: Vec3, direction: Vec3): number =>
    mesh.vertex(castToSkin(distance, from, direction, 0.03), -1);
  const side = (from: Vec3, sign: number, z: number): number => cast(from, [sign, 0, z]);
  const dorsal = columns.map((point) => cast(point, DORSAL_DIRECTION));
  const ulnar = [-0.35, 0.35].map((z) => side(columns[DORSAL - 1]!, 1, z));
  const palmar = [...columns].reverse().map((point) => cast(point, [0, 0, 1]));
  const radial = [0.35, -0.35].map((z) => side(columns[0]!, -1, z));
  return [...dorsal, ...ulnar, ...palmar, ...radial];
}

function buildTopology(): { mesh: MeshBuilder; wrist: number[]; tips: number[]; webs: number[] } {
  const mesh = new MeshBuilder();
  const wristCentre = anatomical(0, -16, 0);
  const wrist = Array.from({ length: WRIST_EDGES }, (_, i) => {
    const angle = Math.PI * (0.86 - (2 * i) / WRIST_EDGES);
    const direction = add(scale(ULNAR, Math.cos(angle)), scale(DORSAL_DIRECTION, 0.75 * Math.sin(angle)));
    return mesh.vertex(castToSkin(palmDistance, wristCentre, direction, 0.05), -1);
  });
  const rings = Array.from({ length: PALM_RINGS }, (_, row) => palmRing(mesh, row));

  const palmAngle = angleAbout([0, 0, 0], ULNAR, DORSAL_DIRECTION);
  mesh.zip(wrist, rings[0]!, (vertex) => {
    const [x, , z] = mesh.points[vertex]!;
    return -palmAngle([x, 0, z * 1.3]);
  });
  const inHole = (row: number, column: number): boolean =>
    row >= HOLE_ROW && row < HOLE_ROW + HOLE_ROWS && column >= HOLE_COLUMNS[0] && column < HOLE_COLUMNS[3];
  for (let row = 0; row + 1 < PALM_RINGS; row++) {
    mesh.strip(rings[row]!, rings[row + 1]!, (column) => inHole(row, column));
  }

  // Each finger's loop: three dorsal vertices, the web (or side) down, three palmar ones, the web up.
  const last = rings[PALM_RINGS - 1]!;
  const palmarOf = (k: number): number => last[PALM_COLUMNS - 3 - k]!;
  const webs = [2, 4, 6].map((k) => {
    const [d, p] = [mesh.points[last[k]!]!, mesh.points[palmarOf(k)]!];
    return [1 / 3, 2 / 3].map((t) =>
      mesh.vertex(projectToSkin(addScaled(mix(d, p, t), [0, -1, 0], 0.001)), -1),
    );
  });
  const sides = [[last[21]!, last[20]!], ...webs, [last[9]!, last[10]!]];
  const tips: number[] = [];
  for (let f = 1; f < FINGERS.length; f++) {
    const k = 2 * (f - 1);
    const loop = [
      last[k]!,
      last[k + 1]!,
      last[k + 2]!,
      ...sides[f]!,
      palmarOf(k + 2),
      palmarOf(k + 1),
      palmarOf(k),
      ...[...sides[f - 1]!].reverse(),
    ];
    // Frame chosen so that angles grow along the loop: dorsal-radial first.
    const frame: Frame = { first: scale(ULNAR, -1), second: DORSAL_DIRECTION };
    tips.push(growFinger(mesh, f, loop, frame, (36 * Math.PI) / 180, f === 4 ? 0.022 : 0.026));
  }

  const [c0, , , c3] = HOLE_COLUMNS;
  const [r0, r1] = [HOLE_ROW, HOLE_ROW + HOLE_ROWS];
  const loop: number[] = [];
  for (let c = c0; c < c3; c++) loop.push(rings[r0]![c]!);
  for (let r = r0; r < r1; r++) loop.push(rings[r]![c3]!);
  for (let c = c3; c > c0; c--) loop.push(rings[r1]![c]!);
  for (let r = r1; r > r0; r--) loop.push(rings[r]![c0]!);
  const thumb = FINGERS[0]!;
  const axis = normalise(subtract(thumb.joints[1], thumb.joints[0]));
  const first = squareTo(axis, subtract(mesh.points[loop[0]!]!, thumb.joints[0]));
  const second = cross(axis, first);
  const quarter = subtract(mesh.points[loop[3]!]!, thumb.joints[0]);
  const frame: Frame = { first, second: dot(quarter, second) < 0 ? scale(second, -1) : second };
  tips.unshift(growFinger(mesh, 0, loop, frame, 0, 0.026));
  const webVertices = [...webs.flat(), ...[2, 4, 6].flatMap((k) => [last[k]!, palmarOf(k)])];
  return {
    mesh: withoutLooseVertices(mesh, [wrist, tips, webVertices]),
    wrist,
    tips,
    webs: webVertices,
  };
}

/**
 * Plain smoothing of the webs: between two fingers the implicit surface has a
 * narrow saddle where projecting onto it would fold the mesh.
 */
function softenWebs(mesh: MeshBuilder, webs: readonly number[], rounds: number): void {
  const neighbours = neighboursOf(mesh.points.length, mesh.faces.flat());
  const soft = new Set([...webs, ...webs.flatMap((v) => neighbours[v]!)]);
  for (let round = 0; round < rounds; round++) {
    const before = [...mesh.points];
    for (const i of soft) {
      const around = neighbours[i]!;
      const sum = around.reduce<Vec3>((total, j) => add(total, before[j]!), [0, 0, 0]);
      mesh.points[i] = mix(before[i]!, scale(sum, 1 / around.length), 0.5);
    }
  }
}

/** Builds the rest mesh; deterministic, some tens of milliseconds. */
export function buildRestMesh(): RestMesh {
  const { mesh, wrist, tips, webs } = buildTopology();
  const fixed = new Set([...wrist, ...tips]);
  relax(mesh, SKIN, fixed, 8);
  splitLongestEdges(mesh, VERTEX_COUNT, SKIN);
  relax(mesh, SKIN, fixed, 6);
  softenWebs(mesh, webs, 4);
  if (mesh.points.length !== VERTEX_COUNT || mesh.faces.length !== FACE_COUNT) {
    throw new Error(`procedural hand has ${mesh.points.length} vertices and ${mesh.faces.length} faces`);
  }
  const vertices = new Float64Array(VERTEX_COUNT * 3);
  mesh.points.forEach((point, i) => setPoint(vertices, i, point));
  const faces = Int32Array.from(mesh.faces.flat());
  if (enclosedVolume(vertices, faces) < 0) {
    for (let f = 0; f < faces.length; f += 3) {
      [faces[f + 1], faces[f + 2]] = [faces[f + 2]!, faces[f + 1]!];
    }
  }
  return { vertices, faces, parts: Int8Array.from(mesh.parts), tips };
}
