import { expect, it } from 'vitest';
import { configurationPage, readConfigurationPage } from '../../build/docs.ts';

it('docs/configuration.md tells the settings as the schema has them (npm run docs)', () => {
  const page = readConfigurationPage();
  expect(configurationPage(page)).toBe(page);
  expect(page).toContain('`SVT_AV1_PRESET`');
});
