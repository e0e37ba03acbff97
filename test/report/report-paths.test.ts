/** A page is passed on: it shows no more of a path than says what is meant. */
import { describe, expect, it } from 'vitest';
import { sharedPath, withSharedPaths } from '../../src/report/report-paths.js';

const FROM = '/home/me/project';

describe('a path in a page', () => {
  it.each([
    ['reports/a', 'reports/a'],
    ['/home/me/project/reports/a.onnx', 'reports/a.onnx'],
    ['./reports/../reports/a/', 'reports/a'],
    ['/home/me/data/FreiHAND', 'FreiHAND'],
    ['../other/run', 'run'],
    ['..hidden/run', '..hidden/run'],
    ['/home/me/project', 'project'],
    ['/home/me/projects/run', 'run'],
  ])('is %s as %s', (path, shown) => {
    expect(sharedPath(path, FROM)).toBe(shown);
  });

  it('is its last part where the program was started at the root', () => {
    expect(sharedPath('/home/me/run', '/')).toBe('run');
    expect(withSharedPaths('of /home/me/run.', ['/home/me/run'], '/')).toBe('of run.');
  });
});

describe('a sentence in a page', () => {
  const shown = (text: string): string =>
    withSharedPaths(text, ['/home/me/data', '/home/me/data/deep', 'reports/a'], FROM);

  it('has no folder of the user in it', () => {
    expect(shown('nothing at /home/me/data/deep/x.jpg (/home/me/data/y.json)')).toBe(
      'nothing at deep/x.jpg (data/y.json)',
    );
    expect(shown('not in /home/me/project/reports/a/run.json, /home/me/project/z')).toBe(
      'not in reports/a/run.json, z',
    );
    expect(shown('no path at all')).toBe('no path at all');
  });
});
