/** Libraries and their scans, with real folders and a real database. */
import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FileRow } from '../../db/tables/files.ts';
import { makeContext, PROBE } from '../../test/support/context.ts';
import { until } from '../../test/support/wait.ts';
import { factsOf } from '../files/file-identity.ts';
import { LeaseBuilder } from '../queue/lease-builder.ts';
import { Vault } from '../vault/vault.ts';
import { Libraries } from './libraries.ts';
import { ProbeQueue } from './probe-queue.ts';
import { Scanner } from './scanner.ts';

function makeLibraries() {
  const context = makeContext();
  const { ctx } = context;
  ctx.prober = { probe: async () => PROBE } as unknown as typeof ctx.prober;
  const probing = new ProbeQueue(ctx);
  const libraries = new Libraries(ctx, { scanner: new Scanner(ctx), probing, vault: new Vault(context.vaultParts) });
  onTestFinished(async () => {
    await libraries.stop();
    await probing.stop();
  });
  const videos = () =>
    context.db.prepare("SELECT path || iif(missing IS NULL, '', ' (gone)') FROM files ORDER BY path").pluck().all();
  return { ...context, asked: libraries, videos };
}

describe('a part of a library', () => {
  it('that is gone is missing, and pauses nothing', async () => {
    const { asked, library, libraries, at, find, videos } = makeLibraries();
    for (const name of ['kept.mp4', 'sub/one.mp4', 'sub/two.mp4', 'sub/three.mp4']) find(name);
    renameSync(at('sub'), at('other'));
    expect(await asked.scan(library, 'sub')).toMatchObject({ files: 0, missing: 3 });
    expect(libraries.get(library.id)?.paused).toBeNull();
    expect(videos()).toEqual(['kept.mp4', 'sub/one.mp4 (gone)', 'sub/three.mp4 (gone)', 'sub/two.mp4 (gone)']);
    renameSync(at('other'), at('sub'));
    expect(await asked.scan(library, 'sub/one.mp4')).toMatchObject({ files: 1, missing: 0 });
    expect(videos()).toContain('sub/one.mp4');
  });

  it('is none that leads out of it, or is hidden', async () => {
    const { asked, library, root, videos } = makeLibraries();
    mkdirSync(`${root}/.hidden`);
    for (const folder of [`${root}/.hidden`, path.dirname(root)])
      writeFileSync(path.join(folder, 'video.mp4'), 'video');
    for (const prefix of ['..', 'sub/../..', path.dirname(root), '.hidden', 'sub//video.mp4', 'sub/']) {
      await expect(asked.scan(library, prefix)).rejects.toThrow(expect.objectContaining({ code: 'usage' }));
    }
    expect([videos(), asked.scanning]).toEqual([[], []]);
  });
});

describe('a library that is removed in the middle of a scan', () => {
  it('has that scan end with the reason, and nothing is left of it', async () => {
    const { asked, library, libraries, root, db } = makeLibraries();
    writeFileSync(path.join(root, 'video.mp4'), 'video');
    const scan = expect(asked.scan(library)).rejects.toMatchObject({ code: 'missing', message: /was removed from/ });
    libraries.remove(library.id);
    await scan;
    expect(db.prepare('SELECT count(*) FROM files').pluck().get()).toBe(0);
  });
});

describe('videos that are gone', () => {
  it('pause a library when they are all, or most of many; few are just missing', async () => {
    const { asked, ctx, library, libraries, at, find, videos } = makeLibraries();
    // What is looked into tells by itself that it is gone.
    const looked = () => until(() => expect(ctx.files.counts().found).toBe(0));
    for (const name of ['one.mp4', 'two.mp4', 'three.mp4']) find(name);
    await asked.scan(library);
    await looked();
    for (const name of ['one.mp4', 'two.mp4']) rmSync(at(name));
    expect(await asked.scan(library)).toMatchObject({ missing: 2 });
    expect(libraries.get(library.id)?.paused).toBeNull();
    rmSync(at('three.mp4'));
    await expect(asked.scan(library)).rejects.toThrow(/^1 file of 1 in .* is missing/);
    expect(libraries.get(library.id)?.paused).toMatch(/is missing/);
    expect(videos()).toContain('three.mp4');
    for (let i = 0; i < 15; i++) find(`sub/${i}.mp4`);
    expect(await asked.scan(library)).toMatchObject({ missing: 1 });
    expect(libraries.get(library.id)?.paused).toBeNull();
    await looked();
    for (let i = 0; i < 12; i++) rmSync(at(`sub/${i}.mp4`));
    await expect(asked.scan(library, 'sub')).rejects.toThrow(/^12 files of 15 in .*sub are missing/);
    expect(libraries.get(library.id)?.paused).toBeNull();
    await expect(asked.scan(library)).rejects.toThrow(/^12 files of 15 in .*library are missing/);
    expect(await asked.scan(library, '', true)).toMatchObject({ missing: 12 });
  });

  it('pause nothing where they lie in folders that are left alone by now', async () => {
    const { asked, library, find } = makeLibraries();
    find('kept.mp4');
    for (let i = 0; i < 15; i++) find(`@Recycle/${i}.mp4`);
    expect(await asked.scan(library)).toMatchObject({ files: 1, missing: 15 });
  });
});

describe('a root or folder that becomes a link', () => {
  it('is not followed: the library is paused, a folder in it is missing', async () => {
    const { asked, ctx, library, libraries, root, at, queue, video, jobs } = makeLibraries();
    const granter = new LeaseBuilder(ctx);
    const grant = async (name: string) => {
      const job = jobs.get(video(name)?.job ?? 0);
      return job && (await granter.build(job, { id: 'w', name: 'w' }, []));
    };
    await queue('sub/one.mp4');
    await queue('two.mp4');
    renameSync(at('sub'), `${root}-sub`);
    symlinkSync(`${root}-sub`, at('sub'));
    expect(await grant('sub/one.mp4')).toBeUndefined();
    expect(video('sub/one.mp4')).toMatchObject({ state: 'found', missing: expect.any(Number) });
    expect(await asked.scan(library, 'sub')).toMatchObject({ files: 0 });
    renameSync(root, `${root}-away`);
    symlinkSync(`${root}-away`, root);
    expect(await grant('two.mp4')).toBeUndefined();
    expect(libraries.get(library.id)?.paused).toMatch(/is now a link/);
    libraries.setPaused(library.id, null);
    await expect(asked.scan(library)).rejects.toThrow(/is now a link/);
    expect(libraries.get(library.id)?.paused).toMatch(/is now a link/);
    expect(video('two.mp4')).toMatchObject({ state: 'queued', missing: null });
  });
});

describe('times that move', () => {
  const HOUR = 3600;
  it('leave every verdict and job as it is, unless a repair may have come with them', async () => {
    const { asked, library, find, queue, video, at, jobs } = makeLibraries();
    const now = Math.floor(Date.now() / 1000) - 10 * 24 * HOUR;
    const move = (name: string, by: number) => utimesSync(at(name), now + by, now + by);
    for (const name of ['queued.mp4', 'touched.mp4', 'damaged.mp4', 'repaired.mp4', 'other.mp4']) await queue(name);
    for (const name of ['damaged.mp4', 'repaired.mp4'])
      jobs.apply(video(name)?.id ?? 0, 'skip', { code: 'damaged', reason: 'It is damaged.' });
    jobs.apply(video('touched.mp4')?.id ?? 0, 'skip', { code: 'no-savings', reason: 'It was no smaller.' });
    for (const name of ['queued.mp4', 'touched.mp4', 'damaged.mp4', 'repaired.mp4', 'other.mp4']) move(name, 0);
    await asked.scan(library);
    const job = video('queued.mp4')?.job;
    // Those times were of now, and no whole hours away.
    for (const name of ['damaged.mp4', 'repaired.mp4']) expect(video(name)?.state).not.toBe('skipped');
    await until(() => expect(video('repaired.mp4')?.state).toBe('queued'));
    for (const name of ['damaged.mp4', 'repaired.mp4'])
      jobs.apply(video(name)?.id ?? 0, 'skip', { code: 'damaged', reason: 'It is damaged.' });
    for (const name of ['queued.mp4', 'damaged.mp4']) move(name, HOUR);
    for (const name of ['touched.mp4', 'repaired.mp4']) move(name, 1234);
    writeFileSync(at('other.mp4'), 'x'.repeat(video('other.mp4')?.size ?? 0));
    expect(await asked.scan(library)).toMatchObject({ changed: 5 });
    expect(video('queued.mp4')).toMatchObject({ state: 'queued', job, mtime: (now + HOUR) * 1000 });
    expect(jobs.get(job ?? 0)).toMatchObject({ version: video('queued.mp4')?.version, state: 'queued' });
    expect(video('touched.mp4')).toMatchObject({ state: 'skipped', code: 'no-savings' });
    expect(video('damaged.mp4')).toMatchObject({ state: 'skipped', code: 'damaged' });
    expect(video('repaired.mp4')?.state).not.toBe('skipped');
    expect(video('other.mp4')?.job).not.toBe(job);
    expect(find('new.mp4')).toBeGreaterThan(0);
  });
});

describe('a video that is part of a disc, or not here', () => {
  it('is skipped with the reason, and analyzed once the reason is gone', async () => {
    const { asked, ctx, library, find, video, at } = makeLibraries();
    const asks: string[] = [];
    const probe = async (file: string) => {
      asks.push(path.basename(file));
      return PROBE;
    };
    ctx.prober = { probe } as unknown as typeof ctx.prober;
    find('Disc/VIDEO_TS/VTS_01_1.VOB');
    find('loose/video.vob');
    writeFileSync(at('loose/video.ifo'), '');
    find('cloud.mkv');
    truncateSync(at('cloud.mkv'), 0);
    truncateSync(at('cloud.mkv'), 2 ** 30);
    find('video.mp4');
    const codes = () =>
      ['Disc/VIDEO_TS/VTS_01_1.VOB', 'loose/video.vob', 'cloud.mkv', 'video.mp4'].map(
        (n) => video(n)?.code ?? video(n)?.state,
      );
    await asked.scan(library);
    await until(() => expect(codes()).toEqual(['disc', 'disc', 'placeholder', 'queued']));
    expect(video('cloud.mkv')?.reason).toMatch(/^Only a placeholder of cloud\.mkv is on this computer/);
    expect(video('loose/video.vob')?.reason).toMatch(/^video\.vob is part of a DVD/);
    rmSync(at('loose/video.ifo'));
    await asked.scan(library);
    await until(() => expect(codes()).toEqual(['disc', 'queued', 'placeholder', 'queued']));
    expect(asks.sort()).toEqual(['video.mp4', 'video.vob']);
  });
});

describe('a scan', () => {
  it('is given up where the disk does not answer, and nothing counts as gone', async () => {
    const { ctx, library, libraries, find, at, videos } = makeLibraries();
    find('video.mp4');
    rmSync(at('video.mp4'));
    // No thread starts, and no disk answers, in so short a time.
    const scanner = new Scanner(ctx, 1);
    await expect(scanner.scan(library)).rejects.toThrow(/^The folder .* does not answer/);
    expect(libraries.get(library.id)?.paused).toMatch(/does not answer/);
    expect(videos()).toEqual(['video.mp4']);
    await scanner.stop();
  });

  it('recognizes the result of a replacement that finishes during the scan', async () => {
    const { ctx, asked, library, at, find, video, files, videos } = makeLibraries();
    const ids = ['moves.mp4', 'video.mp4', 'busy.mp4', 'kept.mp4'].map((name) => find(name));
    ctx.jobs.apply(ids[2] ?? 0, 'queue');
    ctx.db.prepare("UPDATE files SET state = 'running' WHERE id = ?").run(ids[2]);
    renameSync(at('moves.mp4'), at('moved.mp4'));
    for (const name of ['video.mp4', 'busy.mp4']) rmSync(at(name));
    writeFileSync(at('video.mkv'), 'result');
    const { emit } = ctx;
    let first = true;
    ctx.emit = (event, payload) => {
      // The first that a scan stores is what was moved; it has walked by all the rest, too.
      if (event === 'listed' && first) {
        first = false;
        const facts = factsOf(statSync(at('video.mkv'), { bigint: true }));
        files.setMissing(ids[1] ?? 0, 1);
        files.setResult(ids[1] ?? 0, { path: 'video.mkv', ...facts, hash: '' });
      }
      emit(event, payload);
    };
    await asked.scan(library);
    expect(first).toBe(false);
    expect(videos()).toEqual(['busy.mp4', 'kept.mp4', 'moved.mp4', 'video.mkv']);
    expect(video('video.mkv')?.id).toBe(ids[1]);
  });

  it('is ended with the program, however far it is', async () => {
    const { asked, library, find, videos } = makeLibraries();
    find('gone.mp4');
    const scan = asked.scan(library);
    const ended = expect(scan).rejects.toThrow('Flotilla is shutting down.');
    await asked.stop();
    await ended;
    expect(videos()).toEqual(['gone.mp4']);
  });
});

describe('files that settle', () => {
  it('have only their folders looked at, for what became of them', async () => {
    const { asked, library, find, videos, at, eventsOf, files, video } = makeLibraries();
    const id = find('new/grows.mp4.mkv');
    files.setSeen(id, { ...(video('new/grows.mp4.mkv') as Required<FileRow>), settles: Date.now() + 50 });
    renameSync(at('new/grows.mp4.mkv'), at('new/grown.mkv'));
    for (const name of ['elsewhere/video.mp4', 'new/sub/video.mp4']) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), name);
    }
    asked.waitForSettling();
    await until(() => expect(videos()).toEqual(['new/grown.mkv']));
    expect(video('new/grown.mkv')?.id).toBe(id);
    await until(() => expect(asked.scanning).toEqual([]));
    expect(eventsOf('notice')).toEqual([]);
    expect(await asked.scan(library)).toMatchObject({ added: 2 });
  });

  it('are scanned again even if another library was removed in the meantime', async () => {
    const { asked, library, libraries, root, files, find, eventsOf } = makeLibraries();
    const other = libraries.insert(`${root}-other`, true);
    mkdirSync(other.root);
    const due = Date.now() + 100;
    for (const { id } of [library, other]) {
      files.insert(id, { path: 'grows.mp4', inode: '1:1', version: '1:1', size: 1, mtime: 0, settles: due });
    }
    find('video.mp4');
    asked.waitForSettling();
    libraries.remove(library.id);
    await until(() => expect(eventsOf('libraries').length).toBeGreaterThan(0));
    await until(() => expect(asked.scanning).toEqual([]));
  });

  it('are not looked at without a pause where they cannot be, nor where they are converted', async () => {
    const { asked, library, files, find, db } = makeLibraries();
    const scope = { library: library.id, prefix: '' };
    const id = find('video.mp4');
    db.prepare("UPDATE files SET settles = 1, state = 'running' WHERE id = ?").run(id);
    expect(files.settling(scope)).toEqual({ count: 0, next: null });
    db.prepare("UPDATE files SET state = 'found'").run();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    asked.waitForSettling();
    vi.advanceTimersByTime(9999);
    expect(asked.scanning).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(asked.scanning).toEqual([library.id]);
  });
});

describe('a new library', () => {
  it('is not made for what is left alone', async () => {
    const { asked, libraries, root } = makeLibraries();
    const hidden = path.join(path.dirname(root), 'other/.video.mp4');
    mkdirSync(path.dirname(hidden));
    writeFileSync(hidden, 'video');
    await expect(asked.add(hidden, false)).rejects.toThrow(/is in a hidden or system folder/);
    expect(libraries.all()).toHaveLength(1);
    expect(existsSync(hidden)).toBe(true);
  });

  it('that is not watched leaves one in it its videos', async () => {
    const { asked, libraries, library, root, find, videos } = makeLibraries();
    find('inner.mp4');
    writeFileSync(path.join(path.dirname(root), 'outer.mp4'), 'video');
    const { library: outer } = await asked.add(path.dirname(root), false);
    expect(libraries.all()).toMatchObject([
      { id: outer.id, watched: false },
      { id: library.id, watched: true },
    ]);
    expect((await asked.scan(outer)).files).toBe(1);
    expect(videos()).toEqual(['inner.mp4', 'outer.mp4']);
    expect(await asked.add(path.join(root, 'inner.mp4'), false)).toMatchObject({
      library: { id: library.id },
      prefix: 'inner.mp4',
    });
  });
});
