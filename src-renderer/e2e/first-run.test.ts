/** From the set-up address to the first converted video, and back to the original, by clicks alone. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { filesIn, sha256 } from '../../src-main/test/support/files.ts';
import { probe } from '../../src-main/test/support/media-probe.ts';
import { serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { expectComplaints, openPage, seriousFindings } from './browser.ts';

/** Both pictures of a comparison are shown, in the size of the video. */
async function compared(page: Page): Promise<void> {
  for (const side of ['Source', 'Result']) {
    const picture = page.getByRole('img', { name: `${side}, position 3` });
    await picture.waitFor();
    await until(async () => {
      expect(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(320);
    });
  }
}

describe('someone who starts Flotilla for the first time', () => {
  it('converts a video by clicks alone, compares it, and restores the original', async () => {
    const { data, media } = makeHome();
    const file = makeClip(path.join(media, 'Harbour at dawn (2019).mp4'), { seconds: 2, size: '320x180', sound: true });
    const original = sha256(file);
    const server = await serve(data, TINY);
    const page = await openPage();
    await page.goto(`${server.url}/#setup=${server.setup}`);
    const places = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');

    await page.getByRole('button', { name: /^Use this computer/ }).click();
    await page.getByRole('textbox', { name: 'Path' }).fill(media);
    await page.keyboard.press('Enter');
    await page.getByText('1 video directly in this folder').waitFor();
    await page.getByRole('button', { name: 'Use this folder' }).click();

    await page.getByText('Videos to convert').waitFor();
    // Other pages have nothing to show before the first run is over.
    expect(await places.allInnerTexts()).toEqual(['Setup', 'Settings']);
    await page.getByText(/the original goes into a vault .* where it stays until you purge it/).waitFor();
    expect(await page.getByRole('switch', { name: /^Testing mode/ }).isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Make a sample' }).click();
    await page.getByText(/Whole video: roughly/).waitFor();
    await compared(page);
    expect(sha256(file)).toBe(original);
    // The folder is this install's now, and holds nothing else that is new.
    expect(filesIn(media)).toEqual(['.flotilla/owner.json', 'Harbour at dawn (2019).mp4']);

    await page.getByRole('button', { name: 'Start converting' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await places.filter({ hasText: 'Library' }).waitFor();
    await page.getByText('Idle. 1 video converted.').waitFor({ timeout: 60_000 });
    const result = path.join(media, 'Harbour at dawn (2019).mkv');
    expect(probe(result).streams.map((stream) => stream.codec_name)).toEqual(['av1', 'opus']);

    await page.getByRole('button', { name: 'Harbour at dawn (2019).mkv' }).click();
    const drawer = page.getByRole('dialog', { name: 'Harbour at dawn (2019).mkv' });
    await drawer.getByText('320x180 H.264 24 fps').waitFor();
    await compared(page);
    await drawer.getByRole('slider', { name: 'Divider between source and result' }).press('Home');
    await drawer.getByText('Converted on').waitFor();
    await drawer.getByRole('button', { name: 'Command and log' }).click();
    await drawer
      .getByText(/libsvtav1/)
      .first()
      .waitFor();
    // Pictures that are loaded ahead are of a result that is about to go.
    await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
    await drawer.getByRole('button', { name: 'Restore original' }).click();
    await page
      .getByRole('dialog', { name: /^Restore original \(/ })
      .getByRole('button', { name: 'Restore original' })
      .click();
    await page.getByText('Original restored.').waitFor();
    // The video has its own name again, and so has the drawer.
    await page
      .getByRole('region', { name: 'Timeline' })
      .getByText(/^Restored /)
      .waitFor();
    expect(sha256(file)).toBe(original);
  });

  it('cannot use the set-up address twice', async () => {
    const { data } = makeHome();
    const server = await serve(data);
    const first = await openPage();
    await first.goto(`${server.url}/#setup=${server.setup}`);
    await first.getByRole('heading', { name: 'Welcome to Flotilla' }).waitFor();
    expectComplaints(/401/);
    const second = await openPage();
    await second.goto(`${server.url}/#setup=${server.setup}`);
    await second.getByText(/This link has expired or was already used/).waitFor();
    expect(second.url()).not.toContain('setup');
  });

  it('learns what is wrong with a folder that cannot be used', async () => {
    const { data } = makeHome();
    const server = await serve(data);
    await server.call('setup.set', { role: 'alone' });
    const page = await openPage();
    await page.goto(`${server.url}/welcome#token=${server.token}`);
    await page.getByRole('textbox', { name: 'Path' }).fill('/no/such/folder');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('alert').getByText('/no/such/folder').waitFor();
    expect(await page.getByRole('button', { name: 'Use this folder' }).isDisabled()).toBe(true);
  });

  it('goes back by the steps and by the browser, takes several folders, and sees what each video would become', async () => {
    const { data, media } = makeHome();
    const series = path.join(path.dirname(media), 'series');
    makeClip(path.join(media, 'Islands.mp4'));
    makeClip(path.join(series, 'Tides S01E01.mp4'), { options: ['-timecode', '01:00:00:00'] });
    const server = await serve(data, TINY);
    const page = await openPage();
    await page.goto(`${server.url}/#setup=${server.setup}`);
    await page.getByRole('button', { name: /^Use this computer/ }).click();
    await page.getByRole('heading', { name: 'Where are your videos?' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Welcome to Flotilla' }).waitFor();
    await page.goForward();
    await page.getByRole('navigation', { name: 'Steps' }).getByRole('link', { name: 'How to use it' }).click();
    await page.getByRole('button', { name: /^Use this computer.*Recommended$/ }).click();

    const open = async (folder: string) => {
      await page.getByRole('textbox', { name: 'Path' }).fill(folder);
      await page.keyboard.press('Enter');
      await page.getByText('1 video directly in this folder').waitFor();
    };
    await open(media);
    await page.getByRole('button', { name: 'Add and choose another' }).click();
    await page.getByRole('list', { name: 'Chosen folders' }).getByText(media).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await open(series);
    await page.getByRole('button', { name: 'Use this folder' }).click();
    await page.waitForURL(/library=1,2/);
    for (const name of ['Islands.mp4', 'Tides S01E01.mp4']) {
      const row = page.getByRole('listitem').filter({ has: page.getByRole('button', { name }) });
      await row.getByText(/→ about .* \(−\d+%\)/).waitFor();
    }
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Start converting' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    expect((await server.call('library.list')).map(({ held }) => held)).toEqual([false, false]);
  });

  it('has to set a password first where others could come', async () => {
    const { data } = makeHome();
    const server = await serve(data, ['--listen', '0.0.0.0']);
    const page = await openPage();
    await page.goto(`http://127.0.0.1:${new URL(server.url).port}/#setup=${server.setup}`);
    await page.getByText(/^First, set a password/).waitFor();
  });
});
