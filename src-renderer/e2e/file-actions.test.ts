/** The actions for videos, one and many, and whether they do what they say. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { wrap } from '../../src-main/test/support/ffmpeg.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome, tempFolder } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter } from './browser.ts';

let server: Server;
/** Once it is there, Night ferry can be encoded too. */
let mended: string;
beforeAll(async () => {
  const { data, media } = makeHome();
  for (const name of ['Harbour', 'Islands', 'Night ferry']) makeClip(path.join(media, 'Videos', `${name}.mp4`));
  mended = path.join(tempFolder(), 'mended');
  const refuse = `case "$*" in *ferry*) echo '[libsvtav1 @ 0x1] [error] The encoder gave up.' >&2; exit 1;; esac`;
  const env = wrap('ffmpeg', `[ $encode = 1 ] && [ ! -e '${mended}' ] && ${refuse}\nexec "$REAL" "$@"`);
  server = await serve(data, ['--testing', ...TINY], { env });
  await server.call('setup.set', { role: 'alone', complete: true });
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
  await expectCounts({ done: 2, failed: 1 });
});

const expectCounts = (counts: object) =>
  until(async () => expect((await server.call('queue.summary')).counts).toMatchObject(counts));
const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

/** Chooses from the menu of a video's row. The page learns a little later than its server how the video stands, and the menu with it. */
async function choose(page: Page, video: string, item: string): Promise<void> {
  const entry = page.getByRole('menuitem', { name: item, exact: true });
  await until(async () => {
    if (!(await page.getByRole('menu').isVisible()))
      await rowOf(page, video)
        .getByRole('button', { name: /^Actions for/ })
        .click();
    try {
      await entry.click({ timeout: 2000 });
    } catch (error) {
      await page.keyboard.press('Escape');
      throw error;
    }
  });
}

/** Chooses for all videos of the list, from the bar or its menu. */
async function chooseForAll(page: Page, item: string): Promise<void> {
  await page.getByRole('checkbox', { name: 'Select all videos in this list' }).check();
  if (item === 'Convert') return page.getByRole('button', { name: item, exact: true }).click();
  await page.getByRole('group', { name: 'Selected videos' }).getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

const confirm = (page: Page, button: string) =>
  page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();

describe('a video that failed', () => {
  it('shows why, attempt by attempt, gives a report to copy, and is retried', async () => {
    const page = await enter(server, '/', { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('link', { name: 'Show', exact: true }).first().click();
    await rowOf(page, 'Night ferry.mp4').getByText('Night ferry.mp4').click();
    const drawer = page.getByRole('dialog', { name: 'Night ferry.mp4' });
    await drawer
      .getByText(/^Failed on /)
      .nth(2)
      .waitFor();
    expect(await drawer.getByText(/^Failed on /).count()).toBe(3);
    await drawer.getByRole('img', { name: 'From the middle of the video' }).waitFor();
    await drawer.getByRole('button', { name: 'Command and log' }).first().click();
    await drawer.getByText('[error] The encoder gave up.').first().waitFor();
    await drawer.getByRole('button', { name: 'Copy report' }).click();
    await drawer.getByRole('button', { name: 'Copied' }).waitFor();
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toMatch(/Night ferry\.mp4\nFailed/);
    expect(report).toContain('The encoder gave up.');

    writeFileSync(mended, '');
    await drawer.getByRole('button', { name: 'Retry' }).click();
    await page.getByText(/^Converted on /).waitFor();
    await expectCounts({ done: 3, failed: 0 });
  });
});

describe('videos of a list', () => {
  it('are converted again, put first, removed, and added again, one and all', async () => {
    const page = await enter(server, '/library');
    await page.getByRole('button', { name: 'Scan now' }).click();
    await page.getByText('0 new videos, 0 changed, 0 moved, 0 missing.').waitFor();
    await choose(page, 'Harbour', 'Re-encode');
    await confirm(page, 'Re-encode 1 video');
    await page.getByText('1 video added to the queue again.').waitFor();
    await expectCounts({ done: 3 });

    await server.call('queue.pause');
    await chooseForAll(page, 'Re-encode');
    await confirm(page, 'Re-encode 3 videos');
    await expectCounts({ queued: 3 });
    await chooseForAll(page, 'High');
    await until(async () => {
      const { files } = await server.call('queue.list');
      expect(files.map(({ priority }) => priority)).toEqual([10, 10, 10]);
    });
    await chooseForAll(page, 'Remove from queue');
    await confirm(page, 'Remove 3 videos from the queue');
    await expectCounts({ skipped: 3, queued: 0 });
    await choose(page, 'Islands', 'Convert');
    await expectCounts({ skipped: 2, queued: 1 });
    await chooseForAll(page, 'Convert');
    await page.getByRole('button', { name: 'Convert 2 videos', exact: true }).click();
    await expectCounts({ skipped: 0, queued: 3 });
    await choose(page, 'Night ferry', 'Move to top of queue');
    await until(async () => expect((await server.call('queue.list')).files[0]?.path).toMatch(/Night ferry/));

    await choose(page, 'Harbour', 'Always skip');
    await expectCounts({ skipped: 1 });
    await page.getByRole('button', { name: 'Undo' }).click();
    await expectCounts({ skipped: 0, queued: 3 });
    await choose(page, 'Harbour', 'Remove from list');
    await confirm(page, 'Remove 1 video from the list');
    await until(async () => expect((await server.call('file.tally')).total).toBe(2));
    await page.getByRole('button', { name: 'Missing' }).click();
    await page.getByText('No videos match').waitFor();
  });
});

describe('the queue', () => {
  it('pauses when running conversions are done, and resumes', async () => {
    const page = await enter(server, '/queue');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expectCounts({ done: 2 });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: /^Finish current videos/ }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await until(async () => expect((await server.call('queue.summary')).paused).toBeNull());
  });
});

describe('settings and numbers', () => {
  it('an original is found in the vault and restored; nothing is purged before it expires', async () => {
    const page = await enter(server, '/settings/vault');
    await page.getByText(/^2 originals take .*None is expired\.$/).waitFor();
    expect(await page.getByRole('button', { name: 'Purge expired' }).count()).toBe(0);
    await page.getByRole('textbox', { name: 'Search the vault' }).fill('FERRY night');
    await page.getByRole('button', { name: 'Islands.mp4' }).first().waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: /^Restore / }).click();
    await confirm(page, 'Restore original');
    await page.getByText('No originals match.').waitFor();
    await expectCounts({ done: 1, skipped: 1 });
  });

  it('a chart has its table, the workers are drained and resumed, and a library is shown, scanned and removed', async () => {
    const page = await enter(server, '/insights');
    await page.getByRole('button', { name: 'Show as table' }).nth(1).click();
    await page.getByRole('cell', { name: 'media' }).waitFor();

    await page.goto(`${server.url}/workers`);
    const [worker] = await server.call('worker.list');
    const card = page.getByRole('article', { name: worker?.name ?? '' });
    for (const [item, mode] of [
      ['Drain', 'draining'],
      ['Resume', 'active'],
    ]) {
      await card.getByRole('button', { name: /^Actions for/ }).click();
      await page.getByRole('menuitem', { name: item ?? '' }).click();
      await until(async () => expect((await server.call('worker.list'))[0]?.mode).toBe(mode));
    }

    await page.goto(`${server.url}/settings/libraries`);
    const menu = page.getByRole('button', { name: /^Actions for/ });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Scan now' }).click();
    // The video that was removed from the list is found again.
    await page.getByText('1 new video, 0 changed, 0 moved, 0 missing.').waitFor();
    await menu.click();
    await page.getByRole('menuitem', { name: 'Show videos' }).click();
    await page.waitForURL(/library=\d/);
    await page.goto(`${server.url}/settings/libraries`);
    await expectCounts({ queued: 0, running: 0, found: 0 });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await confirm(page, 'Remove library');
    await page.getByText('No library yet').waitFor();
    expect(await server.call('library.list')).toEqual([]);
  });
});
