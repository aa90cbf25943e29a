import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../../src-shared/contract/index.ts';
import type { Grant, Sentinel } from '../../../src-shared/jobs/lease.ts';
import { dieAt } from '../../test/support/dead-disk.ts';
import { CAN_MOUNT, NO_MOUNT } from '../../test/support/disk.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { candidates, parseMappings, SharedStorage, type StorageParts } from './shared-storage.ts';

const VIDEO = 'Videos/a video.mp4';
const grant = { library: 1, path: VIDEO, size: 5 } as Grant;

/** A library of the master that is not to be found under its own path here. */
let sentinel: Sentinel | null;
let told: (string | null)[];
let asked: number;
let folder: string;
let shared: string;

beforeEach(() => {
  folder = tempFolder();
  shared = path.join(folder, 'mnt', 'media');
  mkdirSync(path.join(shared, 'Videos'), { recursive: true });
  mkdirSync(path.join(shared, '.flotilla'));
  sentinel = { root: '/volume1/share/media', file: '.flotilla/sentinel-1', content: 'abc' };
  writeFileSync(path.join(shared, sentinel.file), sentinel.content);
  writeFileSync(path.join(shared, VIDEO), 'video');
  told = [];
  asked = 0;
});

const call = (async (name: string, input: { path: string | null }) => {
  if (name === 'library.storage') return told.push(input.path);
  asked += 1;
  return sentinel;
}) as unknown as Caller;

function makeStorage(parts: Partial<StorageParts> = {}): SharedStorage {
  const mounts = async () => [path.join(folder, 'elsewhere'), path.join(folder, 'mnt')];
  return new SharedStorage({
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
    expect(await storage.resolve(grant)).toBe(path.join(shared, VIDEO));
    expect(await storage.resolve(grant)).toBe(path.join(shared, VIDEO));
    expect(told).toEqual([shared]);
    expect(JSON.parse(readFileSync(path.join(folder, 'storage.json'), 'utf8'))).toEqual({
      '/volume1/share/media': shared,
    });
    expect(await makeStorage({ mounts: async () => [] }).resolve(grant)).toBe(path.join(shared, VIDEO));
  });

  it('finds a library where the user says, and under the path that it has on the master', async () => {
    const mappings = parseMappings([`/volume1/share=${path.join(folder, 'mnt')}`]);
    expect(await makeStorage({ mappings, mounts: async () => [] }).resolve(grant)).toBe(path.join(shared, VIDEO));
    rmSync(path.join(folder, 'storage.json'));
    sentinel = sentinel && { ...sentinel, root: shared };
    expect(await makeStorage({ mounts: async () => [] }).resolve(grant)).toBe(path.join(shared, VIDEO));
  });

  it('reads nothing behind a link that leads out of the library', async () => {
    const storage = makeStorage();
    const mine = path.join(folder, 'private');
    mkdirSync(mine);
    writeFileSync(path.join(mine, 'a.mp4'), 'mine');
    symlinkSync(mine, path.join(shared, 'link'));
    symlinkSync(path.join(shared, 'Videos'), path.join(shared, 'inner'));
    for (const place of ['link/a.mp4', '../../private/a.mp4', path.join(mine, 'a.mp4')])
      expect(await storage.resolve({ ...grant, path: place })).toBeUndefined();
    expect(await storage.resolve({ ...grant, path: 'inner/a video.mp4' })).toBe(
      path.join(shared, 'inner', 'a video.mp4'),
    );
  });

  it('opens no sentinel that is a pipe, a link or of another size', async () => {
    const place = path.join(shared, sentinel?.file ?? '');
    rmSync(place);
    execaSync('mkfifo', [place]);
    expect(await makeStorage().resolve(grant)).toBeUndefined();
    rmSync(place);
    writeFileSync(path.join(folder, 'abc'), 'abc');
    symlinkSync(path.join(folder, 'abc'), place);
    expect(await makeStorage().resolve(grant)).toBeUndefined();
  });

  it('takes no folder for the library that only looks like it', async () => {
    sentinel = sentinel && { ...sentinel, content: 'of today' };
    expect(await makeStorage().resolve(grant)).toBeUndefined();
    expect(told).toEqual([null]);
  });

  it('fetches without searching when set to, here or by the master', async () => {
    expect(await makeStorage({ remoteOnly: true }).resolve(grant)).toBeUndefined();
    expect(asked).toBe(0);
    sentinel = null;
    expect(await makeStorage().resolve(grant)).toBeUndefined();
    expect(told).toEqual([null, null]);
  });

  it('notices that storage has gone, where it went, and that its content is another', async () => {
    const storage = makeStorage();
    await storage.resolve(grant);
    const moved = path.join(folder, 'elsewhere', 'media');
    cpSync(shared, moved, { recursive: true });
    renameSync(shared, `${shared}-gone`);
    expect(await storage.resolve(grant)).toBe(path.join(moved, VIDEO));
    sentinel = sentinel && { ...sentinel, content: 'new' };
    writeFileSync(path.join(moved, sentinel?.file ?? ''), 'new');
    expect(await storage.resolve(grant)).toBe(path.join(moved, VIDEO));
    renameSync(moved, `${moved}-gone`);
    expect(await storage.resolve(grant)).toBeUndefined();
    expect(told).toEqual([shared, moved, null]);
  });

  it.skipIf(!CAN_MOUNT)(`asks a share that does not answer once (${NO_MOUNT})`, async () => {
    await dieAt(shared);
    // More often than there are threads that files are read by.
    for (let round = 0; round < 6; round += 1) expect(await makeStorage().resolve(grant)).toBeUndefined();
    expect((await stat(folder)).isDirectory()).toBe(true);
  });

  it('fetches a video that is not the one here, or lies outside', async () => {
    const storage = makeStorage();
    writeFileSync(path.join(folder, 'mnt', 'secret'), 'video');
    for (const other of [{ size: 6 }, { path: 'Videos/none.mp4' }, { path: '../secret' }, { path: 'Videos' }]) {
      expect(await storage.resolve({ ...grant, ...other })).toBeUndefined();
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
