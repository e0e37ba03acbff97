/** The 21 joints as a drawing: which are joined by bones, and where they lie on a hand on paper. */

/** Pairs of joints in OpenPose order, wrist to tips. */
export const BONES: readonly (readonly [number, number])[] = [0, 1, 2, 3, 4].flatMap((finger) =>
  [0, 1, 2, 3].map((bone): [number, number] => {
    const joint = finger * 4 + bone;
    return [bone === 0 ? 0 : joint, joint + 1];
  }),
);

/** A right hand seen from its back, px of a drawing 340 wide and 376 high; by hand. */
export const PAPER_HAND: readonly (readonly [number, number])[] = [
  [176, 352],
  [122, 318],
  [82, 276],
  [55, 236],
  [32, 200],
  [130, 212],
  [116, 154],
  [108, 114],
  [101, 78],
  [174, 200],
  [173, 136],
  [172, 92],
  [171, 52],
  [216, 210],
  [228, 152],
  [235, 113],
  [241, 77],
  [254, 236],
  [276, 194],
  [290, 163],
  [302, 133],
];
