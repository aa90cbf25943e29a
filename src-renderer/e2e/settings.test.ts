/** Settings, tables and the vault, changed by hand. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeClip, makeHome, type Server, serve, TINY, until } from '../../src-main/test/helpers.ts';
import { enter } from './browser.ts';

let server: Server;
let home: ReturnType<typeof makeHome>;
beforeAll(async () => {
  home = makeHome();
  server = await serve(home.data, TINY.slice(2), { env: { NICE_LEVEL: '12' } });
  await server.call('setup.set', { role: 'alone', complete: true });
});

const values = async () => (await server.call('settings.get')).values;

describe('a setting', () => {
  it('counts on leaving its field, is refused with a reason, and goes back to its standard', async () => {
    const page = await enter(server, '/settings');
    const preset = page.getByRole('textbox', { name: 'SVT-AV1 preset' });
    await preset.fill('14');
    await preset.blur();
    await page.getByText(/must be a whole number from 0 to 13/).waitFor();
    expect((await values()).preset).toBe(8);
    await preset.fill('10');
    await preset.press('Enter');
    await until(async () => expect((await values()).preset).toBe(10));
    await page.getByRole('button', { name: 'Back to the standard' }).click();
    await until(async () => expect((await values()).preset).toBe(8));
    await page.getByRole('switch', { name: 'Testing mode' }).click();
    await until(async () => expect((await values()).testingMode).toBe(true));
  });

  it('is locked where the environment sets it, with the name of the variable', async () => {
    const page = await enter(server, '/settings');
    await page.getByText('Set by NICE_LEVEL where Flotilla was started').waitFor();
    expect(await page.getByRole('textbox', { name: 'CPU priority' }).isDisabled()).toBe(true);
  });
});

describe('a lookup table', () => {
  it('is written to its file, and brought back to the standard', async () => {
    const file = () => JSON.parse(readFileSync(path.join(home.data, 'quality_lookup.json'), 'utf8'));
    const page = await enter(server, '/settings/tables');
    const crf = page.getByRole('textbox', { name: 'CRF for 1080p from HEVC and VP9' });
    await crf.fill('64');
    await page.getByText('Each CRF has to be a whole number from 1 to 63.').waitFor();
    await crf.fill('33');
    await page.getByRole('button', { name: 'Save' }).first().click();
    await until(() => expect(file()['1080p'].x265).toBe(33));
    await page.getByRole('button', { name: 'Back to the standard' }).click();
    await until(async () => expect((await server.call('table.get')).quality.table['1080p'].x265).toBe(26));
  });
});

describe('the vault', () => {
  it('names number and size before it is purged', async () => {
    makeClip(path.join(home.media, 'Night ferry.mp4'), { seconds: 2 });
    const { library } = await server.call('library.add', { path: home.media });
    await server.call('library.scan', { library: library.id });
    await until(async () => expect((await server.call('vault.list')).length).toBe(1));
    const page = await enter(server, '/settings/vault');
    await page.getByRole('cell', { name: 'Night ferry.mp4' }).waitFor();
    await page.getByRole('button', { name: 'Purge all' }).click();
    await page.getByRole('button', { name: /^Purge 1 original, [\d.]+ [kM]B$/ }).click();
    await page.getByText('The vault is empty').waitFor();
    expect(await server.call('vault.list')).toEqual([]);
  });
});
