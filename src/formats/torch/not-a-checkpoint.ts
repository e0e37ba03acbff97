/** Files that are given in the place of a checkpoint, told by their content. */
import { UserError } from '../../errors.js';

interface Kind {
  readonly what: string;
  readonly next: string;
  readonly is: (start: Buffer, path: string) => boolean;
}

/** Bytes at the start of a file that tell its kind. */
export const KIND_BYTES = 512;

const begins =
  (...hex: readonly string[]) =>
  (start: Buffer): boolean =>
    hex.some((one) => start.subarray(0, one.length / 2).equals(Buffer.from(one, 'hex')));

const textOf = (start: Buffer): string => start.toString('latin1').trimStart().toLowerCase();

const TO_ONNX = 'export it to ONNX where it was made, and give that to run --model';

const KINDS: readonly Kind[] = [
  { what: 'an empty file', next: 'copy or download the checkpoint again', is: ({ length }) => length === 0 },
  {
    what: 'a web page',
    next: 'download the file itself: a page that asks or warns was saved in its place',
    is: (start) => /^<(?:!doctype html|html)/.test(textOf(start)),
  },
  {
    what: 'a compressed file',
    next: 'unpack it, and give the checkpoint that is in it',
    // gzip, bzip2, xz, Zstandard, 7-Zip; tar has its mark further on.
    is: (start) =>
      begins('1f8b', '425a68', 'fd377a585a00', '28b52ffd', '377abcaf271c')(start) ||
      start.toString('latin1', 257, 262) === 'ustar',
  },
  { what: 'an HDF5 file, as Keras writes it', next: TO_ONNX, is: begins('894844460d0a1a0a') },
  {
    what: "a part of TensorFlow's checkpoint",
    next: TO_ONNX,
    is: (_, path) => /\.(?:index|meta|data-\d+-of-\d+)$/.test(path),
  },
  {
    what: "a Python pickle that is not PyTorch's",
    next: 'give the file that torch.save wrote; a hand model (MANO_RIGHT.pkl) goes to --mano',
    is: (start) => start[0] === 0x80 && start[1]! <= 5,
  },
  {
    what: 'JSON text',
    next: 'give the checkpoint itself; its configuration goes to --config',
    is: (start) => /^[[{]/.test(textOf(start)),
  },
  {
    what: 'an ONNX model',
    next: 'an ONNX file needs no building: give it to run --model',
    // ModelProto: ir_version, then the producer, the graph or the operator sets.
    is: (start, path) =>
      /\.onnx$/i.test(path) ||
      (start[0] === 8 && start[1]! < 32 && [0x12, 0x1a, 0x3a, 0x42].includes(start[2]!)),
  },
];

/** @param start the first `KIND_BYTES` of the file */
export function notACheckpoint(start: Buffer, path: string): UserError {
  const kind = KINDS.find(({ is }) => is(start, path));
  return new UserError({
    code: 'checkpoint-format',
    message: 'This is no checkpoint that can be read',
    file: path,
    offset: 0,
    expected: 'a file of torch.save (.ckpt, .pth, .pt) or safetensors',
    got: kind?.what ?? `a file that begins with ${JSON.stringify(start.subarray(0, 8).toString('latin1'))}`,
    next: kind?.next ?? 'give the checkpoint itself; download it again if it was cut off or changed',
  });
}
