/** The camera axes of 3D points. Both have x to the right; y and z have other signs. */
export const AXES_IDS = ['opencv', 'opengl'] as const;

export type Axes = (typeof AXES_IDS)[number];

interface AxesConvention {
  readonly name: string;
  readonly directions: string;
  /** The sign of z before the camera. */
  readonly forward: 1 | -1;
}

export const AXES: Readonly<Record<Axes, AxesConvention>> = {
  opencv: { name: 'OpenCV', directions: 'y down, z forward', forward: 1 },
  opengl: { name: 'OpenGL', directions: 'y up, z backward', forward: -1 },
};

/** Turns N×3 points of one of the axes into the other, in place. */
export function flipAxes(points: Float64Array): Float64Array {
  for (let k = 0; k < points.length; k += 3) {
    points[k + 1] = -points[k + 1]!;
    points[k + 2] = -points[k + 2]!;
  }
  return points;
}

/** N×3 points with left and right exchanged. */
export function mirrored(points: ArrayLike<number>): Float64Array {
  return Float64Array.from(points, (value, k) => (k % 3 === 0 ? -value : value));
}

/** N×3 points in the axes `to`; themselves where that changes nothing. */
export function inAxes(points: Float64Array, from: Axes, to: Axes): Float64Array {
  return from === to ? points : flipAxes(points.slice());
}
