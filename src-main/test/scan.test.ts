/** Finding videos: moved ones, growing ones, gone ones, strange names, and what is no business of Flotilla's. */
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { convert, outcomes, run, start, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { CAN_MOUNT, NO_MOUNT, smallDisk } from './support/disk.ts';
import { makeGate } from './support/ffmpeg.ts';
import { filesIn, sha256, treeOf } from './support/files.ts';
import { serve } from './support/server.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

/** Paths of the videos that the database knows, in order. */
const known = (data: string) =>
  query<{ path: string; missing: number | null }>(data, 'SELECT path, missing FROM files ORDER BY path').map((f) =>
    f.missing === null ? f.path : `${f.path} (gone)`,
  );
const jobs = (data: string) => query(data, 'SELECT id FROM jobs').length;

/** A library with videos that are done. */
async function converted(...names: string[]) {
  const { data, media } = makeHome();
  for (const name of names) makeClip(path.join(media, name));
  const ended = await convert(data, [media]);
  expect(ended.lines.at(-1)).toMatchObject({ counts: { done: names.length } });
  return { data, media, at: (name: string) => path.join(media, name) };
}

describe('a video that moves', () => {
  it('a renamed video and those in a moved folder keep their history', async () => {
    const { data, media, at } = await converted('video.mp4', 'old/sub/two.mp4');
    renameSync(at('video.mkv'), at('other.mkv'));
    mkdirSync(at('deeper'));
    renameSync(at('old'), at('deeper/new'));
    const again = await convert(data, [media]);
    expect(outcomes(again)).toEqual([]);
    expect(again.lines.at(-1)).toMatchObject({ counts: { done: 2 } });
    expect([known(data), jobs(data)]).toEqual([['deeper/new/sub/two.mkv', 'other.mkv'], 2]);

    expect((await run(['restore', at('other.mkv'), '--data', data])).code).toBe(0);
    expect(filesIn(media).filter((name) => !name.includes('.flotilla'))).toEqual([
      'deeper/new/sub/two.mkv',
      'video.mp4',
    ]);
  });

  it("a moved video isn't queued twice", async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    await convert(data, [media], ['--dry-run']);
    renameSync(path.join(media, 'video.mp4'), path.join(media, 'other.mp4'));
    await convert(data, [media], ['--dry-run']);
    expect([known(data), jobs(data)]).toEqual([['other.mp4'], 1]);
  });

  it('a video moved to another file system keeps its history', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const { data, media } = makeHome();
    const disk = path.join(media, 'disk');
    mkdirSync(disk);
    smallDisk(8192, disk);
    for (const name of ['one.mp4', 'disk/three.mp4']) makeClip(path.join(media, name));
    expect((await convert(data, [media])).code).toBe(0);
    // Each has its vault on its own disk.
    expect(filesIn(path.join(disk, '.flotilla/vault'))).toHaveLength(2);
    // cp keeps times to the nanosecond, as mv does.
    execaSync('cp', ['-p', path.join(disk, 'three.mkv'), path.join(media, 'moved.mkv')]);
    rmSync(path.join(disk, 'three.mkv'));
    const again = await convert(data, [media]);
    expect(outcomes(again)).toEqual([]);
    expect(again.lines.at(-1)).toMatchObject({ counts: { done: 2 } });
    expect([known(data), jobs(data)]).toEqual([['moved.mkv', 'one.mkv'], 2]);
    const restored = await run(['restore', path.join(media, 'moved.mkv'), '--data', data]);
    expect(restored.stdout).toBe(`restored ${path.join(disk, 'three.mp4')}`);
    expect(filesIn(media).filter((name) => !name.includes('.flotilla'))).toEqual(['disk/three.mp4', 'one.mkv']);
  });
});

describe('what is left alone', () => {
  it('links that lead out of the library or in circles are ignored', async () => {
    const { data, media } = makeHome();
    const outside = tempFolder();
    for (const name of ['video.mp4', 'sub/video.mp4']) makeClip(path.join(outside, name));
    makeClip(path.join(media, 'mine.mp4'));
    symlinkSync(outside, path.join(media, 'out'));
    symlinkSync(path.join(outside, 'video.mp4'), path.join(media, 'link.mp4'));
    symlinkSync('.', path.join(media, 'circle'));
    symlinkSync('nowhere', path.join(media, 'broken.mkv'));
    const before = treeOf(outside);
    expect(outcomes(await convert(data, [media]))).toEqual(['mine.mkv: done']);
    expect(treeOf(outside)).toEqual(before);
    expect(known(data)).toEqual(['mine.mkv']);
  });

  it('hidden files and folders, and those of systems, are ignored', async () => {
    const { data, media } = makeHome();
    const hidden = [
      '.video.mp4',
      '.hidden/video.mp4',
      '.flotilla/video.mp4',
      '$RECYCLE.BIN/video.mp4',
      'video.mp4.part',
    ];
    for (const name of hidden) makeClip(path.join(media, name.replace(/\.part$/, '')));
    renameSync(path.join(media, 'video.mp4'), path.join(media, 'video.mp4.part'));
    const before = treeOf(media);
    const ended = await convert(data, [media]);
    expect(ended.lines.at(-1)).toMatchObject({ files: 0 });
    expect(treeOf(media)).toEqual(before);
    const named = await convert(data, [path.join(media, '.hidden')]);
    expect(named.code).toBe(2);
    expect(named.stderr).toMatch(/^.*\.hidden is in a hidden or system folder, which Flotilla skips\.$/);
  });

  it('hard-linked videos are skipped with the reason', async () => {
    const { data, media } = makeHome();
    linkSync(makeClip(path.join(media, 'one.mp4')), path.join(media, 'two.mp4'));
    const before = treeOf(media);
    const ended = await convert(data, [media]);
    expect(outcomes(ended)).toEqual(['one.mp4: skipped (hard-linked)', 'two.mp4: skipped (hard-linked)']);
    expect(ended.lines.find((l) => l.type === 'file')?.reason).toMatch(/^The file has 2 hard links, .*\.$/);
    expect(treeOf(media)).toEqual(before);
  });
});

describe('a video that is being written', () => {
  it('a video that is open for writing waits until it is closed, and is then converted', async ({ skip }) => {
    skip(process.platform !== 'linux', 'only Linux tells who has a file open');
    const { data, media } = makeHome();
    const writing = openSync(makeClip(path.join(media, 'video.mp4')), 'r+');
    const conversion = start(['convert', media, '--data', data, '--json', ...TINY]);
    // Two looks, and still it waits.
    const settles = () => query<{ settles: number }>(data, 'SELECT settles FROM files WHERE settles IS NOT NULL')[0];
    let first: number | undefined;
    await until(() => {
      first = settles()?.settles;
      expect(first).toBeDefined();
    });
    await until(() => expect(settles()?.settles).toBeGreaterThan(first ?? 0));
    expect(conversion.lines.filter((l) => l.type === 'progress')).toEqual([]);
    closeSync(writing);
    expect(outcomes(await conversion.end())).toEqual(['video.mkv: done']);
  });

  it('a changed video waits for the settle time', async () => {
    const { data, media } = makeHome();
    const modified = new Date();
    makeClip(path.join(media, 'video.mp4'), { modified });
    const ended = await convert(data, [media], ['--settle', '0.05']);
    expect(outcomes(ended)).toEqual(['video.mkv: done']);
    const [attempt] = query<{ started: number }>(data, 'SELECT started FROM attempts');
    expect(attempt?.started).toBeGreaterThanOrEqual(modified.getTime() + 3000);
  });

  it('a queued video that changes is analyzed again', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'one.mp4'), { modified: new Date(Date.now() - 7_200_000) });
    const second = makeClip(path.join(media, 'two.mp4'));
    const gate = makeGate();
    const conversion = convert(data, [media], ['--testing'], { env: gate.env });
    await gate.reached();
    makeClip(second, { seconds: 2, modified: new Date(Date.now() - 60_000) });
    const changed = sha256(second);
    gate.open();
    expect(outcomes(await conversion)).toEqual(['one.mkv: done', 'two.mkv: done']);
    const originals = filesIn(media).filter((name) => name.endsWith('.original'));
    expect(originals.map((name) => sha256(path.join(media, name)))).toContain(changed);
  });

  it("a queued video that is removed doesn't count as a failure", async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'one.mp4'), { modified: new Date(Date.now() - 7_200_000) });
    const second = makeClip(path.join(media, 'two.mp4'));
    const gate = makeGate();
    const conversion = convert(data, [media], [], { env: gate.env });
    await gate.reached();
    rmSync(second);
    gate.open();
    const ended = await conversion;
    expect(ended.code).toBe(0);
    expect(outcomes(ended)).toEqual(['one.mkv: done']);
    expect(known(data)).toEqual(['one.mkv', 'two.mp4 (gone)']);
  });
});

describe('a library', () => {
  it('a library without its root is paused, and none of its videos counts as missing', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    const server = await serve(data, TINY, { env: { MEDIA_DIRS: media } });
    await until(async () => expect((await server.call('queue.summary')).counts.done).toBe(1));
    const [library] = await server.call('library.list');
    renameSync(media, `${media}-away`);
    await expect(server.call('library.scan', { library: library?.id })).rejects.toThrow(/503 .*cannot be read/);
    expect(await server.call('library.list')).toMatchObject([
      { root: media, paused: expect.stringMatching(/^The folder .* cannot be read .*connected\?$/) },
    ]);
    expect(await server.call('file.list')).toMatchObject([{ path: 'video.mkv', state: 'done', missing: false }]);

    renameSync(`${media}-away`, media);
    expect(await server.call('library.scan', { library: library?.id })).toMatchObject({ files: 1, missing: 0 });
    expect(await server.call('library.list')).toMatchObject([{ paused: null }]);
  });

  it('a library without any of its videos is paused until the user accepts the loss', async () => {
    const { data, media, at } = await converted('one.mp4', 'two.mp4');
    for (const name of ['one.mkv', 'two.mkv']) rmSync(at(name));
    const { code, stderr } = await convert(data, [media]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^2 files of 2 in .* are missing\. .*--accept-missing.*\.$/);
    expect(known(data)).toEqual(['one.mkv', 'two.mkv']);
    expect((await convert(data, [media])).code).toBe(1);

    const accepted = await convert(data, [media], ['--accept-missing']);
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(accepted.lines.at(-1)).toMatchObject({ files: 0 });
    expect(known(data)).toEqual(['one.mkv (gone)', 'two.mkv (gone)']);
    expect((await convert(data, [media])).code).toBe(0);
  });

  it('a library takes over the libraries below it, with their history', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'a/b/inner.mp4'));
    makeClip(path.join(media, 'a/outer.mp4'));
    expect(outcomes(await convert(data, [path.join(media, 'a/b')]))).toEqual(['inner.mkv: done']);
    expect(outcomes(await convert(data, [path.join(media, 'a')]))).toEqual(['outer.mkv: done']);
    expect([known(data), jobs(data)]).toEqual([['b/inner.mkv', 'outer.mkv'], 2]);
    expect(query(data, 'SELECT root FROM libraries')).toEqual([{ root: path.join(media, 'a') }]);
    expect(outcomes(await convert(data, [path.join(media, 'a/b')]))).toEqual([]);
    expect((await run(['restore', '--all', '--data', data])).code).toBe(0);
    expect(filesIn(media)).toEqual(['a/b/inner.mp4', 'a/outer.mp4']);
  });
});

describe('a library of the server', () => {
  it('a library stays watched and held during a dry run of its parent, and watched during a conversion', async () => {
    const { data, media } = makeHome();
    for (const name of ['a/inner.mp4', 'outer.mp4']) makeClip(path.join(media, name));
    await convert(data, [path.join(media, 'a')], ['--dry-run']);
    const db = new Database(path.join(data, 'flotilla.db'));
    db.prepare('UPDATE libraries SET watched = 1, held = 1').run();
    db.close();
    const libraries = () => query(data, 'SELECT root, watched, held FROM libraries ORDER BY root');
    const whole = { root: media, watched: 0, held: 0 };
    for (const place of ['a/inner.mp4', '']) {
      const { code, lines } = await convert(data, [path.join(media, place)], ['--dry-run']);
      expect([code, lines.filter((l) => l.type === 'file').length]).toEqual([0, place === '' ? 2 : 1]);
    }
    expect(libraries()).toEqual([whole, { root: path.join(media, 'a'), watched: 1, held: 1 }]);
    expect(outcomes(await convert(data, [media]))).toEqual(['inner.mkv: done', 'outer.mkv: done']);
    expect(libraries()).toEqual([whole, { root: path.join(media, 'a'), watched: 1, held: 0 }]);
  });
});

describe('names', () => {
  it('videos with strange names are converted', async () => {
    const { data, media } = makeHome();
    const stems = [
      '-video\n%03d %s',
      ` 🎬 fílm it's "quoted" `,
      'file:x $HOME\\semi;colon & more [glob]*?',
      'x'.repeat(251),
    ];
    for (const name of [...stems, 'folder\nwith -line/~']) makeClip(path.join(media, `${name}.mp4`), { seconds: 0.5 });
    const ended = await convert(data, [media], ['--vault-days', '0']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(filesIn(media)).toEqual([...stems.map((stem) => `${stem}.mkv`), 'folder\nwith -line/~.mkv'].sort());
    expect(ended.lines.at(-1)).toMatchObject({ counts: { done: stems.length + 1 } });
  });

  it('a name too long for the result blocks the video with the reason', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, `${'x'.repeat(252)}.ts`));
    const before = treeOf(media);
    const ended = await convert(data, [media]);
    expect(ended.code).toBe(1);
    expect(ended.lines.find((l) => l.type === 'file')).toMatchObject({
      state: 'blocked',
      reason: expect.stringMatching(/^The name would be longer than 255 bytes with \.mkv; shorten it\.$/),
    });
    expect(treeOf(media)).toEqual(before);
  });

  it("names that aren't text are reported, and their videos ignored", async ({ skip }) => {
    skip(process.platform !== 'linux', 'only Linux has names that are no text');
    const { data, media } = makeHome();
    const video = makeClip(path.join(media, 'video.mp4'));
    const name = Buffer.concat([Buffer.from(`${media}/bad-`), Buffer.from([0xff]), Buffer.from('.mp4')]);
    renameSync(video, name);
    const hash = sha256(name as never);
    const ended = await convert(data, [media]);
    expect(ended.lines.map((l) => l.text)).toContainEqual(expect.stringMatching(/is not valid text; rename it/));
    expect(sha256(name as never)).toBe(hash);
    expect(known(data)).toEqual([]);
    // Not even Node's own removal of folders finds such a name.
    rmSync(name);
  });

  it('a result name that another video has blocks the video with the reason', async () => {
    const { data, media } = makeHome();
    for (const name of ['video.mp4', 'video.avi']) makeClip(path.join(media, name));
    writeFileSync(path.join(media, 'video.mkv'), '');
    const ended = await convert(data, [media]);
    expect(ended.code).toBe(1);
    expect(outcomes(ended)).toEqual([
      'video.avi: blocked (not-replaceable)',
      'video.mkv: skipped (empty)',
      'video.mp4: blocked (not-replaceable)',
    ]);

    // What stood in the way is gone: the next run tries again.
    rmSync(path.join(media, 'video.mkv'));
    rmSync(path.join(media, 'video.avi'));
    expect(outcomes(await convert(data, [media], ['--accept-missing']))).toEqual(['video.mkv: done']);
    expect(existsSync(path.join(media, 'video.mp4'))).toBe(false);
  });
});
