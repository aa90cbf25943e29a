/** From the set-up address to the first converted film, and back to the original, by clicks alone. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { filesIn, makeClip, makeHome, probe, serve, sha256, TINY, until } from '../../src-main/test/helpers.ts';
import { expectComplaints, openPage } from './browser.ts';

/** Both pictures of a comparison are shown, in the size of the film. */
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
  it('converts a film by clicks alone, compares it, and takes the original back', async () => {
    const { data, media } = makeHome();
    const film = makeClip(path.join(media, 'Harbour at dawn (2019).mp4'), { seconds: 2, size: '320x180' });
    const original = sha256(film);
    const server = await serve(data, TINY);
    const page = await openPage();
    await page.goto(`${server.url}/#setup=${server.setup}`);

    await page.getByRole('button', { name: /^Use this computer/ }).click();
    await page.getByRole('textbox', { name: 'Path' }).fill(media);
    await page.keyboard.press('Enter');
    await page.getByText('1 film directly in here').waitFor();
    await page.getByRole('button', { name: 'Use this folder' }).click();

    await page.getByText('Films to convert').waitFor();
    await page.getByText(/the original goes into a vault .* where it stays until you purge it/).waitFor();
    expect(await page.getByRole('switch', { name: /^Testing mode/ }).isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Make a sample' }).click();
    await page.getByText(/The whole film: roughly/).waitFor();
    await compared(page);
    expect(sha256(film)).toBe(original);
    // The folder is this install's now, and holds nothing else that is new.
    expect(filesIn(media)).toEqual(['.flotilla/owner.json', 'Harbour at dawn (2019).mp4']);

    await page.getByRole('button', { name: 'Start converting' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await page.getByText('All quiet: 1 film done.').waitFor({ timeout: 60_000 });
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
    await drawer.getByRole('button', { name: 'Take back the original' }).click();
    await page
      .getByRole('dialog', { name: /^Take back the original, / })
      .getByRole('button', { name: 'Take back' })
      .click();
    await page.getByText('The original is back in its place.').waitFor();
    expect(sha256(film)).toBe(original);
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
    await second.getByText(/This address has been used already/).waitFor();
    expect(second.url()).not.toContain('setup');
  });

  it('is told what is wrong with a folder that cannot be used', async () => {
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
});
