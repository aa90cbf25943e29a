/** What is at hand for films, one and many, and whether it does what it says. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeClip, makeHome, type Server, serve, TINY, tempFolder, until, wrap } from '../../src-main/test/helpers.ts';
import { enter } from './browser.ts';

let server: Server;
/** Once it is there, Night ferry can be encoded too. */
let mended: string;
beforeAll(async () => {
  const { data, media } = makeHome();
  for (const name of ['Harbour', 'Islands', 'Night ferry']) makeClip(path.join(media, 'Films', `${name}.mp4`));
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

/** Chooses from the menu of a film's row. The page learns a little later than its server how the film stands, and the menu with it. */
async function choose(page: Page, film: string, item: string): Promise<void> {
  const entry = page.getByRole('menuitem', { name: item, exact: true });
  await until(async () => {
    if (!(await page.getByRole('menu').isVisible()))
      await rowOf(page, film)
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

/** Chooses for all films of the list, from the bar or its menu. */
async function chooseForAll(page: Page, item: string): Promise<void> {
  await page.getByRole('checkbox', { name: 'Select all films of this list' }).check();
  if (item === 'Convert') return page.getByRole('button', { name: item, exact: true }).click();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

const confirm = (page: Page, button: string) =>
  page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();

describe('a film that failed', () => {
  it('tells why, attempt by attempt, gives a report to copy, and is tried again', async () => {
    const page = await enter(server, '/', { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('link', { name: 'Look at it' }).click();
    await rowOf(page, 'Night ferry.mp4').getByText('Night ferry.mp4').click();
    const drawer = page.getByRole('dialog', { name: 'Night ferry.mp4' });
    await drawer
      .getByText(/^Failed on /)
      .nth(2)
      .waitFor();
    expect(await drawer.getByText(/^Failed on /).count()).toBe(3);
    await drawer.getByRole('img', { name: 'From the middle of the film' }).waitFor();
    await drawer.getByRole('button', { name: 'Command and log' }).first().click();
    await drawer.getByText('[error] The encoder gave up.').first().waitFor();
    await drawer.getByRole('button', { name: 'Copy a report' }).click();
    await drawer.getByRole('button', { name: 'Copied' }).waitFor();
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toMatch(/Night ferry\.mp4\nFailed/);
    expect(report).toContain('The encoder gave up.');

    writeFileSync(mended, '');
    await drawer.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/^Converted on /).waitFor();
    await expectCounts({ done: 3, failed: 0 });
  });
});

describe('films of a list', () => {
  it('are converted anew, put first, taken out, and back, one and all', async () => {
    const page = await enter(server, '/library');
    await page.getByRole('button', { name: 'Scan now' }).click();
    await page.getByText('0 new films, 0 changed, 0 moved, 0 gone.').waitFor();
    await choose(page, 'Harbour', 'Re-encode');
    await confirm(page, 'Re-encode 1 film');
    await page.getByText('1 film put into the queue again.').waitFor();
    await expectCounts({ done: 3 });

    await server.call('queue.pause');
    await chooseForAll(page, 'Re-encode');
    await confirm(page, 'Re-encode 3 films');
    await expectCounts({ queued: 3 });
    await chooseForAll(page, 'High');
    await until(async () => {
      const { files } = await server.call('queue.list');
      expect(files.map(({ priority }) => priority)).toEqual([10, 10, 10]);
    });
    await chooseForAll(page, 'Take out of the queue');
    await confirm(page, 'Cancel 3 films');
    await expectCounts({ skipped: 3, queued: 0 });
    await choose(page, 'Islands', 'Convert it all the same');
    await expectCounts({ skipped: 2, queued: 1 });
    await chooseForAll(page, 'Convert');
    await page.getByRole('button', { name: 'Convert 2 films', exact: true }).click();
    await expectCounts({ skipped: 0, queued: 3 });
    await choose(page, 'Night ferry', 'Move to the top of the queue');
    await until(async () => expect((await server.call('queue.list')).files[0]?.path).toMatch(/Night ferry/));

    await choose(page, 'Harbour', 'Skip from now on');
    await expectCounts({ skipped: 1 });
    await page.getByRole('button', { name: 'Undo' }).click();
    await expectCounts({ skipped: 0, queued: 3 });
    await choose(page, 'Harbour', 'Remove from the list');
    await confirm(page, 'Remove 1 film');
    await until(async () => expect((await server.call('file.tally')).total).toBe(2));
    await page.getByRole('button', { name: 'Gone' }).click();
    await page.getByText('No film matches').waitFor();
  });
});

describe('the queue', () => {
  it('rests when what runs is done, and goes on', async () => {
    const page = await enter(server, '/queue');
    await page.getByRole('button', { name: 'Resume' }).click();
    await expectCounts({ done: 2 });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: /^Finish the current films/ }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await until(async () => expect((await server.call('queue.summary')).paused).toBeNull());
  });
});

describe('settings and numbers', () => {
  it('an original is found in the vault and taken back; nothing is purged before its time', async () => {
    const page = await enter(server, '/settings/vault');
    await page.getByText('2 originals, ').waitFor();
    await page.getByRole('button', { name: 'Purge those past their time' }).click();
    await page.getByText('There is nothing that may be purged.').waitFor();
    await page.getByRole('textbox', { name: 'Search the vault' }).fill('FERRY night');
    await page.getByRole('cell', { name: 'Islands.mp4' }).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Take back' }).click();
    await confirm(page, 'Take back the original');
    await page.getByText('The original is back in its place.').waitFor();
    await page.getByText('No original matches.').waitFor();
    await expectCounts({ done: 1, skipped: 1 });
  });

  it('a chart has its numbers, the workers rest and go on, and a library is shown, scanned and removed', async () => {
    const page = await enter(server, '/insights');
    await page.getByRole('button', { name: 'The numbers' }).nth(1).click();
    await page.getByRole('cell', { name: 'media' }).waitFor();

    await page.goto(`${server.url}/workers`);
    const [worker] = await server.call('worker.list');
    const card = page.getByRole('article', { name: worker?.name ?? '' });
    for (const [item, mode] of [
      ['Finish what runs, then rest', 'draining'],
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
    // The film that was taken off the list is found again.
    await page.getByText('1 new film, 0 changed, 0 moved, 0 gone.').waitFor();
    await menu.click();
    await page.getByRole('menuitem', { name: 'Show its films' }).click();
    await page.waitForURL(/library=\d/);
    await page.goto(`${server.url}/settings/libraries`);
    await expectCounts({ queued: 0, running: 0, found: 0 });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await confirm(page, 'Remove the library');
    await page.getByText('No library yet').waitFor();
    expect(await server.call('library.list')).toEqual([]);
  });
});
