/**
 * The fusion by known geometry: each pass is turned back about the optical axis by the angle its crop was turned by,
 * then given the size and the place of the reference. That is one similarity for joints and vertices together, whose
 * rotation is known and not fitted, so the passes also vote on the orientation of the hand. The mean is over all
 * passes, the reference among them once.
 *
 *     p′ = ρ · Rz (p − a) + a_ref,   Rz = [[c, −s, 0], [s, c, 0], [0, 0, 1]],   ρ = rms‖q_ref − a_ref‖ / rms‖q − a‖
 *
 * with c, s of the crop's rotation, q the joints (the vertices where there are no joints) and a the root: the wrist,
 * or the centroid of the vertices. A positive rotation turns the content of a crop counter-clockwise; on points with
 * x right and y down Rz undoes it. Where the crop was of the flipped photograph (left hands) and the points have been
 * mirrored back, M Rz M = Rz⁻¹: the angle changes its sign.
 *
 * The size is the ratio of two root-mean-square radii, not a least-squares fit: that one would shrink a pass whose
 * orientation is off.
 */
import { centroid, type Vec3 } from '../hand/vectors.js';
import type { HandPoints, PointFusion } from './point-fusion.js';

/** Root-mean-square radius, metres, below which a hand is one point: a nanometre. */
const COLLAPSED = 1e-9;

/** Where a hand is and how large. */
interface Place {
  readonly root: Vec3;
  /** Root-mean-square distance from the root, metres. */
  readonly radius: number;
}

function placeOf({ joints, vertices }: HandPoints): Place {
  const points = joints ?? vertices!;
  const root: Vec3 = joints === undefined ? centroid(points) : [joints[0]!, joints[1]!, joints[2]!];
  let squared = 0;
  for (let k = 0; k < points.length; k += 3) {
    const x = points[k]! - root[0];
    const y = points[k + 1]! - root[1];
    const z = points[k + 2]! - root[2];
    squared += x * x + y * y + z * z;
  }
  return { root, radius: Math.sqrt((squared * 3) / points.length) };
}

/** Turns by `radians` about the root `from`, scales and puts the root onto `to`. */
function moved(points: Float64Array, radians: number, ratio: number, from: Vec3, to: Vec3): Float64Array {
  const c = Math.cos(radians) * ratio;
  const s = Math.sin(radians) * ratio;
  const out = new Float64Array(points.length);
  for (let k = 0; k < points.length; k += 3) {
    const x = points[k]! - from[0];
    const y = points[k + 1]! - from[1];
    const z = points[k + 2]! - from[2];
    out[k] = c * x - s * y + to[0];
    out[k + 1] = s * x + c * y + to[1];
    out[k + 2] = ratio * z + to[2];
  }
  return out;
}

export const derotatedMean: PointFusion = {
  extraReferences: 0,
  bring(points, reference, pass, mirrored) {
    if (points.joints === undefined && points.vertices === undefined) return {};
    const { root, radius } = placeOf(points);
    const target = placeOf(reference);
    if (radius < COLLAPSED) return 'all points coincide, so that they cannot be turned back';
    const radians = ((mirrored ? -1 : 1) * Math.PI * pass.rotationDegrees) / 180;
    const move = (values: Float64Array): Float64Array =>
      moved(values, radians, target.radius / radius, root, target.root);
    return {
      ...(points.joints === undefined ? {} : { joints: move(points.joints) }),
      ...(points.vertices === undefined ? {} : { vertices: move(points.vertices) }),
    };
  },
};
