/** The names by which the parts of a predicted hand are recognised, in models and in files (docs/model-contract.md lists them). */

export type OutputRole = 'joints' | 'vertices' | 'keypoints_2d' | 'camera';

/** What each role is called in a sentence. */
export const ROLE_WORDS: Readonly<Record<OutputRole, string>> = {
  joints: 'joints',
  vertices: 'vertices',
  keypoints_2d: '2D keypoints',
  camera: 'camera',
};

/** HaMeR's own names decide alone, whatever else the model returns. */
export const HAMER_NAME: Readonly<Record<OutputRole, string>> = {
  joints: 'pred_keypoints_3d',
  vertices: 'pred_vertices',
  keypoints_2d: 'pred_keypoints_2d',
  camera: 'pred_cam',
};

/** HaMeR's dictionary of MANO parameters, as an exporter flattens it. */
export const HAMER_MANO_NAME = {
  global_orient: 'pred_mano_params_global_orient',
  pose: 'pred_mano_params_hand_pose',
  betas: 'pred_mano_params_betas',
} as const;

/** The same parameters where an exporter gives them out on their own; how they write rotations their size tells. */
export const PLAIN_MANO_NAME = { global_orient: 'global_orient', pose: 'hand_pose', betas: 'betas' } as const;

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
  keypoints_2d: [
    HAMER_NAME.keypoints_2d,
    'keypoints_2d',
    'keypoints2d',
    'pred_keypoints2d',
    'joints_2d',
    'joints2d',
    'pred_joints_2d',
    'pred_joints2d',
    'kp2d',
    'kpts2d',
    'j2d',
    'uv',
    'pred_uv',
  ],
  camera: [HAMER_NAME.camera, 'cam', 'camera', 'pred_camera'],
};

/** A name as it is compared. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-./ ]/g, '_');
}
