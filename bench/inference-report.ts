/** The pipeline's figures as data (inference.json) and as a page for people (inference.md, and the terminal). */
import { INPUT_SIZE, VIT } from './inference-models.js';
import {
  BATCH_SIZE,
  PHOTOGRAPH_SIDE,
  SWEEP,
  type InferenceFigures,
  type PipelineFigure,
} from './inference.js';
import type { Machine, Versions } from './machine.js';
import { markdownTable, type Column } from './markdown-table.js';
import { BENCHMARK_SCHEMA, header } from './report.js';
import { verdict, type Judgement } from './targets.js';

export interface InferenceReport {
  readonly schema: typeof BENCHMARK_SCHEMA;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly targets: readonly Judgement[];
  readonly inference: InferenceFigures;
}

/** Share of a bare session's rate that has to be left behind the pipeline. */
const KEPT = 0.97;
/** Crops a second from JPEGs of 224 × 224 px on two cores, with a model that does nothing. */
const IDLE_PER_SECOND = { target: 450, goal: 700 } as const;
/** The same with 95 crops a photograph. */
const SWEPT_PER_SECOND = 1200;

export function inferenceReport(
  machine: Machine,
  versions: Versions,
  inference: InferenceFigures,
): InferenceReport {
  return {
    schema: BENCHMARK_SCHEMA,
    date: new Date().toISOString(),
    machine,
    versions,
    targets: judge(inference),
    inference,
  };
}

function judge(figures: InferenceFigures): Judgement[] {
  const { kept, idle, sweep } = figures;
  const judgements: Judgement[] = [
    {
      target: 'rate behind the pipeline, of a bare `session.run` loop',
      wanted: `≥ ${KEPT * 100} %`,
      measured: percent(kept),
      verdict: verdict(kept >= KEPT),
    },
    {
      target: 'decode and crop, one crop a photograph',
      wanted: `≥ ${IDLE_PER_SECOND.target}/s, goal ${IDLE_PER_SECOND.goal}/s`,
      measured: perSecond(idle),
      verdict: verdict(
        idle.crops_per_second >= IDLE_PER_SECOND.target,
        idle.crops_per_second >= IDLE_PER_SECOND.goal,
      ),
    },
    {
      target: `decode and crop, ${SWEEP.length} crops a photograph`,
      wanted: `≥ ${SWEPT_PER_SECOND.toLocaleString('en')}/s`,
      measured: perSecond(sweep),
      verdict: verdict(sweep.crops_per_second >= SWEPT_PER_SECOND),
    },
  ];
  return judgements.map((judgement) =>
    figures.full_size ? judgement : { ...judgement, measured: 'other size', verdict: 'not judged' },
  );
}

export function inferenceMarkdown(report: InferenceReport): string {
  const { inference, targets } = report;
  const { vit, idle, sweep } = inference;
  const rows = targets.map(({ target, wanted, measured, verdict: judged }) => [
    target,
    wanted,
    measured,
    judged,
  ]);
  return `${[
    '# Speed of the inference pipeline',
    header(report),
    '## Targets',
    markdownTable([left('what'), left('wanted'), right('measured'), left('')], rows),
    '## Rates',
    markdownTable(
      [
        left('model'),
        left('crops'),
        right('rate'),
        right('processor a crop'),
        right('session idle'),
        right('decode'),
        right('crop'),
      ],
      [
        [
          'transformer, bare loop',
          `${vit.crops}`,
          `${inference.bare_crops_per_second.toFixed(2)}/s`,
          '',
          '',
          '',
          '',
        ],
        pipelineRow('transformer', vit),
        pipelineRow('none', idle),
        pipelineRow(`none, ${SWEEP.length} crops a photograph`, sweep),
      ],
    ),
    method(inference),
  ].join('\n\n')}\n`;
}

function pipelineRow(model: string, figure: PipelineFigure): string[] {
  const { crops, timings, processor_ms_per_crop } = figure;
  const { waitMs, runMs, decodeMs, cropMs, images } = timings;
  return [
    model,
    `${crops}`,
    perSecond(figure),
    `${processor_ms_per_crop.toFixed(2)} ms`,
    percent(waitMs / (waitMs + runMs)),
    `${(decodeMs / images).toFixed(2)} ms`,
    `${(cropMs / crops).toFixed(2)} ms`,
  ];
}

function method(figures: InferenceFigures): string {
  const { layers, width, heads } = VIT;
  const [height, columns] = INPUT_SIZE;
  const { workers, intra_op_threads, repetitions, jpeg_bytes } = figures;
  return `## How it is measured

${repetitions === 1 ? 'One run each' : `The fastest of ${repetitions} runs each, taken in turns`}. Batches of ${BATCH_SIZE}, float32, ${height} × ${columns} px; at most ${workers} crop threads,
${intra_op_threads} threads inside the session. Photographs are JPEGs of ${PHOTOGRAPH_SIDE} × ${PHOTOGRAPH_SIDE} px of seeded noise with a photograph's
detail, ${(jpeg_bytes / 1000).toFixed(1)} kB on average, just written and so read from memory. The transformer has ${layers} layers of width ${width} with ${heads} heads and
seeded weights. The bare loop runs it on the main thread with ONNX Runtime's defaults, on batches that lie
ready, half of it before the pipeline and half after it; the first figure is the median of the repetitions' own
ratios (${figures.kept_each.map((ratio) => `${(100 * ratio).toFixed(1)} %`).join(', ')}). The model that does nothing returns a corner of its input: what is left is reading, decoding,
cropping, normalising and handing over. Rates count from the first photograph to the last result, the start
of the crop threads included. Decode and crop are the time a photograph and a crop take in their threads,
which share the cores with the session.`;
}

function perSecond({ crops_per_second }: PipelineFigure): string {
  return crops_per_second < 100
    ? `${crops_per_second.toFixed(2)}/s`
    : `${Math.round(crops_per_second).toLocaleString('en')}/s`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function left(title: string): Column {
  return { title, align: 'left' };
}

function right(title: string): Column {
  return { title, align: 'right' };
}
