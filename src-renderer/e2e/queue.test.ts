/** The order of the queue, changed by hand. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { type Server, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, seriousFindings } from './browser.ts';

const NAMES = ['First', 'Second', 'Third', 'Fourth'];
const HOUR_MS = 3_600_000;

let server: Server;
beforeAll(async () => {
  const { data, media } = makeHome();
  for (const [index, name] of NAMES.entries()) {
    makeClip(path.join(media, `${name}.mp4`), {
      seconds: 1 + index,
      modified: new Date(Date.now() - (9 - index) * HOUR_MS),
    });
  }
  // An order that is set at startup can't be chosen on the page.
  server = await serve(data, TINY, { env: { FILE_ORDER: '' } });
  await server.call('settings.set', { values: { fileOrder: 'oldest' } });
  await server.call('setup.set', { role: 'alone', complete: true });
  await server.call('queue.pause');
  const { library } = await server.call('library.add', { path: media });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.list')).total).toBe(NAMES.length));
});

const handle = (page: Page, name: string) => page.getByRole('button', { name: `Move ${name}.mp4`, exact: true });
const shown = (page: Page) =>
  page
    .locator('ol > li')
    .allInnerTexts()
    .then((texts) => texts.map((text) => NAMES.find((name) => text.includes(`${name}.mp4`))));
/** The page and the master agree on an order. */
async function expectOrder(page: Page, names: string[]): Promise<void> {
  await until(async () => {
    const { files } = await server.call('queue.list');
    expect(files.map((file) => path.parse(file.path).name)).toEqual(names);
    expect(await shown(page)).toEqual(names);
  });
}

describe('the queue', () => {
  it('is shown in its order, and is put into another by a setting', async () => {
    const page = await enter(server, '/queue');
    await expectOrder(page, ['First', 'Second', 'Third', 'Fourth']);
    await page.getByRole('combobox', { name: 'Queue order' }).click();
    await page.getByRole('option', { name: 'Newest first' }).click();
    await expectOrder(page, ['Fourth', 'Third', 'Second', 'First']);
    await page.getByRole('combobox', { name: 'Queue order' }).click();
    await page.getByRole('option', { name: 'Oldest first' }).click();
    await expectOrder(page, ['First', 'Second', 'Third', 'Fourth']);
  });

  it('takes a video to the top, by mouse to another place, and by keyboard to the end', async () => {
    const page = await enter(server, '/queue');
    await expectOrder(page, ['First', 'Second', 'Third', 'Fourth']);
    await page.getByRole('button', { name: 'Move Third.mp4 to top' }).click();
    await expectOrder(page, ['Third', 'First', 'Second', 'Fourth']);

    const from = await handle(page, 'Fourth').boundingBox();
    const to = await handle(page, 'First').boundingBox();
    if (!from || !to) throw new Error('the handles are not in sight');
    await page.mouse.move(from.x + 8, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(to.x + 8, to.y + 8, { steps: 12 });
    await page.mouse.up();
    await expectOrder(page, ['Third', 'Fourth', 'First', 'Second']);

    await handle(page, 'Fourth').focus();
    await page.keyboard.press('Space');
    const { files } = await server.call('queue.list');
    const atEnd = page.getByText(`over droppable area ${files.at(-1)?.id}.`);
    // An arrow is lost that comes before the video has been picked up; one too many finds no further place.
    await until(async () => {
      await page.keyboard.press('ArrowDown');
      expect(await atEnd.count()).toBe(1);
    });
    await page.keyboard.press('Space');
    await expectOrder(page, ['Third', 'First', 'Second', 'Fourth']);
  });

  it('shows which videos all computers are wanted on, and takes it back', async () => {
    const { files } = await server.call('queue.list');
    const file = files.find(({ path: place }) => place === 'Second.mp4');
    await server.call('file.allComputers', { files: [file?.id] });
    const page = await enter(server, '/queue');
    const undo = page.getByRole('button', { name: 'Stop using all computers on Second.mp4' });
    await undo.waitFor();
    await page.getByRole('button', { name: 'Actions for Second.mp4' }).click();
    await page.getByRole('menuitem', { name: 'Stop using all computers' }).waitFor();
    await page.keyboard.press('Escape');
    await undo.click();
    await undo.waitFor({ state: 'detached' });
    expect((await server.call('queue.list')).files.filter(({ allComputers }) => allComputers)).toEqual([]);
  });

  it('is searched, moved many at a time, shows what was moved, and takes it back', async () => {
    const page = await enter(server, '/queue');
    await page.getByRole('button', { name: 'Reset order' }).click();
    await expectOrder(page, ['First', 'Second', 'Third', 'Fourth']);
    await page.getByRole('checkbox', { name: 'Select First.mp4' }).click();
    await page.getByRole('checkbox', { name: 'Select Second.mp4' }).click({ modifiers: ['Shift'] });
    const bar = page.getByRole('toolbar', { name: 'Selected videos' });
    await bar.getByText('2 videos selected').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await bar.getByRole('button', { name: 'To bottom' }).click();
    await expectOrder(page, ['Third', 'Fourth', 'First', 'Second']);

    await page.getByRole('button', { name: 'Unpin First.mp4' }).click();
    await expectOrder(page, ['First', 'Third', 'Fourth', 'Second']);
    await page.getByRole('button', { name: 'Reset order' }).click();
    await expectOrder(page, ['First', 'Second', 'Third', 'Fourth']);
    expect(await page.getByRole('button', { name: /^Unpin/ }).count()).toBe(0);

    await page.getByRole('textbox', { name: 'Search the queue' }).fill('thir');
    await until(async () => expect(await shown(page)).toEqual(['Third']));
    await page.getByRole('textbox', { name: 'Search the queue' }).fill('nothing of the kind');
    await page.getByText('No queued videos match.').waitFor();
  });
});
