/** Which of a model's outputs are the parameters of MANO: θ, 16 rotations, and β, 10 numbers. */
import { MANO_JOINT_COUNT, MANO_SHAPE_COUNT } from '../../hand/mano-layer.js';
import {
  contractError,
  describeShape,
  sidecarAdvice,
  type ElementType,
  type ModelIo,
  type TensorInfo,
} from '../model/model-io.js';
import { outputType, requireOutput } from '../model/model-outputs.js';
import { HAMER_MANO_NAME, PLAIN_MANO_NAME, plainName } from '../../hand/output-names.js';
import type { Sidecar } from '../model/sidecar.js';

/** How one rotation is written. */
export type PoseRepresentation = 'matrix' | '6d' | 'axis-angle';

export interface ManoOutput {
  readonly name: string;
  readonly dtype: ElementType;
}

/** The outputs a hand is formed from, with the MANO file; plain JSON data. */
export interface ManoBinding {
  /** The 15 joints of the fingers, or all 16 where the global orientation is no output of its own. */
  readonly pose: ManoOutput;
  readonly global_orient: ManoOutput | null;
  readonly betas: ManoOutput;
  readonly representation: PoseRepresentation;
  /** `relative`: MANO's mean pose is added to the pose of the fingers, as `flat_hand_mean=False` does. */
  readonly mean_pose: 'absolute' | 'relative';
  readonly recognised_by: 'sidecar' | 'name';
}

/** Numbers a rotation. */
export const ROTATION_SIZE: Readonly<Record<PoseRepresentation, number>> = {
  matrix: 9,
  '6d': 6,
  'axis-angle': 3,
};

/** Rotations in the pose output: of the fingers alone, or of the wrist too. */
export function rotationCount({ global_orient }: { readonly global_orient: unknown }): number {
  return global_orient === null ? MANO_JOINT_COUNT : MANO_JOINT_COUNT - 1;
}

type ManoRole = keyof typeof HAMER_MANO_NAME;

/** What each output is called in a sentence. */
export const MANO_WORDS: Readonly<Record<ManoRole, string>> = {
  pose: 'MANO pose',
  global_orient: 'MANO global orientation',
  betas: 'MANO shape',
};

/**
 * What the sidecar's `mano` names, else HaMeR's three outputs, with or without their prefix.
 *
 * @returns null where there are none.
 * @throws UserError where one of them cannot be what it is named.
 */
export function recogniseMano(model: ModelIo, sidecar: Sidecar | null): ManoBinding | null {
  if (sidecar?.content.mano !== undefined) return named(model, sidecar);
  return byNames(model, HAMER_MANO_NAME, 'matrix') ?? byNames(model, PLAIN_MANO_NAME, null);
}

function named(model: ModelIo, sidecar: Sidecar): ManoBinding {
  const { pose, betas, representation, global_orient, mean_pose = 'absolute' } = sidecar.content.mano!;
  if (mean_pose === 'relative' && representation !== 'axis-angle') {
    throw contractError(model, {
      code: 'mano-mean-pose',
      message: 'Only a pose in axis–angle vectors can be relative to the mean pose of MANO',
      expected: '"mean_pose": "relative" with "representation": "axis-angle" alone',
      next: `correct "mano" in ${sidecar.file}`,
    });
  }
  const find = (role: ManoRole, name: string): TensorInfo =>
    requireOutput(model, sidecar, `mano.${role}`, name);
  return bind(
    model,
    find('pose', pose),
    global_orient === undefined ? null : find('global_orient', global_orient),
    find('betas', betas),
    { representation, mean_pose, recognised_by: 'sidecar' },
  );
}

type ManoNames = Readonly<Record<ManoRole, string>>;

/** Absolute rotations; HaMeR gives matrices, elsewhere the size of the pose tells. */
function byNames(model: ModelIo, names: ManoNames, known: PoseRepresentation | null): ManoBinding | null {
  const pose = withName(model, 'pose', names);
  const globalOrient = withName(model, 'global_orient', names);
  const betas = withName(model, 'betas', names);
  if (pose === null || globalOrient === null || betas === null) return null;
  const representation = known ?? representationOf(pose);
  if (representation === null) return null;
  return bind(model, pose, globalOrient, betas, {
    representation,
    mean_pose: 'absolute',
    recognised_by: 'name',
  });
}

/** By the numbers of 15 finger rotations; null where the file leaves the size open. */
function representationOf({ shape }: TensorInfo): PoseRepresentation | null {
  const sizes = shape.slice(1);
  if (!sizes.every((size) => typeof size === 'number')) return null;
  const numbers = sizes.reduce((product, size) => product * size, 1);
  const fingers = rotationCount({ global_orient: true });
  const found = Object.entries(ROTATION_SIZE).find(([, size]) => size * fingers === numbers);
  return (found?.[0] as PoseRepresentation | undefined) ?? null;
}

function withName(model: ModelIo, role: ManoRole, names: ManoNames): TensorInfo | null {
  const fitting = model.outputs.filter(({ name }) => plainName(name) === names[role]);
  if (fitting.length > 1) {
    throw contractError(model, {
      code: 'model-outputs-ambiguous',
      message: `Several outputs of the model may be the ${MANO_WORDS[role]}: ${fitting.map(({ name }) => name).join(', ')}`,
      expected: `one output of the ${MANO_WORDS[role]}`,
      next: manoAdvice(model),
    });
  }
  return fitting[0] ?? null;
}

function bind(
  model: ModelIo,
  pose: TensorInfo,
  globalOrient: TensorInfo | null,
  betas: TensorInfo,
  how: Pick<ManoBinding, 'representation' | 'mean_pose' | 'recognised_by'>,
): ManoBinding {
  const size = ROTATION_SIZE[how.representation];
  const output = (role: ManoRole, tensor: TensorInfo, numbers: number): ManoOutput => {
    requireNumbers(model, role, tensor, numbers, how.representation);
    return { name: tensor.name, dtype: outputType(model, MANO_WORDS[role], tensor) };
  };
  return {
    pose: output('pose', pose, rotationCount({ global_orient: globalOrient }) * size),
    global_orient: globalOrient && output('global_orient', globalOrient, size),
    betas: output('betas', betas, MANO_SHAPE_COUNT),
    ...how,
  };
}

/** How the axes are cut does not matter, (N, 16, 6) or (N, 96); an unknown size is checked on the first batch. */
function requireNumbers(
  model: ModelIo,
  role: ManoRole,
  { name, shape }: TensorInfo,
  numbers: number,
  representation: PoseRepresentation,
): void {
  const sizes = shape.slice(1).filter((size) => typeof size === 'number');
  const isOpen = shape.length === 0 || sizes.length < shape.length - 1;
  if (isOpen || sizes.reduce((product, size) => product * size, 1) === numbers) return;
  throw contractError(model, {
    code: 'model-output-shape',
    message: `The output ${name} cannot hold the ${MANO_WORDS[role]}: it is ${describeShape(shape)}`,
    expected: `${numbers} numbers a sample${role === 'betas' ? '' : `, rotations as ${representation}`}`,
    next: manoAdvice(model),
  });
}

function manoAdvice(model: ModelIo): string {
  return sidecarAdvice(
    model,
    '{"mano": {"pose": "NAME", "betas": "NAME", "representation": "6d"}, "points_from": "mano"}',
  );
}
