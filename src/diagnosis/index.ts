/** Diagnosis before and after the numbers: findings with their remedy. Prints nothing. */
export type { Finding } from './finding.js';
export type { SampleProbe } from './probe.js';
export { diagnoseSamples, SAMPLE_FINDING_CODES, type SampleFindingCode } from './samples.js';
export {
  diagnoseResult,
  RESULT_FINDING_CODES,
  type ResultFindingCode,
  type ResultSummary,
} from './result.js';
