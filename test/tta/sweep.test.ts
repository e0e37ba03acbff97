import { describe, expect, it } from 'vitest';
import { SWEEP_PRESETS, parseRotations, parseScales, sweepPasses } from '../../src/tta/sweep.js';
import { failure } from '../support/user-error.js';

describe('parseRotations', () => {
  it('takes a range with both ends', () => {
    expect(parseRotations('-90:90:10')).toEqual(SWEEP_PRESETS.graphormer.rotations);
    expect(parseRotations('30:-30:-30')).toEqual([30, 0, -30]);
    expect(parseRotations('0:0:1')).toEqual([0]);
  });

  it('takes a list', () => {
    expect(parseRotations('-30, 0,22.5')).toEqual([-30, 0, 22.5]);
    expect(parseRotations('-0')).toEqual([0]);
  });

  it.each([
    ['', 'cannot be read'],
    ['10,,20', 'cannot be read'],
    ['ten', 'cannot be read'],
    ['1e1', 'cannot be read'],
    ['NaN', 'cannot be read'],
    ['0:90', 'cannot be read'],
    ['0:90:10:1', 'cannot be read'],
    ['-90:90:7', 'do not reach its stop'],
    ['0:90:-10', 'do not reach its stop'],
    ['0:90:0', 'do not reach its stop'],
    ['0:0:0', 'do not reach its stop'],
    ['0:90:0.001', 'too many values'],
    ['0,200', 'goes too far'],
    ['-180,180', 'goes too far'],
    ['0,10,10', 'names a value twice'],
  ])('refuses %j: %s', (text, message) => {
    const error = failure(() => parseRotations(text));
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ code: 'tta-rotations', exitCode: 2 });
    expect(error.next).toContain('--rotations=-90:90:10');
  });
});

describe('parseScales', () => {
  it('gives the decimals that were typed', () => {
    expect(parseScales('0.7:1.1:0.1')).toEqual([0.7, 0.8, 0.9, 1, 1.1]);
    expect(parseScales('0.7,0.8,0.9,1.0,1.1')).toEqual(SWEEP_PRESETS.graphormer.scales);
  });

  it.each(['0,1', '-1', '1,100'])('refuses %j', (text) => {
    expect(failure(() => parseScales(text))).toMatchObject({
      code: 'tta-scales',
      message: '--scales goes too far',
    });
  });
});

describe('sweepPasses', () => {
  it('makes 95 passes of the preset, the reference first, then scale by scale', () => {
    const passes = sweepPasses(SWEEP_PRESETS.graphormer);
    expect(passes).toHaveLength(95);
    expect(passes[0]).toEqual({ index: 0, rotationDegrees: 0, scale: 1, name: 'rot0_scale1' });
    expect(passes[1]).toEqual({ index: 1, rotationDegrees: -90, scale: 0.7, name: 'rot-90_scale0.7' });
    expect(passes[20]).toMatchObject({ rotationDegrees: -90, scale: 0.8 });
    expect(passes.map(({ index }) => index)).toEqual(passes.map((_, index) => index));
    expect(new Set(passes.map(({ name }) => name)).size).toBe(95);
    expect(passes.filter(({ rotationDegrees, scale }) => rotationDegrees === 0 && scale === 1)).toHaveLength(
      1,
    );
  });

  it('needs the un-augmented pass and names what to add', () => {
    const noRotation = failure(() => sweepPasses({ rotations: [-10, 10], scales: [1] }));
    expect(noRotation).toMatchObject({ code: 'tta-no-reference', next: 'add 0 to --rotations' });
    const noScale = failure(() => sweepPasses({ rotations: [0], scales: [0.9] }));
    expect(noScale).toMatchObject({ code: 'tta-no-reference', next: 'add 1 to --scales' });
  });

  it('refuses a sweep that would never end', () => {
    const rotations = parseRotations('-90:90:1');
    expect(failure(() => sweepPasses({ rotations, scales: parseScales('0.5:1.5:0.1') }))).toMatchObject({
      code: 'tta-too-many-passes',
      got: '181 rotations × 11 scales = 1991',
    });
  });
});
