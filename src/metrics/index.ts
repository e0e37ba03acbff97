/**
 * `hamba-eval/metrics`: the metrics alone, for use in other programs. Pure
 * functions over N×3 point arrays in metres and N×2 keypoint arrays in px; no
 * file, no network, no output.
 *
 * Stable: what is exported here. docs/metrics.md says what each number means.
 */

export type { Points } from './points.js';
export {
  alignSimilarity,
  alignScaleTranslation,
  alignByOfficialTrafo,
  applySimilarity,
  type Reflection,
  type Similarity,
  type SimilarityAlignment,
} from './procrustes.js';
export { meanPositionError, positionErrors } from './position-error.js';
export { paMeanPositionError } from './pa-error.js';
export { fScores, F_SCORE_THRESHOLDS_MM, type FScores } from './f-score.js';
export {
  pckAuc,
  pckCurve,
  PckHistogram,
  OFFICIAL_AUC_THRESHOLDS_MM,
  type PckCurve,
  type PckHistogramJson,
  type ThresholdRangeMm,
} from './pck.js';
export {
  FREIHAND_PROTOCOL,
  HINT_EGO4D_PROTOCOL,
  HINT_NEWDAYS_PROTOCOL,
  HINT_VISOR_PROTOCOL,
  HO3D_V2_PROTOCOL,
  HO3D_V3_PROTOCOL,
  MEASURES,
  protocolDifferences,
  type AnyProtocol,
  type JointSource,
  type KeypointProtocol,
  type Measure,
  type Protocol,
  type ProtocolDifference,
} from './protocol.js';
export {
  findMetric,
  HAND_METRICS,
  headlineOf,
  KEYPOINT_METRIC_KEYS,
  KEYPOINT_METRICS,
  METRIC_KEYS,
  metricOf,
  METRICS,
  PROPER_METRIC_KEYS,
  underAlignment,
  worseBy,
  type KeypointMetricKey,
  type MetricKey,
  type ProperMetricKey,
} from './definitions.js';
export {
  ALIGNMENTS,
  type Alignment,
  type HandMetric,
  type KeypointMetric,
  type MetricDefinition,
  type ScoredHand,
} from './metric-definition.js';
export {
  evaluateSample,
  SampleEvaluator,
  type HandPoints,
  type JointErrors,
  type SampleInput,
  type SampleMetrics,
  type SampleResult,
  type ScoredSample,
  type ScoringStage,
  type Stopwatch,
  type UnscoredReason,
  type UnscoredSample,
  type VertexHistograms,
} from './sample.js';
export {
  ScoreAccumulator,
  type JointScore,
  type Metrics,
  type PckCurves,
  type ProperMetrics,
  type ScoreAccumulatorJson,
  type ScoreResult,
} from './score-accumulator.js';
export {
  keypointsOfHand,
  KEYPOINT_SUBSETS,
  SUBSET_NAMES,
  type HandKeypoints,
  type KeypointLabels,
  type KeypointSubset,
} from './keypoint-labels.js';
export {
  evaluateKeypoints,
  keypointTallies,
  KEYPOINT_CURVE_THRESHOLDS,
  type KeypointMetrics,
  type KeypointResult,
  type KeypointSample,
  type KeypointTally,
  type KeypointUnscoredReason,
  type ScoredKeypoints,
  type UnscoredKeypoints,
} from './keypoint-pck.js';
export {
  KeypointAccumulator,
  type KeypointAccumulatorJson,
  type KeypointCurve,
  type KeypointJointScore,
  type KeypointScoreResult,
} from './keypoint-accumulator.js';
export {
  officialPckData,
  officialScores,
  type OfficialKind,
  type OfficialPckData,
  type OfficialScores,
} from './official-scores.js';
