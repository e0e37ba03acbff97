/** Where the time of a prediction went. */

/** Milliseconds by stage, added up; stages overlap, so they do not add up to the whole. */
export interface StageTimings {
  /** Reading and decoding photographs, summed over those in flight side by side. */
  decodeMs: number;
  /** Cropping and normalising, summed over the threads. */
  cropMs: number;
  /** The session stood idle between two batches: it waited for crops, or nobody took its results. */
  waitMs: number;
  /** Time inside the session. */
  runMs: number;
  /** Storing what was predicted; whoever stores it adds to it. */
  writeMs: number;
  /** Photographs decoded. */
  images: number;
  /** Crops predicted: one an image, or one for each of its passes. */
  crops: number;
  batches: number;
  /** Photographs without their end marker, all of whose pixels are there. */
  unended?: string[];
}

export function noTimings(): StageTimings {
  return { decodeMs: 0, cropMs: 0, waitMs: 0, runMs: 0, writeMs: 0, images: 0, crops: 0, batches: 0 };
}

/**
 * One line: `130 images in 10.2 s, 12.7/s (decode 690/s, crop 1,520/s, session 13.1/s, write 9,000/s;
 * session idle 2 %), peak memory 310 MB`. A stage's rate is that of one thread doing nothing else; with
 * several passes, crops and session are counted in crops.
 *
 * @param wallMs     from the first photograph to the last result.
 * @param peakBytes  the largest resident size of the process, as `peakMemory` gives it.
 */
export function describeTimings(timings: StageTimings, wallMs: number, peakBytes: number): string {
  const { images, crops } = timings;
  const stages = [
    stage('decode', images, timings.decodeMs),
    stage('crop', crops, timings.cropMs),
    stage('session', crops, timings.runMs),
    stage('write', crops, timings.writeMs),
  ].filter((text) => text !== null);
  const busy = timings.runMs + timings.waitMs;
  const idle = busy > 0 ? [`session idle ${((100 * timings.waitMs) / busy).toFixed(0)} %`] : [];
  const details = [...(stages.length > 0 ? [stages.join(', ')] : []), ...idle].join('; ');
  const counted =
    crops === images ? `${count(images)} images` : `${count(images)} images, ${count(crops)} crops`;
  return [
    `${counted} in ${(wallMs / 1000).toFixed(1)} s`,
    ...(wallMs > 0 ? [`${rate(crops, wallMs)}/s${details === '' ? '' : ` (${details})`}`] : []),
    `peak memory ${count(Math.round(peakBytes / 1e6))} MB`,
  ].join(', ');
}

/** The largest resident size of this process so far, bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function stage(name: string, done: number, milliseconds: number): string | null {
  return done > 0 && milliseconds > 0 ? `${name} ${rate(done, milliseconds)}/s` : null;
}

function rate(done: number, milliseconds: number): string {
  const perSecond = (1000 * done) / milliseconds;
  return perSecond < 99.95 ? perSecond.toFixed(1) : count(Math.round(perSecond));
}

function count(value: number): string {
  return value.toLocaleString('en');
}
