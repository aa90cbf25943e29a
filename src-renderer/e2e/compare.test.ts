/** The comparison of a video before and after: both halves always show the same place. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, seriousFindings } from './browser.ts';

let server: Server;
let file: number;
beforeAll(async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, 'Harbour at dawn.mp4'), { seconds: 2, size: '320x180' });
  // As a new user has it: what is converted here falls back to the table, as the video is too short for samples.
  server = await serve(data, TINY, { env: { QUALITY: '' } });
  await server.call('setup.set', { role: 'alone', complete: true });
  const { library } = await server.call('library.add', { path: media, hold: true });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.summary')).counts.queued).toBe(1));
  const [found] = (await server.call('file.page')).files;
  file = found?.id ?? 0;
  await server.call('file.sample', { file, seconds: 1 });
  await server.call('library.release', { library: library.id });
  await until(async () => expect((await server.call('queue.summary')).counts.done).toBe(1), 200_000);
}, 280_000);

const open = (): Promise<Page> => enter(server, `/library?file=${file}`);
const picture = (page: Page, side: string, position: number) =>
  page.getByRole('img', { name: `${side}, position ${position}` });

describe('comparing a video with its source', () => {
  it('changes both halves together, and says that it is loading until then', async () => {
    const page = await open();
    await picture(page, 'Result', 3).waitFor();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/frames\/result\/0\.jpg/, async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('radio', { name: 'Position 1, 0:00.2' }).click();
    await page.getByRole('status', { name: 'Loading pictures' }).waitFor();
    await picture(page, 'Source', 3).waitFor();
    expect(await picture(page, 'Source', 1).count()).toBe(0);
    release();
    await picture(page, 'Result', 1).waitFor();
    expect(await picture(page, 'Source', 1).isVisible()).toBe(true);
    expect(await picture(page, 'Source', 3).count()).toBe(0);
    await page.getByRole('status', { name: 'Loading pictures' }).waitFor({ state: 'hidden' });
  });

  it('loads the next position ahead', async () => {
    const page = await open();
    const ahead = page.waitForRequest(/frames\/result\/3\.jpg/);
    await picture(page, 'Result', 3).waitFor();
    await ahead;
  });

  it('switches sides and shows the difference by keys, and shows every pixel', async () => {
    const page = await open();
    await picture(page, 'Result', 3).waitFor();
    const modes = page.getByRole('radiogroup', { name: 'Comparison' });
    for (const [key, mode] of [
      ['x', 'Source'],
      ['x', 'Result'],
      ['d', 'Difference'],
      ['d', 'Divider'],
    ] as const) {
      await page.keyboard.press(key);
      await until(async () => expect(await modes.getByRole('radio', { name: mode }).isChecked()).toBe(true));
    }
    await page.getByRole('radiogroup', { name: 'Zoom' }).getByText('4×').click();
    await until(async () => expect((await picture(page, 'Result', 3).boundingBox())?.width).toBe(1280));
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('hides which side is which until the user says which looks better', async () => {
    const page = await open();
    await picture(page, 'Result', 3).waitFor();
    await page.keyboard.press('b');
    const label = (name: string) => page.getByText(name, { exact: true });
    await label('A').waitFor();
    const place = await label('A').boundingBox();
    await page.keyboard.press('x');
    await label('B').waitFor();
    expect((await label('B').boundingBox())?.x).toBe(place?.x);
    await page.getByRole('button', { name: 'B looks better' }).click();
    await page.getByText(/^A was the (source, B the result|result, B the source)\./).waitFor();
    // A CRF by the table says nothing of the quality that is asked for.
    expect(await server.call('file.votes')).toMatchObject({ source: 0, result: 0, same: 0, suggestion: null });
    await page.getByRole('button', { name: 'Next position' }).click();
    await page.getByRole('button', { name: 'No difference' }).waitFor();
    await label('A').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('claims no result for a video whose original was restored, and suggests a quality by votes on its sample', async () => {
    await server.call('vault.restore', { all: true });
    const page = await open();
    await picture(page, 'Result', 3).waitFor();
    await page.getByText(/^Sample \(\d s\) /).waitFor();
    await page.getByText('The video itself is unchanged.').waitFor();
    expect(
      await page
        .getByRole('dialog')
        .getByText(/^Result \d/)
        .count(),
    ).toBe(0);

    // A sample is judged by the quality that is asked for now.
    await server.call('settings.set', { values: { quality: 'balanced' } });
    for (const position of [0, 1, 3, 4]) await server.call('file.vote', { file, position, verdict: 'same' });
    await page.keyboard.press('b');
    await page.getByRole('button', { name: 'No difference' }).click();
    await page.getByText(/^5 votes at “Balanced”: .*“Small files” may suit you better/).waitFor();
    await page.getByRole('link', { name: 'Setting: Quality' }).waitFor();
  });
});
