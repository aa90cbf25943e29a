import { describe, expect, it } from 'vitest';
import { count, formatBytes, formatDuration, formatSaving } from './format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1240, '1.24 kB'],
    [9994, '9.99 kB'],
    [9995, '10.0 kB'],
    [99_940, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1.24e9, '1.24 GB'],
    [7.3e12, '7.30 TB'],
    [5e15, '5.00 PB'],
    [5e18, '5000 PB'],
    [-812e6, '−812 MB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [-3, '0 s'],
    [0.4, '0 s'],
    [8, '8 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [185, '3 min 5 s'],
    [3599.7, '1 h 0 min'],
    [8040, '2 h 14 min'],
    [86_399, '23 h 59 min'],
    [86_400, '1 d 0 h'],
    [183_600, '2 d 3 h'],
    [863_999, '9 d 23 h'],
    [69_753_600, '807 days'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

it.each([
  [1.98e9, 1.168e9, '−812 MB, 41%'],
  [1000, 1000, '0 B, 0%'],
  [1, 0, '−1 B, 100%'],
  [0, 0, '0 B, 0%'],
  [0, 1000, '1.00 kB, 0%'],
])('%d to %d saves %s', (before, after, text) => expect(formatSaving(before, after)).toBe(text));

it.each([
  [0, '0 files', '0 copies'],
  [1, '1 file', '1 copy'],
  [2, '2 files', '2 copies'],
  [12_345, '12,345 files', '12,345 copies'],
])('counts %d', (n, files, copies) => {
  expect(count(n, 'file')).toBe(files);
  expect(count(n, 'copy', 'copies')).toBe(copies);
});
