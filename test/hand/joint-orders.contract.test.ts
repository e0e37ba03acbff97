/** What every order of the joints must say, and that one which may be declared is known wherever orders are declared. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { datasetById } from '../../src/datasets/registry.js';
import { gathered, permutationsOf } from '../../src/diagnosis/joint-permutations.js';
import { JOINT_ORDERS, KNOWN_ORDERS } from '../../src/hand/joint-orders/registry.js';
import {
  gatherFromOpenPose,
  JOINT_COUNT,
  JOINT_ORDER_IDS,
  jointNames,
  OPENPOSE_JOINTS,
} from '../../src/hand/joints.js';
import { parseSidecar } from '../../src/inference/model/sidecar.js';
import { openRunPredictions } from '../../src/predictions/run-predictions.js';
import type { ArrayDescription } from '../../src/runs/manifest.js';
import { SetWriter } from '../../src/runs/set-writer.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { freshRun } from '../support/run-directory.js';
import { failure } from '../support/user-error.js';

const CONTRACT = new URL('../../docs/model-contract.md', import.meta.url);

const FREIHAND = datasetById('freihand');

/** A finished run whose joints are one row of `values`, described as given. */
async function runOf(values: Float64Array, change: Partial<ArrayDescription>): Promise<StoredRun> {
  const run = await freshRun();
  const writer = new SetWriter(run, 'predictions', 1);
  await writer.write('joints', [JOINT_COUNT, 3], 0, values);
  const written = await writer.close({ points: 'opencv', roots: 'opencv', jointOrder: 'openpose' });
  await run.update({ predictions: { joints: { ...written.joints!, ...change } } });
  return StoredRun.open(run.path);
}

describe.each(JOINT_ORDERS)('the joint order $id', ({ id, title, layout, source, fromOpenPose }) => {
  it('is a permutation of the 21 joints, under names of its own', () => {
    expect([...fromOpenPose].sort((a, b) => a - b)).toEqual(Array.from(OPENPOSE_JOINTS.keys()));
    expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(JOINT_ORDERS.filter((other) => other.id === id || other.title === title)).toHaveLength(1);
    for (const text of [title, layout, source]) expect(text).toMatch(/\S/);
  });

  it('names its joints', () => {
    expect(gatherFromOpenPose(id)).toEqual(fromOpenPose);
    expect(jointNames(id)).toEqual(fromOpenPose.map((joint) => OPENPOSE_JOINTS[joint]));
  });

  it('may be declared by the sidecar of a model', () => {
    expect(parseSidecar(JSON.stringify({ joint_order: id }), 'model.json')).toEqual({ joint_order: id });
    expect(readFileSync(CONTRACT, 'utf8')).toMatch(new RegExp(`^\\| \`joint_order\` .*\`${id}\``, 'm'));
  });

  it('may be declared by run.json, and its joints are brought into the order of the dataset', async () => {
    const openPose = Float64Array.from({ length: JOINT_COUNT * 3 }, (_, k) => k);
    const run = await runOf(gathered(openPose, fromOpenPose), { joint_order: id });
    const opened = await openRunPredictions(run, FREIHAND, 'run-directory');
    expect(opened.joints).toEqual(openPose);
    await opened.close();
  });

  it('is what the diagnosis looks for where another is declared', () => {
    for (const declared of JOINT_ORDER_IDS.filter((other) => other !== id)) {
      expect(permutationsOf(declared).map(({ order }) => order.name)).toContain(`${title} order (${layout})`);
    }
  });
});

describe('the joint orders', () => {
  it('are all named where another is found', async () => {
    const sidecar = failure(() => parseSidecar('{"joint_order": "?"}', 'model.json'));
    const run = await runOf(new Float64Array(JOINT_COUNT * 3), { joint_order: undefined });
    const undescribed: unknown = await openRunPredictions(run, FREIHAND, 'run-directory').catch(
      (error: unknown) => error,
    );
    for (const id of JOINT_ORDER_IDS) {
      expect(sidecar.expected).toContain(`"${id}"`);
      expect(undescribed).toHaveProperty('expected', expect.stringContaining(`'${id}'`));
    }
  });

  it('that are known are permutations, each once', () => {
    for (const { name, fromOpenPose } of KNOWN_ORDERS) {
      expect(
        [...fromOpenPose].sort((a, b) => a - b),
        name,
      ).toEqual(Array.from(OPENPOSE_JOINTS.keys()));
    }
    const distinct = (values: readonly string[]): number => new Set(values).size;
    expect(distinct(KNOWN_ORDERS.map(({ fromOpenPose }) => fromOpenPose.join()))).toBe(KNOWN_ORDERS.length);
    expect(distinct(KNOWN_ORDERS.map(({ name }) => name))).toBe(KNOWN_ORDERS.length);
  });
});
