import type { JointOrderDefinition } from './joint-order.js';

export const HO3D: JointOrderDefinition<'ho3d'> = {
  id: 'ho3d',
  title: 'HO-3D',
  layout: 'MANO chain: index, middle, pinky, ring, thumb; tips thumb to pinky last',
  source: 'HO-3D; smplx MANO with tip vertices appended; mmhuman3d mano.py',
  fromOpenPose: [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20],
};
