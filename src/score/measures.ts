/** The kinds of measure, by what a protocol calls them. */
import { availableParallelism } from 'node:os';
import type { AnyProtocol, Measure } from '../metrics/index.js';
import { openHands } from './hands.js';
import { openKeypoints } from './keypoints.js';
import type { Measuring, MeasuringRequest } from './measuring.js';

type ProtocolOf<Kind extends Measure> = Extract<AnyProtocol, { readonly measure: Kind }>;

const MEASURES: {
  readonly [Kind in Measure]: (request: MeasuringRequest<ProtocolOf<Kind>>) => Promise<Measuring>;
} = {
  'hands-3d': openHands,
  'keypoints-2d': openKeypoints,
};

/** Opens the ground truth of a folder as its protocol measures it. */
export function openMeasuring(request: MeasuringRequest): Promise<Measuring> {
  // The table pairs each protocol with its kind; the compiler loses that at the look-up.
  const open = MEASURES[request.protocol.measure] as (request: MeasuringRequest) => Promise<Measuring>;
  return open({ ...request, workers: usefulThreads(request) });
}

/** Beyond one a core threads score no faster; some more are left to who knows his machine better than it does. */
const MOST_A_CORE = 4;

function usefulThreads({ workers, progress }: MeasuringRequest): number {
  const cores = availableParallelism();
  const most = MOST_A_CORE * cores;
  if (workers <= most) return workers;
  progress.note(`--workers ${workers} is brought down to ${most}: this machine has ${cores} processor cores`);
  return most;
}
