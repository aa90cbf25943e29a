/** Libraries and their scans, with real folders and a real database. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeContext, PROBE } from '../test/context.ts';
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

describe('a scan', () => {
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
