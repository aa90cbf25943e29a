import path from 'node:path';
import { defineConfig } from 'vitest/config';
import ClosingLine from './closing-line.ts';
import LongestFirst from './longest-first.ts';

export default defineConfig({
  root: path.resolve(import.meta.dirname, '..'),
  test: {
    include: ['src-shared/**/*.test.ts', 'src-main/**/*.test.ts', 'src-renderer/**/*.test.ts'],
    environment: 'node',
    globalSetup: 'build/vitest.setup.ts',
    // One more than the cores that the limit on the whole run is meant for, as many tests wait; more only make time limits lie.
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Of one file, where its tests wait most of the time.
    maxConcurrency: 3,
    // Minutes, on a machine whose starts of programs are slow: a limit that is too short repeats the whole test.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Real programs under load miss a time limit now and then; the closing lines name what needed it, so that it is investigated.
    retry: 2,
    // Playwright queries an Electron that is just starting or quitting, in a promise that can't be caught.
    onUnhandledError: ({ message = '' }) =>
      !/^Protocol error \(Runtime\.\w+\): (.*session closed|Cannot find context)/.test(message),
    reporters: ['default', new ClosingLine()],
  },
});
