/** Every page: for people who cannot see it, in light and dark, and on a phone. */
import path from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeClip, makeHome, type Server, serve, TINY, until } from '../../src-main/test/helpers.ts';
import { enter, hiddenControls, openPage, PHONE, seriousFindings, ZOOMED } from './browser.ts';

const PAGES: Record<string, string> = {
  '/': 'Dashboard',
  '/library': 'Library',
  '/queue': 'Queue',
  '/workers': 'Workers',
  '/insights': 'Insights',
  '/settings': 'Settings',
  '/settings/role': 'Settings',
  '/settings/libraries': 'Settings',
  '/settings/tables': 'Settings',
  '/settings/vault': 'Settings',
  '/settings/access': 'Settings',
  '/settings/about': 'Settings',
  '/welcome': 'Where are your films?',
  '/welcome?library=1': 'What it would bring',
  '/nowhere': 'Nothing here',
};

let server: Server;
beforeAll(async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, 'Films', 'Harbour at dawn (2019).mp4'));
  makeClip(
    path.join(media, 'Films', 'A very long name of a film that goes on and on, until it has to be cut (2021).mp4'),
  );
  server = await serve(data, ['--testing', ...TINY]);
  await server.call('setup.set', { role: 'alone', complete: true });
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.summary')).counts.done).toBe(2));
});

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

describe('on a phone and at 200 %', () => {
  it.each(Object.entries(PAGES))('%s fits, and has nothing serious for axe', async (address, title) => {
    const page = await settled(address, title, { viewport: PHONE });
    await expectFit(page);
    expect(await seriousFindings(page)).toEqual([]);
    await page.setViewportSize(ZOOMED);
    await expectFit(page);
  });
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it.each(Object.entries(PAGES))('%s has nothing serious for axe', async (address, title) => {
    const page = await settled(address, title, { colorScheme });
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('a film, the keyboard help and the sign-in have nothing serious for axe', async () => {
    const page = await enter(server, '/library?file=1', { colorScheme });
    await page.getByRole('img', { name: 'Result, position 3' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    const outside = await openPage({ colorScheme });
    await outside.goto(server.url);
    await outside.getByText('not signed in').waitFor();
    expect(await seriousFindings(outside)).toEqual([]);
  });
});
