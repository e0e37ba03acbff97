import { describe, expect, it } from 'vitest';
import { lintRow, lintTable } from '../../src/leaderboards/lint.js';
import { publishedTable } from '../../src/leaderboards/published.js';

const rules = (printed: Readonly<Record<string, string>>): string[] =>
  lintRow({
    method: 'A',
    reference: null,
    venue: 'CVPR 2030',
    backbone: null,
    stacked: false,
    tta: false,
    printed: new Map(Object.entries(printed)),
  }).map(({ rule }) => rule);

describe('the linter of published figures', () => {
  it('finds an F@5 above F@15', () => {
    expect(rules({ f5_aligned: '0.982', f15_aligned: '0.648' })).toEqual(['f-order']);
    expect(rules({ f5_aligned: '0.648', f15_aligned: '0.982' })).toEqual([]);
    expect(rules({ f5_aligned: '0.648' })).toEqual([]);
  });

  it('finds an AUC that is not that of its error, and leaves the printed digits their room', () => {
    const auc = (value: string): string[] => rules({ pa_mpjpe_mm: '7.5', auc_j_aligned: value });
    expect(['0.848', '0.849', '0.850', '0.851', '0.852'].map((value) => auc(value).length)).toEqual([
      0, 0, 0, 0, 0,
    ]);
    expect(auc('0.847')).toEqual(['auc-error']);
    expect(auc('0.853')).toEqual(['auc-error']);
    expect(rules({ pa_mpvpe_mm: '8.8', auc_v_aligned: '0.819' })).toEqual(['auc-error']);
  });

  it('finds joints and vertices far apart', () => {
    expect(rules({ pa_mpjpe_mm: '11.2', pa_mpvpe_mm: '13.9' })).toEqual(['joints-vertices']);
    expect(rules({ pa_mpjpe_mm: '6.1', pa_mpvpe_mm: '6.6' })).toEqual([]);
  });

  it('finds a PCK that falls where more is allowed', () => {
    expect(rules({ pck_0_05_all: '0.480', pck_0_1_all: '0.470', pck_0_15_all: '0.600' })).toEqual([
      'pck-order',
    ]);
    expect(rules({ pck_0_05_vis: '0.480', pck_0_15_vis: '0.470' })).toEqual(['pck-order']);
    expect(rules({ pck_0_05_occ: '0.100', pck_0_1_occ: '0.100' })).toEqual([]);
  });

  it('finds all joints outside of visible and occluded', () => {
    const all = (value: string): string[] =>
      rules({ pck_0_1_all: value, pck_0_1_vis: '0.261', pck_0_1_occ: '0.250' });
    expect(all('0.265')).toEqual(['subset-order']);
    expect(all('0.240')).toEqual(['subset-order']);
    expect(all('0.255')).toEqual([]);
  });

  it('reports these of the published tables, and no others', () => {
    const found = (dataset: string): string[] =>
      lintTable(publishedTable(dataset)).map(({ method, rule }) => `${method}: ${rule}`);
    expect(found('freihand')).toEqual([]);
    expect(found('ho3d-v2')).toEqual([
      'Pose2Mesh: auc-error',
      'Pose2Mesh: auc-error',
      'I2L-MeshNet: joints-vertices',
      'HandOccNet: auc-error',
    ]);
    expect(found('ho3d-v3')).toEqual(['KPT-Transf.: auc-error']);
    expect(found('hint-newdays')).toEqual([]);
    expect(found('hint-visor')).toEqual([]);
    expect(found('hint-ego4d')).toEqual(['HandOccNet (param): subset-order']);
  });
});
