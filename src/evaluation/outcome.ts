/** What `run` prints at its end: the table, or that there was nothing to score; and where everything is. */
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { grouped, printable } from '../text/text.js';
import { metricsTable } from './result-text.js';

/** A finished run as the services return it. */
export interface Outcome {
  readonly run: RunDirectory;
  readonly title: string;
  /** What was measured: a checkpoint or a prediction file, as the user named it. */
  readonly subject: string;
  /** `null`: predicted only, because there is no ground truth. */
  readonly document: MetricsDocument | null;
  /** Samples whose prediction failed. */
  readonly unpredicted: number;
  /** The folder already held the result of this very run. */
  readonly reused: boolean;
}

export interface OutcomeTextOptions {
  readonly colour: boolean;
  /** How to have it run again. */
  readonly again: string;
}

export function outcomeText(outcome: Outcome, options: OutcomeTextOptions): string {
  const { run, document } = outcome;
  const lines: string[] = [];
  if (document === null) {
    const count = Object.values(run.manifest.predictions ?? {})[0]?.shape[0] ?? 0;
    const failed =
      outcome.unpredicted === 0 ? '' : `; ${grouped(outcome.unpredicted)} of them failed (see run.json)`;
    const { shard } = run.manifest.configuration;
    lines.push(
      `Predicted ${grouped(count)} samples${failed}.`,
      shard === undefined
        ? 'There is no ground truth in the folder, so nothing was scored.'
        : `That is shard ${shard}: hamba-eval merge SHARD… --out DIR scores all of them.`,
    );
  } else {
    lines.push(
      metricsTable(document, { title: outcome.title, subject: outcome.subject, colour: options.colour }),
    );
  }
  lines.push('', `run directory  ${printable(run.path)}`);
  if (outcome.reused)
    lines.push(`               finished earlier with the same configuration; ${options.again}`);
  return `\n${lines.join('\n')}\n`;
}

/** Whether a sample has no score, or no fused one: the exit code says so. */
export function isIncomplete({ document, unpredicted }: Outcome): boolean {
  if (document === null) return unpredicted > 0;
  const sets = [document.coverage, ...Object.values(document.tta_coverage ?? {})];
  return sets.some(({ unscored }) => unscored > 0);
}

/** The one JSON document of `--json`. */
export function outcomeJson(outcome: Outcome): unknown {
  const { run, document } = outcome;
  return {
    run: run.path,
    reused: outcome.reused,
    ...(document ?? {
      state: run.manifest.state,
      dataset: run.manifest.dataset,
      predictions: run.manifest.predictions,
    }),
  };
}
