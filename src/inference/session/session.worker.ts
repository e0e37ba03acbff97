/**
 * The thread that owns an ONNX Runtime session. `session.run` blocks the thread it is called on
 * for the whole call, so nothing else lives here.
 */
import type * as Ort from 'onnxruntime-node';
import { handingOver, serve, startData } from '../../workers/worker-service.js';
import type { CropData } from '../crops/crop-messages.js';
import type { TensorInfo } from '../model/model-io.js';
import { providerOption } from './providers.js';
import { runError } from './session-errors.js';
import type {
  Opened,
  OutputTensor,
  RunRequest,
  RunResult,
  SessionService,
  SessionSettings,
} from './session-messages.js';

const settings = startData<SessionSettings>();
let ort: Pick<typeof Ort, 'env' | 'InferenceSession' | 'Tensor'>;
let session: Ort.InferenceSession | undefined;
let lastEnd: number | null = null;

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function open(): Promise<Opened> {
  try {
    ort = await import('./onnxruntime.js');
  } catch (error) {
    return { kind: 'refused', what: 'runtime', text: textOf(error) };
  }
  // Errors are thrown as well; what the runtime prints beside them would only disturb the progress bars.
  ort.env.logLevel = 'fatal';
  try {
    // The two overloads take a path or bytes; either is passed on as it is.
    session = await ort.InferenceSession.create(settings.model as string, {
      executionProviders: [providerOption(settings.provider, settings.device)],
      intraOpNumThreads: settings.intraOpThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      // Threads that wait by spinning make the next operator start sooner, and take the cores from
      // whoever decodes and crops between two runs: they spin during a run only.
      extra: { session: { force_spinning_stop: '1' } },
    });
  } catch (error) {
    return { kind: 'refused', what: 'model', text: textOf(error) };
  }
  return {
    kind: 'ready',
    inputs: session.inputMetadata.map(describe),
    outputs: session.outputMetadata.map(describe),
    runtimeVersion: ort.env.versions.node ?? ort.env.versions.common,
  };
}

function describe(value: Ort.InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: [...value.shape] }
    : { name: value.name, type: 'none', shape: [] };
}

function tensorOf(data: CropData, dims: readonly number[]): Ort.Tensor {
  return data instanceof Uint16Array
    ? new ort.Tensor('float16', data, dims)
    : new ort.Tensor('float32', data, dims);
}

async function run({ input, data, dims, fetches }: RunRequest): Promise<RunResult> {
  const started = performance.now();
  try {
    const results = await session!.run({ [input]: tensorOf(data, dims) }, fetches);
    const ended = performance.now();
    const outputs: Record<string, OutputTensor> = {};
    const buffers = new Set<ArrayBuffer>([data.buffer]);
    for (const name of fetches) {
      const tensor = results[name]!;
      const values = tensor.data as ArrayBufferView<ArrayBuffer>;
      outputs[name] = { type: tensor.type, dims: [...tensor.dims], data: values };
      if (ArrayBuffer.isView(values)) buffers.add(values.buffer);
    }
    const idleMs = lastEnd === null ? 0 : started - lastEnd;
    lastEnd = ended;
    return handingOver({ outputs, data, runMs: ended - started, idleMs }, [...buffers]);
  } catch (error) {
    throw runError(settings.file, textOf(error), dims[0]);
  }
}

serve<SessionService>({ open, run }, () => session?.release());
