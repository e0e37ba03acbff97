/** Building and evening out triangle meshes; nothing here knows that the mesh is a hand. */
import {
  type Vec3,
  add,
  addScaled,
  cross,
  dot,
  mix,
  norm,
  pointAt,
  scale,
  subtract,
} from '../../hand/vectors.js';

/** The smooth surface that a mesh is laid on. */
export interface Surface {
  /** Outward unit normal at a point near the surface. */
  readonly normal: (point: Vec3) => Vec3;
  /** The surface's point nearest to one near it. */
  readonly project: (point: Vec3) => Vec3;
}

/** A mesh while it grows: points, the part each was made for, and faces as vertex ids. */
export class MeshBuilder {
  readonly points: Vec3[] = [];
  readonly parts: number[] = [];
  faces: [number, number, number][] = [];

  vertex(point: Vec3, part: number): number {
    this.points.push(point);
    this.parts.push(part);
    return this.points.length - 1;
  }

  /**
   * Triangles between two closed loops running the same way round, with any
   * numbers of vertices: always the step whose next angle comes first.
   */
  zip(lower: readonly number[], upper: readonly number[], angleOf: (vertex: number) => number): void {
    const lowerAngles = unwrapped(lower.map(angleOf));
    const upperAngles = unwrapped(upper.map(angleOf), lowerAngles[0]);
    let i = 0;
    let j = 0;
    while (i < lower.length || j < upper.length) {
      const a = lower[i % lower.length]!;
      const b = upper[j % upper.length]!;
      const nextLower = midAngle(lowerAngles, i);
      const nextUpper = midAngle(upperAngles, j);
      if (j >= upper.length || (i < lower.length && nextLower <= nextUpper)) {
        this.faces.push([a, lower[(i + 1) % lower.length]!, b]);
        i++;
      } else {
        this.faces.push([a, upper[(j + 1) % upper.length]!, b]);
        j++;
      }
    }
  }

  /** Triangle pairs between two loops of equal length with matching vertices; `skip` leaves a quad out. */
  strip(lower: readonly number[], upper: readonly number[], skip?: (column: number) => boolean): void {
    for (let i = 0; i < lower.length; i++) {
      if (skip?.(i) === true) continue;
      const next = (i + 1) % lower.length;
      const [a, b, c, d] = [lower[i]!, lower[next]!, upper[next]!, upper[i]!];
      this.faces.push([a, b, c], [a, c, d]);
    }
  }
}

/** Angles of a loop, made increasing by whole turns, starting within half a turn of `near`. */
function unwrapped(angles: readonly number[], near?: number): number[] {
  const turn = 2 * Math.PI;
  const result: number[] = [];
  let previous = near;
  for (const angle of angles) {
    let value = angle;
    if (previous !== undefined) value += Math.round((previous - value) / turn) * turn;
    result.push(value);
    previous = value;
  }
  result.push(result[0]! + turn);
  return result;
}

/** The angle halfway along edge `edge` of a loop; past the last edge nothing comes first. */
function midAngle(angles: readonly number[], edge: number): number {
  return edge + 1 < angles.length ? (angles[edge]! + angles[edge + 1]!) / 2 : Infinity;
}

/** The angle of a point about `centre`, growing from the direction `first` towards `second`. */
export function angleAbout(centre: Vec3, first: Vec3, second: Vec3): (point: Vec3) => number {
  return (point) => {
    const offset = subtract(point, centre);
    return Math.atan2(dot(offset, second), dot(offset, first));
  };
}

/** Drops vertices no face uses (inside a hole) and renumbers the rest, `lists` included. */
export function withoutLooseVertices(mesh: MeshBuilder, lists: number[][]): MeshBuilder {
  const used = new Set(mesh.faces.flat());
  const renumbered = new Map<number, number>();
  const result = new MeshBuilder();
  mesh.points.forEach((point, i) => {
    if (used.has(i)) renumbered.set(i, result.vertex(point, mesh.parts[i]!));
  });
  const next = (i: number): number => renumbered.get(i)!;
  result.faces = mesh.faces.map(([a, b, c]) => [next(a), next(b), next(c)]);
  for (const list of lists) list.forEach((vertex, i) => (list[i] = next(vertex)));
  return result;
}

/** Splits the longest inner edge at its middle until the mesh has `vertexCount` vertices. */
export function splitLongestEdges(mesh: MeshBuilder, vertexCount: number, surface: Surface): void {
  while (mesh.points.length < vertexCount) {
    let longest = { length: 0, a: 0, b: 0 };
    for (const face of mesh.faces) {
      for (let k = 0; k < 3; k++) {
        const [a, b] = [face[k]!, face[(k + 1) % 3]!];
        const length = norm(subtract(mesh.points[a]!, mesh.points[b]!));
        const inner = mesh.faces.some((other) => hasEdge(other, b, a));
        if (inner && length > longest.length) longest = { length, a, b };
      }
    }
    const { a, b } = longest;
    const middle = mesh.vertex(
      surface.project(mix(mesh.points[a]!, mesh.points[b]!, 0.5)),
      mesh.parts[a] === mesh.parts[b] ? mesh.parts[a]! : -1,
    );
    mesh.faces = mesh.faces.flatMap((face): [number, number, number][] => {
      const [from, to] = hasEdge(face, a, b) ? [a, b] : hasEdge(face, b, a) ? [b, a] : [-1, -1];
      if (from < 0) return [face];
      const opposite = face.find((v) => v !== a && v !== b)!;
      return [
        [from, middle, opposite],
        [middle, to, opposite],
      ];
    });
  }
}

function hasEdge(face: readonly number[], a: number, b: number): boolean {
  return face.some((vertex, k) => vertex === a && face[(k + 1) % 3] === b);
}

/** For each vertex the vertices it shares an edge with. */
export function neighboursOf(vertexCount: number, faces: ArrayLike<number>): number[][] {
  const sets = Array.from({ length: vertexCount }, () => new Set<number>());
  for (let f = 0; f < faces.length; f += 3) {
    for (let k = 0; k < 3; k++) {
      const [a, b] = [faces[f + k]!, faces[f + ((k + 1) % 3)]!];
      sets[a]!.add(b);
      sets[b]!.add(a);
    }
  }
  return sets.map((set) => [...set]);
}

/** Evens out the vertices along the surface: tangential smoothing, then projection; `fixed` ones stay. */
export function relax(mesh: MeshBuilder, surface: Surface, fixed: ReadonlySet<number>, rounds: number): void {
  const neighbours = neighboursOf(mesh.points.length, mesh.faces.flat());
  for (let round = 0; round < rounds; round++) {
    const before = [...mesh.points];
    before.forEach((point, i) => {
      if (fixed.has(i)) return;
      const around = neighbours[i]!;
      const sum = around.reduce<Vec3>((total, j) => add(total, before[j]!), [0, 0, 0]);
      const pull = subtract(scale(sum, 1 / around.length), point);
      const normal = surface.normal(point);
      const tangential = subtract(pull, scale(normal, dot(pull, normal)));
      mesh.points[i] = surface.project(addScaled(point, tangential, 0.5));
    });
  }
}

/**
 * Signed volume in cubic metres between the surface and its centroid, positive
 * when faces run counter-clockwise seen from outside. The open wrist is as if
 * capped by a cone to the centroid.
 */
export function enclosedVolume(vertices: ArrayLike<number>, faces: ArrayLike<number>): number {
  const count = vertices.length / 3;
  let centre: Vec3 = [0, 0, 0];
  for (let i = 0; i < count; i++) centre = addScaled(centre, pointAt(vertices, i), 1 / count);
  let volume = 0;
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => subtract(pointAt(vertices, faces[f + k]!), centre));
    volume += dot(a!, cross(b!, c!)) / 6;
  }
  return volume;
}
