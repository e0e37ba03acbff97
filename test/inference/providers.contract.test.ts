/** What every execution provider must say, and that it is offered, tried and explained as it says. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import Run from '../../src/commands/run.js';
import {
  AUTO_TEXT,
  checkDevice,
  FALLBACK,
  prepareEnvironment,
  providerByName,
  providerError,
  providerOption,
  providersToTry,
} from '../../src/inference/session/providers.js';
import { PROVIDERS } from '../../src/inference/session/providers/registry.js';
import { failure } from '../support/user-error.js';

afterEach(() => vi.unstubAllEnvs());

describe.each(PROVIDERS)('the execution provider $name', (provider) => {
  const { name, auto, takesDevice, environment } = provider;

  it('is found by its name, which no other has', () => {
    expect(providerByName(name)).toBe(provider);
    expect(PROVIDERS.filter((other) => other.name === name)).toHaveLength(1);
    expect(name).toMatch(/^[a-z][a-z0-9]*$/);
  });

  it('is offered by --provider', () => {
    expect(Run.flags.provider.options).toContain(name);
  });

  it('is tried where it is asked for, and by auto where it says so', () => {
    expect(providersToTry(name, false)).toEqual([name]);
    expect(providersToTry(name, true).at(-1)).toBe(FALLBACK);
    expect(providersToTry('auto', false).includes(name)).toBe(auto !== null);
    if (auto === null) return;
    expect(PROVIDERS.filter((other) => other.auto?.place === auto.place)).toHaveLength(1);
    expect(Run.flags.provider.summary).toContain(auto.title);
  });

  it('is asked for under its name, with a device where it takes one', () => {
    expect(providerOption(name, null)).toEqual({ name });
    expect(providerOption(name, 1)).toEqual(takesDevice ? { name, deviceId: 1 } : { name });
  });

  it('refuses a device, or is listed where another does', () => {
    if (takesDevice) {
      expect(() => checkDevice(name, 1)).not.toThrow();
      expect(failure(() => checkDevice(FALLBACK, 1)).expected).toContain(name);
    } else {
      expect(failure(() => checkDevice(name, 1))).toMatchObject({ code: 'provider-device' });
    }
  });

  it('sets the environment it needs, unless the user has', () => {
    for (const variable of Object.keys(environment)) vi.stubEnv(variable, undefined);
    prepareEnvironment(name);
    expect(process.env).toMatchObject(environment);
    for (const variable of Object.keys(environment)) vi.stubEnv(variable, 'mine');
    prepareEnvironment(name);
    for (const variable of Object.keys(environment)) expect(process.env[variable]).toBe('mine');
  });

  it('says what helps where it does not start', () => {
    expect(provider.advice()).toMatch(/^[a-z].*[^.]$/);
    expect(providerError({ name, reason: 'why' })).toMatchObject({
      got: 'why',
      next: `${provider.advice()}; or choose the provider ${FALLBACK}`,
    });
  });
});

describe('auto', () => {
  it('ends with what runs everywhere, and the help says what it takes', () => {
    expect(providersToTry('auto', false).at(-1)).toBe(FALLBACK);
    expect(Run.flags.provider.options![0]).toBe('auto');
    expect(AUTO_TEXT.split(' where it starts, else ')).toHaveLength(providersToTry('auto', false).length);
  });
});
