/** Copies of the database of a running server, and what becomes of videos when one is restored. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { sha256 } from './support/files.ts';
import { type Server, serve } from './support/server.ts';
import { makeHome } from './support/temp.ts';
import { until } from './support/wait.ts';

/** Resolves when so many videos are done. */
const done = (server: Server, videos: number) =>
  until(async () => {
    const { counts, running } = await server.call('queue.summary');
    if (counts.done !== videos || running.length > 0) throw new Error(JSON.stringify(counts));
  });

it('a backup of a running server, restored, loses no video that was converted since', async () => {
  const { data, media } = makeHome();
  const [early, late] = ['early.mp4', 'late.mp4'].map((name) => path.join(media, name));
  makeClip(early ?? '');
  const server = await serve(data, [media, '--testing', ...TINY]);
  await done(server, 1);
  const backup = path.join(path.dirname(data), 'copy.db');
  const backUp = (...more: string[]) => run(['backup', backup, '--data', data, ...more]);

  expect(await backUp()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Copied the database to .*copy\.db .* backup verified\.$/),
  });
  expect(await backUp()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/copy\.db already exists; .*--overwrite/),
  });
  expect(await backUp('--overwrite')).toMatchObject({ code: 0, stderr: '' });
  expect(await run(['backup', media, '--data', data])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('folder'),
  });
  const busy = await run(['restore-db', backup, '--data', data]);
  expect(busy).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Another Flotilla is using the data folder/) });

  // The server makes one a day by itself, which its users see.
  await until(async () => expect((await server.call('about')).lastBackup?.size).toBeGreaterThan(0));
  expect(await server.call('doctor')).toContainEqual({
    ok: true,
    what: expect.stringMatching(/^Backup of the database, \d{4}-/),
    advice: expect.any(String),
  });

  makeClip(late ?? '');
  const original = sha256(late ?? '');
  await server.call('library.scan', { library: 1 });
  await done(server, 2);
  const result = sha256(path.join(media, 'late.mkv'));
  server.flotilla.kill('SIGTERM');
  await server.flotilla.end();

  const spoilt = path.join(media, '..', 'spoilt.db');
  writeFileSync(spoilt, Buffer.alloc(8192, 0x55));
  const before = sha256(path.join(data, 'flotilla.db'));
  const refused = await run(['restore-db', spoilt, '--data', data]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/spoilt\.db isn't a valid database/) });
  expect(sha256(path.join(data, 'flotilla.db'))).toBe(before);
  const restored = await run(['restore-db', backup, '--data', data]);
  expect(restored).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Restored the database from .*\.\n.*flotilla\.db\.replaced-/),
  });
  expect(query(data, "SELECT state FROM files WHERE path LIKE 'late%'")).toEqual([]);
  const [aside = ''] = readdirSync(data).filter((name) => name.includes('replaced'));
  const beside = path.join(path.dirname(data), 'beside');
  mkdirSync(beside);
  copyFileSync(path.join(data, aside), path.join(beside, 'flotilla.db'));
  expect(query(beside, "SELECT state FROM files WHERE path LIKE 'late%'")).toEqual([{ state: 'done' }]);

  const again = await serve(data, [media, '--testing', ...TINY]);
  await until(async () => {
    const files = await again.call('file.list');
    expect(files.map(({ path: video, state, code }) => [video, state, code])).toEqual([
      ['early.mkv', 'done', null],
      ['late.mkv', 'skipped', 'av1'],
    ]);
  });
  expect(sha256(path.join(media, 'late.mkv'))).toBe(result);
  expect((await again.call('vault.list')).map((row) => path.basename(row.original)).sort()).toEqual([
    'early.mp4',
    'late.mp4',
  ]);
  expect(await again.call('vault.restore', { path: late })).toMatchObject({ restored: [late], refused: [] });
  expect(sha256(late ?? '')).toBe(original);
});
