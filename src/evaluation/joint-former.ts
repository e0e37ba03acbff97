/** Opens what `--joints-from` needs. */
import { UserError } from '../errors.js';
import { JOINT_CONVENTIONS } from '../hand/joint-conventions.js';
import { JointFormer } from './joint-source.js';
import type { Task } from './task.js';

/**
 * @returns null where the joints are the model's own.
 * @throws UserError where the convention needs MANO's joint regressor, and no MANO file is named.
 */
export async function openJointFormer({ request, folder }: Task): Promise<JointFormer | null> {
  const { jointsFrom = 'model', tta, mano } = request;
  if (jointsFrom === 'model') return null;
  const { exactFrom } = JOINT_CONVENTIONS[jointsFrom];
  const { jointOrder } = folder.definition;
  if (exactFrom === 'mano') {
    if (tta === undefined) return new JointFormer(jointsFrom, null, jointOrder);
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
  const { readManoFile } = await import('../inference/mano-file.js');
  const { model, sha256 } = await readManoFile(mano);
  return new JointFormer(jointsFrom, model.jRegressor, jointOrder, sha256);
}
