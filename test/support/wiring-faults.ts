/** Wrong wirings that a graph of these networks may have and still run, each as an edit of the right one. */
import type { OnnxNode } from '../../src/formats/onnx/onnx.js';
import { attribute, type RewiredModel } from './rewired-model.js';

export type Fault = (model: RewiredModel) => void;

const reads =
  (pattern: RegExp, opType?: string) =>
  ({ inputs, opType: own }: OnnxNode): boolean =>
    inputs.some((input) => pattern.test(input)) && (opType === undefined || own === opType);

const named =
  (pattern: RegExp) =>
  ({ name }: OnnxNode): boolean =>
    pattern.test(name);

/** The node that writes what leaves the graph as `name`. */
const noted = (m: RewiredModel, name: string): OnnxNode => m.writer(m.writer(name).inputs[0]!);

// --------------------------------------------------------------------------------------------- the ViT, all networks

export const VIT_FAULTS: Readonly<Record<string, Fault>> = {
  'patches without padding': (m) => {
    const conv = m.only(reads(/^backbone\.patch_embed\.proj\.weight/, 'Conv'));
    m.replace(conv, { attributes: { ...conv.attributes, pads: attribute.ints([0, 0, 0, 0]) } });
  },
  'no position of the class token': (m) => {
    const [shared] = m.reader('backbone.pos_embed').outputs;
    m.bypass(m.reader(shared!));
  },
  'GELU by tanh': (m) => {
    // u = x / √2: √(2/π) (x + 0.044715 x³) = u (2/√π + 0.044715 · 4/√π u²).
    for (const erf of m.all(named(/Erf_\d+$/))) {
      m.before(erf, 0, (u) => {
        const cubic = m.op('Mul', [m.op('Mul', [u, u]), m.number((0.044715 * 4) / Math.sqrt(Math.PI))]);
        return m.op('Mul', [u, m.op('Add', [cubic, m.number(2 / Math.sqrt(Math.PI))])]);
      });
      m.replace(m.writer(erf.outputs[0]!), { opType: 'Tanh' });
    }
  },
  'rotations of six numbers row by row': (m) => {
    const isPose = ({ opType, inputs }: OnnxNode): boolean =>
      opType === 'Reshape' && m.integersOf(inputs[1]!)?.join() === '0,16,2,3';
    for (const pose of m.all(isPose)) {
      m.replace(pose, { inputs: [pose.inputs[0]!, m.integers([0, 16, 3, 2])] });
      const [changed] = m.all(({ outputs }) => outputs[0] === pose.outputs[0]);
      m.after(changed!, (x) => m.op('Transpose', [x], { perm: attribute.ints([0, 1, 3, 2]) }));
    }
  },
  "joints in MANO's order": (m) => {
    const isLast = ({ opType, inputs, name }: OnnxNode): boolean =>
      opType === 'Gather' && name.startsWith('MANO') && m.integersOf(inputs[1]!)?.length === 21;
    for (const gather of m.all(isLast)) m.bypass(gather);
  },
};

// --------------------------------------------------------------------------------------------- sampling, two networks

/** Changes where a map is sampled: positions of pixels, along an axis of `size` of them. */
function movePositions(m: RewiredModel, change: (position: string, size: number) => string): void {
  for (const sub of m.all(reads(/^pixels 0\.\./, 'Sub'))) {
    const size = Number(sub.inputs[1]!.split('..')[1]) + 1;
    m.before(sub, 0, (position) => change(position, size));
  }
}

const outsideAsTheBorder: Fault = (m) => {
  movePositions(m, (position, size) => m.op('Clip', [position, m.number(0), m.number(size - 1)]));
};

// --------------------------------------------------------------------------------------------- WiLoR

export const WILOR_FAULTS: Readonly<Record<string, Fault>> = {
  'maps sampled with align_corners off': (m) => {
    movePositions(m, (position, size) =>
      m.op('Sub', [m.op('Mul', [position, m.number(size / (size - 1))]), m.number(0.5)]),
    );
  },
  'the border for zeros outside the maps': outsideAsTheBorder,
  "points about the map's middle": (m) => {
    movePositions(m, (position, size) => m.op('Add', [position, m.number(size / 2)]));
  },
  'pyramid from small to large': (m) => {
    const pooled = noted(m, 'pooled');
    m.replace(pooled, { inputs: pooled.inputs.toReversed() });
  },
  'ReLU after first_conv': (m) => {
    m.after(m.only(reads(/first_conv\.0\.weight/)), (x) => m.op('Relu', [x]));
  },
  'no last ReLU': (m) => {
    const [grown] = m.only(reads(/deconv\.1\.4\.weight/)).outputs;
    m.bypass(m.reader(grown!, 'Relu'));
  },
  'epsilon of batch norm 1e-3': (m) => {
    for (const norm of m.all(({ opType }) => opType === 'BatchNormalization'))
      m.replace(norm, { attributes: { ...norm.attributes, epsilon: attribute.float(1e-3) } });
  },
  'the first hand for the second': (m) => {
    for (const product of m.all(reads(/^refine_net\.dec_\w+\.weight/))) {
      const sum = m.only(({ opType, inputs }) => opType === 'Add' && inputs.includes(product.outputs[0]!));
      m.bypass(
        sum,
        sum.inputs.find((input) => input !== product.outputs[0]),
      );
    }
  },
  "a map's width for its height": (m) => {
    // Heights 64, 32 and 16; the depth is 2f / (H s), the projection times f / H.
    for (const rows of [64, 32, 16]) {
      const isOf = ({ name, inputs }: OnnxNode): boolean =>
        name.startsWith('Refine') &&
        (inputs.includes(`scalar ${rows}`) || inputs.includes(`scalar ${5000 / rows}`));
      for (const node of m.all(isOf)) {
        const isDepth = node.inputs.includes(`scalar ${rows}`);
        const value = isDepth ? rows * 0.75 : 5000 / (rows * 0.75);
        m.replace(node, { inputs: [node.inputs[0]!, m.number(value)] });
      }
    }
  },
};

// --------------------------------------------------------------------------------------------- Hamba

const JOINTS = 21;

/** The constant matrix of bones, each entry the number of a bone. */
function rewireBones(m: RewiredModel, from: (row: number, column: number) => [number, number]): void {
  const isBones = ({ opType, inputs }: OnnxNode): boolean =>
    opType === 'Gather' && m.integersOf(inputs[1]!)?.length === JOINTS * JOINTS;
  for (const gather of m.all(isBones)) {
    const entries = m.integersOf(gather.inputs[1]!)!;
    const wrong = entries.map((_, i) => {
      const [row, column] = from(Math.floor(i / JOINTS), i % JOINTS);
      return entries[row * JOINTS + column]!;
    });
    m.replace(gather, { inputs: [gather.inputs[0]!, m.integers(wrong)] });
  }
}

const DIRECTIONS = 4;

/** Gathers of one stack that put positions into the order of a scan, or back. */
function scanGathers(m: RewiredModel, module: string): OnnxNode[] {
  const length = module === 'JR' ? 16 * 12 : JOINTS + 1;
  return m.all(
    ({ name, opType, inputs }) =>
      opType === 'Gather' &&
      name.startsWith(module) &&
      m.integersOf(inputs[1]!)?.length === DIRECTIONS * length,
  );
}

/** Lets each direction visit positions in the order of another. */
function scanAs(m: RewiredModel, module: string, direction: (own: number) => number): void {
  for (const gather of scanGathers(m, module)) {
    const places = m.integersOf(gather.inputs[1]!)!;
    const length = places.length / DIRECTIONS;
    const wrong = places.map((_, i) => {
      const own = Math.floor(i / length);
      const other = direction(own);
      return places[other * length + (i % length)]! + (own - other) * length;
    });
    m.replace(gather, { inputs: [gather.inputs[0]!, m.integers(wrong)] });
  }
}

export const HAMBA_FAULTS: Readonly<Record<string, Fault>> = {
  'bones of joints one further': (m) => {
    rewireBones(m, (row, column) => [(row + 1) % JOINTS, (column + 1) % JOINTS]);
  },
  'bones numbered by their senders': (m) => {
    rewireBones(m, (row, column) => [column, row]);
  },
  "a joint's own matrices for its neighbours'": (m) => {
    for (const layer of m.all(reads(/gconv\.W\[0:/))) {
      const [x, own] = layer.inputs;
      const other = m.only(
        ({ inputs, opType }) => opType === 'MatMul' && inputs[0] === x && inputs[1] !== own,
      );
      m.replace(layer, { inputs: [x!, other.inputs[1]!] });
      m.replace(other, { inputs: [x!, own!] });
    }
  },
  'matrices of joints transposed': (m) => {
    for (const product of m.all(reads(/gconv\.W\[/)))
      m.before(product, 1, (w) => m.op('Transpose', [w], { perm: attribute.ints([0, 2, 1]) }));
  },
  'columns scanned as rows': (m) => scanAs(m, 'JR', (own) => (own < 2 ? 0 : 2)),
  'no scan backwards over the map': (m) => scanAs(m, 'JR', (own) => own % 2),
  'no scan backwards over the joints': (m) => scanAs(m, 'Decoder', (own) => own % 2),
  'states left in the order of their scan': (m) => {
    scanGathers(m, 'JR').forEach((gather, i) => {
      // Decays, inputs, states.
      if (i % 3 === 2) m.bypass(gather);
    });
  },
  'no bias of Δ': (m) => {
    for (const product of m.all(reads(/dt_projs_bias/)))
      m.replace(product, { inputs: product.inputs.slice(0, 2) });
  },
  'no way past the scan (D)': (m) => {
    for (const skip of m.all(reads(/\.op\.Ds$/))) m.after(skip, (x) => m.op('Mul', [x, m.number(0)]));
  },
  'joints not clipped': (m) => {
    m.bypass(m.only(({ opType }) => opType === 'Clip'));
  },
  'joints clipped and not spread again': (m) => {
    m.bypass(m.only(reads(/^scalar 0\.875$/, 'Div')));
  },
  'the map sampled with align_corners on': (m) => {
    movePositions(m, (position, size) => {
      const middle = m.number((size - 1) / 2);
      const scaled = m.op('Mul', [m.op('Sub', [position, middle]), m.number((size - 1) / size)]);
      return m.op('Add', [scaled, middle]);
    });
  },
  'the border for zeros outside the map': outsideAsTheBorder,
  'the mean before the joints': (m) => {
    const [tokens] = m.all(named(/^Decoder\/Concat_0$/));
    m.replace(tokens!, { inputs: tokens!.inputs.toReversed() });
  },
  'the mean of the joints alone': (m) => {
    const mean = m.writer(noted(m, 'token').inputs[0]!);
    const cut = [[0], [JOINTS], [1]].map((values) => m.integers(values));
    m.before(mean, 0, (x) => m.op('Slice', [x, ...cut]));
  },
  'the two means of the readout swapped': (m) => {
    const token = noted(m, 'token');
    const [tokens, joints, map, sampled] = token.inputs;
    m.replace(token, { inputs: [tokens!, joints!, sampled!, map!] });
  },
  'joints of the readout doubled': (m) => {
    m.before(noted(m, 'token'), 1, (joints) => m.op('Mul', [joints, m.number(2)]));
  },
  "the regressor's mean hand for the decoder's": (m) => {
    for (const sum of m.all(reads(/^mano_head\.init_/)))
      m.replace(sum, {
        inputs: sum.inputs.map((input) => input.replace(/^mano_head\.init/, 'initRegression.init')),
      });
  },
  'the decoder correcting the first hand': (m) => {
    for (const sum of m.all(reads(/^mano_head\.init_/))) {
      const mean = sum.inputs.find((input) => input.startsWith('mano_head.init'))!;
      const [first] = m.reader(mean.replace('mano_head', 'initRegression')).outputs;
      m.replace(sum, { inputs: sum.inputs.map((input) => (input === mean ? first! : input)) });
    }
  },
  'epsilon of batch norm 1e-3': (m) => m.setNumber('scalar 0.00001', 1e-3),
};
