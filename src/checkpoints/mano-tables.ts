/** What a checkpoint says of its hand model's skeleton must be what the graph is built with. */
import { UserError } from '../errors.js';
import type { TensorFile } from '../formats/torch/tensor-file.js';
import type { StoredTensor } from '../formats/torch/tensor.js';
import { MANO_PARENTS } from '../hand/mano-layer.js';
import { FINGERTIPS, OPENPOSE_FROM_MANO } from '../network/layers/mano.js';

const TABLES: Readonly<Record<string, readonly number[]>> = {
  'mano.parents': MANO_PARENTS,
  'mano.extra_joints_idxs': FINGERTIPS,
  'mano.vertex_joint_selector.extra_joints_idxs': FINGERTIPS,
  'mano.joint_map': OPENPOSE_FROM_MANO,
};

/** @throws UserError `network-skeleton` for a table that is another one. */
export async function requireManoTables(file: TensorFile): Promise<void> {
  for (const [key, expected] of Object.entries(TABLES)) {
    const tensor = file.tensors.get(key);
    if (tensor === undefined) continue;
    const got = await integers(file, tensor);
    if (got.join() === expected.join()) continue;
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

async function integers(file: TensorFile, tensor: StoredTensor): Promise<number[]> {
  if (tensor.type !== 'int64') return Array.from(await file.float32(tensor));
  const { buffer } = (await file.bytes(tensor)).slice();
  // The root's parent is -1, or 2^32 - 1 where it was stored without a sign.
  return Array.from(new BigInt64Array(buffer), (value) => Number(BigInt.asIntN(32, value)));
}
