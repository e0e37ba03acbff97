/** A model, opened and understood: what `run` needs before it can predict. */
import { openSession, type Session, type SessionOptions } from '../session/session.js';
import { resolveContract, type ModelContract } from './model-contract.js';
import { unusualOutputs } from './model-outputs.js';
import { requireModelFile } from './model-file.js';
import { readSidecar } from './sidecar.js';

export interface OpenModel {
  readonly session: Session;
  readonly contract: ModelContract;
  /** How outputs of unusual shapes are read, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Opens the session of a model and resolves its contract with the sidecar beside it.
 *
 * @throws UserError where the file is no model, or cannot be fed or read.
 */
export async function openModel(options: SessionOptions): Promise<OpenModel> {
  await requireModelFile(options.model);
  // Before the session: a broken sidecar is found without waiting for gigabytes to load.
  const sidecar = await readSidecar(options.model);
  const session = await openSession(options);
  try {
    const { inputs, outputs } = session;
    const contract = resolveContract({ file: options.model, inputs, outputs }, sidecar);
    return { session, contract, notes: unusualOutputs({ outputs }, contract.outputs).notes };
  } catch (error) {
    await session.close();
    throw error;
  }
}
