/** `datasets verify` on whole folders and on folders with one thing broken: that thing is named, and nothing else. */
import { readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATASET_IDS } from '../../../src/datasets/registry.js';
import { verifyDataset, type Verification } from '../../../src/datasets/verify/verify.js';
import { writePickle } from '../../../src/formats/pickle/pickle-writer.js';
import { asDict, numbersAt, readPickle } from '../../../src/formats/pickle/pickle.js';
import { silentProgress } from '../../../src/progress.js';
import { temporaryFolder } from '../../support/cli.js';
import { demoFolder, demoFolderCopy } from '../../support/demo-folder.js';
import { writeHamerMetadata } from '../../support/demo-metadata.js';

const CONTEXT = { progress: silentProgress, signal: new AbortController().signal };

function verify(dataset: string, data: string, more: { split?: string; boxes?: string } = {}) {
  return verifyDataset({ dataset, data, split: 'evaluation', ...more }, CONTEXT);
}

/** What a broken copy of a folder is told of. */
async function broken(
  dataset: string,
  breakIt: (root: string) => Promise<void>,
  split = 'evaluation',
): Promise<Verification & { root: string }> {
  const root = await demoFolderCopy(dataset);
  await breakIt(root);
  return { ...(await verify(dataset, root, { split })), root };
}

async function editJson(file: string, edit: (value: number[][][]) => unknown): Promise<void> {
  await writeFile(file, JSON.stringify(edit(JSON.parse(await readFile(file, 'utf8')) as number[][][])));
}

const scaled = (by: number) => (hands: number[][][]) =>
  hands.map((hand) => hand.map((point) => point.map((value) => value * by)));

const SECOND_IMAGE: Readonly<Record<string, string>> = {
  freihand: 'evaluation/rgb/00000001.jpg',
  'ho3d-v2': 'evaluation/DEMO1/rgb/0001.png',
  'ho3d-v3': 'evaluation/DEMO1/rgb/0001.jpg',
  'hint-newdays': 'TEST_newdays_img/demo_00001_l.jpg',
  'hint-visor': 'TEST_epick_img/demo_00001_l.jpg',
  'hint-ego4d': 'TEST_ego4d_img/demo_00001_l.jpg',
};

describe.each(DATASET_IDS)('a folder of %s', (dataset) => {
  it('that is whole is in order', async () => {
    const { problems, notices, counts } = await verify(dataset, await demoFolder(dataset));
    expect(problems).toEqual([]);
    expect(notices).toEqual([]);
    const present = Object.entries(counts).filter(([name, count]) => name !== 'benchmark' && count !== null);
    expect(present.map(([name]) => name)).toEqual(
      dataset.startsWith('hint') ? ['photographs', 'labels'] : ['photographs', 'joints', 'meshes'],
    );
    expect(new Set(present.map(([, count]) => count))).toEqual(new Set([8]));
  });

  it('that is whole is in order with the boxes of its metadata, and without photographs of its own', async () => {
    const root = await demoFolder(dataset);
    const [file] = await writeHamerMetadata(root, await temporaryFolder());
    expect((await verify(dataset, root, { boxes: file! })).problems).toEqual([]);
    const images = join(root, SECOND_IMAGE[dataset]!.split('/')[0]!, dataset === 'freihand' ? 'rgb' : '');
    if (dataset.startsWith('hint')) return; // its annotations lie among the photographs
    expect((await verify(dataset, images, { boxes: file! })).problems).toEqual([]);
  });

  it('with a photograph deleted', async () => {
    const { problems, counts, root } = await broken(dataset, (folder) =>
      unlink(join(folder, SECOND_IMAGE[dataset]!)),
    );
    expect(problems).toHaveLength(1);
    const isListed = dataset.startsWith('ho3d');
    expect(problems[0]).toMatchObject({
      code: isListed ? 'image-missing' : 'dataset-images-missing',
      file: isListed ? join(root, SECOND_IMAGE[dataset]!) : (expect.stringContaining(root) as string),
    });
    expect(JSON.stringify(problems[0])).toContain(isListed ? '0001' : '00001');
    expect(counts.photographs).toBe(7);
  });

  it.each([
    ['a text', 'image-format', (file: string) => writeFile(file, 'no photograph')],
    [
      'a drawing',
      'image-format',
      (file: string) => writeFile(file, '<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
    ['nothing', 'image-format', (file: string) => writeFile(file, '')],
    ['the first half of it', 'image-damaged', (file: string) => truncate(file, 3000)],
  ])('with a photograph replaced by %s', async (_, code, breakIt) => {
    const { problems, counts, root } = await broken(dataset, (folder) =>
      breakIt(join(folder, SECOND_IMAGE[dataset]!)),
    );
    expect(problems.map((problem) => [problem.code, problem.file])).toEqual([
      [code, join(root, SECOND_IMAGE[dataset]!)],
    ]);
    expect(counts.photographs).toBe(7);
  });
});

describe.each(['freihand', 'ho3d-v2', 'ho3d-v3'])('the ground truth of %s', (dataset) => {
  it.each([
    ['evaluation_xyz.json', 'in millimetres', scaled(1000), 'm from end to end'],
    ['evaluation_verts.json', 'in millimetres', scaled(1000), 'm from end to end'],
    ['evaluation_xyz.json', 'with the axes of the other camera', scaled(-1), 'z '],
    ['evaluation_verts.json', 'of zeros', scaled(0), '0.00 m from end to end'],
  ])('%s %s is told of once', async (name, _, edit, got) => {
    const { problems, root } = await broken(dataset, (folder) => editJson(join(folder, name), edit));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'ground-truth-range',
      message: 'The ground truth of 8 samples cannot be true',
      file: join(root, name),
      got: expect.stringContaining(got) as string,
    });
  });

  it.each(['evaluation_xyz.json', 'evaluation_verts.json'])(
    '%s with one hand astray names its sample',
    async (name) => {
      const { problems, root } = await broken(dataset, (folder) =>
        editJson(join(folder, name), (hands) =>
          hands.map((hand, index) => (index === 5 ? scaled(1000)([hand])[0] : hand)),
        ),
      );
      const id = dataset === 'freihand' ? '00000005' : 'DEMO3/0001';
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({
        code: 'ground-truth-range',
        message: `The ground truth of sample ${id} cannot be true`,
        file: join(root, name),
      });
    },
  );

  it.each([
    ['evaluation_xyz.json', '7 joint sets, 8 meshes, 8 samples with photographs'],
    ['evaluation_verts.json', '8 joint sets, 7 meshes, 8 samples with photographs'],
  ])('%s with one entry fewer is told of with all numbers', async (name, got) => {
    const { problems } = await broken(dataset, (folder) =>
      editJson(join(folder, name), (hands) => hands.slice(0, -1)),
    );
    expect(problems.map((problem) => [problem.code, problem.got])).toEqual([['dataset-count-mismatch', got]]);
  });

  it.each([
    ['evaluation_xyz.json', 'json-'],
    ['evaluation_verts.json', 'json-'],
  ])(
    '%s that is empty, cut or has NaN is named, and the other is looked at all the same',
    async (name, code) => {
      for (const breakIt of [
        (file: string) => writeFile(file, ''),
        (file: string) => truncate(file, 2000),
        async (file: string) => writeFile(file, (await readFile(file, 'utf8')).replace(/-?0\.\d+/, 'NaN')),
      ]) {
        const { problems, counts, root } = await broken(dataset, (folder) => breakIt(join(folder, name)));
        expect(problems).toHaveLength(1);
        expect(problems[0]!.code.startsWith(code)).toBe(true);
        expect(problems[0]).toMatchObject({ file: join(root, name), offset: expect.any(Number) as number });
        expect(name === 'evaluation_xyz.json' ? counts.meshes : counts.joints).toBe(8);
      }
    },
  );

  it('with numbers beyond all measure is told of', async () => {
    const { problems } = await broken(dataset, (folder) =>
      editJson(join(folder, 'evaluation_xyz.json'), (hands) => {
        hands[2]![4]![1] = 1e300;
        return hands;
      }),
    );
    expect(problems.map(({ code }) => code)).toEqual(['ground-truth-range']);
  });

  it.each([
    ['shifted by one', (hands: number[][][]) => [...hands.slice(1), hands[0]!]],
    ['reversed', (hands: number[][][]) => hands.toReversed()],
  ])('whose meshes are %s against the joints is told of once', async (_, order) => {
    const { problems, root } = await broken(dataset, (folder) =>
      editJson(join(folder, 'evaluation_verts.json'), order),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'joints-not-in-meshes',
      file: join(root, 'evaluation_xyz.json'),
      expected: 'joints within their mesh and fingertips on its skin, to 10 mm',
    });
  });

  it('whose joints are shuffled is told of: meshes, and wrists where they are published, say otherwise', async () => {
    const { problems } = await broken(dataset, (folder) =>
      editJson(join(folder, 'evaluation_xyz.json'), (hands) => hands.toReversed()),
    );
    expect(problems.map(({ code }) => code)).toEqual(
      dataset === 'freihand' ? ['joints-not-in-meshes'] : ['joints-not-in-meshes', 'wrist-differs'],
    );
  });

  it('with two meshes exchanged names their samples', async () => {
    const { problems } = await broken(dataset, (folder) =>
      editJson(join(folder, 'evaluation_verts.json'), (hands) =>
        hands.map((hand, index) => (index === 1 ? hands[6]! : index === 6 ? hands[1]! : hand)),
      ),
    );
    const ids = dataset === 'freihand' ? '00000001, 00000006' : 'DEMO1/0001, DEMO4/0000';
    expect(problems.map(({ code, got }) => [code, got])).toEqual([
      ['joints-not-in-meshes', expect.stringContaining(`mm away: ${ids}`)],
    ]);
  });

  it('of meshes that are not MANO’s is told of once', async () => {
    const { problems } = await broken(dataset, (folder) =>
      editJson(join(folder, 'evaluation_verts.json'), (hands) => hands.map((hand) => hand.slice(1))),
    );
    expect(problems).toMatchObject([{ code: 'ground-truth-vertices', expected: '778 vertices', got: '777' }]);
  });
});

describe('FreiHAND', () => {
  it('without photographs is told so once', async () => {
    const { problems } = await broken('freihand', (root) =>
      rm(join(root, 'evaluation'), { recursive: true }),
    );
    expect(problems.map(({ code }) => code)).toEqual(['dataset-no-images']);
  });

  it('with fewer photographs than annotations names the samples that lack one', async () => {
    const { problems } = await broken('freihand', (root) =>
      unlink(join(root, 'evaluation/rgb/00000007.jpg')),
    );
    expect(problems.map(({ code, got }) => [code, got])).toEqual([
      ['sample-without-photograph', 'only one of them for 00000007'],
    ]);
  });

  it('with fewer annotations than photographs names the photographs', async () => {
    const { problems } = await broken('freihand', async (root) => {
      for (const name of ['xyz', 'verts'])
        await editJson(join(root, `evaluation_${name}.json`), (hands) => hands.slice(0, 6));
    });
    expect(problems.map(({ code, got }) => [code, got])).toEqual([
      ['photograph-without-annotation', 'only one of them for 00000006, 00000007'],
    ]);
  });

  it('is told where its cameras see the hands elsewhere than in the photographs', async () => {
    const { problems, root } = await broken('freihand', (folder) =>
      editJson(join(folder, 'evaluation_K.json'), (cameras) =>
        cameras.map(([x, y, z]) => [[x![0]!, 0, x![2]! + 300], y!, z!]),
      ),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'joints-outside-photographs',
      file: join(root, 'evaluation_xyz.json'),
      message: 'By the published cameras the true joints of 8 of 8 samples are not in their photographs',
      got: expect.stringMatching(/^00000000, 00000001, /) as string,
    });
  });

  it('may be without cameras, but not with too few of them or other numbers in their place', async () => {
    const name = 'evaluation_K.json';
    const without = await broken('freihand', (root) => unlink(join(root, name)));
    expect(without.problems).toEqual([]);
    const fewer = await broken('freihand', (root) =>
      editJson(join(root, name), (cameras) => cameras.slice(0, -1)),
    );
    expect(fewer.problems.map(({ code, got }) => [code, got])).toEqual([
      ['camera-invalid', '7; none for 00000007'],
    ]);
    const other = await broken('freihand', (root) =>
      editJson(join(root, name), (cameras) => cameras.map((camera) => camera.map(() => [0, 0, 0]))),
    );
    expect(other.problems.map(({ code }) => code)).toEqual(['camera-invalid']);
  });

  it.each(['training', 'training-gs', 'training-auto'])('is in order in its split %s', async (split) => {
    const { problems, counts } = await verify('freihand', await demoFolder('freihand'), { split });
    expect(problems).toEqual([]);
    const count = split === 'training' ? 32 : 8;
    expect(counts).toMatchObject({ photographs: count, joints: count, meshes: count });
  });

  it('with annotations of fewer training hands is told that versions begin elsewhere', async () => {
    const { problems } = await broken(
      'freihand',
      async (root) => {
        for (const name of ['xyz', 'verts'])
          await editJson(join(root, `training_${name}.json`), (hands) => hands.slice(0, -1));
      },
      'training',
    );
    expect(problems.map(({ code }) => code)).toEqual(['dataset-count-mismatch']);
  });
});

describe.each(['ho3d-v2', 'ho3d-v3'])('the sample list and meta data of %s', (dataset) => {
  const lines = async (root: string, edit: (ids: string[]) => string[]): Promise<void> => {
    const file = join(root, 'evaluation.txt');
    const ids = (await readFile(file, 'utf8')).trim().split('\n');
    await writeFile(file, `${edit(ids).join('\n')}\n`);
  };

  it.each([
    ['more', (ids: string[]) => [...ids.slice(0, 3), ids[0]!, ...ids.slice(3)], 4],
    ['in place of another', (ids: string[]) => ids.map((id, line) => (line === 3 ? ids[0]! : id)), 4],
  ])('with a line twice, %s', async (_, edit, line) => {
    const { problems, root } = await broken(dataset, (folder) => lines(folder, edit));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'sample-list-duplicate',
      file: join(root, 'evaluation.txt'),
      got: `DEMO1/0000 on lines 1 and ${line}`,
    });
  });

  it('with two lines exchanged', async () => {
    const { problems } = await broken(dataset, (root) =>
      lines(root, (ids) => [ids[0]!, ids[5]!, ...ids.slice(2, 5), ids[1]!, ...ids.slice(6)]),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'wrist-differs',
      message: 'The wrists that the meta data publish are not the true ones for 2 of 8 samples',
      got: expect.stringMatching(/DEMO3\/0001, DEMO1\/0001$/) as string,
    });
  });

  it('shuffled', async () => {
    const { problems } = await broken(dataset, (root) => lines(root, (ids) => ids.toReversed()));
    expect(problems.map(({ code }) => code)).toEqual(['wrist-differs']);
  });

  it('with a line too few', async () => {
    const { problems } = await broken(dataset, (root) => lines(root, (ids) => ids.slice(1)));
    expect(problems.map(({ code, got }) => [code, got])).toEqual([['dataset-count-mismatch', '7 lines']]);
  });

  it('that is absent: nothing says what to predict', async () => {
    const { problems, notices } = await broken(dataset, (root) => rm(join(root, 'evaluation.txt')));
    expect(problems.map(({ code }) => code)).toEqual(['sample-list-missing']);
    expect(notices.map(({ code }) => code)).toEqual(['sample-list-missing']);
  });

  it('with cameras that see the hands elsewhere than in the photographs', async () => {
    const { problems } = await broken(dataset, async (root) => {
      for (const id of (await readFile(join(root, 'evaluation.txt'), 'utf8')).trim().split('\n')) {
        const file = join(root, 'evaluation', `${id.replace('/', '/meta/')}.pkl`);
        const meta = asDict(readPickle(await readFile(file), file), 'the meta data', file);
        const [fx, , cx, , fy, cy] = numbersAt(meta, 'camMat', [3, 3], file);
        const matrix = [fx!, 0, cx! + 900, 0, fy!, cy!, 0, 0, 1];
        const text = writePickle({
          camMat: { shape: [3, 3], data: Float64Array.from(matrix) },
          handBoundingBox: [...numbersAt(meta, 'handBoundingBox', [4], file)],
          handJoints3D: {
            shape: [3],
            data: Float32Array.from(numbersAt(meta, 'handJoints3D', [3], file)),
          },
        });
        await writeFile(file, text);
      }
    });
    expect(problems.map(({ code }) => code)).toEqual(['joints-outside-photographs']);
  });

  it('with a pickle cut or absent names it', async () => {
    const name = 'evaluation/DEMO2/meta/0001.pkl';
    const cut = await broken(dataset, (root) => truncate(join(root, name), 80));
    expect(cut.problems).toHaveLength(1);
    expect(cut.problems[0]).toMatchObject({
      code: 'pickle-truncated',
      file: join(cut.root, name),
      offset: expect.any(Number) as number,
    });
    const absent = await broken(dataset, (root) => unlink(join(root, name)));
    expect(absent.problems.map(({ code, file }) => [code, file])).toEqual([
      ['file-missing', join(absent.root, name)],
    ]);
  });
});

describe('the annotations of HInt', () => {
  const FILE = 'TEST_newdays_img/demo_00003_l.json';

  it.each([
    ['empty', ''],
    ['of two hands', '[{}, {}]'],
  ])('that are %s are named once', async (_, text) => {
    const { problems, root } = await broken('hint-newdays', (folder) => writeFile(join(folder, FILE), text));
    expect(problems.map(({ code, file }) => [code, file])).toEqual([
      ['annotation-invalid', join(root, FILE)],
    ]);
  });

  it('with a keypoint that is no place name sample and joint', async () => {
    const { problems } = await broken('hint-newdays', async (root) => {
      const file = join(root, FILE);
      const [annotation] = JSON.parse(await readFile(file, 'utf8')) as [{ keypoints: number[][] }];
      annotation.keypoints[7] = [1e9, 3];
      await writeFile(file, JSON.stringify([annotation]));
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'ground-truth-range',
      message: 'The ground truth of sample demo_00003_l cannot be true',
      got: 'demo_00003_l: keypoint 7 at 1000000000, 3',
    });
  });

  it('with a box outside of its photograph is told of', async () => {
    const { problems, root } = await broken('hint-newdays', async (folder) => {
      const file = join(folder, FILE);
      const [annotation] = JSON.parse(await readFile(file, 'utf8')) as [{ bbox: number[][] }];
      annotation.bbox = [[5000, 5000, 5100, 5100]];
      await writeFile(file, JSON.stringify([annotation]));
    });
    expect(problems.map(({ code, file }) => [code, file])).toEqual([
      ['box-outside', join(root, FILE.replace('.json', '.jpg'))],
    ]);
  });
});

describe('many problems of one kind', () => {
  it('are the first twenty and their number', async () => {
    const { problems } = await broken(
      'freihand',
      async (root) => {
        for (let index = 0; index < 32; index++) {
          await writeFile(join(root, `training/rgb/${index.toString().padStart(8, '0')}.jpg`), 'text');
        }
      },
      'training',
    );
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toEqual({
      code: 'image-format',
      message: 'and 12 more of the kind image-format',
    });
  });
});

describe('two things that are broken', () => {
  it('are both told of', async () => {
    const { problems } = await broken('freihand', async (root) => {
      await unlink(join(root, 'evaluation/rgb/00000002.jpg'));
      await unlink(join(root, 'evaluation/rgb/00000007.jpg'));
      await editJson(join(root, 'evaluation_verts.json'), scaled(1000));
    });
    expect(problems.map(({ code }) => code).sort()).toEqual([
      'dataset-images-missing',
      'ground-truth-range',
      'sample-without-photograph',
    ]);
  });
});
