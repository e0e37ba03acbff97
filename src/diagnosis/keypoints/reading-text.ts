/** A way in which predicted keypoints are to be read, in words: what was found, and what to do about it. */
import type { Placement } from './placements.js';
import { PLAIN, slotsOf, type Shape, type Turn } from './shape-fit.js';

/** One mistake: the same key for the same one in another group of hands. */
export interface Mistake {
  readonly key: string;
  readonly code: string;
  /** After 'the predicted keypoints of …'. */
  readonly what: string;
  readonly remedy: string;
}

/** Who wrote the predictions: the remedy is in a file, or in the model's sidecar. */
export type Maker = 'file' | 'model';

const SIDECAR = 'in the sidecar of the model (docs/model-contract.md)';
const CONVERT =
  '; the middle and the longer side are those of the box in the annotations (docs/datasets/hint.md)';

export function mistakesOf(shape: Shape, placement: Placement, maker: Maker): Mistake[] {
  const found: Mistake[] = [];
  const { permutation } = shape;
  if (permutation !== null) {
    const { order } = permutation;
    const sidecar = 'id' in order ? `write "joint_order": "${String(order.id)}"` : 'look at "joint_order"';
    const write = `keypoints_2d[:, [${slotsOf(shape).join(', ')}]]`;
    found.push({
      key: order.name,
      code: 'joint-order',
      what: `are not in OpenPose order but in ${order.name}`,
      remedy:
        maker === 'model'
          ? `${sidecar} ${SIDECAR}, or export the keypoints in OpenPose order: ${write}`
          : `write the keypoints in OpenPose order: ${write}`,
    });
  }
  if (shape.turn !== PLAIN.turn) found.push(turnMistake(shape.turn, placement, maker));
  const unit = unitMistake(placement, maker);
  if (unit !== null) found.push(unit);
  return found;
}

function turnMistake({ exchanged, signs }: Turn, placement: Placement, maker: Maker): Mistake {
  const inBox = placement.kind === 'photograph' || placement.kind === 'scaled' ? 'photograph' : 'box';
  const [x, y] = signs;
  const key = `${exchanged} ${x} ${y} ${inBox}`;
  const about = (axis: 'x' | 'y'): string =>
    inBox === 'box'
      ? `2 · ${axis} of the box's middle − ${axis}`
      : `${axis === 'x' ? 'width' : 'height'} − 1 − ${axis}`;
  if (!exchanged && y > 0) {
    return {
      key,
      code: 'predictions-mirrored',
      what: `are mirrored in the ${inBox} (x counts from the right)`,
      remedy:
        maker === 'model'
          ? `look at "handedness" ${SIDECAR}: whether the network wants left hands mirrored, and gives them so`
          : `mirror them back (x becomes ${about('x')}): left hands are given as they appear in the photograph`,
    };
  }
  const flips = [...(x < 0 ? ['x'] : []), ...(y < 0 ? ['y'] : [])] as ('x' | 'y')[];
  const wrong = flips.length === 2 ? 'x and y have the wrong sign' : `${flips.join()} has the wrong sign`;
  const back = flips.map((axis) => `${axis} becomes ${about(axis)}`).join(', ');
  const parts = [...(exchanged ? ['x and y exchanged'] : []), ...(flips.length > 0 ? [wrong] : [])];
  const mend = [...(exchanged ? ['keypoints_2d[..., ::-1]'] : []), ...(flips.length > 0 ? [back] : [])];
  return {
    key,
    code: 'predictions-axes',
    what: `have ${parts.join(', and ').replace('x and y have', 'x and y of')}${flips.length > 0 ? ` in the ${inBox}` : ''}`,
    remedy: `write x to the right, then y down: ${mend.join(', then ')}`,
  };
}

const number = (value: number): string => String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0)) + 0);

function unitMistake(placement: Placement, maker: Maker): Mistake | null {
  const units = 'predictions-units';
  switch (placement.kind) {
    case 'photograph':
    case 'box':
      return null;
    case 'crop': {
      const { side } = placement;
      const [x, y] = placement.middle.map(number) as [string, string];
      const unit =
        side > 8
          ? `px of a crop of ${number(2 * placement.middle[0])} × ${number(2 * placement.middle[1])} px`
          : 'units of the crop';
      return {
        key: 'crop',
        code: units,
        what: `are not px of the photograph but ${unit}: the middle of the box lies at (${x}, ${y}), and its longer side is ${number(side)} long`,
        remedy: `bring them to px: middle of the box + longer side · (u − (${x}, ${y})) / ${number(side)}${CONVERT}`,
      };
    }
    case 'scaled':
      return {
        key: 'scaled',
        code: units,
        what: `are px of a photograph of ${number(placement.by)} times the size`,
        remedy: `divide them by ${number(placement.by)}: px are those of the photograph as it is published`,
      };
    case 'fractions':
      return {
        key: 'fractions',
        code: units,
        what: 'are not px but shares of the photograph, from 0 to 1',
        remedy: 'multiply x by the width and y by the height of each photograph in px',
      };
    case 'from-box': {
      const [x, y] = placement.middle.map(number) as [string, string];
      return {
        key: 'from-box',
        code: units,
        what: `are px, but counted from the box and not from the photograph: its middle lies at (${x}, ${y}) of its longer side`,
        remedy: `add the middle of the box − (${x}, ${y}) · its longer side${CONVERT}`,
      };
    }
    case 'misread': {
      const { by, offset } = placement;
      const isUnit = by > 8 || by < 1 / 8;
      const size = by < 1 ? `1/${number(1 / by)}` : number(by);
      const aside = number(Math.max(...offset.map(Math.abs)));
      const parts = [
        ...(by === 1 ? [] : [`are ${size} times as large as their boxes ask for`]),
        ...(isUnit || aside === '0' ? [] : [`lie ${aside} of the box's longer side aside`]),
      ];
      const contract = isUnit
        ? `write "keypoints_2d_units": ${by > 8 ? '"patch"' : '"crop"'} ${SIDECAR}`
        : 'export keypoints from −0.5 to 0.5 of the crop, or in px of it with "keypoints_2d_units": "patch" (docs/model-contract.md)';
      return {
        key: `misread ${isUnit ? by > 1 : parts.join()}`,
        code: units,
        what: parts.join(' and '),
        remedy:
          maker === 'model' ? contract : `look at how keypoints of the crop were brought to px${CONVERT}`,
      };
    }
  }
}
