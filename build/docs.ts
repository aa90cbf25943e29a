import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SETTING_INFOS } from '../src-shared/settings/settings.ts';
import { apiReference } from './api-docs.ts';

/** Pages with a part that is made from the sources, between two marks, and how it is made. */
const PAGES = {
  'configuration.md': { mark: 'settings', make: settingsTable },
  'api.md': { mark: 'calls', make: apiReference },
};
export type Page = keyof typeof PAGES;
export const PAGE_NAMES = Object.keys(PAGES) as Page[];

function settingsTable(): string {
  const code = (text: string | undefined) => (text ? `\`${text}\`` : '');
  const rows = SETTING_INFOS.map(({ key, env, flag, standard, allowed, help }) => {
    const value = standard === null || (Array.isArray(standard) && standard.length === 0) ? 'none' : `\`${standard}\``;
    return `| \`${key}\` | ${code(env)} | ${code(flag)} | ${value} | ${allowed} | ${help} |`;
  });
  const head = ['| setting | environment | flag | default | allowed | what it does |', '|---|---|---|---|---|---|'];
  return [...head, ...rows].join('\n');
}

const fileOf = (page: Page) => path.join(import.meta.dirname, '../docs', page);

/** A page as it is in the repository. */
export const readPage = (page: Page): string => readFileSync(fileOf(page), 'utf8');

/** Returns the page with its generated part renewed. */
export function makePage(page: Page): string {
  const { mark, make } = PAGES[page];
  const [begin, end] = [`<!-- ${mark}: made by npm run docs -->`, `<!-- ${mark} end -->`];
  const [before = '', rest = ''] = readPage(page).split(begin);
  return `${before}${begin}\n\n${make()}\n\n${end}${rest.split(end)[1] ?? '\n'}`;
}

if (import.meta.main) for (const page of PAGE_NAMES) writeFileSync(fileOf(page), makePage(page));
