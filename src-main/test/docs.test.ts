import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { exampleOf } from '../../build/api-docs.ts';
import { makePage, PAGE_NAMES, readPage } from '../../build/docs.ts';
import { type CallName, CONTRACT } from '../../src-shared/contract/index.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DOCS = path.join(ROOT, 'docs');
const PAGES = ['README.md', ...readdirSync(DOCS).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];

it.each(PAGE_NAMES)('docs/%s matches the sources (npm run docs)', (page) => {
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

it.each(PAGES)('%s links only to existing files', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link);
  const missing = links.filter((link) => !existsSync(path.resolve(ROOT, path.dirname(page), link)));
  expect(missing).toEqual([]);
});

it('docs/safety.md names tests that exist', () => {
  const text = readFileSync(path.join(DOCS, 'safety.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes('.test.ts`'));
  const named = rows.flatMap((row) =>
    [...row.matchAll(/`(src-[^`]+\.test\.ts)`:((?: `[^`]+`,?)+)/g)].flatMap(([, file = '', titles = '']) =>
      [...titles.matchAll(/`([^`]+)`/g)].map(([, title = '']) => ({ file, title })),
    ),
  );
  expect(named.length).toBeGreaterThan(40);
  const missing = named.filter(({ file, title }) => !hasTest(readFileSync(path.join(ROOT, file), 'utf8'), title));
  expect(missing).toEqual([]);
});

/** Whether sources hold a test of this title, or one of a table whose row ends it: `it.each([['black', …]])('refuses %s', …)`. */
function hasTest(source: string, title: string): boolean {
  const compact = source.replace(/([([])\s+'/g, "$1'");
  if (compact.includes(`('${title}'`)) return true;
  const heads = [...compact.matchAll(/\('([^'\n]*)%s'/g)].map(([, head = '']) => head);
  return heads.some((head) => title.startsWith(head) && compact.includes(`['${title.slice(head.length)}',`));
}
