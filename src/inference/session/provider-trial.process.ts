/** Tries one execution provider, named by the first argument, and tells the process that asked. */
import type { TrialAnswer } from './provider-trial.js';
import type { ExecutionProvider } from './providers.js';
import { refusalReason } from './session.js';

const provider = process.argv[2] as ExecutionProvider;
const reason = await refusalReason({ provider, device: null, intraOpThreads: 1 });
process.send!({ reason } satisfies TrialAnswer);
process.disconnect();
