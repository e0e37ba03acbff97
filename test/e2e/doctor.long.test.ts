/** `doctor` with the built program. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/doctor.js';
import { cli, FIXTURES, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';

const MANO = join(FIXTURES, 'mano', 'MANO_RIGHT.pkl');

interface Home {
  readonly file: string;
  readonly doctor: (...more: string[]) => Promise<CliResult>;
}

/** A home of its own with this configuration. */
async function home(configuration: unknown): Promise<Home> {
  const folder = await temporaryFolder();
  const directory = join(folder, 'hamba-eval');
  await mkdir(directory);
  const file = join(directory, 'config.json');
  const text = typeof configuration === 'string' ? configuration : JSON.stringify(configuration);
  if (configuration !== null) await writeFile(file, text);
  const env = { XDG_CONFIG_HOME: folder, HAMBA_EVAL_DATA: '' };
  return { file, doctor: (...more) => cli(['doctor', ...more], { env }) };
}

const diagnosisOf = ({ stdout }: CliResult): Diagnosis => JSON.parse(stdout) as Diagnosis;

describe('doctor', () => {
  let data: string;
  beforeAll(async () => {
    data = await demoFolder('freihand');
  });

  it('finds the CPU provider, versions and machine, and nothing wrong where nothing is named', async () => {
    const { doctor, file } = await home(null);
    const result = await doctor('--json');
    expect(result.code).toBe(0);
    const diagnosis = diagnosisOf(result);
    expect(diagnosis.providers.find(({ provider }) => provider === 'cpu')).toEqual({
      provider: 'cpu',
      ok: true,
    });
    for (const probe of diagnosis.providers) {
      if (probe.ok) continue;
      expect(probe.reason).not.toBe('');
      expect(probe.advice).not.toBe('');
    }
    expect(diagnosis.providers.map(({ provider }) => provider)).toEqual([
      'cpu',
      'cuda',
      'tensorrt',
      'webgpu',
    ]);
    expect(diagnosis.versions.node).toBe(process.versions.node);
    expect(diagnosis.machine.cores).toBeGreaterThan(0);
    expect(diagnosis.machine.memory_bytes).toBeGreaterThan(diagnosis.machine.free_memory_bytes);
    expect(diagnosis.config).toEqual({ file, exists: false });
    expect(diagnosis.checks).toEqual([]);
  });

  it('says ok of a folder and a MANO file that can be used', async () => {
    const { doctor } = await home({ datasets: { freihand: data }, mano: MANO });
    const result = await doctor();
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/^ {2}freihand {6}ok /m);
    expect(result.stdout).toMatch(/^ {2}MANO file {5}ok /m);
    expect(result.stdout).toMatch(/^ {2}cpu {11}ok /m);
  });

  it('says what is wrong with each, with advice, and exits with 3', async () => {
    const folder = await temporaryFolder();
    const cut = join(folder, 'MANO_RIGHT.pkl');
    await writeFile(cut, (await readFile(MANO)).subarray(0, 1000));
    const missing = join(folder, 'not there');
    const { doctor } = await home({ datasets: { freihand: missing, 'hint-visor': data }, mano: cut });
    const result = await doctor('--json');
    expect(result.code).toBe(3);
    const { checks } = diagnosisOf(result);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['freihand', false],
      ['hint-visor', false],
      ['MANO file', false],
    ]);
    for (const { advice, detail } of checks) {
      expect(advice).toBeTruthy();
      expect(detail).not.toBe('');
    }
    expect(checks[0]!.detail).toContain(missing);
    expect(checks[2]!.detail).toContain('MANO_RIGHT.pkl');
    const text = await doctor();
    expect(text.code).toBe(3);
    expect(text.stdout).toMatch(/^ {2}freihand {6}no /m);
    expect(text.stdout).toContain('→');
  });

  it('says what a folder lacks that can be used in part', async () => {
    // Ground truth alone scores predictions, but there is no list of samples.
    const folder = await temporaryFolder();
    const name = 'evaluation_xyz.json';
    await cp(join(await demoFolder('ho3d-v3'), name), join(folder, name));
    const { doctor } = await home({ datasets: { 'ho3d-v3': folder } });
    const { checks } = diagnosisOf(await doctor('--json'));
    expect(checks[0]).toMatchObject({ name: 'ho3d-v3', ok: true });
    expect(checks[0]!.detail).toContain('evaluation.txt');
    expect(checks[0]!.advice).toBeTruthy();
  });

  it('says which dataset a folder is that stands under the name of another', async () => {
    const { doctor } = await home({ datasets: { 'ho3d-v3': data } });
    const result = await doctor();
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(/^ {2}ho3d-v3 {7}no /m);
    expect(result.stdout.replace(/\s+/g, ' ')).toContain('got one of FreiHAND');
    expect(result.stdout.replace(/\s+/g, ' ')).toContain('→ name it freihand (config file)');
  });

  it.each([
    ['is no JSON', '{"datasets": '],
    ['has a misspelt key', { dataset: {} }],
  ])('goes on where the configuration %s', async (_, configuration) => {
    const { doctor, file } = await home(configuration);
    const result = await doctor('--json');
    expect(result.code).toBe(3);
    const { checks, providers } = diagnosisOf(result);
    expect(providers).toHaveLength(4);
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({ name: 'configuration', ok: false });
    expect(checks[0]!.detail).toContain(file);
    expect(checks[0]!.advice).toContain('mend the file');
  });

  it('fits 80 columns, but for words that are longer', async () => {
    const { doctor } = await home({
      datasets: { freihand: join(data, 'missing') },
      mano: join(data, 'x.pkl'),
    });
    const { stdout } = await doctor();
    for (const line of stdout.split('\n')) {
      if (line.trim().includes(' ')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });
});
