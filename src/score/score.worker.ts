/** One scoring thread: a batch of hands in, its per-sample metrics out, and its sums at the end of each set. */
import { JOINT_COUNT } from '../hand/joints.js';
import { SampleEvaluator, ScoreAccumulator, type Protocol, type SampleResult } from '../metrics/index.js';
import { serve, startData } from '../workers/worker-service.js';
import type { SampleRow, ScoreJob, ScoreService, ThreadTotals, Wanted } from './score-pool.js';
import { StageWatch } from './stage-watch.js';

const protocol = startData<Protocol>();
const watch = new StageWatch();
const evaluator = new SampleEvaluator(protocol, watch);

/** Of every sample this thread has seen of the set: sums are exact, so it does not matter which thread saw which. */
let accumulator = new ScoreAccumulator(protocol);

serve<ScoreService>({ score: scoreBatch, totals: takeTotals });

function takeTotals(): ThreadTotals {
  const totals = { accumulator: accumulator.toJson(), milliseconds: watch.take() };
  accumulator = new ScoreAccumulator(protocol);
  return totals;
}

function scoreBatch(job: ScoreJob, wanted: Wanted): SampleRow[] {
  const rows: SampleRow[] = [];
  for (let index = 0; index < job.count; index++) {
    const result = evaluator.evaluate({
      prediction: {
        joints: rowOf(job.predictedJoints, index, JOINT_COUNT),
        vertices: rowOf(job.predictedVertices, index, job.predictedVertexCount),
      },
      groundTruth: {
        joints: rowOf(job.trueJoints, index, JOINT_COUNT),
        vertices: rowOf(job.trueVertices, index, job.trueVertexCount),
      },
    });
    const isWhole = wanted === 'everything' || wanted === 'each-joint';
    accumulator.add(isWhole ? result : metricsAlone(result));
    if (wanted === 'metrics') continue;
    rows.push(
      result.state === 'unscored'
        ? { state: 'unscored', code: result.reason, reason: result.message }
        : {
            state: 'scored',
            metrics: result.metrics,
            jointsReflected: result.joints_reflected,
            verticesReflected: result.vertices_reflected,
            ...(wanted === 'each-joint' ? { jointErrors: result.jointErrors } : {}),
          },
    );
  }
  return rows;
}

/** The metrics of a sample of a pass or a fusion, for which nobody asks for joints and curves. */
function metricsAlone(result: SampleResult): SampleResult {
  return result.state === 'unscored' ? result : { state: 'scored', metrics: result.metrics };
}

function rowOf(values: Float64Array | null, index: number, points: number): Float64Array | undefined {
  return values?.subarray(index * points * 3, (index + 1) * points * 3);
}
