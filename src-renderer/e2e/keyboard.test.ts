/** Everything that a first-time user does, without a mouse. */
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { filesIn, sha256 } from '../../src-main/test/support/files.ts';
import { serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { expectComplaints, openPage } from './browser.ts';

/** No page has more stops of the Tab key than this. */
const MAX_TABS = 120;

/** Presses Tab until something has the focus, and sees that the focus shows. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let tabs = 0; tabs < MAX_TABS; tabs++) {
    await page.keyboard.press('Tab');
    if (!(await target.evaluate((element) => element === document.activeElement))) continue;
    expect(await target.evaluate((element) => element.matches(':focus-visible'))).toBe(true);
    return;
  }
  throw new Error(
    `${target} is not reached by Tab; the focus is on ${await page.evaluate(() => document.activeElement?.outerHTML)}`,
  );
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

it('someone without a mouse converts a first video, and restores its original', async () => {
  const { data, media } = makeHome();
  const file = makeClip(path.join(media, 'Harbour at dawn (2019).mp4'), { seconds: 2 });
  const original = sha256(file);
  const server = await serve(data, TINY);
  // Pictures that are loaded ahead are of a result that is about to go.
  expectComplaints(/\/frames\/(source|result)\//);
  const page = await openPage();
  await page.goto(`${server.url}/#setup=${server.setup}`);
  const button = (name: string | RegExp) => page.getByRole('button', { name });

  await press(page, button(/^Use this computer/));
  await tabTo(page, page.getByRole('textbox', { name: 'Path' }));
  await page.keyboard.type(media);
  await page.keyboard.press('Enter');
  await page.getByText('1 video directly in this folder').waitFor();
  await press(page, button('Use this folder'));
  await page.getByText('Videos to convert').waitFor();
  await until(async () => expect(await button('Start converting').isEnabled()).toBe(true));
  await press(page, button('Start converting'));

  await page.getByText('Idle. 1 video converted.').waitFor();
  await press(page, button('Harbour at dawn (2019).mkv'));
  const drawer = page.getByRole('dialog', { name: 'Harbour at dawn (2019).mkv' });
  await press(page, drawer.getByRole('button', { name: 'Restore original' }));
  const question = page.getByRole('dialog', { name: /^Restore original \(/ });
  await press(page, question.getByRole('button', { name: 'Restore original' }));
  await page.getByText('Original restored.').waitFor();
  expect(sha256(file)).toBe(original);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  expect(filesIn(media)).toEqual(['.flotilla/owner.json', 'Harbour at dawn (2019).mp4']);
  // The row that opened the drawer may have another name now, but the focus is not lost.
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(false);
  await page.context().close();
});

it('every page is reached by its number, and the first Tab on it begins with the page', async () => {
  const { data } = makeHome();
  const server = await serve(data);
  await server.call('setup.set', { role: 'alone', complete: true });
  const page = await openPage();
  await page.goto(`${server.url}/#token=${server.token}`);
  const titles = ['Dashboard', 'Library', 'Queue', 'Vault', 'Workers', 'Insights', 'History', 'Settings'];
  for (const [index, title] of titles.entries()) {
    await page.keyboard.press(String(index + 1));
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  }
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
});
