/**
 * ONNX Runtime reports to its maker unless this variable is set before it starts: it keeps an id of the machine and a
 * database of events in the user's cache folder. Nobody wants that of an evaluation, so another value is no choice.
 */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { UserError } from '../../errors.js';

const VARIABLE = 'ORT_DISABLE_TELEMETRY';
const OFF = '1';

/** What a thread sets stays in its own copy of the environment: there the process must have set it. */
const reachesNativeCode = isMainThread || process.env[VARIABLE] === OFF;
process.env[VARIABLE] = OFF;

/** @throws UserError in a thread of a process that has not switched it off. */
export function requireNoTelemetry(): void {
  if (reachesNativeCode) return;
  throw new UserError({
    code: 'telemetry-on',
    message: "ONNX Runtime's telemetry cannot be switched off from a worker thread",
    expected: `${VARIABLE}=${OFF} in the environment of the process`,
    next: 'set the variable, or let the main thread set it in process.env before it starts this one',
  });
}
