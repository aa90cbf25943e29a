/** What becomes of originals: restored, purged, and found again. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VaultRow } from '../db/swaps.ts';
import { identify } from '../master/identity.ts';
import { treeOf } from './helpers.ts';
import { makeLibrary, scanAll, start } from './library.ts';

describe('restoring', () => {
  test.for(['film.mkv', 'film.mp4'])('puts %s back as it was', async (name) => {
    const { at, names, convert, read, vault, journal, state } = await makeLibrary();
    await writeFile(at(name), 'original');
    const before = await lstat(at(name), { bigint: true });
    const { file, row } = await convert(name);
    await vault.restore(row);
    const after = await lstat(at(name), { bigint: true });
    expect([after.ino, after.mtimeNs, after.mode]).toEqual([before.ino, before.mtimeNs, before.mode]);
    expect([await read(name), await names(), vault.list(), journal()]).toEqual(['original', [name], [], []]);
    expect(state(file)).toBe('skipped');
  });

  test.for([
    { what: 'a changed result', name: 'film.mkv', take: (film: string) => writeFile(film, 'edited') },
    { what: 'another film', name: 'film.mp4', take: (film: string) => writeFile(film, 'another') },
    {
      what: 'a link',
      name: 'film.mkv',
      take: async (film: string) => {
        await rename(film, `${film}.moved`);
        await symlink(`${film}.moved`, film);
      },
    },
    { what: 'a folder', name: 'film.mp4', take: (film: string) => mkdir(film) },
  ])('is refused where $what has the place', async ({ name, take }) => {
    const { at, names, convert, vault, journal } = await makeLibrary();
    const { swap, row } = await convert(name);
    await take(at(name));
    const before = await names();
    await expect(vault.restore(row)).rejects.toMatchObject({ code: 'conflict', message: /is another file now/ });
    expect([await names(), journal(), vault.list().length]).toEqual([before, [], 1]);
    expect(await readFile(swap.kept, 'utf8')).toBe(`original of ${name}`);
  });

  test('is refused when the original in the vault is damaged', async () => {
    const { convert, read, vault, journal } = await makeLibrary();
    const { swap, row } = await convert('film.mkv');
    await writeFile(swap.kept, 'damaged');
    await expect(vault.restore(row)).rejects.toMatchObject({ code: 'conflict', message: /gone or damaged/ });
    expect([await read('film.mkv'), journal()]).toEqual(['result of film.mkv', []]);
  });

  test('follows a result that was renamed', async () => {
    const { at, names, convert, read, vault, scan, swaps } = await makeLibrary();
    const { swap } = await convert('film.mp4');
    await mkdir(at('seen'));
    await rename(at('film.mkv'), at('seen/other name.mkv'));
    await scan();
    const [row] = vault.select({ path: at('seen') });
    expect(row?.id).toBe(swap.id);
    await vault.restore(row as VaultRow);
    expect([await read('film.mp4'), await names()]).toEqual(['original of film.mp4', ['film.mp4', 'seen']]);
    expect(swaps.vault()).toEqual([]);
    // And the film is known where it stands now.
    expect(await scan(true)).toMatchObject({ files: 1, problems: [] });
  });

  test('takes the place of a film that the database knew and that has gone', async () => {
    const { at, convert, read, vault, scan, swaps, journal } = await makeLibrary();
    const { swap } = await convert('film.mp4');
    await writeFile(at('film.mp4'), 'another');
    await scan();
    await unlink(at('film.mp4'));
    await scan();
    await vault.restore(swaps.vaultEntry(swap.id) as VaultRow);
    expect([await read('film.mp4'), journal()]).toEqual(['original of film.mp4', []]);
  });
});

describe('purging', () => {
  test('keeps originals whose result is gone or was changed', async () => {
    const { at, convert, vault } = await makeLibrary();
    for (const name of ['gone.mkv', 'changed.mkv', 'sound.mp4']) await convert(name, -1);
    await unlink(at('gone.mkv'));
    await writeFile(at('changed.mkv'), 'edited');
    const dry = await vault.purge({ all: false, dryRun: true });
    expect([dry.purged, vault.list().length]).toEqual([1, 3]);
    const { purged, kept } = await vault.purge({ all: false, dryRun: false });
    expect([purged, kept.length]).toEqual([1, 2]);
    expect(kept.join()).toMatch(/gone\.mkv.*is gone.*changed\.mkv.*was changed/);
    expect(vault.list().map((entry) => path.basename(entry.original))).toEqual(['changed.mkv', 'gone.mkv']);
    // All of them: only what stands nowhere else is kept.
    expect(await vault.purge({ all: true, dryRun: false })).toMatchObject({ purged: 1, kept: [/is gone/] });
  });

  test('leaves no trace when nothing is to be kept', async () => {
    const { names, convert, read, vault } = await makeLibrary();
    const { row } = await convert('film.mp4', 0);
    expect(row.keep_days).toBe(0);
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1, kept: [] });
    expect([await names(), await read('film.mkv')]).toEqual([['film.mkv'], 'result of film.mp4']);
  });

  test('passes by originals whose time has not come', async () => {
    const { convert, vault } = await makeLibrary();
    await convert('days.mkv', 1);
    await convert('ever.mkv', null);
    expect(await vault.purge({ all: false, dryRun: false })).toEqual({ purged: 0, bytes: 0, kept: [] });
  });
});

describe('purging by time', () => {
  const DAY = 86_400_000;

  test('counts the days that were lived through, not those that the date jumped over', async () => {
    const { convert, vault, vaultParts, date } = await makeLibrary();
    await convert('film.mkv', 7);
    const tick = async (days: number) => {
      date.now += days * DAY;
      vaultParts.clock.tick();
      return (await vault.purge({ all: false, dryRun: false })).purged;
    };
    // An empty battery, a server of the time that errs, a machine that was resumed.
    expect([await tick(8), await tick(-3), await tick(20_000), await tick(-20_000)]).toEqual([0, 0, 0, 0]);
    const daily = [];
    for (let day = 0; day < 6; day++) daily.push(await tick(0.9));
    expect(daily).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test('stops for a day after the date has jumped', async () => {
    const { convert, vault, vaultParts, date } = await makeLibrary();
    await convert('film.mkv', 1);
    await convert('at once.mkv', 0);
    date.now += 3 * DAY;
    vaultParts.clock.tick();
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1 });
    expect(vault.list()).toMatchObject([{ original: expect.stringContaining('film.mkv') }]);
    date.now += DAY;
    vaultParts.clock.tick();
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1 });
  });

  test('does not happen while results are only tested', async () => {
    const { convert, vault, testing } = await makeLibrary();
    await convert('film.mkv', 0);
    testing.on = true;
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 0 });
    testing.on = false;
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1 });
  });

  test('spares what is being restored or waits for that, and is remembered', async () => {
    const { convert, vault, names } = await makeLibrary();
    const films = ['a.mkv', 'b.mp4', 'c.mkv', 'd.mp4'];
    for (const name of films) await convert(name, 0);
    const restoring = vault.restoreAll(vault.select({ all: true }));
    const purges = [];
    for (let i = 0; i < 20; i++) purges.push(await vault.purge({ all: i % 2 === 0, dryRun: false }));
    expect(await restoring).toMatchObject({ restored: { length: 4 }, refused: [] });
    expect(purges.map(({ purged }) => purged)).toEqual(purges.map(() => 0));
    expect([await names(), vault.history({ offset: 0, limit: 9 })]).toEqual([films, []]);
    const { row } = await convert('e.mkv', 0);
    await vault.purge({ all: true, dryRun: false });
    const { id, original } = row;
    expect(vault.history({ offset: 0, limit: 9 })).toMatchObject([{ id, original, by: 'user', size: 17 }]);
  });
});

describe('after the database was lost', () => {
  test('an original is kept in the vault although a copy of it stands in its place', async () => {
    const { home, library, convert } = await makeLibrary();
    await convert('film.mp4');
    const [kept = ''] = (await readdir(path.join(library, '.flotilla/vault'))).filter((n) => n.endsWith('.original'));
    const vaulted = path.join(library, '.flotilla/vault', kept);
    await copyFile(vaulted, path.join(library, 'film.mp4'));
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect(await readFile(vaulted, 'utf8')).toBe('original of film.mp4');
    expect(await node.call('vault.list', {})).toHaveLength(1);
  });

  test('a scan finds the originals again, and they can be restored', async () => {
    const { home, library, names, convert, read } = await makeLibrary();
    await convert('film.mp4');
    await convert('series/film.mkv');
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    const vault = await node.call('vault.list', {});
    expect(vault.map((entry) => path.relative(library, entry.original)).sort()).toEqual([
      'film.mp4',
      'series/film.mkv',
    ]);
    expect(await node.call('vault.restore', { all: true })).toMatchObject({ refused: [] });
    expect(await names()).toEqual(['film.mp4', 'series', 'series/film.mkv']);
    expect(await read('film.mp4')).toBe('original of film.mp4');
  });

  test.for([
    { name: 'film.mkv', placed: false },
    { name: 'film.mp4', placed: false },
    { name: 'film.mp4', placed: true },
  ])('a half-done replacement of $name is undone (result placed: $placed)', async ({ name, placed }) => {
    const { home, library, names, deliver, crashWhenKept, read } = await makeLibrary();
    const { swap } = await deliver(name);
    await crashWhenKept(swap, placed);
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect([await names(), await read(name)]).toEqual([[name], `original of ${name}`]);
    expect(await node.call('vault.list', {})).toEqual([]);
  });

  test('an original that stands only in the vault is put back', async () => {
    const { home, library, at, names, deliver, crashWhenKept, read } = await makeLibrary();
    const { swap } = await deliver('film.mp4');
    await crashWhenKept(swap, false);
    // As where links are not possible.
    await unlink(at('film.mp4'));
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect([await names(), await read('film.mp4')]).toEqual([['film.mp4'], 'original of film.mp4']);
  });

  test('a vault that is empty or a foreign folder of its name is no hindrance', async () => {
    const { home, library, at } = await makeLibrary();
    await mkdir(at('.flotilla'));
    await mkdir(at('series/.flotilla/vault'), { recursive: true });
    await writeFile(at('series/.flotilla/vault/notes.json'), '{}');
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect(await node.call('vault.list', {})).toEqual([]);
  });
});

describe('a vault that came with a download', () => {
  test('has nothing written, removed or listed that is not below its own folder', async () => {
    const { home, library, at } = await makeLibrary();
    const outside = path.join(home, 'outside');
    await mkdir(outside);
    const victim = path.join(outside, 'victim.mkv');
    await writeFile(victim, 'of somebody else');
    const bytes = '[Desktop Entry]';
    const zero = { inode: '0:0', version: '0:0', size: 0, hash: '' };

    /** Makes a download with a vault that says what a half-done replacement does, and is changed as told. */
    const plant = async (name: string, change: { id?: string; file?: string; [key: string]: unknown }) => {
      const { id = randomUUID(), file = id, ...manifest } = change;
      const vault = at(`${name}/.flotilla/vault`);
      await mkdir(vault, { recursive: true });
      const kept = path.join(vault, `${path.basename(id)}.original`);
      await writeFile(kept, bytes);
      const says = {
        ...{ flotilla: 1, id, original: 'film.mkv', result: 'film.mkv', replaced: 0, keepDays: 0, install: 'there' },
        ...{ identity: await identify(kept), resultIdentity: zero, ...manifest },
      };
      await writeFile(path.join(vault, `${file}.json`), JSON.stringify(says));
      return { vault, kept };
    };

    await plant('up', { original: '../../outside/autostart.desktop' });
    await plant('absolute', { original: path.join(outside, 'autostart.desktop') });
    await plant('result', { result: '../../outside/none.mkv' });
    await plant('no id', { id: 'film' });
    await plant('other name', { file: randomUUID() });
    // Its staged result would be the victim's.
    await writeFile(path.join(outside, '.flotilla-film.part'), 'of somebody else');
    await mkdir(at('id/.flotilla-..'), { recursive: true });
    await plant('id', { id: '../../../../outside/film', file: 'film', original: '.flotilla-../film.mkv' });
    // The result of a replacement that was cut off is removed.
    const placed = await plant('placed', {
      result: '../../outside/victim.mkv',
      resultIdentity: await identify(victim),
    });
    await link(placed.kept, at('placed/film.mkv'));
    await plant('through a link', { original: 'way/autostart.desktop' });
    await symlink(outside, at('through a link/way'));
    await plant('too long', { original: `${'x'.repeat(300)}.mkv` });
    // Folders that are links.
    for (const [name, part] of [
      ['link', '.flotilla'],
      ['vault link', '.flotilla/vault'],
    ] as const) {
      await plant(name, {});
      await rename(at(`${name}/${part}`), path.join(outside, name));
      await symlink(path.join(outside, name), at(`${name}/${part}`));
    }
    await mkdir(at('file/.flotilla'), { recursive: true });
    await writeFile(at('file/.flotilla/vault'), '');
    // To see that the test would notice.
    const sound = await plant('sound', {});

    const [here, there] = [treeOf(library), treeOf(outside)];
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect(await readFile(at('sound/film.mkv'), 'utf8')).toBe(bytes);
    expect(existsSync(sound.kept)).toBe(false);
    const others = (tree: Record<string, string>) =>
      Object.fromEntries(Object.entries(tree).filter(([name]) => !/^(sound|\.flotilla)/.test(name)));
    expect([others(treeOf(library)), treeOf(outside)]).toEqual([others(here), there]);
    expect(await node.call('vault.list', {})).toEqual([]);
  });
});
