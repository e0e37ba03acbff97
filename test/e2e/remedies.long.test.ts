/**
 * A remedy leads on. Each case raises an error, does to the input or to the flags what its 'next' says, and comes to
 * a result or to another error: never to the same wall.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorJson } from '../../src/errors.js';
import {
  cli,
  errorOf,
  FIXTURES,
  sharedFolder,
  temporaryFolder,
  type CliOptions,
  type CliResult,
} from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { givenModel } from '../support/models.js';
import { ofCheckpoints } from '../support/remedies/checkpoints.js';
import { ofDatasets } from '../support/remedies/datasets.js';
import { ofModels } from '../support/remedies/models.js';
import { JOINTS, score, written, type Place } from '../support/remedies/remedy.js';
import { ofRuns } from '../support/remedies/runs.js';
import { ofScoring } from '../support/remedies/scoring.js';
import { ofSets } from '../support/remedies/sets.js';
import { ofShards } from '../support/remedies/shards.js';

/** The error of a command, or the first problem that a check of a folder lists. */
function firstError(result: CliResult): ErrorJson {
  const { problems } = JSON.parse(result.stdout) as { problems?: ErrorJson[] };
  return problems?.[0] ?? errorOf(result);
}

const shared = sharedFolder();
const golden = join(FIXTURES, 'golden', 'freihand');
let common: Omit<Place, 'folder'>;

beforeAll(async () => {
  const photographs = await demoFolder('freihand');
  const model = await written(join(shared, 'model.onnx'), givenModel({ outputs: [JOINTS] }));
  const [run, part] = [join(shared, 'whole'), join(shared, 'part')];
  common = { data: golden, predictions: join(golden, 'pred.json'), photographs, model, run, part };
  expect((await cli(score({ ...common, folder: shared }, { out: run }))).code).toBe(0);
  expect((await cli(score({ ...common, folder: shared }, { out: part, limit: '3' }))).code).toBe(0);
});

describe.each([
  ['of scoring', ofScoring],
  ['of runs', ofRuns],
  ['of models', ofModels],
  ['of submissions and fused sets', ofSets],
  ['of shards', ofShards],
  ['of checkpoints', ofCheckpoints],
  ['of dataset folders', ofDatasets],
])('the remedies %s', (_, remedies) => {
  it.each(remedies.map((remedy) => [remedy.code, remedy.next, remedy] as const))(
    '%s: %s',
    async (code, next, { raise, follow, env }) => {
      const place = { ...common, folder: await temporaryFolder() };
      const options: CliOptions = { env: env?.(place) ?? { XDG_CONFIG_HOME: place.folder } };
      const raised = await cli([...(await raise(place)), '--json'], options);
      const error = firstError(raised);
      expect(error.code).toBe(code);
      expect(error.next).toContain(next);
      const followed = await cli([...(await follow(place)), '--json'], options);
      expect(followed.code, followed.stdout.slice(0, 2000)).toBe(0);
    },
  );
});

/** Errors of the end-to-end tests whose remedies are not tried here, and why. */
const UNTRIED: Readonly<Record<string, string>> = {
  'address-space': 'lifts a limit of the shell',
  'provider-unavailable': 'needs libraries of a graphics card, or names a provider that other cases run on',
  'sharp-unavailable': 'installs a package; the two commands were tried by hand',
  'telemetry-on': 'no-telemetry.long.test.ts sets the variable that it names',
  'output-in-use': 'at-once.long.test.ts has the other process end',
};

describe('the remedies', () => {
  it('of every error that an end-to-end test raises are tried, or are listed as untried', async () => {
    const here = fileURLToPath(new URL('.', import.meta.url));
    const sources = fileURLToPath(new URL('../../src', import.meta.url));
    const codes = new Set<string>();
    for (const name of await readdir(sources, { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const text = await readFile(join(sources, name), 'utf8');
      for (const [, code] of text.matchAll(/UserError\(\{[^}]*?code: '([a-z0-9-]+)'/g)) codes.add(code!);
    }
    const raised = new Set<string>();
    for (const name of await readdir(here)) {
      if (!name.endsWith('.test.ts') || name.startsWith('remedies')) continue;
      const text = await readFile(join(here, name), 'utf8');
      for (const [, code] of text.matchAll(/'([a-z0-9]+(?:-[a-z0-9]+)+)'/g))
        if (codes.has(code!)) raised.add(code!);
    }
    const tried = new Set(
      [...ofScoring, ...ofRuns, ...ofModels, ...ofSets, ...ofShards, ...ofCheckpoints, ...ofDatasets].map(
        ({ code }) => code,
      ),
    );
    expect([...raised].filter((code) => !tried.has(code)).sort()).toEqual(Object.keys(UNTRIED).sort());
  });
});
