/** Every page: for people who cannot see it, in light and dark, and on a phone. */
import path from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, hiddenControls, openPage, PHONE, seriousFindings, ZOOMED } from './browser.ts';

/** The narrowest width that WCAG 2.2 (1.4.10, reflow) asks for. */
const NARROWEST = { width: 320, height: 640 };

const PAGES: Record<string, string> = {
  '/': 'Dashboard',
  '/library': 'Library',
  '/library?view=folders': 'Library',
  '/queue': 'Queue',
  '/vault': 'Vault',
  '/history': 'History',
  '/logs': 'Logs',
  '/workers': 'Workers',
  '/insights': 'Insights',
  '/settings': 'Settings',
  '/settings/tracks': 'Settings',
  '/settings/safety': 'Settings',
  '/settings/computer': 'Settings',
  '/settings/role': 'Settings',
  '/settings/libraries': 'Settings',
  '/settings/backup': 'Settings',
  '/settings/access': 'Settings',
  '/settings/about': 'Settings',
  '/welcome': 'Where are your videos?',
  '/welcome?library=1': 'Preview',
  '/nowhere': 'Page not found',
};

let server: Server;
beforeAll(async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, 'Videos', 'Harbour at dawn (2019).mp4'));
  makeClip(
    path.join(media, 'Videos', 'A very long name of a video that goes on and on, until it has to be cut (2021).mp4'),
  );
  server = await serve(data, ['--testing', ...TINY]);
  await server.call('setup.set', { role: 'alone', complete: true });
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.summary')).counts.done).toBe(2), 200_000);
}, 250_000);

/** Opens a page and waits until it shows what there is. */
async function settled(address: string, title: string, options: BrowserContextOptions): Promise<Page> {
  const page = await enter(server, address, options);
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await until(async () => expect(await page.locator('[aria-busy="true"]').count()).toBe(0));
  return page;
}

/** Nothing has to be scrolled sideways for, and nothing lies under something else. */
async function expectFit(page: Page): Promise<void> {
  await until(async () => {
    const beyond = await page.evaluate(() => {
      const main = document.querySelector('main');
      return main ? main.scrollWidth - main.clientWidth : Number.NaN;
    });
    expect(beyond).toBe(0);
  });
  expect(await hiddenControls(page)).toEqual([]);
}

/** Rules of axe-core whose findings depend on colors. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block'];

/** In light by every rule, and in dark by those on colors: nothing else is another there. */
async function expectNothingSerious(page: Page): Promise<void> {
  expect(await seriousFindings(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
  expect(await seriousFindings(page, COLOR_RULES)).toEqual([]);
}

describe('on a phone and at 200%', () => {
  it.each(Object.entries(PAGES))('%s fits, and has nothing serious for axe', async (address, title) => {
    const page = await settled(address, title, { viewport: PHONE });
    await expectFit(page);
    expect(await seriousFindings(page)).toEqual([]);
    await page.setViewportSize(ZOOMED);
    await expectFit(page);
    if (address !== '/') return;
    await page.setViewportSize(NARROWEST);
    await expectFit(page);
  });
});

describe('in light and in dark', () => {
  it.each(Object.entries(PAGES))('%s has nothing serious for axe', async (address, title) => {
    const page = await settled(address, title, { colorScheme: 'light' });
    await expectNothingSerious(page);
  });

  it('a video, the keyboard help and the sign-in have nothing serious for axe', async () => {
    const page = await enter(server, '/library?file=1', { colorScheme: 'light' });
    await page.getByRole('img', { name: 'Result, position 3' }).waitFor();
    await expectNothingSerious(page);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await expectNothingSerious(page);
    const outside = await openPage({ colorScheme: 'light' });
    await outside.goto(server.url);
    await outside.getByText("isn't signed in").waitFor();
    await expectNothingSerious(outside);
  });
});
