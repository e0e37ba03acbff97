import { describe, expect, it } from 'vitest';
import { keptPassesRequest, sweepRequest } from '../src/tta-flags.js';
import { SWEEP_PRESETS } from '../src/tta/sweep.js';
import { failure } from './support/user-error.js';

type Values = Parameters<typeof sweepRequest>[0] & { readonly model?: string };
const request = ({
  model,
  ...values
}: Partial<Values>): ReturnType<typeof sweepRequest | typeof keptPassesRequest> =>
  (model === undefined ? keptPassesRequest : sweepRequest)({ 'keep-passes': false, ...values });
const MODEL = { model: 'm.onnx' };

describe('what the flags of test-time augmentation ask for', () => {
  it.each([{}, MODEL, { tta: 'none' as const }, { ...MODEL, tta: 'none' as const }])(
    'is nothing of %o',
    (values) => {
      expect(request(values)).toBeUndefined();
    },
  );

  it('takes the preset, and aligned-mean unless told otherwise', () => {
    expect(request({ ...MODEL, tta: 'graphormer' })).toEqual({
      sweep: SWEEP_PRESETS.graphormer,
      fusions: ['aligned-mean'],
      keepPasses: false,
    });
  });

  it('takes a sweep by its rotations, its scales or both', () => {
    expect(request({ ...MODEL, rotations: '-90:90:90' })!.sweep).toEqual({
      rotations: [-90, 0, 90],
      scales: [1],
    });
    expect(request({ ...MODEL, scales: '0.9,1' })!.sweep).toEqual({ rotations: [0], scales: [0.9, 1] });
    const preset = request({ ...MODEL, rotations: '-90:90:10', scales: '0.7:1.1:0.1' });
    expect(preset).toEqual(request({ ...MODEL, tta: 'graphormer' }));
  });

  it('is the same whatever the order of the fusions and however often they are named', () => {
    const asked = request({
      ...MODEL,
      tta: 'graphormer',
      'tta-fusion': ['derotated-mean', 'aligned-mean', 'derotated-mean'],
    });
    expect(asked!.fusions).toEqual(['aligned-mean', 'derotated-mean']);
  });

  it('keeps the passes for mean-error, which is scored from them', () => {
    const asked = { ...MODEL, tta: 'graphormer', 'tta-fusion': ['mean-error'] } as const;
    expect(request(asked)!.keepPasses).toBe(true);
    expect(request({ ...asked, 'keep-passes': true })).toEqual(request(asked));
  });

  it('fuses the kept passes of predictions without a sweep', () => {
    expect(request({ 'tta-fusion': ['mean-error', 'aligned-mean'] })).toEqual({
      sweep: null,
      fusions: ['aligned-mean', 'mean-error'],
      keepPasses: false,
    });
  });

  it.each<[Partial<Values>, RegExp]>([
    [{ ...MODEL, 'tta-fusion': ['aligned-mean'] }, /add --tta graphormer/],
    [{ ...MODEL, 'keep-passes': true }, /add --tta graphormer/],
    [{ 'keep-passes': true }, /leave it out/],
    [{ tta: 'none', 'tta-fusion': ['aligned-mean'] }, /leave it out/],
    [{ ...MODEL, tta: 'none', 'keep-passes': true }, /add --tta graphormer/],
    [{ ...MODEL, tta: 'graphormer', scales: '1' }, /alone/],
    [{ ...MODEL, tta: 'none', rotations: '0' }, /alone/],
    [{ tta: 'graphormer' }, /leave the sweep out/],
    [{ rotations: '0,90' }, /leave the sweep out/],
  ])('refuses %o with a way out', (values, next) => {
    const error = failure(() => request(values));
    expect(error).toMatchObject({ code: 'tta-flags', exitCode: 2 });
    expect(error.next).toMatch(next);
  });
});
