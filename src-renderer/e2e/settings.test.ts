/** Settings: found, changed, refused, and locked. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, PHONE, seriousFindings } from './browser.ts';

let server: Server;
let home: ReturnType<typeof makeHome>;
beforeAll(async () => {
  home = makeHome();
  server = await serve(home.data, TINY.slice(2), { env: { NICE_LEVEL: '12' } });
  await server.call('setup.set', { role: 'alone', complete: true });
});

const values = async () => (await server.call('settings.get')).values;

describe('a setting', () => {
  it('is saved on leaving its field and says so, is refused with a reason, and resets to its default', async () => {
    const page = await enter(server, '/settings');
    const preset = page.getByRole('textbox', { name: 'SVT-AV1 preset' });
    await preset.fill('14');
    await preset.blur();
    await page.getByText(/must be a whole number from 0 to 13/).waitFor();
    expect(await preset.inputValue()).toBe('14');
    expect((await values()).preset).toBe(8);
    await preset.fill('10');
    await preset.press('Enter');
    await page.getByText('Saved', { exact: true }).waitFor();
    await until(async () => expect((await values()).preset).toBe(10));
    await page.getByRole('button', { name: 'Reset to default' }).click();
    await until(async () => expect((await values()).preset).toBe(8));
    await page.getByText('Default: 8').waitFor();
    await page.getByRole('tab', { name: 'Safety' }).click();
    await page.getByRole('switch', { name: 'Testing mode' }).click();
    await until(async () => expect((await values()).testingMode).toBe(true));
  });

  it('is locked where the environment sets it, readable, with the name of the variable', async () => {
    const page = await enter(server, '/settings/computer');
    await page.getByText('Locked: set by NICE_LEVEL at startup.').waitFor();
    await page.getByLabel('CPU priority').getByText('12').waitFor();
    expect(await page.getByRole('textbox', { name: 'CPU priority' }).count()).toBe(0);
  });

  it('is found by its name, by its meaning, and by its variable; few people see the advanced ones', async () => {
    const page = await enter(server, '/settings/role');
    await page.getByRole('textbox', { name: 'Listening address' }).waitFor();
    expect(await page.getByText('Trusted reverse proxies', { exact: true }).count()).toBe(0);
    const search = page.getByRole('textbox', { name: 'Search settings' });
    for (const query of ['trusted', 'X-Forwarded', 'TRUSTED_PROXIES']) {
      await search.fill(query);
      await page.getByText('Trusted reverse proxies', { exact: true }).waitFor();
    }
    await search.fill('hdr10');
    await page.getByRole('button', { name: 'About HDR10+ and Dolby Vision' }).click();
    await page.getByText(/store brightness instructions for every scene/).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await search.fill('no such thing');
    await page.getByText('No settings match.').waitFor();
  });

  it('keeps what was typed when it cannot be used, and says which part', async () => {
    const page = await enter(server, '/settings/role');
    await page.getByRole('switch', { name: 'Show advanced settings' }).click();
    const proxies = page.getByLabel('Trusted reverse proxies');
    await proxies.fill('evenings');
    await proxies.press('Enter');
    await page.getByText(`"evenings" can't be used here.`).waitFor();
    await page.getByText('evenings', { exact: true }).waitFor();
    expect((await values()).trustedProxies).toEqual([]);
  });
});

describe('this computer', () => {
  it('gets its working hours from a week that is painted, at once and in one place', async () => {
    const page = await enter(server, '/settings/computer');
    await page.getByRole('switch', { name: /^Work only during set hours/ }).click();
    await page.getByRole('button', { name: 'Nights and weekends' }).click();
    const monday = page.getByRole('button', { name: 'Monday 12:00' });
    await monday.scrollIntoViewIfNeeded();
    expect(await monday.getAttribute('aria-pressed')).toBe('false');
    await monday.click();
    await until(async () => expect(await monday.getAttribute('aria-pressed')).toBe('true'));
    await page.getByRole('button', { name: 'Sunday 09:00' }).press('Space');
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Limits saved.').waitFor();
    const [worker] = await server.call('worker.list');
    expect(worker?.settings.schedule).toEqual(
      expect.arrayContaining([
        { days: [1], from: '12:00', to: '13:00' },
        { days: [0], from: '10:00', to: '00:00' },
      ]),
    );
  });
});

describe('a lookup table', () => {
  it('keeps a draft while another section is shown, is written to its file, and resets to its default', async () => {
    const file = () => JSON.parse(readFileSync(path.join(home.data, 'quality_lookup.json'), 'utf8'));
    const page = await enter(server, '/settings/tables');
    const crf = page.getByRole('textbox', { name: 'CRF for 1080p from HEVC and VP9' });
    await crf.fill('64');
    await page.getByText('Each CRF must be a whole number from 1 to 63.').waitFor();
    await crf.fill('33');
    await page.getByRole('tab', { name: 'Safety' }).click();
    await page.getByRole('switch', { name: 'Testing mode' }).waitFor();
    await page.getByRole('tab', { name: 'Quality' }).click();
    await until(async () => expect(await crf.inputValue()).toBe('33'));
    await page.getByRole('button', { name: 'Save' }).click();
    await until(() => expect(file()['1080p'].x265).toBe(33));
    await page.getByRole('button', { name: 'Reset to default' }).click();
    await until(async () => expect((await server.call('table.get')).quality.table['1080p'].x265).toBe(26));
  });
});

describe('the rail', () => {
  it('has what finds no place in the bar of a phone, and the documentation of this version', async () => {
    const page = await enter(server, '/', { viewport: PHONE });
    await page.getByRole('button', { name: 'More' }).click();
    for (const name of ['Vault', 'Insights', 'History', 'Settings', 'Logs'])
      await page.getByRole('menuitem', { name }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('menuitem', { name: 'Help' }).click();
    await page.getByRole('heading', { name: 'Glossary' }).waitFor();
    await page.getByRole('link', { name: 'Architecture' }).first().click();
    await page.getByRole('heading', { name: 'Architecture', exact: true }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('has the theme and the way out', async () => {
    const page = await enter(server, '/');
    const menu = page.getByRole('button', { name: 'More' });
    await menu.click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByText("isn't signed in").waitFor();
  });
});
