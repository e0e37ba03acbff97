/** The flags of test-time augmentation, and what they ask for. */
import { Flags } from '@oclif/core';
import { EXIT, UserError } from './errors.js';
import type { TtaRequest } from './evaluation/task.js';
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

/** Of `compare`. */
export const COMPARED_FUSION = Flags.option({
  options: ['none', ...FUSION_KINDS] as const,
  multiple: true,
  multipleNonGreedy: true,
})({
  summary:
    'Compare the figures of a fusion of test-time augmentation: once for all runs, or once for each in their order [default: none].',
});

interface TtaFlagValues {
  readonly model?: string | undefined;
  readonly tta?: 'none' | 'graphormer' | undefined;
  readonly rotations?: string | undefined;
  readonly scales?: string | undefined;
  readonly 'tta-fusion'?: readonly FusionKind[] | undefined;
  readonly 'keep-passes': boolean;
}

/**
 * @returns undefined where no augmentation is asked for.
 * @throws UserError where flags contradict each other.
 */
export function ttaRequest(flags: TtaFlagValues): TtaRequest | undefined {
  const { model, tta, rotations, scales } = flags;
  // In one order, since the order asked for decides nothing: the same fusions are the same run.
  const fusions = FUSION_KINDS.filter((kind) => flags['tta-fusion']?.includes(kind));
  const keepPasses = flags['keep-passes'];
  const sweep = sweepOf(flags);
  if (sweep === null) {
    if (fusions.length === 0 && !keepPasses) return undefined;
    if (model === undefined && !keepPasses && tta !== 'none') return { sweep: null, fusions, keepPasses };
    const flag = keepPasses ? '--keep-passes' : '--tta-fusion';
    throw contradiction(
      keepPasses ? 'There is no sweep to keep' : 'There is no sweep to fuse',
      tta === 'none' ? `--tta none and ${flag}` : `${flag} without a sweep`,
      model === undefined
        ? 'leave it out; --tta-fusion alone fuses the passes that a run directory has kept'
        : 'add --tta graphormer, or --rotations and --scales',
    );
  }
  if (tta !== undefined && (rotations !== undefined || scales !== undefined)) {
    throw contradiction(
      'The sweep is named twice',
      `--tta ${tta} and ${rotations === undefined ? '--scales' : '--rotations'}`,
      'give --tta graphormer alone, or --rotations and --scales alone',
    );
  }
  if (model === undefined) {
    throw contradiction(
      'A sweep needs a model to run',
      '--predictions',
      'leave the sweep out; --tta-fusion alone fuses the passes that a run directory has kept',
    );
  }
  return {
    sweep,
    fusions: fusions.length === 0 ? ['aligned-mean'] : fusions,
    // Only scoring sees the ground truth, and it needs every pass.
    keepPasses: keepPasses || fusions.includes('mean-error'),
  };
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
