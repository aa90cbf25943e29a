import { describe, expect, it } from 'vitest';
import type { Progress, Stage } from './lease.ts';
import { meanShare, overallShare, type StageSeconds, secondsLeft, segmentsOf } from './overall-progress.ts';

const HISTORY: StageSeconds = {
  fetching: 10,
  preparing: 10,
  encoding: 60,
  uploading: 9,
  staging: 1,
  checking: 50,
  replacing: 10,
};
const share = (progress: Progress, { local = false, delivered = false, history = HISTORY } = {}) =>
  overallShare(segmentsOf({ progress, delivered }, history, local));

describe('the progress of a conversion over all its stages', () => {
  it('grows from stage to stage, and weighs each by the time that it took before', () => {
    const stages: Stage[] = ['fetching', 'preparing', 'encoding', 'uploading', 'checking', 'replacing'];
    const shares = stages.map((stage) => share({ stage, share: 0 }));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[0]).toBe(0);
    expect(share({ stage: 'encoding', share: 0.5 })).toBeCloseTo((10 + 10 + 30) / 150);
    expect(share({ stage: 'replacing', share: 1 })).toBeCloseTo(1);
  });

  it('is below the end while a stage whose length is unknown is under way', () => {
    const [segment] = segmentsOf({ progress: { stage: 'checking' } }, {}, true).filter(({ active }) => active);
    expect(segment).toMatchObject({ name: 'verify', unknown: true, done: 0 });
    expect(share({ stage: 'checking' })).toBeLessThan(0.9);
  });

  it('leaves out what a local worker does not do, and counts a delivered result as delivered', () => {
    const names = segmentsOf({ progress: { stage: 'encoding' } }, {}, true).map(({ name }) => name);
    expect(names).toEqual(['analyze', 'encode', 'deliver', 'verify', 'replace']);
    const uploading: Progress = { stage: 'uploading', share: 0.2 };
    expect(share(uploading, { delivered: true })).toBeCloseTo(share({ stage: 'checking', share: 0 }));
  });
});

describe('meanShare', () => {
  it('is the mean of all running conversions, each over the stages that it has', () => {
    const running = [
      { progress: { stage: 'encoding', share: 0.5 } as Progress, local: false },
      { progress: { stage: 'checking', share: 0 } as Progress, local: true },
    ];
    const shares = running.map(({ progress, local }) => share(progress, { local }));
    const mean = meanShare(running, HISTORY, ({ local }) => local);
    expect(mean).toBeCloseTo(((shares[0] ?? 0) + (shares[1] ?? 0)) / 2);
    expect(meanShare([], HISTORY, () => true)).toBeNull();
  });
});

describe('the time left', () => {
  it('includes what comes after the encode', () => {
    const progress: Progress = { stage: 'encoding', share: 0.5, eta: 30 };
    const segments = segmentsOf({ progress }, HISTORY, false);
    expect(secondsLeft({ progress }, segments, 40)).toBeCloseTo(30 + 10 + 50 + 10);
  });

  it('follows from the time so far in other stages, and is unknown at the beginning', () => {
    const progress: Progress = { stage: 'checking', share: 0.5 };
    expect(secondsLeft({ progress }, segmentsOf({ progress }, HISTORY, false), 230)).toBeCloseTo(70);
    const start: Progress = { stage: 'fetching', share: 0 };
    expect(secondsLeft({ progress: start }, segmentsOf({ progress: start }, HISTORY, false), 3)).toBeUndefined();
  });
});
