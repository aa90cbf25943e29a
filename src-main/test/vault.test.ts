/** What becomes of originals: restored, purged, and found again. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VaultFilter } from '../../src-shared/contract/vault.ts';
import type { VaultRow } from '../db/tables/swaps.ts';
import { identify } from '../master/files/file-identity.ts';
import { Vault } from '../master/vault/vault.ts';
import { PROBE } from './support/context.ts';
import { treeOf } from './support/files.ts';
import { makeLibrary, scanAll, start } from './support/library.ts';
import { until } from './support/wait.ts';

describe('restoring', () => {
  test.for(['video.mkv', 'video.mp4'])('restoring %s brings back the original unchanged', async (name) => {
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

  test('what was known of an original is known again when it is restored', async () => {
    const { convert, files, swaps, vault } = await makeLibrary();
    const { file, swap, row } = await convert('video.mkv');
    files.setProbe(file, row.identity.hash, PROBE);
    const { codec, duration, resolution } = files.view(file) ?? {};
    await vault.restore(swaps.vaultEntry(swap.id) as VaultRow);
    expect(codec).toBe('h264');
    expect(files.view(file)).toMatchObject({ codec, duration, resolution, size: row.identity.size, code: 'restored' });
    expect(files.view(file)).toMatchObject({ sourceSize: null, resultSize: null });
    // Without its hash, a second conversion would find another original than the one that was analyzed.
    expect(files.get(file)).toMatchObject({ probe: PROBE, hash: row.identity.hash });
  });

  test.for([
    { what: 'a changed result', name: 'video.mkv', take: (video: string) => writeFile(video, 'edited') },
    { what: 'another video', name: 'video.mp4', take: (video: string) => writeFile(video, 'another') },
    {
      what: 'a link',
      name: 'video.mkv',
      take: async (video: string) => {
        await rename(video, `${video}.moved`);
        await symlink(`${video}.moved`, video);
      },
    },
    { what: 'a folder', name: 'video.mp4', take: (video: string) => mkdir(video) },
  ])('is refused where $what has the place', async ({ name, take }) => {
    const { at, names, convert, vault, journal } = await makeLibrary();
    const { swap, row } = await convert(name);
    await take(at(name));
    const before = await names();
    await expect(vault.restore(row)).rejects.toMatchObject({ code: 'conflict', message: /is another file now/ });
    expect([await names(), journal(), vault.list().length]).toEqual([before, [], 1]);
    expect(await readFile(swap.kept, 'utf8')).toBe(`original of ${name}`);
  });

  test('restoring is refused if the original in the vault is damaged', async () => {
    const { convert, read, vault, journal } = await makeLibrary();
    const { swap, row } = await convert('video.mkv');
    await writeFile(swap.kept, 'damaged');
    await expect(vault.restore(row)).rejects.toMatchObject({ code: 'conflict', message: /gone or damaged/ });
    expect([await read('video.mkv'), journal()]).toEqual(['result of video.mkv', []]);
  });

  test('restoring follows a renamed result', async () => {
    const { at, names, convert, read, vault, scan, swaps } = await makeLibrary();
    const { swap } = await convert('video.mp4');
    await mkdir(at('seen'));
    await rename(at('video.mkv'), at('seen/other name.mkv'));
    await scan();
    const [row] = vault.select({ path: at('seen') });
    expect(row?.id).toBe(swap.id);
    await vault.restore(row as VaultRow);
    expect([await read('video.mp4'), await names()]).toEqual(['original of video.mp4', ['seen', 'video.mp4']]);
    expect(swaps.vault()).toEqual([]);
    // And the video is known where it stands now.
    expect(await scan(true)).toMatchObject({ files: 1, problems: [] });
  });

  test("restoring follows a renamed folder, and doesn't create the old one", async () => {
    const { at, names, convert, read, vault, scan } = await makeLibrary();
    const { swap } = await convert('Heat/video.mp4');
    await rename(at('Heat'), at('Heat (1995)'));
    await scan();
    const [row] = vault.select({ path: at('Heat (1995)') });
    expect(row?.id).toBe(swap.id);
    await vault.restore(row as VaultRow);
    const restored = 'Heat (1995)/video.mp4';
    expect([await read(restored), await names()]).toEqual(['original of Heat/video.mp4', ['Heat (1995)', restored]]);
  });

  test('restoring can use the name of a missing video', async () => {
    const { at, convert, read, vault, scan, swaps, journal } = await makeLibrary();
    const { swap } = await convert('video.mp4');
    await writeFile(at('video.mp4'), 'another');
    await scan();
    await unlink(at('video.mp4'));
    await scan();
    await vault.restore(swaps.vaultEntry(swap.id) as VaultRow);
    expect([await read('video.mp4'), journal()]).toEqual(['original of video.mp4', []]);
  });
});

describe('purging', () => {
  test('purging keeps originals whose result is missing or was changed', async () => {
    const { at, convert, vault } = await makeLibrary();
    for (const name of ['gone.mkv', 'changed.mkv', 'sound.mp4']) await convert(name, -1);
    await unlink(at('gone.mkv'));
    await writeFile(at('changed.mkv'), 'edited');
    const dry = await vault.purge({ all: false, dryRun: true });
    expect([dry.purged, vault.list().length]).toEqual([1, 3]);
    const { purged, kept } = await vault.purge({ all: false, dryRun: false });
    expect([purged, kept.length]).toEqual([1, 2]);
    expect(kept.join()).toMatch(/gone\.mkv.*is missing.*changed\.mkv.*has changed/);
    expect(vault.list().map((entry) => path.basename(entry.original))).toEqual(['changed.mkv', 'gone.mkv']);
    // All of them: only what stands nowhere else is kept.
    expect(await vault.purge({ all: true, dryRun: false })).toMatchObject({ purged: 1, kept: [/is missing/] });
  });

  test('removes exactly what is named, by id, age, or library, expired or not', async () => {
    const { at, convert, vault } = await makeLibrary();
    for (const [name, days] of [
      ['expired.mkv', -1],
      ['kept.mkv', 5],
      ['other.mkv', 5],
    ] as const)
      await convert(name, days);
    const shown = (filter: VaultFilter) =>
      vault
        .list({ ...filter, offset: 0, limit: -1 })
        .map(({ original }) => path.basename(original))
        .sort();
    expect(shown({ expired: true })).toEqual(['expired.mkv']);
    expect(vault.tally({})).toMatchObject({ count: 3, expired: { count: 1 } });
    expect(shown({ library: 1, replacedBefore: Date.now() + 1000 })).toEqual(['expired.mkv', 'kept.mkv', 'other.mkv']);
    expect([shown({ library: 2 }), shown({ replacedBefore: 1 })]).toEqual([[], []]);
    const [kept] = vault.select({ path: at('kept.mkv') });
    const rows = vault.select({ filter: { library: 1 }, except: [kept?.id ?? ''] });
    expect(await vault.purge({ all: false, dryRun: false, rows })).toMatchObject({ purged: 2, kept: [] });
    expect(shown({})).toEqual(['kept.mkv']);
  });

  test.for<(vault: Vault) => { all: boolean; rows?: VaultRow[] }>([
    () => ({ all: true }),
    () => ({ all: false }),
    (vault) => ({ all: false, rows: vault.select({ filter: {} }) }),
  ])('purging leaves out originals that were added after the dry run', async (choose) => {
    const { convert, vault } = await makeLibrary();
    await convert('shown.mkv', -1);
    const { purged, asOf } = await vault.purge({ ...choose(vault), dryRun: true });
    expect(purged).toBe(1);
    await until(() => expect(Date.now()).toBeGreaterThan(asOf));
    await convert('added since.mkv', -1);
    expect(await vault.purge({ ...choose(vault), dryRun: true })).toMatchObject({ purged: 2 });
    expect(await vault.purge({ ...choose(vault), dryRun: false, asOf })).toMatchObject({ purged: 1, kept: [], asOf });
    expect(vault.list().map(({ original }) => path.basename(original))).toEqual(['added since.mkv']);
  });

  test('purging leaves no trace if nothing is kept', async () => {
    const { names, convert, read, vault } = await makeLibrary();
    const { row } = await convert('video.mp4', 0);
    expect(row.keep_days).toBe(0);
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1, kept: [] });
    expect([await names(), await read('video.mkv')]).toEqual([['video.mkv'], 'result of video.mp4']);
  });

  test("purging keeps originals that haven't expired", async () => {
    const { convert, vault } = await makeLibrary();
    await convert('days.mkv', 1);
    await convert('ever.mkv', null);
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 0, bytes: 0, kept: [] });
  });
});

describe('purging by time', () => {
  const DAY = 86_400_000;

  test('purging counts days that passed, not days that the date jumped over', async () => {
    const { convert, vault, vaultParts, date } = await makeLibrary();
    await convert('video.mkv', 7);
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

  test('purging stops after a jump of the date until the date advances', async () => {
    const { convert, vault, vaultParts, date } = await makeLibrary();
    await convert('video.mkv', 1);
    await convert('at once.mkv', 0);
    date.now += 3 * DAY;
    vaultParts.clock.tick();
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1 });
    expect(vault.list()).toMatchObject([{ original: expect.stringContaining('video.mkv') }]);
    date.now += DAY / 24;
    vaultParts.clock.tick();
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1 });
  });

  test.each([
    ['runs for five hours every third day', 3 * DAY, 5],
    ['runs for a moment every week', 7 * DAY, 0],
  ])('goes on on a computer that %s, without a word', async (_, rest, hours) => {
    const { convert, vault, vaultParts, date, clockAfterStart, jumps } = await makeLibrary();
    await convert('video.mkv', 7);
    let starts = 0;
    for (let purged = 0; purged === 0 && starts < 20; starts += 1) {
      date.now += rest;
      const clock = clockAfterStart();
      const restarted = new Vault({ ...vaultParts, clock });
      for (let hour = 0; hour <= hours; hour += 1) {
        date.now += hour > 0 ? DAY / 24 : 0;
        clock.tick();
        purged += (await restarted.purge({ all: false, dryRun: false })).purged;
      }
    }
    expect(vault.list()).toEqual([]);
    // Each start is a day of seven at the most.
    expect(starts).toBeGreaterThanOrEqual(6);
    expect(jumps).toEqual([]);
  });

  test('purging warns of a jump of the date while it runs', async () => {
    const { vaultParts, date, jumps } = await makeLibrary();
    for (const days of [0.9, 400, -400]) {
      date.now += days * DAY;
      vaultParts.clock.tick();
    }
    expect(jumps).toEqual([400 * DAY, -400 * DAY]);
  });

  test("purging doesn't happen in testing mode", async () => {
    const { convert, vault, testing } = await makeLibrary();
    await convert('video.mkv', 0);
    testing.on = true;
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 0 });
    testing.on = false;
    expect(await vault.purge({ all: false, dryRun: false })).toMatchObject({ purged: 1 });
  });

  test('purging spares originals that are being restored, and is recorded', async () => {
    const { convert, vault, names } = await makeLibrary();
    const videos = ['a.mkv', 'b.mp4', 'c.mkv', 'd.mp4'];
    for (const name of videos) await convert(name, 0);
    const restoring = vault.restoreAll(vault.select({ all: true }));
    const purges = [];
    for (let i = 0; i < 20; i++) purges.push(await vault.purge({ all: i % 2 === 0, dryRun: false }));
    expect(await restoring).toMatchObject({ restored: { length: 4 }, refused: [] });
    expect(purges.map(({ purged }) => purged)).toEqual(purges.map(() => 0));
    expect([await names(), vault.history({ offset: 0, limit: 9 })]).toEqual([videos, []]);
    const { row } = await convert('e.mkv', 0);
    await vault.purge({ all: true, dryRun: false });
    const { id, original } = row;
    expect(vault.history({ offset: 0, limit: 9 })).toMatchObject([{ id, original, by: 'user', size: 17 }]);
  });
});

describe('after the database was lost', () => {
  test('an original stays in the vault although a copy of it is in its place', async () => {
    const { home, library, convert } = await makeLibrary();
    await convert('video.mp4');
    const [kept = ''] = (await readdir(path.join(library, '.flotilla/vault'))).filter((n) => n.endsWith('.original'));
    const vaulted = path.join(library, '.flotilla/vault', kept);
    await copyFile(vaulted, path.join(library, 'video.mp4'));
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect(await readFile(vaulted, 'utf8')).toBe('original of video.mp4');
    expect(await node.call('vault.list', {})).toHaveLength(1);
  });

  test('a scan without the database finds the originals, and they can be restored', async () => {
    const { home, library, names, convert, read } = await makeLibrary();
    await convert('video.mp4');
    await convert('series/video.mkv');
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    const vault = await node.call('vault.list', {});
    expect(vault.map((entry) => path.relative(library, entry.original)).sort()).toEqual([
      'series/video.mkv',
      'video.mp4',
    ]);
    expect(await node.call('vault.restore', { all: true })).toMatchObject({ refused: [] });
    expect(await names()).toEqual(['series', 'series/video.mkv', 'video.mp4']);
    expect(await read('video.mp4')).toBe('original of video.mp4');
  });

  test.for([
    { name: 'video.mkv', placed: false },
    { name: 'video.mp4', placed: false },
    { name: 'video.mp4', placed: true },
  ])('a half-done replacement of $name is undone (result placed: $placed)', async ({ name, placed }) => {
    const { home, library, names, deliver, crashWhenKept, read } = await makeLibrary();
    const { swap } = await deliver(name);
    await crashWhenKept(swap, placed);
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect([await names(), await read(name)]).toEqual([[name], `original of ${name}`]);
    expect(await node.call('vault.list', {})).toEqual([]);
  });

  test.for(['video.mkv', 'series/video.mp4'])('%s is found where its disk is now mounted', async (name) => {
    const { home, library, at, convert, vault, swaps } = await makeLibrary();
    const { swap } = await convert(name);
    await rename(library, path.join(home, 'disk'));
    expect(await vault.adopt(path.join(home, 'disk/.flotilla/vault'), () => null)).toEqual([]);
    await vault.restore(swaps.vaultEntry(swap.id) as VaultRow);
    expect([await readFile(path.join(home, 'disk', name), 'utf8'), existsSync(at(name)), vault.list()]).toEqual([
      `original of ${name}`,
      false,
      [],
    ]);
  });

  test('an original that is only in the vault is restored', async () => {
    const { home, library, at, names, deliver, crashWhenKept, read } = await makeLibrary();
    const { swap } = await deliver('video.mp4');
    await crashWhenKept(swap, false);
    // As where links are not possible.
    await unlink(at('video.mp4'));
    const node = await start(path.join(home, 'new data'));
    await scanAll(node, library);
    expect([await names(), await read('video.mp4')]).toEqual([['video.mp4'], 'original of video.mp4']);
  });

  test('an empty vault, or a foreign folder with its name, causes no error', async () => {
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
  test("a downloaded vault can't reach outside its own folder", async () => {
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
        ...{ flotilla: 1, id, original: 'video.mkv', result: 'video.mkv', replaced: 0, keepDays: 0, install: 'there' },
        ...{ identity: await identify(kept), resultIdentity: zero, ...manifest },
      };
      await writeFile(path.join(vault, `${file}.json`), JSON.stringify(says));
      return { vault, kept };
    };

    await plant('up', { original: '../../outside/autostart.desktop' });
    await plant('absolute', { original: path.join(outside, 'autostart.desktop') });
    await plant('result', { result: '../../outside/none.mkv' });
    await plant('no id', { id: 'video' });
    await plant('other name', { file: randomUUID() });
    // Its staged result would be the victim's.
    await writeFile(path.join(outside, '.flotilla-video.part'), 'of somebody else');
    await mkdir(at('id/.flotilla-..'), { recursive: true });
    await plant('id', { id: '../../../../outside/video', file: 'video', original: '.flotilla-../video.mkv' });
    // The result of a replacement that was cut off is removed.
    const placed = await plant('placed', {
      result: '../../outside/victim.mkv',
      resultIdentity: await identify(victim),
    });
    await link(placed.kept, at('placed/video.mkv'));
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
    expect(await readFile(at('sound/video.mkv'), 'utf8')).toBe(bytes);
    expect(existsSync(sound.kept)).toBe(false);
    const others = (tree: Record<string, string>) =>
      Object.fromEntries(Object.entries(tree).filter(([name]) => !/^(sound|\.flotilla)/.test(name)));
    expect([others(treeOf(library)), treeOf(outside)]).toEqual([others(here), there]);
    expect(await node.call('vault.list', {})).toEqual([]);
  });
});
