/** What a checkpoint says of its hand model's skeleton must be what the graph is built with. */
import { UserError } from '../errors.js';
import type { TensorFile } from '../formats/torch/tensor-file.js';
import { MANO_PARENTS } from '../hand/mano-layer.js';
import { FINGERTIPS, OPENPOSE_FROM_MANO } from '../network/layers/mano.js';

const TABLES: Readonly<Record<string, readonly number[]>> = {
  'mano.parents': MANO_PARENTS,
  'mano.extra_joints_idxs': FINGERTIPS,
  'mano.vertex_joint_selector.extra_joints_idxs': FINGERTIPS,
  'mano.joint_map': OPENPOSE_FROM_MANO,
};

/** @throws UserError `network-skeleton` for a table of whole numbers that is another one. */
export async function requireManoTables(file: TensorFile): Promise<void> {
  for (const [key, expected] of Object.entries(TABLES)) {
    const tensor = file.tensors.get(key);
    if (tensor?.type !== 'int64') continue;
    const bytes = (await file.bytes(tensor)).slice();
    const got = Array.from(new BigInt64Array(bytes.buffer), Number);
    // The root has no parent: some write the largest number for -1.
    if (
      got.every((value, at) => value === expected[at] || expected[at] === -1) &&
      got.length === expected.length
    )
      continue;
    throw new UserError({
      code: 'network-skeleton',
      message: `The checkpoint's hand has another skeleton: ${key}`,
      file: file.path,
      offset: tensor.offset,
      expected: expected.join(', '),
      got: got.join(', '),
      next: 'export the network to ONNX from its own code (docs/model-contract.md): model build knows the right hand of MANO alone',
    });
  }
}
