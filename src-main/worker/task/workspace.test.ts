import { existsSync, mkdirSync, statfsSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskSpace } from '../../fs/disk-space.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { Workspace } from './workspace.ts';

const DAY_MS = 24 * 3_600_000;
const VIDEO = { library: 1, file: 7 };
const { signal } = new AbortController();

async function open(home = tempFolder()) {
  const folder = path.join(home, 'temp');
  const workspace = new Workspace({
    folder,
    space: new DiskSpace(),
    memory: path.join(home, 'temps.json'),
    warn: () => undefined,
  });
  await workspace.recover();
  return { home, folder, workspace };
}

/** Leaves a chunk of a video, last written to so many days ago. */
function leaveChunk(folder: string, video: string, daysAgo = 0): string {
  const chunks = path.join(folder, 'chunks', video);
  mkdirSync(chunks, { recursive: true });
  writeFileSync(path.join(chunks, '0-48'), 'frames');
  const date = new Date(Date.now() - daysAgo * DAY_MS);
  utimesSync(chunks, date, date);
  return chunks;
}

describe('Workspace', () => {
  it('keeps the chunks of a video beyond the lease and the next start, until the job has ended', async () => {
    const { home, folder, workspace } = await open();
    await workspace.use({ name: '1-1', needed: 1, signal }, async () => {
      expect(workspace.chunksOf('1-1', VIDEO).folder).toBe(path.join(folder, 'chunks', '1-7'));
      leaveChunk(folder, '1-7');
      mkdirSync(path.join(folder, '2-1'));
    });
    const { workspace: next } = await open(home);
    expect(existsSync(path.join(folder, '2-1'))).toBe(false);
    const { folder: chunks } = next.chunksOf('3-1', VIDEO);
    expect(existsSync(path.join(chunks, '0-48'))).toBe(true);
    await next.dropChunks('3-1', VIDEO);
    expect(existsSync(chunks)).toBe(false);
  });

  it('removes chunks that nobody took up for two weeks, at a start and before work', async () => {
    const { home, folder, workspace } = await open();
    const [old, recent] = [leaveChunk(folder, '1-1', 15), leaveChunk(folder, '1-2', 13)];
    await workspace.use({ name: '1-1', needed: 1, signal }, async () => undefined);
    expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
    leaveChunk(folder, '1-1', 15);
    await open(home);
    expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
  });

  it('has chunks that nobody works with give way to the next video', async () => {
    const { folder, workspace } = await open();
    const chunks = leaveChunk(folder, '1-8');
    const { blocks, bsize } = statfsSync(folder);
    const tooMuch = workspace.use({ name: '3-1', needed: blocks * bsize * 2, signal }, async () => undefined);
    await expect(tooMuch).rejects.toMatchObject({ code: 'node' });
    expect(existsSync(chunks)).toBe(false);
  });

  it('leaves the chunks that are in use where they are, however little room there is', async () => {
    const { folder, workspace } = await open();
    const chunks = leaveChunk(folder, '1-7');
    workspace.chunksOf('1-1', VIDEO);
    const { blocks, bsize } = statfsSync(folder);
    const tooMuch = workspace.use({ name: '3-1', needed: blocks * bsize * 2, signal }, async () => undefined);
    await expect(tooMuch).rejects.toMatchObject({ code: 'node' });
    expect(existsSync(chunks)).toBe(true);
  });

  it('counts chunks that are there already as part of the room that they may take', async () => {
    const { folder, workspace } = await open();
    await workspace.use({ name: '1-1', needed: 1, signal }, async () => {
      const place = workspace.chunksOf('1-1', VIDEO);
      leaveChunk(folder, '1-7');
      const { bavail, bsize } = statfsSync(folder);
      await expect(place.reserve(bavail * bsize)).rejects.toMatchObject({ code: 'node' });
      (await place.reserve(1000))();
    });
  });

  it('leaves no chunks in a folder that it has moved away from', async () => {
    const { home, folder, workspace } = await open();
    const chunks = leaveChunk(folder, '1-7');
    await workspace.moveTo(path.join(home, 'elsewhere'));
    expect(existsSync(chunks)).toBe(false);
  });
});
