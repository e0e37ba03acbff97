/** Which of a model's outputs are the joints and which the vertices. */
import { basename } from 'node:path';
import { JOINT_COUNT } from '../hand/joints.js';
import { contractError, sidecarAdvice, type ModelIo, type TensorInfo } from './model-io.js';
import type { Sidecar } from './sidecar.js';

export interface OutputBinding {
  readonly name: string;
  /** Rows a sample as declared: 21, V, or null where the file leaves it open. */
  readonly rows: number | null;
  readonly recognised_by: 'sidecar' | 'name' | 'shape';
}

export type OutputRole = 'joints' | 'vertices';

/** The mesh of MANO: the number of vertices an unnamed output is recognised by. */
export const MANO_VERTEX_COUNT = 778;

/** HaMeR's own names decide alone, whatever else the model returns. */
const HAMER_NAME: Readonly<Record<OutputRole, string>> = {
  joints: 'pred_keypoints_3d',
  vertices: 'pred_vertices',
};

/** Names in use elsewhere; compared in lower case, with `-`, `.`, `/` and spaces as `_`. */
export const OUTPUT_NAMES: Readonly<Record<OutputRole, readonly string[]>> = {
  joints: [
    HAMER_NAME.joints,
    'joints',
    'joints_3d',
    'joints3d',
    'pred_joints',
    'pred_joints_3d',
    'pred_joints3d',
    'hand_joints',
    'keypoints',
    'keypoints_3d',
    'keypoints3d',
    'pred_keypoints',
    'pred_keypoints3d',
    'kp3d',
    'kpts3d',
    'j3d',
    'xyz',
    'pred_xyz',
  ],
  vertices: [
    HAMER_NAME.vertices,
    'vertices',
    'vertices_3d',
    'vertices3d',
    'pred_vertices_3d',
    'pred_vertices3d',
    'hand_vertices',
    'verts',
    'verts_3d',
    'verts3d',
    'pred_verts',
    'hand_verts',
    'mesh',
    'pred_mesh',
    'mesh_vertices',
    'v3d',
  ],
};

const ROLES: readonly OutputRole[] = ['joints', 'vertices'];

/**
 * A sidecar's `outputs` decide where they are given: what they do not name is not used. Otherwise
 * a name of the list decides, else the shape: (N, 21, 3) are joints, (N, 778, 3) vertices.
 *
 * @throws UserError where nothing is recognised, or two outputs fit one role equally well.
 */
export function recogniseOutputs(
  model: ModelIo,
  sidecar: Sidecar | null,
): Record<OutputRole, OutputBinding | null> {
  const named = sidecar?.content.outputs;
  const found: Record<OutputRole, OutputBinding | null> = { joints: null, vertices: null };
  if (named !== undefined) {
    for (const role of ROLES) {
      const name = named[role];
      if (name !== undefined) found[role] = bindNamed(model, sidecar!, role, name);
    }
    return found;
  }
  for (const role of ROLES) found[role] = byName(model, role);
  for (const role of ROLES) {
    found[role] ??= byShape(
      model,
      role,
      ROLES.map((other) => found[other]?.name),
    );
  }
  if (found.joints === null) refuseMisshapenJoints(model);
  if (found.joints === null && found.vertices === null) {
    throw contractError(model, {
      code: 'model-outputs-unknown',
      message: 'No output of the model is recognised as joints or vertices',
      expected: `joints (N, 21, 3) or vertices (N, ${MANO_VERTEX_COUNT}, 3), or an output with a known name`,
      next: sidecarAdvice(model, '{"outputs": {"joints": "NAME", "vertices": "NAME"}}'),
    });
  }
  for (const role of ROLES) checkType(model, role, found[role]);
  return found;
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
    expected: `(N, ${JOINT_COUNT}, 3)`,
    next: `${sidecarAdvice(model, '{"outputs": {"vertices": "NAME"}}')} to leave it out`,
  });
}

function bindNamed(model: ModelIo, sidecar: Sidecar, role: OutputRole, name: string): OutputBinding {
  const output = model.outputs.find((candidate) => candidate.name === name);
  if (output === undefined) {
    throw contractError(model, {
      code: 'sidecar-name-unknown',
      message: `The sidecar ${basename(sidecar.file)} names an output that the model does not have: ${name}`,
      expected: `one of ${model.outputs.map((candidate) => candidate.name).join(', ')}`,
      next: `correct "outputs.${role}" in ${sidecar.file}`,
    });
  }
  if (!mayBe(role, output)) {
    throw contractError(model, {
      code: 'model-output-shape',
      message: `The output ${name} cannot hold ${role}`,
      expected: role === 'joints' ? '(N, 21, 3)' : '(N, V, 3)',
      next: `correct "outputs.${role}" in ${sidecar.file}`,
    });
  }
  const binding: OutputBinding = { name, rows: rowsOf(output), recognised_by: 'sidecar' };
  checkType(model, role, binding);
  return binding;
}

function byName(model: ModelIo, role: OutputRole): OutputBinding | null {
  const known = new Set(OUTPUT_NAMES[role]);
  const fitting = model.outputs.filter((output) => known.has(plainName(output.name)) && mayBe(role, output));
  const [first] = fitting;
  if (first === undefined) return null;
  const own = fitting.find((output) => output.name === HAMER_NAME[role]);
  if (own === undefined && fitting.length > 1) throw ambiguous(model, role, fitting);
  const chosen = own ?? first;
  return { name: chosen.name, rows: rowsOf(chosen), recognised_by: 'name' };
}

function byShape(
  model: ModelIo,
  role: OutputRole,
  taken: readonly (string | undefined)[],
): OutputBinding | null {
  const rows = role === 'joints' ? JOINT_COUNT : MANO_VERTEX_COUNT;
  const fitting = model.outputs.filter(
    ({ name, shape }) => !taken.includes(name) && shape.length === 3 && shape[1] === rows && shape[2] === 3,
  );
  if (fitting.length > 1) throw ambiguous(model, role, fitting);
  const [only] = fitting;
  return only === undefined ? null : { name: only.name, rows, recognised_by: 'shape' };
}

/** Whether the declared shape allows the role; an unknown dimension does, and is checked on the first batch. */
function mayBe(role: OutputRole, { shape }: TensorInfo): boolean {
  if (shape.length === 0) return true;
  const [, rows, axes] = shape;
  if (shape.length !== 3 || (typeof axes === 'number' && axes !== 3)) return false;
  return role === 'vertices' || typeof rows !== 'number' || rows === JOINT_COUNT;
}

function rowsOf({ shape }: TensorInfo): number | null {
  return typeof shape[1] === 'number' ? shape[1] : null;
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[-./ ]/g, '_');
}

function checkType(model: ModelIo, role: OutputRole, binding: OutputBinding | null): void {
  const output = model.outputs.find((candidate) => candidate.name === binding?.name);
  if (output === undefined || output.type === 'float32') return;
  throw contractError(model, {
    code: 'model-output-type',
    message: `The ${role} output ${output.name} is ${output.type}`,
    expected: 'float32',
    next: 'export the model with float32 outputs',
  });
}

function ambiguous(model: ModelIo, role: OutputRole, fitting: readonly TensorInfo[]): Error {
  const names = fitting.map(({ name }) => name);
  return contractError(model, {
    code: 'model-outputs-ambiguous',
    message: `Several outputs of the model may be the ${role}: ${names.join(', ')}`,
    expected: `one output of ${role}`,
    next: sidecarAdvice(model, `{"outputs": {"${role}": "${names[0]!}"}}`),
  });
}
