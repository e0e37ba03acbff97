/** Diagnosis before and after the numbers: findings with their remedy. Prints nothing. */
export type { Finding } from './finding.js';
export { HandList } from './hand-list.js';
export { diagnoseKeypoints } from './keypoints/diagnose-keypoints.js';
export type { SampleProbe } from './probe.js';
export { diagnoseSamples } from './samples.js';
export { diagnoseResult } from './result.js';
