import { describe, expect, it } from 'vitest';
import type { Live } from '../../src-shared/contract/index.ts';
import { smoothed } from './smooth.ts';

type Progress = Live['running'][number]['progress'];

const live = (progress: Progress, eta: number | null = null) =>
  ({
    running: [{ task: 1, file: 1, library: 1, path: 'video.mkv', worker: 'harbour', progress }],
    eta,
  }) as unknown as Live;
const progressOf = ({ running }: Live) => running[0]?.progress;

describe('what is shown of running work', () => {
  it('never runs backwards within a stage, and starts over with the next', () => {
    const first = smoothed(live({ stage: 'encoding', share: 0.5 }), null);
    const second = smoothed(live({ stage: 'encoding', share: 0.4 }), first);
    expect(progressOf(second)?.share).toBe(0.5);
    expect(progressOf(smoothed(live({ stage: 'checking', share: 0.1 }), second))?.share).toBe(0.1);
  });

  it('is as calm for the videos of a master on another computer', () => {
    const serving = (share: number) => {
      const { running, ...rest } = live({ stage: 'encoding', share });
      return { ...rest, running: [], master: { work: { running } } } as unknown as Live;
    };
    const shown = smoothed(serving(0.4), smoothed(serving(0.5), null));
    expect(shown.master?.work?.running[0]?.progress.share).toBe(0.5);
  });

  it('lets an estimate follow calmly instead of jumping', () => {
    const first = smoothed(live({ stage: 'encoding', eta: 100 }, 1000), null);
    const second = smoothed(live({ stage: 'encoding', eta: 200 }, 2000), first);
    expect(progressOf(second)?.eta).toBe(125);
    expect(second.eta).toBe(1250);
    expect(smoothed(live({ stage: 'encoding' }, null), second).eta).toBeNull();
  });
});
