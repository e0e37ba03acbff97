/** What the figures are held against. A missed target is printed, never an error: machines differ. */
import type { EndToEndFigure } from './end-to-end.js';
import type { MetricFigures } from './metrics.js';
import type { ParseFigure } from './parse.js';

/**
 * FreiHAND's own `eval.py` (3,960 samples), measured once by this project's
 * maintainers on another machine; not measured again here: it needs Python 2.7
 * and a 2019 Open3D.
 */
export const OFFICIAL_FREIHAND = { seconds: 84, peak_bytes: 1.6e9 } as const;

export type Verdict =
  | 'goal met'
  | 'met'
  | 'not met'
  /** Measured at another size than the target is about. */
  | 'not judged';

export interface Judgement {
  readonly target: string;
  readonly wanted: string;
  readonly measured: string;
  readonly verdict: Verdict;
}

export interface Figures {
  readonly parse?: readonly ParseFigure[];
  readonly metrics?: MetricFigures;
  readonly endToEnd: readonly EndToEndFigure[];
}

const SPEED_UP = { target: 30, goal: 60 } as const;
const HO3D_SECONDS = 25;
const PEAK_BYTES = 500e6;
const PARSE_MB_PER_SECOND = 200;
const ALIGNED_PER_SECOND = { target: 5000, goal: 10_000 } as const;

export function judge({ parse, metrics, endToEnd }: Figures): Judgement[] {
  return [
    ...endToEnd.flatMap(judgeRun),
    ...(parse ?? []).map((figure) => ({
      target: `parsing on one core, ${figure.name}`,
      wanted: `≥ ${PARSE_MB_PER_SECOND} MB/s`,
      measured: `${Math.round(figure.mb_per_second)} MB/s`,
      verdict: verdict(figure.mb_per_second >= PARSE_MB_PER_SECOND),
    })),
    ...(metrics === undefined ? [] : [judgeAlignedSet(metrics)]),
  ];
}

export function speedUp(figure: EndToEndFigure): number {
  return OFFICIAL_FREIHAND.seconds / figure.wall_seconds;
}

function judgeRun(figure: EndToEndFigure): Judgement[] {
  const time =
    figure.title === 'FreiHAND'
      ? {
          target: 'FreiHAND against the official script',
          wanted: `≥ ${SPEED_UP.target}×, goal ${SPEED_UP.goal}×`,
          measured: `${speedUp(figure).toFixed(0)}×`,
          verdict: verdict(speedUp(figure) >= SPEED_UP.target, speedUp(figure) >= SPEED_UP.goal),
        }
      : {
          target: `${figure.title} end to end`,
          wanted: `< ${HO3D_SECONDS} s`,
          measured: `${figure.wall_seconds.toFixed(1)} s`,
          verdict: verdict(figure.wall_seconds < HO3D_SECONDS),
        };
  const memory = {
    target: `${figure.title} peak memory`,
    wanted: `< ${PEAK_BYTES / 1e6} MB`,
    measured: `${Math.round(figure.peak_bytes / 1e6)} MB`,
    verdict: verdict(figure.peak_bytes < PEAK_BYTES),
  };
  return [time, memory].map((judgement) =>
    figure.full_size ? judgement : { ...judgement, measured: 'other size', verdict: 'not judged' },
  );
}

function judgeAlignedSet({ alignedSet }: MetricFigures): Judgement {
  const speed = alignedSet.samples_per_second;
  return {
    target: 'metrics on one core, aligned set',
    wanted: `≥ ${ALIGNED_PER_SECOND.target}/s, goal ${ALIGNED_PER_SECOND.goal}/s`,
    measured: `${Math.round(speed)}/s`,
    verdict: verdict(speed >= ALIGNED_PER_SECOND.target, speed >= ALIGNED_PER_SECOND.goal),
  };
}

export function verdict(met: boolean, goal = false): Verdict {
  return goal ? 'goal met' : met ? 'met' : 'not met';
}
