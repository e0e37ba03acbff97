/** Opens what `--joints-from` needs, and what the model's own joints are compared with. */
import { hasTruth } from '../datasets/ground-truth/ground-truth.js';
import { UserError } from '../errors.js';
import { JOINT_CONVENTIONS, MANO_VERTEX_COUNT, type JointConvention } from '../hand/joint-conventions.js';
import type { JointOrder } from '../hand/joints.js';
import { JointRegressor } from '../predictions/joint-regressor.js';
import { jointSourceOf } from './protocol-rules.js';
import type { RunRequest, Task } from './task.js';

interface JointRegressorTask extends Pick<Task, 'folder'> {
  readonly request: Pick<RunRequest, 'jointsFrom' | 'mano'> & { readonly tta?: object | undefined };
}

/**
 * @returns null where the joints are the model's own.
 * @throws UserError where the convention needs MANO's joint regressor, and no MANO file is named.
 */
export async function openJointRegressor({
  request,
  folder,
}: JointRegressorTask): Promise<JointRegressor | null> {
  const { jointsFrom = 'model', tta, mano } = request;
  if (jointsFrom === 'model') return null;
  const { exactFrom } = JOINT_CONVENTIONS[jointsFrom];
  const { jointOrder } = folder.definition;
  if (exactFrom === 'mano') {
    if (tta === undefined) return new JointRegressor(jointsFrom, null, jointOrder);
    throw new UserError({
      code: 'joints-from-fused',
      message: `The joints of ${jointsFrom} cannot be formed from fused hands, which have no kinematic chain`,
      expected: '--joints-from model or freihand beside --tta',
      got: jointsFrom,
      next: 'take one of them, or leave --tta out',
    });
  }
  if (mano === undefined) {
    throw new UserError({
      code: 'mano-file-needed',
      message: `The joints of ${jointsFrom} are regressed from the mesh with the matrix of the MANO file`,
      expected: '--mano FILE: MANO_RIGHT.pkl of https://mano.is.tue.mpg.de, under its licence',
      got: 'none',
      next: "name the file with --mano, or once for all as 'mano' in the configuration file",
    });
  }
  return regressing(jointsFrom, mano, jointOrder);
}

/** What predictions have, or will have. */
export interface PredictedParts {
  readonly hasJoints: boolean;
  /** Null where there are no meshes. */
  readonly vertexCount: number | null;
}

/**
 * Forms the joints that the predicted ones are compared with, where those are scored, the meshes are MANO's and a MANO
 * file is at hand. No figure depends on it.
 *
 * @throws UserError where the file of `--mano` cannot be used; of one that the configuration alone names a note says so.
 */
export async function openJointCheck(task: Task, parts: PredictedParts): Promise<JointRegressor | null> {
  const { request, folder, protocol, context } = task;
  const { mano } = request;
  const isScored = jointSourceOf(protocol) === 'model' && hasTruth(folder);
  const isComparable = parts.hasJoints && parts.vertexCount === MANO_VERTEX_COUNT;
  if (mano === undefined || !isScored || !isComparable) return null;
  try {
    return await regressing('freihand', mano, folder.definition.jointOrder);
  } catch (error) {
    if (!(error instanceof UserError) || request.manoIsDefault !== true) throw error;
    context.progress.note(
      `The MANO file that the configuration names cannot be used, so the joints are not compared with the vertices ('hamba-eval doctor' says more): ${mano}: ${error.message}`,
    );
    return null;
  }
}

async function regressing(
  convention: JointConvention,
  mano: string,
  jointOrder: JointOrder,
): Promise<JointRegressor> {
  const { readManoFile } = await import('../inference/mano/mano-file.js');
  const { model, sha256 } = await readManoFile(mano);
  return new JointRegressor(convention, model.jRegressor, jointOrder, sha256);
}
