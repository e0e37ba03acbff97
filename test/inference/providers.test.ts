import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { tryProviders } from '../../src/inference/session/provider-trial.js';
import {
  checkDevice,
  prepareEnvironment,
  providerByName,
  providerOption,
  providersToTry,
  type ProviderChoice,
} from '../../src/inference/session/providers.js';
import { PROVIDERS } from '../../src/inference/session/providers/registry.js';
import { isProviderRefusal, tidy } from '../../src/inference/session/session-errors.js';
import { openSession, refusalReason, type SessionOptions } from '../../src/inference/session/session.js';
import { TRIAL_MODEL } from '../../src/inference/session/trial-model.js';
import { sharedFolder } from '../support/cli.js';
import { runScript } from '../support/script.js';

const folder = sharedFolder();
let model: string;
beforeAll(async () => {
  model = join(folder, 'tiny.onnx');
  await writeFile(model, TRIAL_MODEL.bytes());
});
afterEach(() => vi.unstubAllEnvs());

const [cuda] = await tryProviders(['cuda']);
const hasCuda = cuda!.ok;

/** What opening a session tells; the session is closed again. */
async function opened(options: Omit<SessionOptions, 'model'>) {
  const session = await openSession({ model, intraOpThreads: 1, ...options });
  const { providerUsed, providerTried } = session;
  const { outputs } = await session.run(TRIAL_MODEL.request());
  await session.close();
  return { providerUsed, providerTried, isRight: TRIAL_MODEL.isRight(outputs) };
}

describe('what is tried', () => {
  it.each<[ProviderChoice, boolean, string[]]>([
    ['auto', false, ['cuda', 'cpu']],
    ['cpu', true, ['cpu']],
    ['cuda', false, ['cuda']],
    ['tensorrt', true, ['tensorrt', 'cpu']],
    ['webgpu', false, ['webgpu']],
  ])('%s, with fallback %s: %j', (choice, allowFallback, tried) => {
    expect(providersToTry(choice, allowFallback)).toEqual(tried);
  });

  it('a device goes to the providers that can choose one', () => {
    expect(providerOption('cuda', 1)).toEqual({ name: 'cuda', deviceId: 1 });
    expect(providerOption('tensorrt', 0)).toEqual({ name: 'tensorrt', deviceId: 0 });
    expect(providerOption('cuda', null)).toEqual({ name: 'cuda' });
    // After `auto` has fallen to it.
    expect(providerOption('cpu', 1)).toEqual({ name: 'cpu' });
    expect(() => checkDevice('auto', 1)).not.toThrow();
    expect(() => checkDevice('webgpu', undefined)).not.toThrow();
    for (const choice of ['cpu', 'webgpu'] as const) {
      expect(() => checkDevice(choice, 0)).toThrow(`${choice} cannot choose a device`);
    }
  });

  it('NVIDIA’s libraries keep float32, unless the user has decided', () => {
    vi.stubEnv('NVIDIA_TF32_OVERRIDE', undefined);
    prepareEnvironment('cpu');
    expect(process.env.NVIDIA_TF32_OVERRIDE).toBeUndefined();
    prepareEnvironment('cuda');
    expect(process.env.NVIDIA_TF32_OVERRIDE).toBe('0');
    vi.stubEnv('NVIDIA_TF32_OVERRIDE', '1');
    prepareEnvironment('tensorrt');
    expect(process.env.NVIDIA_TF32_OVERRIDE).toBe('1');
  });

  it('which a thread cannot see to, and says so', async () => {
    const providers = new URL('../../dist/inference/session/providers.js', import.meta.url).href;
    const script = `
      import { isMainThread, Worker } from 'node:worker_threads';
      if (isMainThread) new Worker(new URL(import.meta.url));
      else {
        const { prepareEnvironment } = await import('${providers}');
        console.log(prepareEnvironment('cpu') ?? '', prepareEnvironment('cuda') ?? '');
      }`;
    const env = { ...process.env };
    delete env.NVIDIA_TF32_OVERRIDE;
    expect((await runScript(script, env)).stdout).toContain('set NVIDIA_TF32_OVERRIDE=0 for the process');
    expect((await runScript(script, { ...env, NVIDIA_TF32_OVERRIDE: '0' })).stdout.trim()).toBe('');
  });
});

describe('the CPU', () => {
  it('runs, alone and as what is left', async () => {
    expect(await opened({ provider: 'cpu' })).toEqual({
      providerUsed: 'cpu',
      providerTried: [],
      isRight: true,
    });
    expect(await refusalReason({ provider: 'cpu', device: null, intraOpThreads: 1 })).toBeNull();
  });

  it('a model that is none is the model’s fault, whatever was tried', async () => {
    const text = join(folder, 'text.onnx');
    await writeFile(text, 'hello');
    for (const provider of ['auto', 'cpu'] as const) {
      await expect(openSession({ model: text, provider })).rejects.toMatchObject({
        code: 'model-not-onnx',
        file: text,
      });
    }
  });
});

describe.skipIf(hasCuda)('where CUDA does not start', () => {
  it('asking for it is an error with the reason and the remedy, never a run on the CPU', async () => {
    await expect(opened({ provider: 'cuda' })).rejects.toMatchObject({
      code: 'provider-unavailable',
      message: 'The execution provider cuda does not start on this machine',
      got: expect.stringMatching(/\S/) as string,
      next: `${providerByName('cuda').advice()}; or choose the provider cpu`,
    });
  });

  it('auto and a fallback that is allowed use the CPU, and say why', async () => {
    const auto = await opened({ provider: 'auto', device: 0 });
    expect(auto).toMatchObject({ providerUsed: 'cpu', isRight: true });
    expect(auto.providerTried).toEqual([{ name: 'cuda', reason: expect.stringMatching(/\S/) as string }]);
    const allowed = await opened({ provider: 'cuda', allowFallback: true });
    expect(allowed).toEqual(auto);
  });

  it('nothing is printed about it', async () => {
    const built = new URL('../../dist/inference/session/session.js', import.meta.url).href;
    const script = `
      const { openSession } = await import(${JSON.stringify(built)});
      const session = await openSession({ model: ${JSON.stringify(model)}, provider: 'auto' });
      await session.close();`;
    const file = join(folder, 'script.mjs');
    await writeFile(file, script);
    expect(await promisify(execFile)(process.execPath, [file])).toEqual({ stdout: '', stderr: '' });
  });
});

describe('the probe', () => {
  it('tells which providers start, and what helps those that do not', async () => {
    const probes = await tryProviders();
    expect(probes.map(({ provider }) => provider)).toEqual(PROVIDERS.map(({ name }) => name));
    expect(probes[0]).toEqual({ provider: 'cpu', ok: true });
    for (const probe of probes) {
      if (probe.ok) continue;
      expect(probe.reason).toMatch(/\S/);
      expect(probe.advice).toBe(providerByName(probe.provider).advice());
    }
  });

  it.runIf(process.platform === 'linux')('tells that there is no adapter for WebGPU', async () => {
    vi.stubEnv('VK_DRIVER_FILES', '/nonexistent');
    vi.stubEnv('VK_ICD_FILENAMES', '/nonexistent');
    expect(await tryProviders(['webgpu'])).toEqual([
      {
        provider: 'webgpu',
        ok: false,
        reason: expect.stringMatching(/^Failed to get a WebGPU adapter/) as string,
        advice: expect.stringContaining('Vulkan driver') as string,
      },
    ]);
  });
});

describe('texts of ONNX Runtime', () => {
  it('the provider’s own refusal is told from the model’s', () => {
    expect(
      isProviderRefusal('OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library'),
    ).toBe(true);
    expect(isProviderRefusal('no available backend found. ERR: [cuda] backend not found.')).toBe(true);
    expect(isProviderRefusal('Load model from x.onnx failed:Protobuf parsing failed.')).toBe(false);
  });

  it('a condition of the source code is left out where a sentence follows it', () => {
    const text =
      '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:90 onnxruntime::webgpu::WebGpuContext::Initialize(const Config&)::<lambda()> status == Success was false. Failed to get a WebGPU adapter: none ';
    expect(tidy(text)).toBe('Failed to get a WebGPU adapter: none');
    expect(tidy('a == b was false. ')).toBe('a == b was false.');
  });
});
