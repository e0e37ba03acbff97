import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgress } from '../src/progress.js';

function lines(): { stream: NodeJS.WriteStream; read: () => string } {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream & PassThrough;
  return { stream, read: () => String(stream.read() ?? '') };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('progress that is not shown on a terminal', () => {
  it.each([
    [undefined, 'predict: 60/100 images (30.0/s), 2.0 s\n'],
    [40, 'predict: 60/100 images (10.0/s), 2.0 s\n'],
  ])('has the rate of what was done since it began; of it done before: %s', (from, expected) => {
    vi.useFakeTimers();
    const { stream, read } = lines();
    const stage = createProgress(stream).stage('predict', 100, 'images', from);
    vi.advanceTimersByTime(2000);
    stage.update(60);
    stage.stop();
    expect(read()).toBe(expected);
  });
});
