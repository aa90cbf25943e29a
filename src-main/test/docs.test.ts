import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { exampleOf } from '../../build/api-docs.ts';
import { makePage, PAGE_NAMES, readPage } from '../../build/docs.ts';
import { type CallName, CONTRACT } from '../../src-shared/contract.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DOCS = path.join(ROOT, 'docs');
const PAGES = ['README.md', ...readdirSync(DOCS).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];

it.each(PAGE_NAMES)('docs/%s tells the sources as they are (npm run docs)', (page) => {
  expect(makePage(page)).toBe(readPage(page));
});

it('docs/configuration.md and docs/api.md leave nothing out', () => {
  expect(readPage('configuration.md')).toContain('`SVT_AV1_PRESET`');
  for (const name of Object.keys(CONTRACT)) expect(readPage('api.md')).toContain(`### ${name}\n`);
});

it('docs/api.md shows inputs that the calls take', () => {
  const users = (Object.keys(CONTRACT) as CallName[]).filter((name) => CONTRACT[name].access === 'user');
  const refused = users.filter((name) => !CONTRACT[name].input.safeParse(exampleOf(name)).success);
  expect(refused).toEqual([]);
});

it.each(PAGES)('%s links to what is there', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link);
  const missing = links.filter((link) => !existsSync(path.resolve(ROOT, path.dirname(page), link)));
  expect(missing).toEqual([]);
});
