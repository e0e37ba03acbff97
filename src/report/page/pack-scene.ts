/**
 * Hands as the page's script takes them: relative to the truth's middle, in sixteen bits a
 * coordinate (a step is a few micrometres), base64. client/scene.ts unpacks them.
 */
import type { HandShape, Scene } from './report-data.js';

export interface PackedHand {
  /** base64 of int16, little-endian, N×3, in steps. */
  readonly vertices?: string;
  readonly joints?: string;
}

export interface PackedScene {
  /** Millimetres. */
  readonly step: number;
  /** Millimetres around the middle that hold everything. */
  readonly radius: number;
  readonly truth: PackedHand | null;
  readonly predictions: readonly (PackedHand | null)[];
}

const LARGEST = 32_767;

export function packScene({ truth, predictions }: Scene): PackedScene | null {
  const shapes = [truth, ...predictions].filter((shape) => shape !== null);
  const reference = shapes[0];
  if (reference === undefined) return null;
  const middle = middleOf(reference.vertices ?? reference.joints ?? new Float64Array(3));
  let reach = 0;
  let radius = 0;
  for (const points of shapes.flatMap((shape) => [shape.vertices, shape.joints])) {
    if (points === null) continue;
    for (let k = 0; k < points.length; k += 3) {
      const [x, y, z] = [points[k]! - middle[0]!, points[k + 1]! - middle[1]!, points[k + 2]! - middle[2]!];
      if (!Number.isFinite(x + y + z)) return null;
      reach = Math.max(reach, Math.abs(x), Math.abs(y), Math.abs(z));
      radius = Math.max(radius, Math.hypot(x, y, z));
    }
  }
  const step = reach > 0 ? reach / LARGEST : 1;
  const pack = (shape: HandShape | null): PackedHand | null => {
    if (shape === null) return null;
    return {
      ...(shape.vertices === null ? {} : { vertices: packPoints(shape.vertices, middle, step) }),
      ...(shape.joints === null ? {} : { joints: packPoints(shape.joints, middle, step) }),
    };
  };
  return { step: step * 1000, radius: radius * 1000, truth: pack(truth), predictions: predictions.map(pack) };
}

function middleOf(points: Float64Array): Float64Array {
  const low = new Float64Array(3).fill(Infinity);
  const high = new Float64Array(3).fill(-Infinity);
  points.forEach((value, k) => {
    low[k % 3] = Math.min(low[k % 3]!, value);
    high[k % 3] = Math.max(high[k % 3]!, value);
  });
  return low.map((value, axis) => (value + high[axis]!) / 2);
}

function packPoints(points: Float64Array, middle: Float64Array, step: number): string {
  const bytes = Buffer.alloc(points.length * 2);
  points.forEach((value, k) => bytes.writeInt16LE(Math.round((value - middle[k % 3]!) / step), k * 2));
  return bytes.toString('base64');
}

/** Vertex ids as base64 of uint16, little-endian; `null` where one is too large for that. */
export function packFaces(faces: Uint32Array): string | null {
  if (faces.some((id) => id > 65_535)) return null;
  const bytes = Buffer.alloc(faces.length * 2);
  faces.forEach((id, k) => bytes.writeUInt16LE(id, k * 2));
  return bytes.toString('base64');
}
