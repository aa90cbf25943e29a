import path from 'node:path';
import { defineConfig } from 'vitest/config';
import ClosingLine from './closing-line.ts';

export default defineConfig({
  root: path.resolve(import.meta.dirname, '..'),
  test: {
    include: ['src-shared/**/*.test.ts', 'src-main/**/*.test.ts', 'src-renderer/**/*.test.ts'],
    environment: 'node',
    globalSetup: 'build/vitest.setup.ts',
    // As many as the cores that the limit on the whole run is meant for: more only make time limits lie.
    pool: 'forks',
    maxWorkers: 2,
    // Of one file, where its tests wait most of the time.
    maxConcurrency: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real programs under load miss a time limit now and then; the closing lines name what needed it, so that it is looked into.
    retry: 1,
    reporters: ['default', new ClosingLine()],
  },
});
