/** The vault: what is in it, found, restored, and purged, one by one and many at once. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { filesIn } from '../../src-main/test/support/files.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, hiddenControls, PHONE, seriousFindings } from './browser.ts';

/** As releases are named: nothing in it lets a line break. */
const LONG = `Harbour.At.Dawn.2019.${'Extended.Remastered.'.repeat(6)}1080p.mp4`;

const TINIEST = { seconds: 1, size: '128x72' };

let server: Server;
let media: string;
beforeAll(async () => {
  const home = makeHome();
  media = home.media;
  const series = path.join(path.dirname(media), 'series');
  mkdirSync(series);
  for (const name of [LONG, 'Islands.mp4', 'Night ferry.mp4']) makeClip(path.join(media, name), TINIEST);
  for (const name of ['Tides S01E01.mp4', 'Tides S01E02.mp4']) makeClip(path.join(series, name), TINIEST);
  server = await serve(home.data, TINY);
  await server.call('setup.set', { role: 'alone', complete: true });
  for (const root of [media, series]) {
    const { library } = await server.call('library.add', { path: root });
    await server.call('library.scan', { library: library.id });
  }
  await until(async () => expect(await server.call('vault.list')).toHaveLength(5), 280_000);
  const db = new Database(path.join(home.data, 'flotilla.db'));
  db.exec("UPDATE vault SET due = 0 WHERE original LIKE '%Night ferry%'");
  db.close();
});

const originals = async () => (await server.call('vault.list')).map(({ original }) => path.basename(original)).sort();
const confirm = (page: Page, name: RegExp | string) => page.getByRole('dialog').getByRole('button', { name }).click();

describe('the vault', () => {
  it('is in the rail with its size, and stays usable with a long name, on a phone too', async () => {
    const page = await enter(server, '/');
    await page
      .getByRole('navigation', { name: 'Pages' })
      .getByRole('link', { name: /^Vault [\d.]+ [kM]B$/ })
      .click();
    await page.getByText(/^5 originals take [\d.]+ [kM]B\. Purging the 1 expired frees [\d.]+ kB\.$/).waitFor();
    await page.getByRole('button', { name: `Restore ${LONG}` }).waitFor();
    for (const size of [page.viewportSize(), PHONE, { width: 320, height: 640 }]) {
      await page.setViewportSize(size ?? PHONE);
      expect(await hiddenControls(page)).toEqual([]);
      const beyond = await page.evaluate(() => {
        const main = document.querySelector('main');
        return main && main.scrollWidth - main.clientWidth;
      });
      expect(beyond).toBe(0);
    }
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('shows what is expired, and purges that alone after naming number and size', async () => {
    const page = await enter(server, '/vault');
    const kept = page.getByRole('listitem').filter({ hasText: LONG });
    await kept.waitFor();
    await page.getByText('Expired', { exact: true }).first().click();
    await page.waitForURL(/expired=true/);
    await kept.waitFor({ state: 'hidden' });
    expect(await page.getByRole('listitem').count()).toBe(1);
    await page.getByRole('button', { name: 'Purge expired' }).click();
    await confirm(page, /^Purge 1 original, [\d.]+ kB$/);
    await page.getByText(/^[\d.]+ kB freed\.$/).waitFor();
    expect(await originals()).not.toContain('Night ferry.mp4');
    expect(await originals()).toHaveLength(4);
  });

  it('restores those that are selected', async () => {
    const page = await enter(server, '/vault');
    await page.getByRole('checkbox', { name: `Select ${LONG}` }).click();
    await page.getByRole('checkbox', { name: 'Select Islands.mp4' }).click();
    const bar = page.getByRole('region', { name: 'Selection' });
    await bar.getByText(/^2 originals selected, /).waitFor();
    await bar.getByRole('button', { name: 'Restore' }).click();
    await confirm(page, 'Restore 2 originals');
    await page.getByText('2 originals restored.').waitFor();
    expect(filesIn(media)).toEqual(expect.arrayContaining([LONG, 'Islands.mp4', 'Night ferry.mkv']));
  });

  it('purges a library but for what is left out', async () => {
    const page = await enter(server, '/vault');
    await page.getByRole('combobox', { name: 'Library' }).click();
    await page.getByRole('option', { name: /series$/ }).click();
    await page.getByRole('checkbox', { name: /^Select all 2 originals/ }).click();
    await page.getByRole('checkbox', { name: 'Select Tides S01E02.mp4' }).click();
    await page.getByRole('region', { name: 'Selection' }).getByRole('button', { name: 'Purge' }).click();
    await confirm(page, /^Purge 1 original/);
    await page.getByText(/freed\.$/).waitFor();
    expect(await originals()).toEqual(['Tides S01E02.mp4']);
    // What is left is younger than a day.
    await page.getByRole('combobox', { name: 'Replaced' }).click();
    await page.getByRole('option', { name: 'Over 1 day ago' }).click();
    await page.getByText('No originals match.').waitFor();
  });
});
