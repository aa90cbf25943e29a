import { expect, it } from 'vitest';
import { crumbsOf, folderOf, fullPath, nameOf } from './paths.ts';

it.each([
  ['Videos/Sintel.mkv', 'Videos', 'Sintel.mkv'],
  ['Sintel.mkv', '', 'Sintel.mkv'],
  ['C:\\Videos\\Sintel.mkv', 'C:\\Videos', 'Sintel.mkv'],
])('%s is told apart into folder and name', (path, folder, name) => {
  expect([folderOf(path), nameOf(path)]).toEqual([folder, name]);
});

it.each([
  ['/srv/videos', '/srv/videos/Sea/Ferry.mkv'],
  ['/', '/Sea/Ferry.mkv'],
  ['C:\\Videos', 'C:\\Videos\\Sea\\Ferry.mkv'],
  ['D:\\', 'D:\\Sea\\Ferry.mkv'],
  ['\\\\nas\\videos', '\\\\nas\\videos\\Sea\\Ferry.mkv'],
])('a video in %s is written as its computer does', (root, path) => {
  expect(fullPath(root, 'Sea/Ferry.mkv')).toBe(path);
});

it.each([
  ['/', ['/'], ['/']],
  ['/srv/a\\b', ['/', 'srv', 'a\\b'], ['/', '/srv', '/srv/a\\b']],
  ['C:\\Videos', ['C:', 'Videos'], ['C:\\', 'C:\\Videos']],
  ['\\\\nas\\videos\\Sea', ['\\\\nas\\videos', 'Sea'], ['\\\\nas\\videos\\', '\\\\nas\\videos\\Sea']],
])('%s is reached by folders that lead where they say', (path, names, paths) => {
  const crumbs = crumbsOf(path);
  expect([crumbs.map(({ name }) => name), crumbs.map(({ path }) => path)]).toEqual([names, paths]);
});
