import { describe, expect, it } from 'vitest';
import { freihand } from '../../src/datasets/freihand.js';
import type { DatasetFolder } from '../../src/datasets/types.js';
import type { PredictionSource, RowNames } from '../../src/predictions/prediction-source.js';
import { matchedByNames } from '../../src/predictions/row-names.js';
import { predictionSource } from '../support/prediction-source.js';
import { rejection } from '../support/user-error.js';

const FREIHAND_IDS = ['00000000', '00000001', '00000002'];
const HO3D_IDS = ['SM1/0000', 'SM1/0001', 'AP10/0000'];

const list = (label: string, ...values: string[]): RowNames => ({ label, values, isRequired: false });

function matched(
  sampleIds: readonly string[],
  rowNames: readonly RowNames[],
  ids: readonly string[] | null = null,
): Promise<PredictionSource> {
  const folder = { split: 'evaluation', definition: freihand } as unknown as DatasetFolder;
  const source = predictionSource({ count: sampleIds.length, ids, rowNames });
  return matchedByNames(source, folder, () => Promise.resolve(sampleIds));
}

describe('names that are samples', () => {
  it.each([
    ['base names', ['00000002', '00000000', '00000001']],
    ['numbers', ['2', '0', '1']],
    ['photographs', ['00000002.jpg', '00000000.PNG', '00000001.jpeg']],
    [
      'paths',
      ['evaluation/rgb/00000002.jpg', '/data/FreiHAND/evaluation/rgb/00000000', 'C:\\rgb\\00000001.png'],
    ],
  ])('are ids: %s', async (_, values) => {
    const source = await matched(FREIHAND_IDS, [list("'imgname'", ...values)]);
    expect(source.ids).toEqual(['00000002', '00000000', '00000001']);
    expect(source.notes).toEqual(["The rows are matched to the samples by 'imgname'."]);
    expect(source.notices).toEqual([]);
  });

  it.each([
    ['AP10/0000', 'SM1/0000', 'SM1/0001'],
    ['evaluation/AP10/rgb/0000.png', 'HO3D_v3/evaluation/SM1/rgb/0000.jpg', 'SM1/rgb/0001.jpg'],
  ])('are those of a sequence: %s', async (...values) => {
    expect((await matched(HO3D_IDS, [list("'image'", ...values)])).ids).toEqual([
      'AP10/0000',
      'SM1/0000',
      'SM1/0001',
    ]);
  });

  it('may stand twice where they say the same, and beside ids', async () => {
    const twice = [list("'names'", '1', '2', '0'), list("'files'", '00000001.jpg', '2.jpg', '0.jpg')];
    expect((await matched(FREIHAND_IDS, twice)).ids).toEqual(['00000001', '00000002', '00000000']);
    const beside = await matched(FREIHAND_IDS, twice, ['1', '2', '0']);
    expect(beside.ids).toEqual(['00000001', '00000002', '00000000']);
    expect(beside.notes).toEqual([]);
  });
});

describe('names that are not', () => {
  it('leave the rows as they are, with a warning that names them', async () => {
    const source = await matched(FREIHAND_IDS, [list("'side'", 'left', 'right', 'left')]);
    expect(source.ids).toBeNull();
    expect(source.notices).toMatchObject([{ code: 'predictions-names-unused' }]);
    expect(source.notices[0]!.message).toContain('\'side\' has a text for each row ("left" …)');
  });

  it('and so do those of another split', async () => {
    const values = ['training/rgb/00000000.jpg', 'training/rgb/00000001.jpg', 'training/rgb/00000002.jpg'];
    expect((await matched(FREIHAND_IDS, [list("'imgname'", ...values)])).ids).toBeNull();
  });

  it('and base names that two sequences have', async () => {
    const source = await matched(HO3D_IDS, [list("'imgname'", '0000.jpg', '0000.jpg', '0001.jpg')]);
    expect(source.ids).toBeNull();
    expect(source.notices).toHaveLength(1);
  });

  it('are an error among names that are', async () => {
    const error = await rejection(matched(FREIHAND_IDS, [list("'imgname'", '0.jpg', '1.jpg', '17.jpg')]));
    expect(error).toMatchObject({ code: 'predictions-ids', got: '"17.jpg" in row 2' });
    expect(error.message).toBe("'imgname' names a sample that is not in the folder");
  });

  it('are an error where a sample stands twice', async () => {
    const error = await rejection(matched(FREIHAND_IDS, [list("'imgname'", '0.jpg', '1.jpg', '00000001')]));
    expect(error).toMatchObject({ got: '"1.jpg" in row 1 and "00000001" in row 2' });
  });

  it('are an error where two lists differ', async () => {
    const lists = [list("'imgname'", '0', '1', '2'), list("'files'", '0', '2', '1')];
    expect(await rejection(matched(FREIHAND_IDS, lists))).toMatchObject({
      message: "'imgname' and 'files' name different samples",
      got: '"1" and "2" in row 1',
    });
    expect((await rejection(matched(FREIHAND_IDS, lists.slice(1), ['0', '1', '2']))).message).toBe(
      "'ids' and 'files' name different samples",
    );
  });
});
