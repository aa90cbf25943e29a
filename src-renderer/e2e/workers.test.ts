/** Computers are paired on their own screens, and work together on one video. */
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { slowEncodes, wrap } from '../../src-main/test/support/ffmpeg.ts';
import * as fleet from '../../src-main/test/support/fleet.ts';
import { lead, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, openPage, seriousFindings } from './browser.ts';

it('a computer joins by six digits on both screens, is paused, and is removed', async () => {
  const master = await lead(makeHome().data, TINY);
  const other = await serve(makeHome().data, ['--name', 'attic', '--lan-port', '0', ...TINY]);
  await master.call('setup.set', { role: 'lead', complete: true });
  const [here, there] = [await enter(master), await openPage()];
  await there.goto(`${other.url}/#setup=${other.setup}`);

  await there.getByRole('button', { name: /^Join a master/ }).click();
  await there.getByRole('textbox', { name: 'Address of the master' }).fill(master.lan);
  await there.getByRole('button', { name: 'Join', exact: true }).click();
  const digits = await there.getByRole('status', { name: 'Six digits to compare' }).textContent();
  expect(digits).toMatch(/^\d{3} \d{3}$/);
  expect(await seriousFindings(there)).toEqual([]);

  // The request is wherever its user may look: on the dashboard, beside the name of the page, and in the dialog that announces it.
  const asking = (place: Page | Locator) => place.getByRole('listitem').filter({ hasText: 'attic asks to join' });
  await asking(here.getByRole('region', { name: 'Needs attention' }))
    .getByText(digits ?? '')
    .waitFor();
  await here.getByRole('link', { name: 'Needs attention 1' }).waitFor();
  expect(await seriousFindings(here)).toEqual([]);
  await here.getByRole('link', { name: 'Workers 1 join request' }).click();
  await asking(here)
    .getByText(digits ?? '')
    .waitFor();
  await here.getByRole('button', { name: 'Add a computer' }).click();
  const dialog = here.getByRole('dialog', { name: 'Add a computer' });
  await asking(dialog)
    .getByText(digits ?? '')
    .waitFor();
  expect(await seriousFindings(here)).toEqual([]);
  await asking(dialog).getByRole('button', { name: 'Approve' }).click();
  await there.getByText('This computer converts videos for this master.').waitFor();
  await here.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  const card = here.getByRole('article', { name: 'attic' });
  await card.getByText('Idle').waitFor();

  await card.getByRole('button', { name: 'Actions for attic' }).click();
  await here.getByRole('menuitem', { name: 'Settings' }).click();
  const settings = here.getByRole('dialog', { name: 'Settings of attic' });
  await settings.getByRole('textbox', { name: 'Videos at a time' }).fill('2');
  expect(await seriousFindings(here)).toEqual([]);
  await settings.getByRole('button', { name: 'Save' }).click();
  await until(async () => {
    const worker = (await master.call('worker.list')).find(({ name }) => name === 'attic');
    expect(worker?.settings).toMatchObject({ jobs: 2, bandwidth: null, schedule: null });
  });

  await card.getByRole('button', { name: 'Actions for attic' }).click();
  await here.getByRole('menuitem', { name: 'Pause now' }).click();
  await card.getByText(/^Paused/).waitFor();
  await card.getByRole('button', { name: 'Actions for attic' }).click();
  await here.getByRole('menuitem', { name: 'Remove' }).click();
  await here.getByRole('button', { name: 'Remove attic' }).click();
  await card.waitFor({ state: 'detached' });
  await there
    .locator('#page')
    .getByText(/doesn't know this computer/)
    .waitFor();
  await there.getByRole('button', { name: 'Choose another master' }).click();
  await there.getByRole('textbox', { name: 'Address of the master' }).waitFor();
});

it('a computer that works alone leads others at a click, and shows how they join', async () => {
  const server = await serve(makeHome().data, ['--name', 'nas', '--lan-port', '0', ...TINY]);
  const page = await enter(server, '/workers');
  await page.getByRole('button', { name: 'Add a computer' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a computer' });
  await dialog.getByRole('button', { name: 'Lead other computers' }).click();
  // On the computer itself, neither its display name nor what only it can reach is an address for others.
  await dialog.getByText(/enter the address/).waitFor();
  const { address, lanPort } = await server.call('hello');
  expect(address).not.toMatch(/^(nas|localhost|127\..*)$/);
  await dialog.getByText(`enter the address ${address}:${lanPort}.`).waitFor();
  await dialog.getByRole('button', { name: 'Create join token' }).click();
  await dialog.getByText(/^flotilla worker --master \S+:\d+ --token [\w-]{64}$/).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

const CHUNKS = /^\d+ of \d+ chunks on 2 computers$/;

it.skipIf(process.platform === 'win32')(
  'a computer that encodes parts of a video that another one converts is seen on its card, in the queue, and in the drawer',
  async () => {
    const chunks = { FLOTILLA_CHUNKS: '2' };
    const home = makeHome();
    const options = ['-preset', 'veryfast', '-x264-params', 'keyint=24:min-keyint=24:scenecut=0'];
    makeClip(path.join(home.media, 'Night ferry.mkv'), { seconds: 60, options });
    const master = await fleet.lead(home, { env: { ...slowEncodes().env, ...chunks } });
    await master.call('setup.set', { role: 'lead', complete: true });
    await master.call('worker.resume', { worker: 'master' });
    const { library } = await master.call('library.add', { path: master.media });
    await master.call('library.scan', { library: library.id });
    await fleet.inStage(master, 'master', 'encoding');
    const { PATH } = wrap('ffmpeg', '[ $encode = 1 ] && exec sleep 600\nexec "$REAL" "$@"');
    await fleet.join(master, 'attic', { env: { PATH, ...chunks } });

    const page = await enter(master, '/workers');
    await page.getByRole('article', { name: 'attic' }).getByText('Helps master with Night ferry.mkv').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    const own = page.getByRole('article', { name: 'master' });
    await own.getByText(CHUNKS).waitFor();
    expect(await own.getByText(/^Helps /).count()).toBe(0);

    await page.getByRole('link', { name: /^Queue/ }).click();
    await page.getByText(CHUNKS).waitFor();
    await page.getByText('Night ferry.mkv').first().click();
    await page.getByRole('dialog').getByText(CHUNKS).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  },
);
