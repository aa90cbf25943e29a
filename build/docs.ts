import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SETTING_INFOS } from '../src-shared/settings.ts';

const FILE = path.join(import.meta.dirname, '../docs/configuration.md');
const [BEGIN, END] = ['<!-- settings: made by npm run docs -->', '<!-- settings end -->'];

function settingsTable(): string {
  const code = (text: string | undefined) => (text ? `\`${text}\`` : '');
  const rows = SETTING_INFOS.map(({ key, env, flag, standard, allowed, help }) => {
    const value = standard === null || (Array.isArray(standard) && standard.length === 0) ? 'none' : `\`${standard}\``;
    return `| \`${key}\` | ${code(env)} | ${code(flag)} | ${value} | ${allowed} | ${help} |`;
  });
  const head = ['| setting | environment | flag | default | allowed | what it does |', '|---|---|---|---|---|---|'];
  return [...head, ...rows].join('\n');
}

/** docs/configuration.md with its table made anew from the settings schema. */
export function configurationPage(page: string): string {
  const [before = '', rest = ''] = page.split(BEGIN);
  return `${before}${BEGIN}\n\n${settingsTable()}\n\n${END}${rest.split(END)[1] ?? '\n'}`;
}

/** The page as it is in the repository. */
export const readConfigurationPage = () => readFileSync(FILE, 'utf8');

if (import.meta.main) writeFileSync(FILE, configurationPage(readConfigurationPage()));
