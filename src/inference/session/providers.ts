/**
 * Execution providers: what ONNX Runtime computes with. Which ones are tried, and how each is asked for; what each is
 * lies in providers/.
 *
 * ONNX Runtime itself never falls back: a list such as cuda, cpu throws where CUDA does not start.
 * What is tried after what is settled here, and is told to the user.
 */
import type * as Ort from 'onnxruntime-node';
import { isMainThread } from 'node:worker_threads';
import { UserError } from '../../errors.js';
import { CPU } from './providers/cpu.js';
import type { ProviderDefinition } from './providers/provider.js';
import { PROVIDERS } from './providers/registry.js';

export type ExecutionProvider = (typeof PROVIDERS)[number]['name'];

/** What `--provider` takes. */
export const PROVIDER_CHOICES = ['auto', ...PROVIDERS.map(({ name }) => name)] as const;
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** What `auto` tries, in this order. */
const AUTO_PROVIDERS = PROVIDERS.filter(({ auto }) => auto !== null).sort(
  (a, b) => a.auto!.place - b.auto!.place,
);

/** `CUDA where it starts, else the CPU` */
export const AUTO_TEXT = AUTO_PROVIDERS.map(({ auto }) => auto!.title).join(' where it starts, else ');

/** What a run may fall back on: what it refuses to run is wrong with the model. */
export const FALLBACK = CPU.name;

/** A provider that did not start, and why. */
export interface TriedProvider {
  readonly name: ExecutionProvider;
  readonly reason: string;
}

export function providerByName(name: ExecutionProvider): ProviderDefinition<ExecutionProvider> {
  return PROVIDERS.find((provider) => provider.name === name)!;
}

/** The providers to try, one after the other. */
export function providersToTry(choice: ProviderChoice, allowFallback: boolean): readonly ExecutionProvider[] {
  if (choice === 'auto') return AUTO_PROVIDERS.map(({ name }) => name);
  return allowFallback && choice !== FALLBACK ? [choice, FALLBACK] : [choice];
}

/** @throws UserError where a device is given to a provider that cannot choose one. */
export function checkDevice(choice: ProviderChoice, device: number | undefined): void {
  if (device === undefined || choice === 'auto' || providerByName(choice).takesDevice) return;
  const withDevices = PROVIDERS.filter(({ takesDevice }) => takesDevice).map(({ name }) => name);
  throw new UserError({
    code: 'provider-device',
    message: `The execution provider ${choice} cannot choose a device`,
    expected: `no device, or one of the providers ${withDevices.join(', ')}`,
    got: `device ${device}`,
    next: 'leave the device out',
  });
}

/** How the provider is asked for. */
export function providerOption(
  provider: ExecutionProvider,
  device: number | null,
): Ort.InferenceSession.ExecutionProviderConfig {
  return providerByName(provider).takesDevice && device !== null
    ? { name: provider, deviceId: device }
    : { name: provider };
}

/**
 * Sets what the provider's libraries read when they are loaded; whoever has set it is left alone.
 *
 * @returns why the provider would compute with less precision; null where it would not.
 */
export function prepareEnvironment(provider: ExecutionProvider): string | null {
  for (const [name, value] of Object.entries(providerByName(provider).environment)) {
    if (process.env[name] !== undefined) continue;
    // What a thread sets stays in its own copy of the environment.
    if (!isMainThread) return `in this thread it would round to TF32: set ${name}=${value} for the process`;
    process.env[name] = value;
  }
  return null;
}

/** An execution provider that was asked for and does not start. */
export function providerError({ name, reason }: TriedProvider): UserError {
  return new UserError({
    code: 'provider-unavailable',
    message: `The execution provider ${name} does not start on this machine`,
    got: reason,
    next: `${providerByName(name).advice()}; or choose the provider ${FALLBACK}`,
  });
}
