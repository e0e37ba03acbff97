/**
 * Which execution providers start on this machine, found out by starting each. Each is started in a
 * process of its own: a driver that crashes takes its process with it, and drivers print.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { builtFile } from '../../workers/built-file.js';
import { providerByName, type ExecutionProvider } from './providers.js';
import { PROVIDERS } from './providers/registry.js';

export type ProviderTrial =
  | { readonly provider: ExecutionProvider; readonly ok: true }
  | {
      readonly provider: ExecutionProvider;
      readonly ok: false;
      /** The reason in the words of ONNX Runtime. */
      readonly reason: string;
      /** What makes it start. */
      readonly advice: string;
    };

/** What the process says: why the provider does not run; null where it does. */
export interface TrialAnswer {
  readonly reason: string | null;
}

const TRIAL = fileURLToPath(builtFile('inference/session/provider-trial.process.js'));

/** Building an engine or compiling shaders takes seconds. */
const PATIENCE_MS = 60_000;

/** Opens a session on each provider, one after the other, and runs a product of two small matrices. */
export async function tryProviders(
  providers: readonly ExecutionProvider[] = PROVIDERS.map(({ name }) => name),
): Promise<ProviderTrial[]> {
  const trials: ProviderTrial[] = [];
  for (const provider of providers) {
    const reason = await tryOut(provider);
    trials.push(
      reason === null
        ? { provider, ok: true }
        : { provider, ok: false, reason, advice: providerByName(provider).advice() },
    );
  }
  return trials;
}

/** Why the provider does not run; null where it does. */
function tryOut(provider: ExecutionProvider): Promise<string | null> {
  return new Promise((resolve) => {
    const child = fork(TRIAL, [provider], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(`it did not start within ${PATIENCE_MS / 1000} s`);
    }, PATIENCE_MS);
    child.once('message', ({ reason }: TrialAnswer) => resolve(reason));
    child.once('error', (error) => resolve(error.message));
    // After a message this changes nothing more.
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve(`its process ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}
