/**
 * Relations that the numbers of one result must satisfy (docs/diagnosis.md).
 * Where one does not hold, either a few samples are very wrong or the numbers
 * do not belong together.
 */
import {
  HAND_METRICS,
  metricOf,
  OFFICIAL_AUC_THRESHOLDS_MM,
  underAlignment,
  type Alignment,
  type ThresholdRangeMm,
} from '../metrics/index.js';
import type { Finding } from './finding.js';

/** Codes of `diagnoseResult`, the gravest first: the order findings are returned in. */
export const RESULT_FINDING_CODES = [
  'value-out-of-range',
  'f-score-order',
  'auc-below-error',
  'aligned-above-raw',
  'perfect-result',
  'joints-mesh-disagree',
  'samples-reflected',
  'auc-above-error',
] as const;

export type ResultFindingCode = (typeof RESULT_FINDING_CODES)[number];

/** The final numbers of a run. */
export interface ResultSummary {
  /** Values by the keys of metrics.json, the `_proper` ones among them where known. */
  readonly metrics: Readonly<Record<string, number | undefined>>;
  /** Samples behind the metrics. */
  readonly scored: number;
  /** Samples whose best alignment is a reflection. */
  readonly reflected?: { readonly joints: number; readonly vertices: number };
  /** Range of the AUC; the official 0 to 50 mm in 100 steps when left out. */
  readonly aucThresholdsMm?: ThresholdRangeMm;
}

type Values = ResultSummary['metrics'];

/** Roundoff of a mean of thousands of values. */
const ROUNDOFF = 1e-9;
/**
 * AUC − (1 − error/50) is the mean of what errors pass 50 mm by, over 50 mm.
 * 0.02 is 1 mm a point. The published HO-3D rows with both numbers (Hamba paper,
 * Tables 2 and 3) lie between −0.005 and 0.004, rounding included.
 */
const AUC_EXCESS = 0.02;
/** Above this mean error, share of the range, errors past its end are ordinary. */
const AUC_SMALL_ERROR = 0.3;
/** Alignment minimises squares; the plain mean of a sample may still rise a little. */
const ALIGNED_SLACK = 1.1;
const ALIGNED_SLACK_MM = 0.1;
/** Prints as 0.0 mm; the best published models are at 5 to 6. */
const PERFECT_MM = 0.05;
/**
 * PA-MPJPE and PA-MPVPE of the methods in the Hamba paper's tables lie within 25 % of each other. Beyond
 * this ratio and difference the joints are in another order, or of another
 * convention, than the mesh (HandMesh#86: 25.2 mm beside 12.1 mm).
 */
const DISAGREE_RATIO = 1.8;
const DISAGREE_MM = 8;
/** Reflections count when they change the digit that is printed, and by 1 %. */
const REFLECTED_MM = 0.1;
const REFLECTED_RATIO = 0.01;
/** The share of mirrored fits that flat hands alone do not reach, for results without the proper figures. */
const REFLECTED_SHARE = 0.1;

/** The mean errors after alignment. */
const ALIGNED_ERRORS = ['pa_mpjpe_mm', 'pa_mpvpe_mm'] as const;
/** The alignments that put a hand where the true one is. */
const IN_PLACE: readonly Alignment[] = ['similarity', 'similarity-proper'];

/** The key of the same quantity under another alignment. */
function twin(key: string, alignment: Alignment): string {
  return underAlignment(metricOf(key), alignment)!.key;
}

function mm(value: number): string {
  return `${value.toFixed(1)} mm`;
}

function findOutOfRange(metrics: Values): Finding[] {
  return Object.entries(metrics).flatMap(([key, value]): Finding[] => {
    if (value === undefined) return [];
    const length = metricOf(key).unit === 'mm';
    const good = Number.isFinite(value) && value >= 0 && (length || value <= 1 + ROUNDOFF);
    if (good) return [];
    return [
      {
        code: 'value-out-of-range',
        message: `${key} is ${value}, but ${length ? 'a mean distance is 0 or more' : 'a share lies between 0 and 1'}`,
        remedy:
          'do not use this number: it was not computed by a scorer that works; score again and report a bug if it stays',
      },
    ];
  });
}

function findFScoreOrder(metrics: Values): Finding[] {
  return (['none', 'similarity', 'similarity-proper'] as const).flatMap((alignment): Finding[] => {
    const [f5, f15] = [twin('f5', alignment), twin('f15', alignment)];
    const [narrow, wide] = [metrics[f5], metrics[f15]];
    if (narrow === undefined || wide === undefined || narrow <= wide + ROUNDOFF) return [];
    return [
      {
        code: 'f-score-order',
        message: `${f5} ${narrow.toFixed(3)} is larger than ${f15} ${wide.toFixed(3)}, but what is within 5 mm is within 15 mm`,
        remedy: 'the two were exchanged or come from different runs; score again',
      },
    ];
  });
}

/**
 * One distance e adds (50 − e)/50 to the AUC up to half a step of the curve,
 * and 0 beyond 50 mm: AUC ≥ 1 − mean/50 always, equal while no error passes 50.
 */
function findAucMismatch(metrics: Values, range: ThresholdRangeMm): Finding[] {
  if (range.from !== 0) return [];
  const grid = 0.5 / (range.count - 1);
  return HAND_METRICS.flatMap(({ key: auc, aucOf: error, alignment }): Finding[] => {
    if (error === undefined) return [];
    const [share, distance] = [metrics[auc], metrics[error]];
    if (share === undefined || distance === undefined) return [];
    const expected = 1 - distance / range.to;
    if (share < expected - grid - ROUNDOFF) {
      return [
        {
          code: 'auc-below-error',
          message:
            `${auc} ${share.toFixed(3)} is lower than a mean error of ${mm(distance)} allows: ` +
            `over 0 to ${range.to} mm it is at least ${expected.toFixed(3)}`,
          remedy:
            'the two do not belong together (another threshold range, another set of samples); score again',
        },
      ];
    }
    const small = IN_PLACE.includes(alignment) && distance <= AUC_SMALL_ERROR * range.to;
    if (!small || share <= Math.max(0, expected) + AUC_EXCESS + grid) return [];
    const past = (share - expected) * range.to;
    return [
      {
        code: 'auc-above-error',
        message:
          `${auc} ${share.toFixed(3)} is higher than 1 − error/${range.to} = ${expected.toFixed(3)}: ` +
          `a few errors pass ${range.to} mm and make up ${mm(past)} of the ${mm(distance)} of ${error}`,
        remedy: 'look at the worst samples in per_sample.csv: a few of them decide the mean',
      },
    ];
  });
}

function findAlignedAboveRaw(metrics: Values): Finding[] {
  const others = [
    ['none', 'the unaligned'],
    ['similarity-proper', 'the properly rotated'],
  ] as const;
  const pairs = others.flatMap(([alignment, what]) =>
    ALIGNED_ERRORS.map((aligned) => ({ aligned, other: twin(aligned, alignment), what })),
  );
  return pairs.flatMap(({ aligned, other, what }): Finding[] => {
    const [a, b] = [metrics[aligned], metrics[other]];
    if (a === undefined || b === undefined || a <= ALIGNED_SLACK * b + ALIGNED_SLACK_MM) return [];
    return [
      {
        code: 'aligned-above-raw',
        message: `${aligned} ${mm(a)} is larger than ${what} ${other} ${mm(b)}, though alignment minimises the squared error`,
        remedy:
          'the two do not belong together, or a few points are very far off; look at the worst samples in per_sample.csv',
      },
    ];
  });
}

function findPerfect(metrics: Values): Finding[] {
  const unaligned = ALIGNED_ERRORS.map((key) => twin(key, 'none'));
  const keys = [...ALIGNED_ERRORS, ...unaligned].filter((key) => (metrics[key] ?? Infinity) < PERFECT_MM);
  if (keys.length === 0) return [];
  return [
    {
      code: 'perfect-result',
      message: `${keys.join(' and ')} ${keys.length === 1 ? 'is' : 'are'} 0.0 mm: the predictions are the ground truth itself`,
      remedy:
        'check what was given as predictions; the best published models are at 5 to 6 mm after alignment',
    },
  ];
}

function findDisagreement(metrics: Values): Finding[] {
  const [joints, mesh] = [metrics.pa_mpjpe_mm, metrics.pa_mpvpe_mm];
  if (joints === undefined || mesh === undefined) return [];
  const [less, more] = joints < mesh ? [joints, mesh] : [mesh, joints];
  if (more < DISAGREE_RATIO * less || more - less < DISAGREE_MM) return [];
  return [
    {
      code: 'joints-mesh-disagree',
      message: `joints are ${mm(joints)} off after alignment and the mesh ${mm(mesh)}; of one hand they lie within 25 % of each other`,
      remedy:
        joints > mesh
          ? 'check the order of the joints and the convention they follow'
          : 'check the topology and the order of the vertices',
    },
  ];
}

function findReflected({ metrics, scored, reflected }: ResultSummary): Finding[] {
  if (reflected === undefined || scored === 0) return [];
  const parts = [
    { name: 'joints', count: reflected.joints, key: 'pa_mpjpe_mm' },
    { name: 'vertices', count: reflected.vertices, key: 'pa_mpvpe_mm' },
  ] as const;
  const costs: string[] = [];
  const telling = parts.filter(({ count, key }) => {
    if (count === 0) return false;
    const [allowed, proper] = [metrics[key], metrics[twin(key, 'similarity-proper')]];
    if (allowed === undefined || proper === undefined) return count >= REFLECTED_SHARE * scored;
    const matters = proper - allowed >= Math.max(REFLECTED_MM, REFLECTED_RATIO * allowed);
    if (matters) costs.push(`${key} is ${mm(proper)} instead of ${mm(allowed)}`);
    return matters;
  });
  if (telling.length === 0) return [];
  const counts = telling.map(
    ({ name, count }) =>
      `the ${name} of ${count} of ${scored} samples (${((100 * count) / scored).toFixed(1)} %)`,
  );
  const cost = costs.length > 0 ? `; without reflection ${costs.join(' and ')}` : '';
  return [
    {
      code: 'samples-reflected',
      message: `${counts.join(' and ')} fit best as a mirrored hand, which the official alignment allows${cost}`,
      remedy:
        'check the handedness of these samples (per_sample.csv); quote the figures with a proper rotation beside the official ones',
    },
  ];
}

/**
 * Findings about the final numbers of a result, the gravest first; none for
 * any honest result. Keys that do not exist are passed over.
 */
export function diagnoseResult(summary: ResultSummary): Finding[] {
  const { metrics } = summary;
  const broken = findOutOfRange(metrics);
  // What follows would only say the same again.
  if (broken.length > 0 || summary.scored === 0) return broken;
  return [
    ...findFScoreOrder(metrics),
    ...findAucMismatch(metrics, summary.aucThresholdsMm ?? OFFICIAL_AUC_THRESHOLDS_MM),
    ...findAlignedAboveRaw(metrics),
    ...findPerfect(metrics),
    ...findDisagreement(metrics),
    ...findReflected(summary),
  ].sort(
    (a, b) =>
      RESULT_FINDING_CODES.indexOf(a.code as ResultFindingCode) -
      RESULT_FINDING_CODES.indexOf(b.code as ResultFindingCode),
  );
}
