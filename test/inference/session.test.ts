import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { sha256OfFile } from '../../src/inference/model/model-file.js';
import { openModel } from '../../src/inference/model/model.js';
import { openSession, type Session } from '../../src/inference/session/session.js';
import { sharedFolder } from '../support/cli.js';
import { externalFloats, floats, integers, node, onnx, poolingModel } from '../support/tiny-onnx.js';
import { rejection } from '../support/user-error.js';

const folder = sharedFolder();
async function put(name: string, content: Uint8Array | string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

const image = { name: 'x', shape: ['N', 3, 256, 256] };
const through = { inputs: [image], outputs: [{ ...image, name: 'y' }] };
const pooling = () => poolingModel({ outputs: [{ name: 'joints', rows: 21 }] });

const request = (batch: number, size = 256) => ({
  input: 'img',
  dims: [batch, 3, size, size],
  data: new Float32Array(batch * 3 * size * size).fill(0.5),
  fetches: ['joints'],
});

async function withSession(model: string, work: (session: Session) => Promise<void>): Promise<void> {
  const session = await openSession({ model, intraOpThreads: 1 });
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

describe('a session', () => {
  it('tells what the model takes and gives, and who runs it', async () => {
    await withSession(await put('ok.onnx', pooling()), (session) => {
      expect(session).toMatchObject({
        inputs: [{ name: 'img', type: 'float32', shape: ['N', 3, 256, 256] }],
        outputs: [{ name: 'joints', type: 'float32', shape: ['N', 21, 3] }],
        providerUsed: 'cpu',
        providerTried: [],
        intraOpThreads: 1,
      });
      expect(session.runtimeVersion).toMatch(/^\d+\.\d+/);
      return Promise.resolve();
    });
  });

  it('runs batches in order and hands their buffers back', async () => {
    await withSession(await put('ok.onnx', pooling()), async (session) => {
      const first = request(2);
      const second = request(4);
      const results = await Promise.all([session.run(first), session.run(second)]);
      expect(first.data.length).toBe(0); // handed over
      expect(results.map(({ outputs }) => outputs.joints!.dims)).toEqual([
        [2, 21, 3],
        [4, 21, 3],
      ]);
      expect([...new Float32Array(results[0].outputs.joints!.data.buffer)].every((v) => v === 0.5)).toBe(
        true,
      );
      expect(results[1].data.length).toBe(4 * 3 * 256 * 256);
      expect(results[1].runMs).toBeGreaterThan(0);
      expect(results[0].idleMs).toBe(0);
    });
  });

  it('feeds halves to a float16 model, and returns its halves as they are', async () => {
    const bytes = onnx({
      nodes: [node('Relu', ['x'], ['y'])],
      inputs: [{ name: 'x', shape: ['N', 3], type: 'float16' }],
      outputs: [{ name: 'y', shape: ['N', 3], type: 'float16' }],
    });
    await withSession(await put('half.onnx', bytes), async (session) => {
      // 1, -2, 65504: the bits of IEEE binary16.
      const data = Uint16Array.of(0x3c00, 0xc000, 0x7bff);
      const result = await session.run({ input: 'x', dims: [1, 3], data, fetches: ['y'] });
      expect(result.outputs.y).toEqual({
        type: 'float16',
        dims: [1, 3],
        data: Uint16Array.of(0x3c00, 0, 0x7bff),
      });
      expect(result.data).toEqual(Uint16Array.of(0x3c00, 0xc000, 0x7bff));
    });
  });

  it('survives a batch it cannot run', async () => {
    await withSession(await put('ok.onnx', pooling()), async (session) => {
      await expect(session.run(request(1, 128))).rejects.toMatchObject({
        code: 'model-run-failed',
        got: expect.stringContaining('Got invalid dimensions for input: img') as string,
      });
      expect((await session.run(request(1))).outputs.joints!.dims).toEqual([1, 21, 3]);
    });
  });

  it('fails what is waiting when it is closed, and everything after', async () => {
    const session = await openSession({ model: await put('ok.onnx', pooling()), intraOpThreads: 1 });
    const waiting = Array.from({ length: 20 }, () => session.run(request(4)));
    const outcomes = Promise.allSettled(waiting);
    await session.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { message: "the session's worker was closed" },
      });
    }
    await expect(session.run(request(1))).rejects.toThrow('closed');
    await session.close();
  });

  it('reports a batch that does not fit into memory', async () => {
    const bytes = onnx({
      nodes: [
        node('Expand', ['one', 'shape'], ['huge']),
        node('ReduceMean', ['huge'], ['mean'], { keepdims: 0 }),
        node('Add', ['x', 'mean'], ['y']),
      ],
      initializers: [integers('shape', [1_000_000, 1_000_000]), floats('one', [1], [1])],
      ...through,
    });
    await withSession(await put('huge.onnx', bytes), async (session) => {
      await expect(session.run({ ...request(1), input: 'x', fetches: ['y'] })).rejects.toMatchObject({
        code: 'model-out-of-memory',
        next: expect.stringContaining('batch size') as string,
      });
    });
  });
});

describe('what is refused', () => {
  async function refusal(model: string): Promise<UserError> {
    const error = await rejection(openSession({ model }).then((session) => session.close()));
    expect(error.file).toBe(model);
    expect(error.got).not.toContain('onnxruntime_src');
    return error;
  }

  it('a missing file and a folder', async () => {
    expect((await refusal(join(folder, 'nothing.onnx'))).code).toBe('model-missing');
    await mkdir(join(folder, 'folder.onnx'));
    expect((await refusal(join(folder, 'folder.onnx'))).code).toBe('model-no-file');
  });

  it.each<[string, string, () => Uint8Array | string]>([
    ['text', 'model-not-onnx', () => 'hello'],
    ['empty', 'model-not-onnx', () => ''],
    ['truncated', 'model-not-onnx', () => pooling().subarray(0, -40)],
    [
      'new-ir',
      'model-too-new',
      () => onnx({ nodes: [node('Relu', ['x'], ['y'])], ...through, irVersion: 99 }),
    ],
    [
      'new-opset',
      'model-too-new',
      () => onnx({ nodes: [node('Relu', ['x'], ['y'])], ...through, opset: 99 }),
    ],
    ['unknown-op', 'model-operator-unknown', () => onnx({ nodes: [node('Foo', ['x'], ['y'])], ...through })],
    [
      'custom-op',
      'model-operator-unknown',
      () => onnx({ nodes: [node('Foo', ['x'], ['y'], {}, 'com.example')], ...through }),
    ],
    [
      'double-pool',
      'model-operator-unsupported',
      () =>
        onnx({
          nodes: [node('AveragePool', ['x'], ['y'], { kernel_shape: [2, 2] })],
          inputs: [{ name: 'x', shape: ['N', 3, 8, 8], type: 'float64' }],
          outputs: [{ name: 'y', shape: ['N', 3, 7, 7], type: 'float64' }],
        }),
    ],
    [
      'no-weights',
      'model-external-data',
      () =>
        onnx({
          nodes: [node('Add', ['x', 'w'], ['y'])],
          initializers: [externalFloats('w', [256], 'weights.bin')],
          ...through,
        }),
    ],
    ['dangling', 'model-invalid', () => onnx({ nodes: [node('Add', ['x', 'nothing'], ['y'])], ...through })],
  ])('%s: %s', async (name, code, content) => {
    const error = await refusal(await put(`${name}.onnx`, content()));
    expect(error.code).toBe(code);
    expect(error.next).toBeTruthy();
  });

  it('predictions, with the flag they belong to', async () => {
    expect((await refusal(await put('pred.json', '[[[[0, 0, 0]]], []]'))).next).toContain('--predictions');
    expect((await refusal(await put('pred.onnx', 'text'))).next).not.toContain('--predictions');
  });

  it('a model whose weights lie in a file that is too short', async () => {
    await put('short.bin', new Uint8Array(4));
    const bytes = onnx({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      initializers: [externalFloats('w', [256], 'short.bin')],
      ...through,
    });
    expect((await refusal(await put('short.onnx', bytes))).code).toBe('model-external-data');
  });
});

describe('opening a model', () => {
  it('resolves the contract with the sidecar beside it', async () => {
    const model = await put(
      'odd.onnx',
      poolingModel({
        outputs: [
          { name: 'a', rows: 21 },
          { name: 'b', rows: 21 },
        ],
      }),
    );
    await expect(openModel({ model })).rejects.toMatchObject({ code: 'model-outputs-ambiguous' });
    await put('odd.json', '{"outputs": {"joints": "b"}, "units": "mm"}');
    const { session, contract } = await openModel({ model });
    await session.close();
    expect(contract).toMatchObject({ outputs: { joints: { name: 'b' } }, units: 'mm', sidecar: 'odd.json' });
  });

  it('looks for the model before its sidecar', async () => {
    await put('gone.json', '{"unit": "mm"}');
    const model = join(folder, 'gone.onnx');
    await expect(openModel({ model })).rejects.toMatchObject({ code: 'model-missing', file: model });
  });

  it('takes predictions given as a model for no sidecar of themselves', async () => {
    const model = await put('mistaken.json', '[[], []]');
    await expect(openModel({ model })).rejects.toMatchObject({ code: 'model-not-onnx', file: model });
  });

  it('knows the file by its hash', async () => {
    const bytes = pooling();
    const file = await put('hash.onnx', bytes);
    expect(await sha256OfFile(file)).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});
