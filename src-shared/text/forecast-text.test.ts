import { describe, expect, it } from 'vitest';
import { bytesWithError, forecastBasis, forecastSentence, timeWithError } from './forecast-text.ts';

const DAY = 86_400;

describe('a size with its error', () => {
  it.each([
    [1.13e12, 0.1e12, '1.1 TB (± 0.1)'],
    [812e9, 43e9, '812 GB (± 43)'],
    [1.2345e12, 2e9, '1.23 TB (± 0.01)'],
    [340, 20, '340 B (± 20)'],
  ])('of %d and %d bytes is %s', (bytes, error, text) => expect(bytesWithError(bytes, error)).toBe(text));
});

describe('a time with its error', () => {
  it.each([
    [9 * DAY, 2 * DAY, '9 days (± 2)'],
    [5 * 3600, 1000, '5 hours (± 1)'],
    [50 * 60, 600, '50 minutes (± 10)'],
    [20, 5, '1 minute (± 1)'],
  ])('of %d and %d seconds is %s', (seconds, error, text) => expect(timeWithError(seconds, error)).toBe(text));
});

describe('a forecast in a sentence', () => {
  const forecast = {
    ...{ videos: 412, bytes: 1.9e12, bytesAfter: 0.8e12, bytesError: 0.1e12 },
    ...{ seconds: 9 * DAY, secondsError: 2 * DAY, computers: 3 },
  };

  it('tells size, saving, and time, each with its error', () => {
    expect(forecastSentence(forecast)).toBe(
      '412 videos, 1.90 TB: about 1.1 TB (± 0.1) could be saved in 9 days (± 2) on 3 computers.',
    );
  });

  it('says nothing of the time while no speed is known', () => {
    expect(forecastSentence({ ...forecast, seconds: null, secondsError: null })).toMatch(/could be saved\.$/);
  });

  it('tells what it is made from', () => {
    expect(forecastBasis(0)).toMatch(/rule of thumb/);
    expect(forecastBasis(1)).toBe('It is learned from 1 video that was converted or sampled.');
  });
});
