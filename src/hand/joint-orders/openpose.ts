import { BASE_TO_TIP, byFinger, FINGERS, WRIST, type JointOrderDefinition } from './joint-order.js';

export const OPENPOSE: JointOrderDefinition<'openpose'> = {
  id: 'openpose',
  title: 'OpenPose',
  layout: 'wrist, thumb to pinky, each base to tip',
  source: 'FreiHAND, HInt, HaMeR, manopth and manotorch outputs, MediaPipe, DexYCB',
  fromOpenPose: [WRIST, ...byFinger(FINGERS, BASE_TO_TIP)],
};
