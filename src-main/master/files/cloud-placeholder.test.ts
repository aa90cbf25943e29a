import { lstatSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../../test/support/temp.ts';
import { isOffline, isPlaceholder } from './cloud-placeholder.ts';
import { isInLeftAlone, isLeftAlone, stubbedName } from './media-names.ts';

it('is a file of which next to nothing is on the disk', async () => {
  const file = path.join(tempFolder(), 'video.mkv');
  const ask = async (bytes: number, size: number) => {
    writeFileSync(file, Buffer.alloc(bytes, 1));
    truncateSync(file, size);
    return isPlaceholder(file, lstatSync(file, { bigint: true }));
  };
  expect(await ask(0, 2 ** 30)).toBe(true);
  expect(await ask(200_000, 2 ** 30)).toBe(true);
  expect(await ask(2_000_000, 2_000_000)).toBe(false);
  // With holes, but here.
  expect(await ask(1_000_000, 3_000_000)).toBe(false);
  // In a file system that keeps small files in their inodes.
  expect(await ask(0, 1000)).toBe(false);
});

it('a cloud placeholder is recognized by its attributes on Windows, where deduplicated files have no blocks either', () => {
  const file = 'C:\\Videos\\OFFLINE\\video.mkv';
  expect(isOffline(`A   O          U       ${file}\r\n`, file)).toBe(true);
  expect(isOffline(`A                    ${file}`, file)).toBe(false);
  expect(isOffline(`File not found - ${file}`, 'C:\\other.mkv')).toBe(false);
});

it('may have a name of its own', () => {
  expect(stubbedName('.video.mkv.icloud')).toBe('video.mkv');
  expect(stubbedName('video.mp4.nextcloud')).toBe('video.mp4');
  expect(['video.mkv', 'notes.txt.nextcloud', '.icloud', 'video.icloud'].map(stubbedName)).toEqual(
    Array(4).fill(undefined),
  );
});

it('bins and snapshots of systems are left alone, however they spell them', () => {
  const bins = [
    '$Recycle.Bin',
    '$RECYCLE.BIN',
    '@Recycle',
    '@recycle',
    'RECYCLER',
    'Recycled',
    '#snapshot',
    '#Recycle',
    '@eaDir',
  ];
  bins.push(
    '@Recently-Snapshot',
    '~snapshot',
    'FOUND.000',
    'found.001',
    '@tmp',
    '.Trash-1000',
    '.Trashes',
    'lost+found',
  );
  bins.push(
    'System Volume Information',
    '.stversions',
    '.snapshots',
    '.zfs',
    '.sync',
    '@GMT-2024.01.01-00.00.00',
    'files_trashbin',
  );
  expect(bins.filter((name) => !isLeftAlone(name))).toEqual([]);
  const videos = ['#Alive (2020)', '@Home', 'Recycle', 'Lost and found', 'Found', 'Snapshot', '$9.99', '~', 'trash'];
  expect(videos.filter(isLeftAlone)).toEqual([]);
  expect([isInLeftAlone('a/#recycle/b.mkv'), isInLeftAlone('a/b.mkv')]).toEqual([true, false]);
});
