/** Where the time of a prediction went. */

/** Milliseconds by stage, added up; stages overlap, so they do not add up to the whole. */
export interface StageTimings {
  /** Reading and decoding photographs, summed over those in flight side by side. */
  decodeMs: number;
  /** Cropping and normalising. */
  cropMs: number;
  /** The session stood idle between two batches: it waited for crops, or nobody took its results. */
  waitMs: number;
  /** In the session. */
  runMs: number;
  /** Samples predicted. */
  images: number;
  batches: number;
}

export function noTimings(): StageTimings {
  return { decodeMs: 0, cropMs: 0, waitMs: 0, runMs: 0, images: 0, batches: 0 };
}
