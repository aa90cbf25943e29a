/** The library as a tree of folders: its numbers, its actions, and how it is used by keyboard and on a phone. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, expectComplaints, fillRecord, hiddenControls, PHONE, seriousFindings } from './browser.ts';

/** Three seasons: 99, 100, and 51 videos. */
const VIDEOS = 250;

let server: Server;
beforeAll(async () => {
  const { data } = makeHome();
  fillRecord(data, VIDEOS);
  server = await serve(data);
  await server.call('setup.set', { role: 'alone', complete: true });
});

const tree = (page: Page) => page.getByRole('treegrid', { name: 'Folders' });
const row = (page: Page, name: string) => tree(page).getByRole('row').filter({ hasText: name });
const active = (page: Page) =>
  tree(page).evaluate((grid) => {
    const id = grid.getAttribute('aria-activedescendant');
    return id && document.getElementById(id)?.querySelector('[title]')?.textContent;
  });

it('shows what is below each folder, and its videos when it is expanded', async () => {
  // The videos of this record were never on a disk, so there are no pictures of them.
  expectComplaints(/404.*\/frames\//);
  const page = await enter(server, '/library');
  await page.getByTitle('Folders').click();
  await row(page, '/media/series').getByText('250', { exact: true }).waitFor();
  const season = row(page, 'Season 0001');
  await season.getByText('100', { exact: true }).waitFor();
  await season.getByText('10 failed').waitFor();
  await season.click();
  await row(page, 'Episode 000100.mkv').waitFor();
  await row(page, 'Episode 000101.mkv').click();
  await page.getByRole('dialog', { name: 'Episode 000101.mkv' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await season.click();
  await row(page, 'Episode 000101.mkv').waitFor({ state: 'detached' });
});

it('leaves out folders without a match, and follows the search', async () => {
  const page = await enter(server, '/library?view=folders&q=000249');
  await row(page, 'Season 0002').getByText('1', { exact: true }).waitFor();
  await row(page, 'Season 0001').waitFor({ state: 'detached' });
  await page.getByRole('textbox', { name: 'Search by name or folder' }).fill('');
  await row(page, 'Season 0001').waitFor();
});

it('acts on everything below a folder after naming number and size, and shows it as a list', async () => {
  const page = await enter(server, '/library?view=folders');
  await row(page, 'Season 0002').hover();
  await page.getByRole('button', { name: 'Actions for Season 0002' }).click();
  await page.getByRole('menuitem', { name: 'Always skip' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^Skip 36 videos \([\d.]+ GB\)\?$/).waitFor();
  await dialog.getByRole('button', { name: 'Skip 36 videos' }).click();
  await row(page, 'Season 0002').getByText('36 skipped').waitFor();
  await row(page, 'Season 0001').getByText('10 failed').waitFor();

  await row(page, 'Season 0002').hover();
  await page.getByRole('button', { name: 'Actions for Season 0002' }).click();
  await page.getByRole('menuitem', { name: 'Show as list' }).click();
  await page.getByRole('status').filter({ hasText: '51 videos' }).waitFor();
  expect(new URL(page.url()).searchParams.get('folder')).toBe('Season 0002');
  await page
    .getByRole('button', { name: /^Folder: Season 0002/ })
    .first()
    .click();
  await page.getByRole('status').filter({ hasText: '250 videos' }).waitFor();
});

it('is used by keyboard, and the focus returns to it', async () => {
  const page = await enter(server, '/library?view=folders');
  await row(page, 'Season 0001').waitFor();
  await tree(page).focus();
  await page.keyboard.press('Home');
  expect(await active(page)).toBe('/media/series');
  await page.keyboard.press('ArrowDown');
  expect(await active(page)).toBe('Season 0000');
  await page.keyboard.press('ArrowRight');
  await row(page, 'Episode 000001.mkv').waitFor();
  await page.keyboard.press('ArrowRight');
  await until(async () => expect(await active(page)).toBe('Episode 000001.mkv'));
  await page.keyboard.press('ArrowLeft');
  expect(await active(page)).toBe('Season 0000');
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitem', { name: 'Always skip' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treegrid');
  await page.keyboard.press('ArrowLeft');
  await row(page, 'Episode 000001.mkv').waitFor({ state: 'detached' });
});

it('fits a phone, and has nothing serious for axe in light and dark', async () => {
  const page = await enter(server, '/library?view=folders', { viewport: PHONE, colorScheme: 'light' });
  await row(page, 'Season 0000')
    .getByText(/^99 videos, [\d.]+ GB, −50%$/)
    .waitFor();
  await row(page, 'Season 0000').click();
  await row(page, 'Episode 000001.mkv').waitFor();
  expect(await hiddenControls(page)).toEqual([]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  }
});
