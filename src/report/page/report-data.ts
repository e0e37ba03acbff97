/**
 * What a report shows, as plain data: gathered by the evaluation service, drawn by the page.
 * Lengths in 3D are metres in axes of a viewer (x right, y up, z towards the reader) unless a name says otherwise.
 */
import type { Measure } from '../../metrics/index.js';
import type { MetricsDocument } from '../../runs/metrics-document.js';

export interface ReportData {
  readonly title: string;
  readonly dataset: { readonly id: string; readonly title: string; readonly split: string };
  readonly measure: Measure;
  readonly program: string;
  /** ISO 8601. */
  readonly made: string;
  /** What samples are ordered by and drawn against. */
  readonly error: ErrorMeasure;
  /** What that error is, where its name does not say so: a sentence, or empty. */
  readonly errorMeaning: string;
  /** One at least; all of one dataset and split. */
  readonly runs: readonly ReportRun[];
  /** In what the runs' protocols differ, in words; empty where they are alike. */
  readonly protocolDifferences: readonly string[];
  /** Published results around these; `null` where none are known. */
  readonly neighbours: PublishedNeighbours | null;
  readonly factors: readonly Factor[];
  readonly groups: readonly SampleGroup[];
  /** The worst samples, at most a hundred. */
  readonly worst: readonly WorstSample[];
  /** Three vertex ids a triangle; `null`: meshes are drawn as points. */
  readonly faces: Uint32Array | null;
  /** What is left out and why, one sentence each without a final full stop. */
  readonly missing: readonly string[];
  /** How the keypoints over the photographs were had, for their caption. */
  readonly overlay: string;
}

export interface ReportRun {
  /** Unique in the report. */
  readonly name: string;
  readonly folder: string;
  readonly document: MetricsDocument;
  readonly provenance: readonly ProvenanceEntry[];
  /** One a sample; the first is the report's error. */
  readonly distributions: readonly Distribution[];
  readonly perJoint: readonly JointRow[];
  readonly curves: readonly Curve[];
}

/** A quantity of one sample: smaller is better. */
export interface ErrorMeasure {
  readonly label: string;
  readonly unit: 'mm' | '%';
}

export interface Distribution extends ErrorMeasure {
  /** The value of each scored sample. */
  readonly values: Float64Array;
}

export interface ProvenanceEntry {
  readonly label: string;
  readonly value: string;
}

export interface JointRow {
  /** The joint's name in hand/joints.ts. */
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

export interface Curve {
  /** The curve's name in pck_curves.csv. */
  readonly name: string;
  /** mm, or shares of the box. */
  readonly thresholds: readonly number[];
  /** Shares, 0 … 1. */
  readonly pck: readonly number[];
}

export interface PublishedNeighbours {
  /** What the rows are of and where they come from. */
  readonly caption: string;
  readonly columns: readonly string[];
  /** Ranked ones first, the best at the top, then runs without a rank; `run` is the index of one of the report's runs, `null` for a published row. */
  readonly rows: readonly {
    readonly name: string;
    readonly source: string;
    readonly run: number | null;
    readonly cells: readonly string[];
  }[];
}

/** The error against something the dataset knows of its samples. */
export interface Factor {
  readonly title: string;
  readonly caption: string;
  readonly bins: readonly FactorBin[];
}

export interface FactorBin {
  readonly label: string;
  /** One a run. */
  readonly spreads: readonly (Spread | null)[];
}

/** How a quantity is spread over samples. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Quantiles at 5, 25, 50, 75 and 95 %. */
  readonly quantiles: readonly [number, number, number, number, number];
}

export interface SampleGroup {
  readonly key: 'worst' | 'median' | 'best';
  readonly samples: readonly ReportSample[];
}

export interface ReportSample {
  readonly id: string;
  /** Of the metric the samples are ordered by, one a run; `null` where unscored. */
  readonly errors: readonly (number | null)[];
  /** What else is known, in few words. */
  readonly facts: readonly string[];
  readonly photograph: Photograph | null;
  /** 21×2 in the photograph's own coordinates, or `null`; NaN where a joint has none. OpenPose order. */
  readonly trueKeypoints: Float64Array | null;
  readonly predictedKeypoints: readonly (Float64Array | null)[];
  /** `null` where nothing in 3D is known. */
  readonly scene: Scene | null;
}

/** A square piece of a photograph. */
export interface Photograph {
  /** `null` where photographs are left out; the coordinates hold all the same. */
  readonly dataUrl: string | null;
  /** px; keypoints are in 0 … side. */
  readonly side: number;
}

/** Hands in one place. */
export interface Scene {
  readonly truth: HandShape | null;
  /** Aligned to the truth, one a run. */
  readonly predictions: readonly (HandShape | null)[];
}

/** A hand as a mesh or, where there is none, as joints. */
export interface HandShape {
  /** N×3, metres. */
  readonly vertices: Float64Array | null;
  /** 21×3, metres, OpenPose order. */
  readonly joints: Float64Array | null;
}

export interface WorstSample {
  readonly id: string;
  readonly errors: readonly (number | null)[];
}
