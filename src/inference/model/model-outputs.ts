/** Which of a model's outputs are the joints, the vertices, the 2D keypoints and the camera. */
import { basename } from 'node:path';
import { MANO_VERTEX_COUNT } from '../../hand/joint-conventions.js';
import { JOINT_COUNT } from '../../hand/joints.js';
import {
  contractError,
  describeShape,
  elementType,
  sidecarAdvice,
  type ElementType,
  type ModelIo,
  type TensorInfo,
} from './model-io.js';
import { HAMER_NAME, OUTPUT_NAMES, ROLE_WORDS, plainName, type OutputRole } from '../../hand/output-names.js';
import { fitOutput } from './output-shapes.js';
import type { Sidecar } from './sidecar.js';

export interface OutputBinding {
  readonly name: string;
  readonly dtype: ElementType;
  readonly recognised_by: 'sidecar' | 'name' | 'shape';
}

/** An output of points. */
export interface PointsBinding extends OutputBinding {
  /** Points a sample as declared: 21, V, or null where the file leaves it open. */
  readonly rows: number | null;
}

/** Null where the model gives none. */
export interface OutputBindings {
  /** (N, 21, 3). */
  readonly joints: PointsBinding | null;
  /** (N, V, 3). */
  readonly vertices: PointsBinding | null;
  /** (N, 21, 2). */
  readonly keypoints_2d: PointsBinding | null;
  /** (N, 3): s, tx, ty. */
  readonly camera: OutputBinding | null;
}

const ROLES: readonly OutputRole[] = ['joints', 'vertices', 'keypoints_2d', 'camera'];

/** The dimensions after the batch; null takes any size. */
export const OUTPUT_SHAPE: Readonly<Record<OutputRole, readonly (number | null)[]>> = {
  joints: [JOINT_COUNT, 3],
  vertices: [null, 3],
  keypoints_2d: [JOINT_COUNT, 2],
  camera: [3],
};

/** What an output without a known name is recognised by. Three numbers a sample may be anything. */
const TELLING_SHAPE: Readonly<Record<OutputRole, readonly number[] | null>> = {
  joints: [JOINT_COUNT, 3],
  vertices: [MANO_VERTEX_COUNT, 3],
  keypoints_2d: [JOINT_COUNT, 2],
  camera: null,
};

interface Recognised {
  readonly output: TensorInfo;
  readonly by: OutputBinding['recognised_by'];
}

type Found = Record<OutputRole, Recognised | null>;

/**
 * A sidecar's `outputs` decide where they are given: what they do not name is not used. Otherwise
 * a name of the list decides, else the shape.
 *
 * @throws UserError where an output has a role's name and not its shape, or two fit one role equally well.
 */
export function recogniseOutputs(model: ModelIo, sidecar: Sidecar | null): OutputBindings {
  const named = sidecar?.content.outputs;
  const found: Found = { joints: null, vertices: null, keypoints_2d: null, camera: null };
  if (named !== undefined) {
    for (const role of ROLES) {
      const name = named[role];
      if (name !== undefined) found[role] = bindNamed(model, sidecar!, role, name);
    }
    return bindings(model, found);
  }
  for (const role of ROLES) found[role] = byName(model, role, found);
  // Before shapes decide: (N, 21, 3) under a name of 2D keypoints are no joints.
  if (found.keypoints_2d === null) refuseMisshapenKeypoints(model, found);
  for (const role of ROLES) found[role] ??= byShape(model, role, found);
  if (found.joints === null) refuseMisshapenJoints(model);
  return bindings(model, found);
}

function bindings(model: ModelIo, found: Found): OutputBindings {
  const bind = (role: OutputRole): OutputBinding | null => {
    const recognised = found[role];
    if (recognised === null) return null;
    const { output, by } = recognised;
    return { name: output.name, dtype: outputType(model, ROLE_WORDS[role], output), recognised_by: by };
  };
  const bindPoints = (role: OutputRole): PointsBinding | null => {
    const binding = bind(role);
    const fit = found[role] && fitOutput(found[role].output.shape, OUTPUT_SHAPE[role]);
    return binding && { ...binding, rows: fit?.points ?? null };
  };
  return {
    joints: bindPoints('joints'),
    vertices: bindPoints('vertices'),
    keypoints_2d: bindPoints('keypoints_2d'),
    camera: bind('camera'),
  };
}

/** An output called joints that holds points, but not 21 of them, must not be left out silently. */
function refuseMisshapenJoints(model: ModelIo): void {
  const named = model.outputs.find(
    ({ name, shape }) =>
      OUTPUT_NAMES.joints.includes(plainName(name)) && shape.length === 3 && shape[2] === 3,
  );
  if (named === undefined) return;
  throw contractError(model, {
    code: 'model-output-shape',
    message: `The output ${named.name} is named as joints but has another number of them`,
    expected: shapeText('joints'),
    next: `${sidecarAdvice(model, '{"outputs": {"vertices": "NAME"}}')} to leave it out`,
  });
}

/** Nor may one called 2D keypoints: 21 × 3 under that name would be taken for joints. */
function refuseMisshapenKeypoints(model: ModelIo, found: Found): void {
  const named = model.outputs.find(({ name }) => OUTPUT_NAMES.keypoints_2d.includes(plainName(name)));
  if (named === undefined) return;
  const others = outputsExample({ joints: 'NAME', ...namesOf(found) });
  throw contractError(model, {
    code: 'model-output-shape',
    message: `The output ${named.name} is named as 2D keypoints but is ${describeShape(named.shape)}`,
    expected: shapeText('keypoints_2d'),
    next: `${sidecarAdvice(model, others)} to leave it out`,
  });
}

function bindNamed(model: ModelIo, sidecar: Sidecar, role: OutputRole, name: string): Recognised {
  const output = requireOutput(model, sidecar, `outputs.${role}`, name);
  if (!mayBe(role, output)) {
    throw contractError(model, {
      code: 'model-output-shape',
      message: `The output ${name} cannot hold ${role === 'camera' ? 'the camera' : ROLE_WORDS[role]}`,
      expected: shapeText(role),
      next: `name another output in "outputs.${role}" of ${sidecar.file}; if none has that shape, correct the export`,
    });
  }
  return { output, by: 'sidecar' };
}

/** The output a sidecar names under `key`. */
export function requireOutput(model: ModelIo, sidecar: Sidecar, key: string, name: string): TensorInfo {
  const output = model.outputs.find((candidate) => candidate.name === name);
  if (output !== undefined) return output;
  throw contractError(model, {
    code: 'sidecar-name-unknown',
    message: `The sidecar ${basename(sidecar.file)} names an output that the model does not have: ${name}`,
    expected: `one of ${model.outputs.map((candidate) => candidate.name).join(', ')}`,
    next: `correct "${key}" in ${sidecar.file}`,
  });
}

function byName(model: ModelIo, role: OutputRole, found: Found): Recognised | null {
  const fitting = model.outputs.filter(
    (output) => OUTPUT_NAMES[role].includes(plainName(output.name)) && mayBe(role, output),
  );
  const [first] = fitting;
  if (first === undefined) return null;
  const own = fitting.find((output) => output.name === HAMER_NAME[role]);
  if (own === undefined && fitting.length > 1) throw ambiguous(model, role, fitting, found);
  return { output: own ?? first, by: 'name' };
}

function byShape(model: ModelIo, role: OutputRole, found: Found): Recognised | null {
  const telling = TELLING_SHAPE[role];
  if (telling === null) return null;
  const taken = ROLES.map((other) => found[other]?.output.name);
  const fitting = model.outputs.filter(
    ({ name, shape }) =>
      !taken.includes(name) &&
      shape.length === telling.length + 1 &&
      telling.every((size, axis) => shape[axis + 1] === size),
  );
  if (fitting.length > 1) throw ambiguous(model, role, fitting, found);
  const [only] = fitting;
  return only === undefined ? null : { output: only, by: 'shape' };
}

/** Whether the declared shape allows the role. */
function mayBe(role: OutputRole, { shape }: TensorInfo): boolean {
  return fitOutput(shape, OUTPUT_SHAPE[role]) !== null;
}

/** How the outputs that are read have their numbers where that is not as it should be. */
export interface UnusualOutputs {
  /** In sentences. */
  readonly notes: readonly string[];
  /** Whether one has no axis for N. */
  readonly isOne: boolean;
}

export function unusualOutputs(model: Pick<ModelIo, 'outputs'>, bindings: OutputBindings): UnusualOutputs {
  const unusual = ROLES.flatMap((role) => {
    const output = model.outputs.find(({ name }) => name === bindings[role]?.name);
    if (output === undefined) return [];
    const fit = fitOutput(output.shape, OUTPUT_SHAPE[role]);
    return fit === null || fit.isAsWanted ? [] : [{ role, output, fit }];
  });
  const isOne = unusual.some(({ fit }) => fit.isOne);
  const notes = unusual.map(
    ({ role, output }) =>
      `The output ${output.name} ${describeShape(output.shape)} is read as ${ROLE_WORDS[role]} ${shapeText(role)}${isOne ? ', one sample at a time' : ''}.`,
  );
  return { notes, isOne };
}

/** @param words  what the output holds, for the error. */
export function outputType(model: ModelIo, words: string, output: TensorInfo): ElementType {
  const type = elementType(output.type);
  if (type !== null) return type;
  throw contractError(model, {
    code: 'model-output-type',
    message: `The ${words} output ${output.name} is ${output.type}`,
    expected: 'float32, float16 or float64',
    next: 'export the model with float32 outputs',
  });
}

/** `(N, 21, 3)`. */
function shapeText(role: OutputRole): string {
  return describeShape(['N', ...OUTPUT_SHAPE[role].map((size) => size ?? 'V')]);
}

function ambiguous(model: ModelIo, role: OutputRole, fitting: readonly TensorInfo[], found: Found): Error {
  const names = fitting.map(({ name }) => name);
  return contractError(model, {
    code: 'model-outputs-ambiguous',
    message: `Several outputs of the model may be the ${ROLE_WORDS[role]}: ${names.join(', ')}`,
    expected: `one output of ${ROLE_WORDS[role]}`,
    next: sidecarAdvice(model, outputsExample({ ...namesOf(found), [role]: names[0]! })),
  });
}

function namesOf(found: Found): Partial<Record<OutputRole, string>> {
  return Object.fromEntries(
    ROLES.flatMap((role) => {
      const name = found[role]?.output.name;
      return name === undefined ? [] : [[role, name]];
    }),
  );
}

/** What a sidecar may say of outputs: all that are to be used, since what it leaves out is not. */
function outputsExample(names: Partial<Record<OutputRole, string>>): string {
  const named = ROLES.flatMap((role) => (names[role] === undefined ? [] : [`"${role}": "${names[role]}"`]));
  return `{"outputs": {${named.join(', ')}}}`;
}
