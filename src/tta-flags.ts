/** The flags of test-time augmentation, and what they ask for. */
import { Flags } from '@oclif/core';
import { EXIT, UserError } from './errors.js';
import type { KeptTta, SweepTta } from './evaluation/task.js';
import { FUSION_KINDS, type FusionKind } from './tta/fusion.js';
import { parseRotations, parseScales, SWEEP_PRESETS, type Sweep } from './tta/sweep.js';

const GROUP = 'TEST-TIME AUGMENTATION';

export const TTA_FLAGS = {
  tta: Flags.option({ options: ['none', 'graphormer'] as const })({
    helpGroup: GROUP,
    summary:
      'Test-time augmentation; graphormer is 19 rotations by 5 scales, 95 passes. The un-augmented figures always stand beside.',
  }),
  rotations: Flags.string({
    helpGroup: GROUP,
    summary: 'Rotations of a sweep of your own, degrees: --rotations=-90:90:10 or a list.',
    helpValue: 'FROM:TO:STEP',
  }),
  scales: Flags.string({
    helpGroup: GROUP,
    summary: 'Scales of a sweep of your own: 0.7:1.1:0.1 or a list.',
    helpValue: 'FROM:TO:STEP',
  }),
  'tta-fusion': Flags.option({ options: FUSION_KINDS, multiple: true })({
    helpGroup: GROUP,
    summary:
      'How the passes are fused; may be given several times [default: aligned-mean]. With --predictions RUN_DIR the passes kept there are fused again.',
  }),
  'keep-passes': Flags.boolean({
    helpGroup: GROUP,
    summary: 'Keep every pass as a prediction set, for its own figures and for other fusions later.',
  }),
};

/** The flag by which `compare` is told which fusion of a run to compare. */
export const COMPARED_FUSION = Flags.option({
  options: ['none', ...FUSION_KINDS] as const,
  multiple: true,
  multipleNonGreedy: true,
})({
  summary:
    'Compare the figures of a fusion of test-time augmentation: once for all runs, or once for each in their order [default: none].',
});

interface TtaFlagValues {
  readonly tta?: 'none' | 'graphormer' | undefined;
  readonly rotations?: string | undefined;
  readonly scales?: string | undefined;
  readonly 'tta-fusion'?: readonly FusionKind[] | undefined;
  readonly 'keep-passes': boolean;
}

const KEPT_PASSES = '--tta-fusion alone fuses the passes that a run directory has kept';

/**
 * The sweep a checkpoint is run through.
 *
 * @returns undefined where no augmentation is asked for.
 * @throws UserError where flags contradict each other.
 */
export function sweepRequest(flags: TtaFlagValues): SweepTta | undefined {
  const fusions = fusionsOf(flags);
  const sweep = sweepOf(flags);
  if (sweep === null) {
    if (fusions.length === 0 && !flags['keep-passes']) return undefined;
    throw noSweep(flags, 'add --tta graphormer, or --rotations and --scales');
  }
  requireOneSweep(flags);
  return {
    sweep,
    fusions: fusions.length === 0 ? ['aligned-mean'] : fusions,
    // Only scoring sees the ground truth, and it needs every pass.
    keepPasses: flags['keep-passes'] || fusions.includes('mean-error'),
  };
}

/**
 * How the passes that a run directory has kept are fused again.
 *
 * @returns undefined where that is not asked for.
 * @throws UserError where flags contradict each other, or ask for what needs a checkpoint.
 */
export function keptPassesRequest(flags: TtaFlagValues): KeptTta | undefined {
  const fusions = fusionsOf(flags);
  const keepPasses = flags['keep-passes'];
  if (sweepOf(flags) === null) {
    if (fusions.length === 0 && !keepPasses) return undefined;
    if (keepPasses || flags.tta === 'none') throw noSweep(flags, `leave it out; ${KEPT_PASSES}`);
    return { sweep: null, fusions, keepPasses };
  }
  requireOneSweep(flags);
  throw contradiction('A sweep needs a model to run', '--predictions', `leave the sweep out; ${KEPT_PASSES}`);
}

/** In one order, since the order asked for decides nothing: the same fusions are the same run. */
function fusionsOf(flags: TtaFlagValues): FusionKind[] {
  return FUSION_KINDS.filter((kind) => flags['tta-fusion']?.includes(kind));
}

function noSweep({ tta, 'keep-passes': keepPasses }: TtaFlagValues, next: string): UserError {
  const flag = keepPasses ? '--keep-passes' : '--tta-fusion';
  return contradiction(
    keepPasses ? 'There is no sweep to keep' : 'There is no sweep to fuse',
    tta === 'none' ? `--tta none and ${flag}` : `${flag} without a sweep`,
    next,
  );
}

function requireOneSweep({ tta, rotations, scales }: TtaFlagValues): void {
  if (tta === undefined || (rotations === undefined && scales === undefined)) return;
  throw contradiction(
    'The sweep is named twice',
    `--tta ${tta} and ${rotations === undefined ? '--scales' : '--rotations'}`,
    'give --tta graphormer alone, or --rotations and --scales alone',
  );
}

function sweepOf({ tta, rotations, scales }: TtaFlagValues): Sweep | null {
  if (rotations !== undefined || scales !== undefined) {
    return {
      rotations: rotations === undefined ? [0] : parseRotations(rotations),
      scales: scales === undefined ? [1] : parseScales(scales),
    };
  }
  return tta === undefined || tta === 'none' ? null : SWEEP_PRESETS[tta];
}

function contradiction(message: string, got: string, next: string): UserError {
  return new UserError({ code: 'tta-flags', message, got, next, exitCode: EXIT.usage });
}
