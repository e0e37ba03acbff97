import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/runs/manifest.js';

const MANIFEST = {
  schema: 'hamba-eval/run@1',
  state: 'complete',
  configuration: {},
  dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
  program: { name: 'hamba-eval', version: '0' },
  host: { name: 'h', pid: 1 },
  times: { started: '2026-01-01T00:00:00Z' },
};

/** What is wrong with run.json where these keys are other; empty where nothing is. */
function problemOf(change: object): string {
  const parsed = parseManifest({ ...MANIFEST, ...change });
  return 'problem' in parsed ? parsed.problem : '';
}

describe('run.json', () => {
  it('may have keys that this version does not know, wherever it may have keys', () => {
    const value = {
      ...MANIFEST,
      configuration: {
        later: 1,
        protocol: { later: [2], boxes: null },
        model: { later: {}, path: '/a.onnx' },
      },
      origin: { kind: 'model', path: '/run', later: true },
      score_timings: { wall_ms: 1, later_ms: 2.5 },
      later: { than: 'this' },
    };
    expect(parseManifest(value)).toEqual({ manifest: value });
  });

  it('keeps the order of the configuration, in which differences are told', () => {
    const configuration = {
      program: '0',
      protocol: { version: 1, boxes: 'npz' },
      fingerprint: 'f',
      model: {},
    };
    const parsed = parseManifest({ ...MANIFEST, configuration });
    expect(JSON.stringify('manifest' in parsed && parsed.manifest.configuration)).toBe(
      JSON.stringify(configuration),
    );
  });

  it.each([
    [{ configuration: undefined }, 'configuration: '],
    [{ configuration: [] }, 'configuration: '],
    [{ configuration: { model: '/a.onnx' } }, 'configuration.model: '],
    [{ configuration: { model: { path: 1 } } }, 'configuration.model.path: '],
    [{ configuration: { fingerprint: 1 } }, 'configuration.fingerprint: '],
    [{ configuration: { protocol: { boxes: 1 } } }, 'configuration.protocol.boxes: '],
    [{ configuration: { selection: [0] } }, 'configuration.selection: '],
    [{ origin: { kind: 'model' } }, 'origin.path: '],
    [{ origin: { kind: 'model', path: '/run', sha256: null } }, 'origin.sha256: '],
    [{ timings: { runMs: '1' } }, 'timings.runMs: '],
    [{ score_timings: [] }, 'score_timings: '],
    [{ decode: 'jpeg' }, 'decode: '],
    [{ times: { started: '2026-01-01T00:00:00Z', finished: 1 } }, 'times.finished: '],
  ])('is refused with %j', (change, problem) => {
    expect(problemOf({})).toBe('');
    expect(problemOf(change)).toMatch(new RegExp(`^${problem}`));
  });
});
