/** The registry of metrics, and what follows from their records. A metric that is not in these lists is nowhere. */

import type { Alignment, HandMetric, KeypointMetric, MetricDefinition } from './metric-definition.js';
import { OFFICIAL_HAND_METRICS, OFFICIAL_KEYPOINT_METRICS } from './official-metrics.js';

/** In the order of metrics.json, where the proper twins stand last. A new metric of hands is a line here. */
const HANDS = [...OFFICIAL_HAND_METRICS] as const satisfies readonly HandMetric[];

/** In the order of metrics.json. A new subset and threshold of PCK is a line here. */
const KEYPOINTS = [...OFFICIAL_KEYPOINT_METRICS] as const satisfies readonly KeypointMetric[];

type HandKey = (typeof HANDS)[number]['key'];
type Proper = Extract<(typeof HANDS)[number], { readonly alignment: 'similarity-proper' }>;

export type ProperMetricKey = Proper['key'];
export type MetricKey = Exclude<HandKey, ProperMetricKey>;
export type KeypointMetricKey = (typeof KEYPOINTS)[number]['key'];

export const HAND_METRICS: readonly (HandMetric & { readonly key: HandKey })[] = HANDS;
export const KEYPOINT_METRICS: readonly (KeypointMetric & { readonly key: KeypointMetricKey })[] = KEYPOINTS;

export const METRICS: readonly MetricDefinition[] = [...HAND_METRICS, ...KEYPOINT_METRICS];

function handKeys(isProper: boolean): HandKey[] {
  const found = HAND_METRICS.filter(({ alignment }) => (alignment === 'similarity-proper') === isProper);
  return found.map(({ key }) => key);
}

/** Keys of metrics.json, in its order. */
export const METRIC_KEYS = handKeys(false) as readonly MetricKey[];

/** The aligned metrics once more with det R = +1, whatever the protocol says. */
export const PROPER_METRIC_KEYS = handKeys(true) as readonly ProperMetricKey[];

/** Keys of metrics.json, in its order. */
export const KEYPOINT_METRIC_KEYS = KEYPOINT_METRICS.map(({ key }) => key);

const BY_KEY = new Map(METRICS.map((metric) => [metric.key, metric]));

/** Undefined for a key of another version's metrics.json, of which nothing is known: not even which way is better. */
export function findMetric(key: string): MetricDefinition | undefined {
  return BY_KEY.get(key);
}

/** @throws TypeError where no metric has the key. */
export function metricOf(key: string): MetricDefinition {
  const metric = BY_KEY.get(key);
  if (metric === undefined) throw new TypeError(`there is no metric ${key}`);
  return metric;
}

/** The key among these that names a result: the first headline, or the first of all; undefined where there is none. */
export function headlineOf(keys: readonly string[]): string | undefined {
  return METRICS.find(({ key, headline }) => headline === true && keys.includes(key))?.key ?? keys[0];
}

/** The same quantity under another alignment. */
export function underAlignment({ name }: MetricDefinition, alignment: Alignment): HandMetric | undefined {
  return HAND_METRICS.find((metric) => metric.name === name && metric.alignment === alignment);
}

/** How much worse a figure is that differs by `difference`; below 0 where it is better. Orders figures best first. */
export function worseBy({ better }: MetricDefinition, difference: number): number {
  return better === 'lower' ? difference : 0 - difference;
}
