import { expect, it } from 'vitest';
import { crumbsOf, folderOf, fullPath, nameOf } from './paths.ts';

it.each([
  ['Films/Sintel.mkv', 'Films', 'Sintel.mkv'],
  ['Sintel.mkv', '', 'Sintel.mkv'],
  ['C:\\Films\\Sintel.mkv', 'C:\\Films', 'Sintel.mkv'],
])('%s is told apart into folder and name', (path, folder, name) => {
  expect([folderOf(path), nameOf(path)]).toEqual([folder, name]);
});

it.each([
  ['/srv/films', '/srv/films/Sea/Ferry.mkv'],
  ['/', '/Sea/Ferry.mkv'],
  ['C:\\Films', 'C:\\Films\\Sea\\Ferry.mkv'],
  ['D:\\', 'D:\\Sea\\Ferry.mkv'],
  ['\\\\nas\\films', '\\\\nas\\films\\Sea\\Ferry.mkv'],
])('a film in %s is written as its computer does', (root, path) => {
  expect(fullPath(root, 'Sea/Ferry.mkv')).toBe(path);
});

it.each([
  ['/', ['/'], ['/']],
  ['/srv/a\\b', ['/', 'srv', 'a\\b'], ['/', '/srv', '/srv/a\\b']],
  ['C:\\Films', ['C:', 'Films'], ['C:\\', 'C:\\Films']],
  ['\\\\nas\\films\\Sea', ['\\\\nas\\films', 'Sea'], ['\\\\nas\\films\\', '\\\\nas\\films\\Sea']],
])('%s is reached by folders that lead where they say', (path, names, paths) => {
  const crumbs = crumbsOf(path);
  expect([crumbs.map(({ name }) => name), crumbs.map(({ path }) => path)]).toEqual([names, paths]);
});
