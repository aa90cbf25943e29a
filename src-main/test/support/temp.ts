/** Temporary folders, and what is cleaned up after the tests of a file. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll } from 'vitest';

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});

/** Registers a cleanup that runs after the tests of this file, the last one first. */
export function onFileFinished(clean: () => void): void {
  cleanups.push(clean);
}

/** Makes an empty folder, which is removed after the tests of this file. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'flotilla-test-')));
  onFileFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Makes a place for a data folder, and an empty media folder. */
export function makeHome(): { data: string; media: string } {
  const home = tempFolder();
  const [data, media] = [path.join(home, 'data'), path.join(home, 'media')];
  mkdirSync(media);
  return { data, media };
}

/**
 * Remembers a home as it is now, for tests that all begin with the same converted videos.
 * @returns brings it back to that, at the same paths
 */
export function snapshotHome(home: { data: string; media: string }): () => void {
  const copies = tempFolder();
  // Node's own copies have times of microseconds.
  const copy = (from: string, to: string) => execaSync('cp', ['-a', from, to]);
  const folders = [home.data, home.media];
  for (const folder of folders) copy(folder, path.join(copies, path.basename(folder)));
  return () => {
    for (const folder of folders) {
      rmSync(folder, { recursive: true, force: true });
      copy(path.join(copies, path.basename(folder)), folder);
    }
  };
}
