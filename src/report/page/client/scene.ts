/**
 * Hands in 3D without a graphics card: points, triangles, and a picture of them by a depth buffer.
 * Arithmetic only, so that Node can test what the browser runs.
 *
 * Axes: x right, y up, z towards the viewer; millimetres. Pictures are RGBA, row-major, y down.
 */

/** A hand that can be drawn. */
export interface Mesh {
  /** N×3, millimetres. */
  readonly points: Float32Array;
  /** N×3, unit length; empty where there are no triangles. */
  readonly normals: Float32Array;
  /** Three ids a triangle; empty: drawn as points. */
  readonly faces: Uint16Array;
  /** N×3, 0 … 255, or one colour for all. */
  readonly colours: Float32Array;
  /** 0 … 1: how much of it covers what is behind it. */
  readonly opacity: number;
}

/** Turns about the vertical, then about the horizontal; radians. */
export interface View {
  readonly yaw: number;
  readonly pitch: number;
  /** px a millimetre. */
  readonly scale: number;
}

/** What the camera sees, what is seen from the hand's left of the picture, and from above it. */
export const NAMED_VIEWS = {
  front: { yaw: 0, pitch: 0 },
  side: { yaw: Math.PI / 2, pitch: 0 },
  top: { yaw: 0, pitch: Math.PI / 2 },
} as const;

/** Coordinates from base64 of int16 steps. */
export function unpackPoints(text: string, step: number): Float32Array {
  const bytes = bytesOf(text);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, k) => view.getInt16(k * 2, true) * step);
}

export function unpackFaces(text: string): Uint16Array {
  const bytes = bytesOf(text);
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, k) => view.getUint16(k * 2, true));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** 3×3, row-major. */
export function rotationOf({ yaw, pitch }: Pick<View, 'yaw' | 'pitch'>): Float64Array {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return Float64Array.of(cy, 0, sy, sp * sy, cp, -sp * cy, -cp * sy, sp, cp * cy);
}

export function turned(points: Float32Array, rotation: Float64Array): Float32Array {
  const out = new Float32Array(points.length);
  for (let k = 0; k < points.length; k += 3) {
    for (let row = 0; row < 3; row++) {
      out[k + row] =
        rotation[row * 3]! * points[k]! +
        rotation[row * 3 + 1]! * points[k + 1]! +
        rotation[row * 3 + 2]! * points[k + 2]!;
    }
  }
  return out;
}

/** Normals of the vertices: of the triangles around them, weighted by area. */
export function normalsOf(points: Float32Array, faces: Uint16Array): Float32Array {
  const normals = new Float32Array(points.length);
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [faces[f]! * 3, faces[f + 1]! * 3, faces[f + 2]! * 3];
    const [ux, uy, uz] = [
      points[b]! - points[a]!,
      points[b + 1]! - points[a + 1]!,
      points[b + 2]! - points[a + 2]!,
    ];
    const [vx, vy, vz] = [
      points[c]! - points[a]!,
      points[c + 1]! - points[a + 1]!,
      points[c + 2]! - points[a + 2]!,
    ];
    const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    for (const vertex of [a, b, c])
      for (let axis = 0; axis < 3; axis++) normals[vertex + axis]! += normal[axis]!;
  }
  for (let k = 0; k < normals.length; k += 3) {
    const length = Math.hypot(normals[k]!, normals[k + 1]!, normals[k + 2]!) || 1;
    for (let axis = 0; axis < 3; axis++) normals[k + axis]! /= length;
  }
  return normals;
}

/** How far each point of one hand lies from the same of another, millimetres. */
export function distances(a: Float32Array, b: Float32Array): Float32Array {
  return Float32Array.from({ length: a.length / 3 }, (_, k) =>
    Math.hypot(a[k * 3]! - b[k * 3]!, a[k * 3 + 1]! - b[k * 3 + 1]!, a[k * 3 + 2]! - b[k * 3 + 2]!),
  );
}

/** A square picture in the making. */
export interface Picture {
  readonly size: number;
  /** size × size × 4, not premultiplied. */
  readonly pixels: Uint8ClampedArray;
}

/** One mesh alone: colours and depths of its nearest surface. */
interface Layer {
  readonly depth: Float32Array;
  readonly colour: Float32Array;
}

/** Light that falls on a surface seen edge-on; the rest comes from the viewer. */
const AMBIENT = 0.38;
/** px: half the side of the square that stands for a point. */
const POINT_REACH = 1;

/**
 * Draws meshes over each other: nearer surfaces cover farther ones, as far as they are opaque.
 * The last mesh wins where two are equally near.
 */
export function drawMeshes(meshes: readonly Mesh[], view: View, size: number): Picture {
  const rotation = rotationOf(view);
  const layers = meshes.map((mesh) => drawLayer(mesh, rotation, view.scale, size));
  const pixels = new Uint8ClampedArray(size * size * 4);
  // Layers at a pixel, farthest first.
  const order = new Uint8Array(layers.length);
  for (let pixel = 0; pixel < size * size; pixel++) {
    const seen = sortByDepth(layers, pixel, order);
    if (seen === 0) continue;
    let [red, green, blue, alpha] = [0, 0, 0, 0];
    for (let k = 0; k < seen; k++) {
      // 'Over' of Porter and Duff (SIGGRAPH 1984), premultiplied.
      const { colour } = layers[order[k]!]!;
      const { opacity } = meshes[order[k]!]!;
      red = colour[pixel * 3]! * opacity + red * (1 - opacity);
      green = colour[pixel * 3 + 1]! * opacity + green * (1 - opacity);
      blue = colour[pixel * 3 + 2]! * opacity + blue * (1 - opacity);
      alpha = opacity + alpha * (1 - opacity);
    }
    pixels[pixel * 4] = red / alpha;
    pixels[pixel * 4 + 1] = green / alpha;
    pixels[pixel * 4 + 2] = blue / alpha;
    pixels[pixel * 4 + 3] = alpha * 255;
  }
  return { size, pixels };
}

/** Writes the layers that cover a pixel to `order`, farthest first, and says how many there are. */
function sortByDepth(layers: readonly Layer[], pixel: number, order: Uint8Array): number {
  let seen = 0;
  layers.forEach(({ depth }, layer) => {
    const z = depth[pixel]!;
    if (z === -Infinity) return;
    let at = seen;
    while (at > 0 && layers[order[at - 1]!]!.depth[pixel]! > z) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = layer;
    seen++;
  });
  return seen;
}

function drawLayer(mesh: Mesh, rotation: Float64Array, scale: number, size: number): Layer {
  const points = turned(mesh.points, rotation);
  const layer: Layer = {
    depth: new Float32Array(size * size).fill(-Infinity),
    colour: new Float32Array(size * size * 3),
  };
  for (let k = 0; k < points.length; k += 3) {
    points[k] = size / 2 + points[k]! * scale;
    points[k + 1] = size / 2 - points[k + 1]! * scale;
  }
  if (mesh.faces.length === 0) {
    drawPoints(mesh, points, size, layer);
    return layer;
  }
  const shades = Float32Array.from({ length: mesh.points.length / 3 }, (_, vertex) => {
    const k = vertex * 3;
    const facing =
      rotation[6]! * mesh.normals[k]! +
      rotation[7]! * mesh.normals[k + 1]! +
      rotation[8]! * mesh.normals[k + 2]!;
    // Both sides are lit: a mesh whose triangles run the other way round must not go dark.
    return AMBIENT + (1 - AMBIENT) * Math.abs(facing);
  });
  for (let f = 0; f < mesh.faces.length; f += 3) {
    drawTriangle(mesh, points, shades, [mesh.faces[f]!, mesh.faces[f + 1]!, mesh.faces[f + 2]!], size, layer);
  }
  return layer;
}

function vertexColour({ colours }: Mesh, vertex: number, channel: number): number {
  return colours[colours.length === 3 ? channel : vertex * 3 + channel]!;
}

function drawPoints(mesh: Mesh, points: Float32Array, size: number, { depth, colour }: Layer): void {
  for (let vertex = 0; vertex < points.length / 3; vertex++) {
    const column = Math.round(points[vertex * 3]!);
    const row = Math.round(points[vertex * 3 + 1]!);
    const z = points[vertex * 3 + 2]!;
    for (let y = row - POINT_REACH; y <= row + POINT_REACH; y++) {
      for (let x = column - POINT_REACH; x <= column + POINT_REACH; x++) {
        if (x < 0 || y < 0 || x >= size || y >= size || z <= depth[y * size + x]!) continue;
        depth[y * size + x] = z;
        for (let channel = 0; channel < 3; channel++)
          colour[(y * size + x) * 3 + channel] = vertexColour(mesh, vertex, channel);
      }
    }
  }
}

/** The pixels whose middles lie in the triangle, by barycentric coordinates (Pineda, SIGGRAPH 1988). */
function drawTriangle(
  mesh: Mesh,
  points: Float32Array,
  shades: Float32Array,
  [a, b, c]: readonly [number, number, number],
  size: number,
  { depth, colour }: Layer,
): void {
  const [ax, ay, az] = [points[a * 3]!, points[a * 3 + 1]!, points[a * 3 + 2]!];
  const [bx, by, bz] = [points[b * 3]!, points[b * 3 + 1]!, points[b * 3 + 2]!];
  const [cx, cy, cz] = [points[c * 3]!, points[c * 3 + 1]!, points[c * 3 + 2]!];
  const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (area === 0) return;
  const left = Math.max(0, Math.floor(Math.min(ax, bx, cx)));
  const right = Math.min(size - 1, Math.ceil(Math.max(ax, bx, cx)));
  const top = Math.max(0, Math.floor(Math.min(ay, by, cy)));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(ay, by, cy)));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const wb = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) / area;
      const wc = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / area;
      const wa = 1 - wb - wc;
      if (wa < 0 || wb < 0 || wc < 0) continue;
      const pixel = y * size + x;
      const z = wa * az + wb * bz + wc * cz;
      if (z <= depth[pixel]!) continue;
      depth[pixel] = z;
      const shade = wa * shades[a]! + wb * shades[b]! + wc * shades[c]!;
      for (let channel = 0; channel < 3; channel++) {
        colour[pixel * 3 + channel] =
          shade *
          (wa * vertexColour(mesh, a, channel) +
            wb * vertexColour(mesh, b, channel) +
            wc * vertexColour(mesh, c, channel));
      }
    }
  }
}
