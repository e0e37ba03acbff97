/** What an ONNX model holds, where its weights lie, and how `run` would read it. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { readWhole } from '../../files/open-file.js';
import { decodeModel, type OnnxModel, type OnnxValue } from '../../formats/onnx/onnx.js';
import { ROLE_WORDS } from '../../hand/output-names.js';
import { MANO_WORDS } from '../../inference/mano/mano-outputs.js';
import { recordedWeights } from '../../inference/model/linked-weights.js';
import { resolveContract, type ModelContract } from '../../inference/model/model-contract.js';
import { requireModelFile, sha256OfFile } from '../../inference/model/model-file.js';
import type { TensorInfo } from '../../inference/model/model-io.js';
import { readSidecar, type Sidecar } from '../../inference/model/sidecar.js';
import { modulesOf, type InspectedModule, type ListedTensor } from './tensor-groups.js';

export interface OnnxInspection {
  readonly kind: 'onnx';
  readonly file: string;
  readonly bytes: number;
  readonly opsets: OnnxModel['opsets'];
  readonly producer: string;
  readonly metadata: OnnxModel['metadata'];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly ReadOutput[];
  readonly modules: readonly InspectedModule[];
  readonly initializers: readonly ListedTensor[];
  readonly external: readonly ExternalFile[];
  /** How often each operator occurs, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  readonly sidecar: Sidecar | null;
  readonly contract: ModelContract | null;
  /** Why `run` cannot feed or read it. */
  readonly problem: string | null;
}

export interface ReadOutput extends TensorInfo {
  /** What `run` takes it for; null where it does not read it. */
  readonly read_as: string | null;
  readonly recognised_by: 'sidecar' | 'name' | 'shape' | null;
}

/** A file beside the model that holds weights. */
export interface ExternalFile {
  readonly file: string;
  readonly tensors: number;
  /** How many of its bytes the model refers to. */
  readonly bytes: number;
  /** Size and hash of the file; null where there is none. */
  readonly size: number | null;
  readonly sha256: string | null;
  /** The hash that the model was built with, where it says so. */
  readonly recorded_sha256: string | null;
  /** Whether `run` would find what the model was built from. */
  readonly state: 'as recorded' | 'not recorded' | 'changed' | 'too short' | 'missing';
}

export async function inspectOnnx(file: string): Promise<OnnxInspection> {
  await requireModelFile(file);
  let content: Buffer;
  try {
    content = await readWhole(file);
  } catch (error) {
    throw fileError(error, file);
  }
  const model = decodeModel(content, file);
  const initializers = model.initializers.map(({ name, type, dims }) => ({
    name,
    type: type ?? null,
    shape: dims,
  }));
  // Files of older versions list initializers among the inputs.
  const held = new Set(initializers.map(({ name }) => name));
  const inputs = model.inputs.filter(({ name }) => !held.has(name)).map(declared);
  const outputs = model.outputs.map(declared);
  const { sidecar, contract, problem } = await reading({ file, inputs, outputs });
  return {
    kind: 'onnx',
    file,
    bytes: content.length,
    opsets: model.opsets,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    metadata: model.metadata,
    inputs,
    outputs: outputs.map((output) => ({ ...output, ...roleOf(output.name, contract) })),
    modules: modulesOf(initializers),
    initializers,
    external: await externalFiles(model, file),
    operators: operatorCounts(model),
    sidecar,
    contract,
    problem,
  };
}

function declared({ name, type, dims }: OnnxValue): TensorInfo {
  return { name, type: type ?? 'none', shape: (dims ?? []).map((size) => (size === -1 ? '' : size)) };
}

/** How `run` would take it: with the sidecar that lies beside it. */
async function reading(model: {
  readonly file: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}): Promise<Pick<OnnxInspection, 'sidecar' | 'contract' | 'problem'>> {
  let sidecar: Sidecar | null = null;
  try {
    sidecar = await readSidecar(model.file);
    return { sidecar, contract: resolveContract(model, sidecar), problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { sidecar, contract: null, problem: error.toLines().join('\n') };
  }
}

const UNREAD = { read_as: null, recognised_by: null } as const;

function roleOf(name: string, contract: ModelContract | null): Pick<ReadOutput, 'read_as' | 'recognised_by'> {
  if (contract === null) return UNREAD;
  const { outputs, mano } = contract;
  for (const [role, words] of Object.entries(ROLE_WORDS)) {
    const binding = outputs[role as keyof typeof ROLE_WORDS];
    if (binding?.name === name) return { read_as: words, recognised_by: binding.recognised_by };
  }
  for (const [role, words] of Object.entries(MANO_WORDS)) {
    if (mano?.[role as keyof typeof MANO_WORDS]?.name === name)
      return { read_as: words, recognised_by: mano.recognised_by };
  }
  return UNREAD;
}

async function externalFiles(model: OnnxModel, file: string): Promise<ExternalFile[]> {
  const files = new Map<string, { tensors: number; bytes: number; end: number }>();
  for (const { external } of model.initializers) {
    if (external === undefined) continue;
    const entry = files.get(external.location) ?? { tensors: 0, bytes: 0, end: 0 };
    entry.tensors++;
    entry.bytes += external.length;
    entry.end = Math.max(entry.end, external.offset + external.length);
    files.set(external.location, entry);
  }
  const recorded = recordedWeights(model, file);
  const found: ExternalFile[] = [];
  for (const [location, { tensors, bytes, end }] of files) {
    const path = join(dirname(file), location);
    const size = await stat(path).then(
      (info) => (info.isFile() ? info.size : null),
      () => null,
    );
    const sha256 = size === null ? null : await sha256OfFile(path);
    const wanted = recorded[location] ?? null;
    const state =
      size === null
        ? 'missing'
        : size < end
          ? 'too short'
          : wanted === null
            ? 'not recorded'
            : wanted === sha256
              ? 'as recorded'
              : 'changed';
    found.push({ file: path, tensors, bytes, size, sha256, recorded_sha256: wanted, state });
  }
  return found;
}

function operatorCounts({ nodes }: OnnxModel): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { domain, opType } of nodes) {
    const name = domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
