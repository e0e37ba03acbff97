/**
 * `report.markup`: everything in one file that asks nobody for anything. The policy in its head
 * names the one script and the one style by their digests, so nothing else could run or be fetched.
 */
import { headlineOf } from '../../metrics/index.js';
import { isPartial, type MetricsDocument } from '../../runs/metrics-document.js';
import { CONFIDENCE_LEVEL } from '../../statistics/confidence-level.js';
import { formatMetric, metricLabel, withUnit } from '../../text/metric-text.js';
import { measureText } from '../../text/measure-text.js';
import { grouped } from '../../text/text.js';
import { legend, panels } from './chart.js';
import { curvesChart, distributionChart, factorChart, type NamedCurve } from './figures.js';
import { handFigure, rampLegend } from './hand-figure.js';
import { markup, Markup, NOTHING, policyHash, scriptData } from './markup.js';
import { packFaces, packScene, type PackedScene } from './pack-scene.js';
import { roundEnd } from './ramp.js';
import type { ErrorMeasure, ReportData, ReportRun, SampleGroup } from './report-data.js';
import { sampleCard } from './sample-card.js';
import { BONES } from './skeleton.js';
import { STYLE } from './style.js';
import { headlineTable, jointTable, neighboursTable, provenanceTable, worstTable } from './tables.js';

/** mm: where the colours of the distance between two meshes end; F@15 counts what lies within. */
const FARTHEST_MM = 15;

/** The whole page. @param script of client-script.ts */
export function reportPage(data: ReportData, script: string): string {
  const scenes = packScenes(data.groups);
  const all = sections(data, scenes);
  const body = [
    head(data, all),
    markup`<main id="content" tabindex="-1">
      ${all.map(({ id, title, content }) => {
        return markup`<section id="${id}">
          <h2>${title}</h2>
          ${content}
        </section>`;
      })}
    </main>`,
    markup`<footer>Made by ${data.program} on ${data.made.slice(0, 10)}. This page holds everything it shows and requests nothing.</footer>`,
    markup`<script type="application/json" id="report-data">
      ${scriptData({
        faces: data.faces === null ? null : packFaces(data.faces),
        bones: BONES,
        farthest: FARTHEST_MM,
        scenes: Object.fromEntries(scenes),
      })}
    </script>`,
  ];
  // A closing tag in either would end it early; both are this program's own.
  for (const own of [script, STYLE]) {
    if (/<\/(?:script|style)|<!--/i.test(own)) throw new Error('the script or style would end its element');
  }
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src ${policyHash(STYLE)}`,
    `script-src ${policyHash(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="${data.program}" />
        <title>${data.title}</title>
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        ${body}
        <script type="module">${new Markup(script)}</script>
      </body>
    </html> `.text;
}

/** Scenes by the key of their sample. */
function packScenes(groups: readonly SampleGroup[]): Map<string, PackedScene> {
  const packed = new Map<string, PackedScene>();
  for (const { key, samples } of groups) {
    samples.forEach(({ scene }, index) => {
      const packedScene = scene === null ? null : packScene(scene);
      if (packedScene !== null) packed.set(`${key}-${index}`, packedScene);
    });
  }
  return packed;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

function sections(data: ReportData, scenes: ReadonlyMap<string, PackedScene>): Section[] {
  const number = figureNumbers();
  const all: (Section | null)[] = [
    { id: 'result', title: 'Result', content: resultSection(data) },
    distributionSection(data, number),
    jointSection(data, number),
    factorSection(data, number),
    sampleSection(data, scenes),
    {
      id: 'provenance',
      title: 'Provenance',
      content: markup`<p>What was measured, with what and under which rules; run.json has the paths in full.</p>
        ${provenanceTable(data.runs)}`,
    },
  ];
  return all.filter((section) => section !== null);
}

function figureNumbers(): () => number {
  let last = 0;
  return () => ++last;
}

function head(data: ReportData, contents: readonly Section[]): Markup {
  const { runs, dataset, missing } = data;
  return markup`<header class="top">
    <p class="kicker">
      <span>${dataset.title} · ${dataset.split} · ${data.made.slice(0, 10)}</span
      ><button type="button" id="theme" hidden>Theme</button>
    </p>
    <h1>${data.title}</h1>
    ${runs.map((run) => markup`<p class="lead">${summary(run)}</p>`)}
    <nav aria-label="Contents">
      <ul>
        ${contents.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}
      </ul>
    </nav>
    ${
      missing.length === 0
        ? null
        : markup`<div class="note" role="note">
            <p>Left out of this page:</p>
            <ul>
              ${missing.map((sentence) => markup`<li>${sentence}</li>`)}
            </ul>
          </div>`
    }
  </header>`;
}

/** The first figure of the table and how sure it is, as a sentence. */
function summary({ name, document }: ReportRun): Markup {
  const { metrics, confidence, coverage } = document;
  const key = headlineOf(Object.keys(metrics));
  if (key === undefined) return markup`${name}: nothing was scored.`;
  const interval = confidence[key];
  const level = interval === undefined ? '' : `${Math.round(interval.level * 100)} % interval `;
  return markup`${name}: ${metricLabel(key)}
    <strong>${withUnit(key, formatMetric(key, metrics[key]!))}</strong
    >${interval === undefined ? null : markup` (${level}${formatMetric(key, interval.low)} – ${formatMetric(key, interval.high)})`}
    over
    ${isPartial(coverage) ? `${grouped(coverage.scored)} of ${grouped(coverage.benchmark)}` : `all ${grouped(coverage.benchmark)}`}
    samples.`;
}

function resultSection({ runs, neighbours, protocolDifferences }: ReportData): Markup {
  const notes = merged(runs.map(({ name, document }) => ({ name, notes: notesOf(document) })));
  const unlike = protocolDifferences.map(
    (difference) => `The runs were not scored under the same rules: ${difference}.`,
  );
  const all = [...unlike, ...notes];
  return markup`${all.length === 0 ? null : markup`<div class="note" role="note">${all.map((note) => markup`<p>${note}</p>`)}</div>`}
    ${headlineTable(runs)}
    <p class="caption">
      <b>Table 1.</b> Every metric of the runs. Small figures are ${100 * CONFIDENCE_LEVEL} % bootstrap intervals; ↓ smaller is
      better, ↑ greater is
      better.${runs.length > 1 ? ' Bold: the best of a row as printed, which is no test of significance.' : null}
    </p>
    ${neighbours === null ? null : neighboursTable(neighbours)}`;
}

/** What a reader of a result must know. */
function notesOf({ coverage, unscored, warnings }: MetricsDocument): string[] {
  const named = unscored.slice(0, 3).map(({ id, reason }) => `${id} (${reason})`);
  return [
    ...(isPartial(coverage)
      ? [
          `covers ${grouped(coverage.scored)} of the benchmark’s ${grouped(coverage.benchmark)} samples: not a benchmark number.`,
        ]
      : []),
    ...(unscored.length > 0
      ? [
          `${grouped(unscored.length)} samples are not scored: ${named.join(', ')}${unscored.length > named.length ? ', …' : '.'}`,
        ]
      : []),
    ...warnings.map(({ message, remedy }) => `${message}; ${remedy}.`),
  ];
}

/** What is said of several runs is said once. */
function merged(all: readonly { readonly name: string; readonly notes: readonly string[] }[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, notes } of all) {
    for (const note of notes) names.set(note, [...(names.get(note) ?? []), name]);
  }
  return [...names].map(([note, of]) => `${of.join(', ')}: ${note}`);
}

/** Names of the curves in pck_curves.csv, as the page shows them, in its order. */
const CURVE_TITLES: readonly (readonly [name: string, title: string])[] = [
  ['xyz_al', 'Joints, aligned'],
  ['mesh_al', 'Vertices, aligned'],
  ['xyz_sta', 'Joints, scale and translation'],
  ['xyz', 'Joints, as predicted'],
  ['mesh', 'Vertices, as predicted'],
  ['all', 'All keypoints'],
  ['vis', 'Visible keypoints'],
  ['occ', 'Occluded keypoints'],
];

function distributionSection(
  { runs, measure, errorMeaning }: ReportData,
  number: () => number,
): Section | null {
  const words = measureText(measure);
  const curves = CURVE_TITLES.flatMap(([name, title]) => {
    const named = runs.flatMap((run, index): NamedCurve[] => {
      const curve = run.curves.find((candidate) => candidate.name === name);
      return curve === undefined ? [] : [{ run: index, name: run.name, curve }];
    });
    return named.length === 0 ? [] : [curvesChart(title, words.threshold, named)];
  });
  const kinds = [...new Set(runs.flatMap(({ distributions }) => distributions.map(({ label }) => label)))];
  const histograms = kinds.map((label) => {
    const series = runs.flatMap(({ name, distributions }, run) => {
      const found = distributions.find((distribution) => distribution.label === label);
      return found === undefined ? [] : [{ run, name, values: found.values, unit: found.unit }];
    });
    return distributionChart({ label, unit: series[0]!.unit, values: series[0]!.values }, series);
  });
  if (curves.length + histograms.length === 0) return null;
  const key = legend(runs.map(({ name }) => name));
  return {
    id: 'distribution',
    title: 'Distribution',
    content: markup`${
      curves.length === 0
        ? null
        : markup`<figure>
            ${key}
            ${panels(curves)}
            <figcaption>
              <b>Figure ${number()}.</b> The share of ${words.points} whose error is at most the threshold. Further
              up and to the left is better; the area under a curve is its AUC.
            </figcaption>
          </figure>`
    }
    ${
      histograms.length === 0
        ? null
        : markup`<figure>
            ${curves.length === 0 ? key : null}
            ${panels(histograms)}
            <figcaption>
              <b>Figure ${number()}.</b> How the error is spread over samples, one value a sample. ${errorMeaning} The
              dashed upright is the median; the axis ends where 99.5 % of the samples lie to the left.
            </figcaption>
          </figure>`
    }`,
  };
}

/** The columns of per_joint.csv that are drawn: the first that a run has. */
const JOINT_MEASURES: readonly { readonly key: string; readonly error: ErrorMeasure }[] = [
  { key: 'pa_mpjpe_mm', error: { label: 'error after alignment', unit: 'mm' } },
  { key: 'mpjpe_mm', error: { label: 'error as predicted', unit: 'mm' } },
  { key: 'pck_0_05_all', error: { label: 'missed at 0.05', unit: '%' } },
];

function jointSection(data: ReportData, number: () => number): Section | null {
  const chosen = JOINT_MEASURES.find(({ key }) =>
    data.runs.some(({ perJoint }) => perJoint.some(({ values }) => values[key] !== undefined)),
  );
  if (chosen === undefined) return null;
  const { key, error } = chosen;
  const hands = data.runs.map(({ name, perJoint }) => ({
    title: data.runs.length > 1 ? name : error.label,
    names: perJoint.map((joint) => joint.name),
    values: perJoint.map(({ values }) => {
      const value = values[key];
      return value === undefined ? null : error.unit === '%' ? (1 - value) * 100 : value;
    }),
  }));
  const highest = roundEnd(Math.max(...hands.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const what =
    error.unit === 'mm'
      ? `The mean ${error.label} of each joint, in millimetres`
      : 'The share of samples in which a joint’s keypoint lies farther than 0.05 of the box’s longer side from its label, in percent';
  return {
    id: 'joints',
    title: 'Joints',
    content: markup`<figure>
        ${panels(hands.map((hand) => handFigure(hand, error, highest)))}
        ${rampLegend(error, highest)}
        <figcaption>
          <b>Figure ${number()}.</b> ${what}, on a right hand seen from its
          back${data.runs.length > 1 ? '; the same colours in every hand' : ''}.
        </figcaption>
      </figure>
      ${jointTable(data.runs, key)}`,
  };
}

function factorSection({ factors, runs, error }: ReportData, number: () => number): Section | null {
  if (factors.length === 0) return null;
  const names = runs.map(({ name }) => name);
  return {
    id: 'factors',
    title: 'Where it fails',
    content: markup`<figure>
      ${legend(names)}
      ${panels(factors.map((factor) => factorChart(factor, names, `${error.label}, ${error.unit}`)))}
      <figcaption>
        <b>Figure ${number()}.</b> ${error.label} against what the dataset knows of its samples. Dot: mean;
        bar: the middle half of the samples; line: from 5 % to 95 % of them.
        ${factors.map(({ caption }) => caption).join(' ')}
      </figcaption>
    </figure>`,
  };
}

const GROUP_TITLES: Readonly<Record<SampleGroup['key'], string>> = {
  worst: 'The worst',
  median: 'Around the median',
  best: 'The best',
};

function sampleSection(data: ReportData, scenes: ReadonlyMap<string, PackedScene>): Section | null {
  const { groups, runs, error, worst, overlay, faces } = data;
  if (groups.length === 0) return null;
  const names = runs.map(({ name }) => name);
  const order = runs.length > 1 ? `${error.label}, the mean of the runs` : error.label;
  const inSpace = scenes.size > 0;
  return {
    id: 'samples',
    title: 'Samples',
    content: markup`<p>
        Ordered by ${order}. ${overlay}
        ${
          inSpace
            ? markup`In 3D the true hand is grey and the prediction, aligned to it, has its run’s colour; where
                the two cross, the one in front is seen. <em>Distance</em> colours the predicted
                ${faces === null ? 'points' : 'surface'} by how far each vertex is from its true place, 0 to
                ${FARTHEST_MM} mm.`
            : null
        }
      </p>
      ${inSpace ? markup`<p id="turn-help">Drag to turn a hand. With the keyboard: arrow keys turn it, + and − change its size, Home shows it as the camera does. The small views show the front (as the camera sees it), the side (from the left of the front view) and the top; each turns the large one.</p>` : null}
      ${inSpace ? rampLegend({ label: 'distance', unit: 'mm' }, FARTHEST_MM) : null}
      ${inSpace ? markup`<noscript><p class="note">The hands in 3D are drawn by a script, which this reader does not run.</p></noscript>` : null}
      ${groups.map(
        ({ key, samples }) =>
          markup`<h3>${GROUP_TITLES[key]}</h3>
            <div class="samples-grid${inSpace ? null : ' flat'}">
              ${samples.map((sample, index) => {
                const name = `${key}-${index}`;
                return sampleCard(sample, { key: name, runs: names, error, inSpace: scenes.has(name) });
              })}
            </div>`,
      )}
      ${worst.length === 0 ? NOTHING : worstTable(worst, runs, error)}`,
  };
}
