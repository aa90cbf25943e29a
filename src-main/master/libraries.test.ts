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
import type { FileRow } from '../db/files.ts';
import { makeContext, PROBE } from '../test/context.ts';
import { Granter } from './granter.ts';
import { factsOf } from './identity.ts';
import { Libraries } from './libraries.ts';
import { Probing } from './probing.ts';
import { Scanner } from './scanner.ts';
import { Vault } from './vault.ts';

function makeLibraries() {
  const context = makeContext();
  const { ctx } = context;
  ctx.prober = { probe: async () => PROBE } as unknown as typeof ctx.prober;
  const probing = new Probing(ctx);
  const libraries = new Libraries(ctx, { scanner: new Scanner(ctx), probing, vault: new Vault(context.vaultParts) });
  onTestFinished(async () => {
    await libraries.stop();
    await probing.stop();
  });
  const films = () =>
    context.db.prepare("SELECT path || iif(missing IS NULL, '', ' (gone)') FROM files ORDER BY path").pluck().all();
  return { ...context, asked: libraries, films };
}

describe('a part of a library', () => {
  it('that is gone is missing, and pauses nothing', async () => {
    const { asked, library, libraries, at, find, films } = makeLibraries();
    for (const name of ['kept.mp4', 'sub/one.mp4', 'sub/two.mp4', 'sub/three.mp4']) find(name);
    renameSync(at('sub'), at('other'));
    expect(await asked.scan(library, 'sub')).toMatchObject({ files: 0, missing: 3 });
    expect(libraries.get(library.id)?.paused).toBeNull();
    expect(films()).toEqual(['kept.mp4', 'sub/one.mp4 (gone)', 'sub/three.mp4 (gone)', 'sub/two.mp4 (gone)']);
    renameSync(at('other'), at('sub'));
    expect(await asked.scan(library, 'sub/one.mp4')).toMatchObject({ files: 1, missing: 0 });
    expect(films()).toContain('sub/one.mp4');
  });

  it('is none that leads out of it, or is hidden', async () => {
    const { asked, library, root, films } = makeLibraries();
    mkdirSync(`${root}/.hidden`);
    for (const folder of [`${root}/.hidden`, path.dirname(root)]) writeFileSync(path.join(folder, 'film.mp4'), 'film');
    for (const prefix of ['..', 'sub/../..', path.dirname(root), '.hidden', 'sub//film.mp4', 'sub/']) {
      await expect(asked.scan(library, prefix)).rejects.toThrow(expect.objectContaining({ code: 'usage' }));
    }
    expect([films(), asked.scanning]).toEqual([[], []]);
  });
});

describe('films that are gone', () => {
  it('pause a library when they are all, or most of many; few are just missing', async () => {
    const { asked, ctx, library, libraries, at, find, films } = makeLibraries();
    // What is looked into tells by itself that it is gone.
    const looked = () => vi.waitFor(() => expect(ctx.files.counts().found).toBe(0), { timeout: 20_000 });
    for (const name of ['one.mp4', 'two.mp4', 'three.mp4']) find(name);
    await asked.scan(library);
    await looked();
    for (const name of ['one.mp4', 'two.mp4']) rmSync(at(name));
    expect(await asked.scan(library)).toMatchObject({ missing: 2 });
    expect(libraries.get(library.id)?.paused).toBeNull();
    rmSync(at('three.mp4'));
    await expect(asked.scan(library)).rejects.toThrow(/^1 file of 1 in .* have gone at once/);
    expect(libraries.get(library.id)?.paused).toMatch(/have gone at once/);
    expect(films()).toContain('three.mp4');
    for (let i = 0; i < 15; i++) find(`sub/${i}.mp4`);
    expect(await asked.scan(library)).toMatchObject({ missing: 1 });
    expect(libraries.get(library.id)?.paused).toBeNull();
    await looked();
    for (let i = 0; i < 12; i++) rmSync(at(`sub/${i}.mp4`));
    await expect(asked.scan(library, 'sub')).rejects.toThrow(/^12 files of 15 in .*sub have gone at once/);
    expect(libraries.get(library.id)?.paused).toBeNull();
    await expect(asked.scan(library)).rejects.toThrow(/^12 files of 15 in .*library have gone at once/);
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
    const { asked, ctx, library, libraries, root, at, queue, film, jobs } = makeLibraries();
    const granter = new Granter(ctx);
    const grant = async (name: string) => {
      const job = jobs.get(film(name)?.job ?? 0);
      return job && (await granter.grant(job, { id: 'w', name: 'w' }, []));
    };
    await queue('sub/one.mp4');
    await queue('two.mp4');
    renameSync(at('sub'), `${root}-sub`);
    symlinkSync(`${root}-sub`, at('sub'));
    expect(await grant('sub/one.mp4')).toBeUndefined();
    expect(film('sub/one.mp4')).toMatchObject({ state: 'found', missing: expect.any(Number) });
    expect(await asked.scan(library, 'sub')).toMatchObject({ files: 0 });
    renameSync(root, `${root}-away`);
    symlinkSync(`${root}-away`, root);
    expect(await grant('two.mp4')).toBeUndefined();
    expect(libraries.get(library.id)?.paused).toMatch(/is a link by now/);
    libraries.setPaused(library.id, null);
    await expect(asked.scan(library)).rejects.toThrow(/is a link by now/);
    expect(libraries.get(library.id)?.paused).toMatch(/is a link by now/);
    expect(film('two.mp4')).toMatchObject({ state: 'queued', missing: null });
  });
});

describe('times that move', () => {
  const HOUR = 3600;
  it('leave every verdict and job as it is, unless a repair may have come with them', async () => {
    const { asked, library, find, queue, film, at, jobs } = makeLibraries();
    const now = Math.floor(Date.now() / 1000) - 10 * 24 * HOUR;
    const move = (name: string, by: number) => utimesSync(at(name), now + by, now + by);
    for (const name of ['queued.mp4', 'touched.mp4', 'damaged.mp4', 'repaired.mp4', 'other.mp4']) await queue(name);
    for (const name of ['damaged.mp4', 'repaired.mp4'])
      jobs.apply(film(name)?.id ?? 0, 'skip', { code: 'damaged', reason: 'It is damaged.' });
    jobs.apply(film('touched.mp4')?.id ?? 0, 'skip', { code: 'no-savings', reason: 'It was no smaller.' });
    for (const name of ['queued.mp4', 'touched.mp4', 'damaged.mp4', 'repaired.mp4', 'other.mp4']) move(name, 0);
    await asked.scan(library);
    const job = film('queued.mp4')?.job;
    // Those times were of now, and no whole hours away.
    for (const name of ['damaged.mp4', 'repaired.mp4']) expect(film(name)?.state).not.toBe('skipped');
    await vi.waitFor(() => expect(film('repaired.mp4')?.state).toBe('queued'));
    for (const name of ['damaged.mp4', 'repaired.mp4'])
      jobs.apply(film(name)?.id ?? 0, 'skip', { code: 'damaged', reason: 'It is damaged.' });
    for (const name of ['queued.mp4', 'damaged.mp4']) move(name, HOUR);
    for (const name of ['touched.mp4', 'repaired.mp4']) move(name, 1234);
    writeFileSync(at('other.mp4'), 'x'.repeat(film('other.mp4')?.size ?? 0));
    expect(await asked.scan(library)).toMatchObject({ changed: 5 });
    expect(film('queued.mp4')).toMatchObject({ state: 'queued', job, mtime: (now + HOUR) * 1000 });
    expect(jobs.get(job ?? 0)).toMatchObject({ version: film('queued.mp4')?.version, state: 'queued' });
    expect(film('touched.mp4')).toMatchObject({ state: 'skipped', code: 'no-savings' });
    expect(film('damaged.mp4')).toMatchObject({ state: 'skipped', code: 'damaged' });
    expect(film('repaired.mp4')?.state).not.toBe('skipped');
    expect(film('other.mp4')?.job).not.toBe(job);
    expect(find('new.mp4')).toBeGreaterThan(0);
  });
});

describe('a film that is part of a disc, or not here', () => {
  it('is left alone with the reason, and looked into when that is over', async () => {
    const { asked, ctx, library, find, film, at } = makeLibraries();
    const asks: string[] = [];
    const probe = async (file: string) => {
      asks.push(path.basename(file));
      return PROBE;
    };
    ctx.prober = { probe } as unknown as typeof ctx.prober;
    find('Disc/VIDEO_TS/VTS_01_1.VOB');
    find('loose/film.vob');
    writeFileSync(at('loose/film.ifo'), '');
    find('cloud.mkv');
    truncateSync(at('cloud.mkv'), 0);
    truncateSync(at('cloud.mkv'), 2 ** 30);
    find('film.mp4');
    const codes = () =>
      ['Disc/VIDEO_TS/VTS_01_1.VOB', 'loose/film.vob', 'cloud.mkv', 'film.mp4'].map(
        (n) => film(n)?.code ?? film(n)?.state,
      );
    await asked.scan(library);
    await vi.waitFor(() => expect(codes()).toEqual(['disc', 'disc', 'placeholder', 'queued']));
    expect(film('cloud.mkv')?.reason).toMatch(/^Only a placeholder of cloud\.mkv is on this computer/);
    expect(film('loose/film.vob')?.reason).toMatch(/^film\.vob is part of a DVD/);
    rmSync(at('loose/film.ifo'));
    await asked.scan(library);
    await vi.waitFor(() => expect(codes()).toEqual(['disc', 'queued', 'placeholder', 'queued']));
    expect(asks.sort()).toEqual(['film.mp4', 'film.vob']);
  });
});

describe('a scan', () => {
  it('is given up where the disk does not answer, and nothing counts as gone', async () => {
    const { ctx, library, libraries, find, at, films } = makeLibraries();
    find('film.mp4');
    rmSync(at('film.mp4'));
    // No thread starts, and no disk answers, in so short a time.
    const scanner = new Scanner(ctx, 1);
    await expect(scanner.scan(library)).rejects.toThrow(/^The folder .* does not answer/);
    expect(libraries.get(library.id)?.paused).toMatch(/does not answer/);
    expect(films()).toEqual(['film.mp4']);
    await scanner.stop();
  });

  it('takes the result of a replacement that ends meanwhile for what it is', async () => {
    const { ctx, asked, library, at, find, film, files, films } = makeLibraries();
    const ids = ['moves.mp4', 'film.mp4', 'busy.mp4', 'kept.mp4'].map((name) => find(name));
    ctx.jobs.apply(ids[2] ?? 0, 'queue');
    ctx.db.prepare("UPDATE files SET state = 'running' WHERE id = ?").run(ids[2]);
    renameSync(at('moves.mp4'), at('moved.mp4'));
    for (const name of ['film.mp4', 'busy.mp4']) rmSync(at(name));
    writeFileSync(at('film.mkv'), 'result');
    const { emit } = ctx;
    let first = true;
    ctx.emit = (event, payload) => {
      // The first that a scan stores is what was moved; it has walked by all the rest, too.
      if (event === 'listed' && first) {
        first = false;
        const facts = factsOf(statSync(at('film.mkv'), { bigint: true }));
        files.setMissing(ids[1] ?? 0, 1);
        files.setResult(ids[1] ?? 0, { path: 'film.mkv', ...facts, hash: '' });
      }
      emit(event, payload);
    };
    await asked.scan(library);
    expect(first).toBe(false);
    expect(films()).toEqual(['busy.mp4', 'film.mkv', 'kept.mp4', 'moved.mp4']);
    expect(film('film.mkv')?.id).toBe(ids[1]);
  });

  it('is ended with the program, however far it is', async () => {
    const { asked, library, find, films } = makeLibraries();
    find('gone.mp4');
    const scan = asked.scan(library);
    const ended = expect(scan).rejects.toThrow('This Flotilla is being ended.');
    await asked.stop();
    await ended;
    expect(films()).toEqual(['gone.mp4']);
  });
});

describe('files that settle', () => {
  it('have only their folders looked at, for what became of them', async () => {
    const { asked, library, find, films, at, eventsOf, files, film } = makeLibraries();
    const id = find('new/grows.mp4.mkv');
    files.setSeen(id, { ...(film('new/grows.mp4.mkv') as Required<FileRow>), settles: Date.now() + 50 });
    renameSync(at('new/grows.mp4.mkv'), at('new/grown.mkv'));
    for (const name of ['elsewhere/film.mp4', 'new/sub/film.mp4']) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), name);
    }
    asked.waitForSettling();
    await vi.waitFor(() => expect(films()).toEqual(['new/grown.mkv']), { timeout: 60_000 });
    expect(film('new/grown.mkv')?.id).toBe(id);
    await vi.waitFor(() => expect(asked.scanning).toEqual([]));
    expect(eventsOf('notice')).toEqual([]);
    expect(await asked.scan(library)).toMatchObject({ added: 2 });
  });

  it('are looked at again though another library was removed meanwhile', async () => {
    const { asked, library, libraries, root, files, find, eventsOf } = makeLibraries();
    const other = libraries.insert(`${root}-other`, true);
    mkdirSync(other.root);
    const due = Date.now() + 100;
    for (const { id } of [library, other]) {
      files.insert(id, { path: 'grows.mp4', inode: '1:1', version: '1:1', size: 1, mtime: 0, settles: due });
    }
    find('film.mp4');
    asked.waitForSettling();
    libraries.remove(library.id);
    await vi.waitFor(() => expect(eventsOf('libraries').length).toBeGreaterThan(0), { timeout: 60_000 });
    await vi.waitFor(() => expect(asked.scanning).toEqual([]), { timeout: 60_000 });
  });

  it('are not looked at without a pause where they cannot be, nor where they are converted', async () => {
    const { asked, library, files, find, db } = makeLibraries();
    const scope = { library: library.id, prefix: '' };
    const id = find('film.mp4');
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
    const hidden = path.join(path.dirname(root), 'other/.film.mp4');
    mkdirSync(path.dirname(hidden));
    writeFileSync(hidden, 'film');
    await expect(asked.add(hidden, false)).rejects.toThrow(/lies in a hidden folder/);
    expect(libraries.all()).toHaveLength(1);
    expect(existsSync(hidden)).toBe(true);
  });

  it('that is not watched leaves one in it its films', async () => {
    const { asked, libraries, library, root, find, films } = makeLibraries();
    find('inner.mp4');
    writeFileSync(path.join(path.dirname(root), 'outer.mp4'), 'film');
    const { library: outer } = await asked.add(path.dirname(root), false);
    expect(libraries.all()).toMatchObject([
      { id: outer.id, watched: false },
      { id: library.id, watched: true },
    ]);
    expect((await asked.scan(outer)).files).toBe(1);
    expect(films()).toEqual(['inner.mp4', 'outer.mp4']);
    expect(await asked.add(path.join(root, 'inner.mp4'), false)).toMatchObject({
      library: { id: library.id },
      prefix: 'inner.mp4',
    });
  });
});
