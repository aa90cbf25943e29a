import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../src-shared/contract.ts';
import type { Grant, Sentinel } from '../../src-shared/lease.ts';
import { tempFolder } from '../test/helpers.ts';
import { candidates, parseMappings, Storage, type StorageParts } from './storage.ts';

const FILM = 'Films/a film.mp4';
const grant = { library: 1, path: FILM, size: 4 } as Grant;

/** A library of the master that is not to be found under its own path here. */
let sentinel: Sentinel | null;
let told: (string | null)[];
let asked: number;
let folder: string;
let shared: string;

beforeEach(() => {
  folder = tempFolder();
  shared = path.join(folder, 'mnt', 'media');
  mkdirSync(path.join(shared, 'Films'), { recursive: true });
  mkdirSync(path.join(shared, '.flotilla'));
  sentinel = { root: '/volume1/share/media', file: '.flotilla/sentinel-1', content: 'abc' };
  writeFileSync(path.join(shared, sentinel.file), sentinel.content);
  writeFileSync(path.join(shared, FILM), 'film');
  told = [];
  asked = 0;
});

const call = (async (name: string, input: { path: string | null }) => {
  if (name === 'library.storage') return told.push(input.path);
  asked += 1;
  return sentinel;
}) as unknown as Caller;

function makeStorage(parts: Partial<StorageParts> = {}): Storage {
  const mounts = async () => [path.join(folder, 'elsewhere'), path.join(folder, 'mnt')];
  return new Storage({
    call,
    file: path.join(folder, 'storage.json'),
    mappings: [],
    remoteOnly: false,
    mounts,
    ...parts,
  });
}

describe('Storage', () => {
  it('finds a library below a mount, tells the master once, and remembers it over a restart', async () => {
    const storage = makeStorage();
    expect(await storage.locate(grant)).toBe(path.join(shared, FILM));
    expect(await storage.locate(grant)).toBe(path.join(shared, FILM));
    expect(told).toEqual([shared]);
    expect(JSON.parse(readFileSync(path.join(folder, 'storage.json'), 'utf8'))).toEqual({
      '/volume1/share/media': shared,
    });
    expect(await makeStorage({ mounts: async () => [] }).locate(grant)).toBe(path.join(shared, FILM));
  });

  it('finds a library where the user says, and under the path that it has on the master', async () => {
    const mappings = parseMappings([`/volume1/share=${path.join(folder, 'mnt')}`]);
    expect(await makeStorage({ mappings, mounts: async () => [] }).locate(grant)).toBe(path.join(shared, FILM));
    rmSync(path.join(folder, 'storage.json'));
    sentinel = sentinel && { ...sentinel, root: shared };
    expect(await makeStorage({ mounts: async () => [] }).locate(grant)).toBe(path.join(shared, FILM));
  });

  it('reads nothing behind a link that leads out of the library', async () => {
    const storage = makeStorage();
    const mine = path.join(folder, 'private');
    mkdirSync(mine);
    writeFileSync(path.join(mine, 'a.mp4'), 'mine');
    symlinkSync(mine, path.join(shared, 'link'));
    symlinkSync(path.join(shared, 'Films'), path.join(shared, 'inner'));
    for (const place of ['link/a.mp4', '../../private/a.mp4', path.join(mine, 'a.mp4')])
      expect(await storage.locate({ ...grant, path: place })).toBeUndefined();
    expect(await storage.locate({ ...grant, path: 'inner/a film.mp4' })).toBe(path.join(shared, 'inner', 'a film.mp4'));
  });

  it('opens no sentinel that is a pipe, a link or of another size', async () => {
    const place = path.join(shared, sentinel?.file ?? '');
    rmSync(place);
    execaSync('mkfifo', [place]);
    expect(await makeStorage().locate(grant)).toBeUndefined();
    rmSync(place);
    writeFileSync(path.join(folder, 'abc'), 'abc');
    symlinkSync(path.join(folder, 'abc'), place);
    expect(await makeStorage().locate(grant)).toBeUndefined();
  });

  it('takes no folder for the library that only looks like it', async () => {
    sentinel = sentinel && { ...sentinel, content: 'of today' };
    expect(await makeStorage().locate(grant)).toBeUndefined();
    expect(told).toEqual([null]);
  });

  it('fetches when told to, here or by the master, without looking', async () => {
    expect(await makeStorage({ remoteOnly: true }).locate(grant)).toBeUndefined();
    expect(asked).toBe(0);
    sentinel = null;
    expect(await makeStorage().locate(grant)).toBeUndefined();
    expect(told).toEqual([null, null]);
  });

  it('notices that storage has gone, where it went, and that its content is another', async () => {
    const storage = makeStorage();
    await storage.locate(grant);
    const moved = path.join(folder, 'elsewhere', 'media');
    cpSync(shared, moved, { recursive: true });
    renameSync(shared, `${shared}-gone`);
    expect(await storage.locate(grant)).toBe(path.join(moved, FILM));
    sentinel = sentinel && { ...sentinel, content: 'new' };
    writeFileSync(path.join(moved, sentinel?.file ?? ''), 'new');
    expect(await storage.locate(grant)).toBe(path.join(moved, FILM));
    renameSync(moved, `${moved}-gone`);
    expect(await storage.locate(grant)).toBeUndefined();
    expect(told).toEqual([shared, moved, null]);
  });

  it('fetches a film that is not the one here, or lies outside', async () => {
    const storage = makeStorage();
    writeFileSync(path.join(folder, 'mnt', 'secret'), 'film');
    for (const other of [{ size: 5 }, { path: 'Films/none.mp4' }, { path: '../secret' }, { path: 'Films' }]) {
      expect(await storage.locate({ ...grant, ...other })).toBeUndefined();
    }
    expect(told).toEqual([shared]);
  });
});

describe('candidates', () => {
  it('come in the order of how likely they are', () => {
    const mappings = parseMappings(['/other=/x', '/volume1 = /mnt/nas']);
    expect(candidates('/volume1/share/tv', '/kept', mappings, ['/m'])).toEqual([
      '/kept',
      '/mnt/nas/share/tv',
      '/volume1/share/tv',
      '/m/volume1/share/tv',
      '/m/share/tv',
      '/m/tv',
      '/m',
    ]);
  });

  it('know paths of Windows on other systems', () => {
    const mappings = parseMappings(['D:\\media=/mnt/nas']);
    expect(candidates('D:\\media\\tv', undefined, mappings, ['/m'])).toEqual([
      '/mnt/nas/tv',
      '/m/D:/media/tv',
      '/m/media/tv',
      '/m/tv',
      '/m',
    ]);
  });
});
