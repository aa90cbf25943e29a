/** A library on a network mount whose server is gone: everything but that library goes on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { convert, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { dieAt } from './support/dead-disk.ts';
import { CAN_MOUNT, NO_MOUNT } from './support/disk.ts';
import { serve } from './support/server.ts';
import { makeHome } from './support/temp.ts';
import { until } from './support/wait.ts';

/** A disk has a second to answer. */
const ENV = { FLOTILLA_TERMS: '10000,60000,300000,200,60000,1000' };

test.skipIf(!CAN_MOUNT)(
  `a disk that does not answer stops its own library alone (${NO_MOUNT})`,
  async () => {
    const { data, media } = makeHome();
    const [dead, alive] = [path.join(media, 'dead'), path.join(media, 'alive')];
    for (const name of ['dead/a.mp4', 'alive/b.mp4']) makeClip(path.join(media, name));
    const isDone = (name: string) => {
      const done = query<{ path: string }>(data, "SELECT path FROM files WHERE state = 'done'").map((row) => row.path);
      expect(done).toContain(name);
    };
    // Killed in the middle of a replacement, which is to be finished once its disk answers.
    await convert(data, [dead], [], { env: { FLOTILLA_FAULT: 'verified' } });

    const revive = await dieAt(dead);
    const server = await serve(data, [dead, alive, ...TINY], { env: ENV });
    const viewOf = async (root: string) => (await server.call('library.list')).find((library) => library.root === root);
    const scan = async (root: string) => server.call('library.scan', { library: (await viewOf(root))?.id });
    await until(() => isDone('b.mkv'));
    revive();
    await until(() => isDone('a.mkv'));
    await scan(dead);
    expect((await viewOf(dead))?.paused).toBeNull();

    await dieAt(dead);
    // More often than there are threads that files are read by.
    for (let round = 0; round < 30; round += 1) await expect(scan(dead)).rejects.toThrow(/dead does not answer/);
    expect((await viewOf(dead))?.paused).toMatch(/does not answer/);
    makeClip(path.join(alive, 'c.mp4'));
    await scan(alive);
    await until(() => isDone('c.mkv'));
    const shown = await server.call('folder.list', { path: media });
    expect(shown.folders.map(({ name }) => name)).toEqual(['alive', 'dead']);
    await expect(server.call('folder.list', { path: dead })).rejects.toThrow(/does not answer/);
    await expect(server.call('vault.restore', { path: path.join(dead, 'a.mp4') })).resolves.toMatchObject({
      refused: [expect.stringMatching(/does not answer/)],
    });
    await expect(server.call('vault.purge', { all: true })).resolves.toMatchObject({
      purged: 2,
      kept: [expect.stringMatching(/dead does not answer/)],
    });

    const began = performance.now();
    server.flotilla.kill('SIGTERM');
    await server.flotilla.end();
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(existsSync(path.join(alive, '.flotilla'))).toBe(false);
  },
  120_000,
);
