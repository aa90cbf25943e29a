import { describe, expect, it } from 'vitest';
import { EncodeProgress } from './progress.ts';

/** Gives one block of -progress lines; returns what its end gives. */
function block(progress: EncodeProgress, values: Record<string, string | number>, now: number) {
  for (const [key, value] of Object.entries(values)) expect(progress.add(`${key}=${value}`, now)).toBeUndefined();
  return progress.add('progress=continue', now);
}

describe('EncodeProgress', () => {
  it('tells share, speed and time left from frames and times', () => {
    const progress = new EncodeProgress({ frames: 240, seconds: 10 });
    block(progress, { frame: 0, out_time_us: 0, total_size: 996 }, 0);
    const second = block(progress, { frame: 60, out_time_us: 2_400_000, total_size: 5000 }, 2000);
    expect(second?.bytes).toBe(5000);
    expect(second?.progress).toEqual({
      stage: 'encoding',
      share: 0.25,
      frame: 60,
      fps: 30,
      speed: 1.2,
      eta: 6,
      bytes: 5000,
    });
  });

  it('takes the frames where the muxed time lags, and the time where the frames do', () => {
    const progress = new EncodeProgress({ frames: 100, seconds: 10 });
    expect(block(progress, { frame: 50, out_time_us: 1_000_000 }, 0)?.progress.share).toBe(0.5);
    expect(block(progress, { frame: 55, out_time_us: 9_000_000 }, 1000)?.progress.share).toBe(0.9);
  });

  it('never goes back, and never beyond the end', () => {
    const progress = new EncodeProgress({ frames: 100 });
    expect(block(progress, { frame: 50 }, 0)?.progress.share).toBe(0.5);
    expect(block(progress, { frame: 40 }, 1000)?.progress.share).toBe(0.5);
    expect(block(progress, { frame: 150 }, 2000)?.progress.share).toBe(1);
  });

  it('restarts the speed measurement with the next command', () => {
    const progress = new EncodeProgress({ frames: 1000 });
    block(progress, { frame: 0 }, 0);
    block(progress, { frame: 500 }, 1000);
    block(progress, { frame: 0 }, 2000);
    expect(block(progress, { frame: 100 }, 3000)?.progress).toMatchObject({ fps: 100, eta: 5 });
  });

  it('lives with what ffmpeg does not know', () => {
    const progress = new EncodeProgress({ frames: 100, seconds: 4 });
    const values = { frame: 10, fps: '0.00', total_size: 'N/A', out_time_us: 'N/A', out_time: '-00:00:00.02' };
    expect(block(progress, values, 0)).toEqual({
      bytes: undefined,
      progress: { stage: 'encoding', share: 0.1, frame: 10 },
    });
    expect(block(progress, { out_time_us: '-21333' }, 1000)?.progress).toMatchObject({ share: 0.1, frame: 0 });
  });

  it('shows frames only where the length is not known', () => {
    const progress = new EncodeProgress({});
    block(progress, { frame: 0 }, 0);
    const { progress: shown } = block(progress, { frame: 50, out_time_us: 2_000_000 }, 1000) ?? {};
    expect(shown).toEqual({ stage: 'encoding', frame: 50, fps: 50, speed: 2 });
  });

  it('averages the speed over the last 20 s', () => {
    const progress = new EncodeProgress({ frames: 100_000 });
    // A slow start, then ten times as fast.
    for (let s = 0; s <= 20; s++) block(progress, { frame: s }, s * 1000);
    for (let s = 21; s <= 41; s++) block(progress, { frame: 20 + (s - 20) * 10 }, s * 1000);
    expect(block(progress, { frame: 240 }, 42_000)?.progress.fps).toBe(10);
  });

  it('counts chunks that are done, and does not go back while the last command joins them', () => {
    const progress = new EncodeProgress({ frames: 100, seconds: 10 });
    progress.continueAfter({ frames: 60, bytes: 600, chunks: { done: 3, total: 5 } });
    const encoding = block(progress, { frame: 10, out_time_us: 'N/A', total_size: 100 }, 0);
    expect(encoding).toMatchObject({ bytes: 700, progress: { share: 0.7, frame: 70, chunks: { done: 3, total: 5 } } });
    progress.continueAfter({ frames: 100, bytes: 1000, chunks: { done: 5, total: 5 } });
    progress.continueAfter({ frames: 0, bytes: 0, chunks: { done: 5, total: 5 } });
    const joining = block(progress, { frame: 20, out_time_us: 2_000_000, total_size: 300 }, 1000);
    expect(joining).toMatchObject({ bytes: 300, progress: { share: 1, chunks: { done: 5, total: 5 } } });
  });

  it('does not take chunks of other computers for speed', () => {
    const progress = new EncodeProgress({ frames: 1000, seconds: 10 });
    const chunks = { done: 0, total: 5 };
    progress.continueAfter({ frames: 0, bytes: 0, chunks });
    block(progress, { frame: 0 }, 0);
    block(progress, { frame: 200 }, 2000);
    // Its own one, and two of others.
    progress.continueAfter({ frames: 600, bytes: 0, chunks });
    block(progress, { frame: 0 }, 3000);
    expect(block(progress, { frame: 100 }, 4000)?.progress).toMatchObject({
      frame: 700,
      fps: 100,
      eta: expect.closeTo(3),
    });
  });
});
