/** One sample: the photograph with its keypoints, and the hands in 3D. */
import { r, RUN_COLOURS } from './chart.js';
import { markup, type Markup } from './markup.js';
import type { ErrorMeasure, Photograph, ReportSample } from './report-data.js';
import { BONES } from './skeleton.js';

export interface CardContext {
  /** Unique in the page; ids and names of controls begin with it. */
  readonly key: string;
  readonly runs: readonly string[];
  readonly error: ErrorMeasure;
  /** Whether the page has the scene under `key`. */
  readonly inSpace: boolean;
}

const SHOWN = [
  { value: 'both', label: 'both' },
  { value: 'truth', label: 'truth' },
  { value: 'prediction', label: 'prediction' },
  { value: 'distance', label: 'distance' },
] as const;

const VIEWS = [
  { name: 'front', label: 'front' },
  { name: 'side', label: 'side' },
  { name: 'top', label: 'top' },
] as const;

export function sampleCard(sample: ReportSample, context: CardContext): Markup {
  const { key, inSpace } = context;
  return markup`<article
    class="sample"
    aria-labelledby="${key}-title"
    ${inSpace ? markup` data-scene="${key}"` : null}
  >
    <h4 id="${key}-title">${sample.id}</h4>
    <p class="facts">${facts(sample, context).join(' · ')}</p>
    <div class="views">
      ${sample.photograph === null ? null : overlay(sample, sample.photograph, context)}
      ${inSpace ? turntable(sample) : null}
    </div>
    <div class="below">
      ${inSpace ? namedViews(sample, context) : null} ${controls(sample, context)}
    </div>
  </article>`;
}

/** An error as text, or that there is none. */
export function errorText(value: number | null, { unit }: ErrorMeasure): string {
  return value === null ? 'unscored' : `${value.toFixed(unit === 'mm' ? 2 : 1)} ${unit}`;
}

function facts({ errors, facts: known }: ReportSample, { runs, error }: CardContext): string[] {
  const values =
    runs.length === 1
      ? [`${error.label} ${errorText(errors[0] ?? null, error)}`]
      : [
          `${error.label}: ${runs.map((name, run) => `${name} ${errorText(errors[run] ?? null, error)}`).join(', ')}`,
        ];
  return [...values, ...known];
}

/** The photograph, the true keypoints and those of each run; one run's at a time. */
function overlay(sample: ReportSample, { dataUrl, side }: Photograph, { runs }: CardContext): Markup {
  const { trueKeypoints, predictedKeypoints } = sample;
  const what = [
    ...(trueKeypoints === null ? [] : ['true']),
    ...(predictedKeypoints.some((points) => points !== null) ? ['predicted'] : []),
  ].join(' and ');
  const subject = dataUrl === null ? 'Keypoints without the photograph' : 'The photograph';
  return markup`<svg
    class="photograph${dataUrl === null ? ' blank' : ''}"
    viewBox="0 0 ${r(side)} ${r(side)}"
    role="img"
    aria-label="${subject} of ${sample.id}${what === '' ? '' : ` with ${what} keypoints`}"
  >
    ${dataUrl === null ? null : markup`<image href="${dataUrl}" width="${r(side)}" height="${r(side)}" />`}
    ${trueKeypoints === null ? null : markup`<g class="truth">${skeleton(trueKeypoints, side)}</g>`}
    ${predictedKeypoints.map((points, run) =>
      points === null
        ? null
        : markup`<g class="run-${run % RUN_COLOURS}${run > 0 ? ' hidden' : ''}" data-run="${run}"
            ><title>${runs[run]}</title>${skeleton(points, side)}</g
          >`,
    )}
  </svg>`;
}

/** Bones with a dark edge, so that they are seen on any photograph, then joints. */
function skeleton(points: Float64Array, side: number): Markup {
  const unit = side / 100;
  const at = (joint: number): [number, number] | null => {
    const [x, y] = [points[joint * 2]!, points[joint * 2 + 1]!];
    return Number.isFinite(x + y) ? [r(x), r(y)] : null;
  };
  const bones = BONES.flatMap(([from, to]) => {
    const [a, b] = [at(from), at(to)];
    return a === null || b === null ? [] : [`M${a.join(' ')}L${b.join(' ')}`];
  }).join('');
  return markup`<path class="edge" stroke-width="${r(1.5 * unit)}" d="${bones}" /><path
      class="bones"
      stroke-width="${r(0.75 * unit)}"
      d="${bones}"
    />
    ${Array.from({ length: points.length / 2 }, (_, joint) => {
      const place = at(joint);
      return place === null
        ? null
        : markup`<circle
            class="point"
            cx="${place[0]}"
            cy="${place[1]}"
            r="${r(1.05 * unit)}"
            stroke-width="${r(0.3 * unit)}"
          />`;
    })}`;
}

function turntable({ id }: ReportSample): Markup {
  return markup`<canvas
    class="turn"
    width="300"
    height="300"
    tabindex="0"
    role="img"
    aria-label="True and predicted hand of ${id} in 3D"
    aria-describedby="turn-help"
  ></canvas>`;
}

function namedViews({ id }: ReportSample, { key }: CardContext): Markup {
  return markup`<div class="three" role="group" aria-label="Views of ${id}">
      ${VIEWS.map(
        ({ name, label }) =>
          markup`<button type="button" data-view="${name}" aria-describedby="${key}-title">
            <canvas width="110" height="110" aria-hidden="true"></canvas>${label}
          </button>`,
      )}
    </div>`;
}

function controls({ scene }: ReportSample, { key, runs, inSpace }: CardContext): Markup | null {
  const predictions = scene?.predictions.filter((hand) => hand !== null) ?? [];
  const truth = scene?.truth ?? null;
  const both = truth !== null && predictions.length > 0;
  const isMeasured = both && truth.vertices !== null && predictions.some(({ vertices }) => vertices !== null);
  const shown = inSpace && both ? SHOWN.filter(({ value }) => value !== 'distance' || isMeasured) : [];
  if (shown.length === 0 && runs.length < 2) return null;
  return markup`<div class="controls">
    ${
      runs.length < 2
        ? null
        : choice(
            `${key}-run`,
            'run',
            'Run',
            runs.map((label, run) => ({ value: String(run), label, swatch: run })),
          )
    }
    ${shown.length === 0 ? null : choice(`${key}-shown`, 'shown', 'In 3D', shown)}
  </div>`;
}

interface Choice {
  readonly value: string;
  readonly label: string;
  /** A run, for its colour. */
  readonly swatch?: number;
}

function choice(name: string, role: string, title: string, choices: readonly Choice[]): Markup {
  return markup`<fieldset>
    <legend>${title}</legend>
    ${choices.map(
      ({ value, label, swatch }, index) =>
        markup`<label
          ><input
            type="radio"
            name="${name}"
            data-role="${role}"
            value="${value}"
            ${index === 0 ? markup` checked` : null}
          />${swatch === undefined ? null : markup`<span class="spot run-${swatch % RUN_COLOURS}"></span>`}${label}</label
        >`,
    )}
  </fieldset>`;
}
