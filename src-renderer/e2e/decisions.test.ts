/** What only a user can decide: each has its one next step at hand. */
import { renameSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import {
  type LeadingServer,
  lead,
  makeClip,
  makeHome,
  serve,
  slowEncodes,
  TINY,
  until,
} from '../../src-main/test/helpers.ts';
import { enter, expectComplaints } from './browser.ts';

const home = makeHome();
let server: LeadingServer;
let library: number;
beforeAll(async () => {
  makeClip(path.join(home.media, 'Harbour.mp4'), { seconds: 60 });
  server = await lead(home.data, TINY, { env: slowEncodes().env });
  await server.call('setup.set', { role: 'lead', complete: true });
  ({ id: library } = (await server.call('library.add', { path: home.media, hold: true })).library);
  await server.call('library.scan', { library });
});

it('a folder that waits for a word is looked at, and a sample of it is stopped', async () => {
  const page = await enter(server);
  await page.getByRole('link', { name: 'See what it would bring' }).click();
  await page.getByRole('button', { name: 'Make a sample' }).click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Make a sample' }).waitFor();
  await server.call('library.release', { library });
});

it('what runs is stopped as well, after all', async () => {
  const page = await enter(server, '/queue');
  await until(async () => expect((await server.call('queue.summary')).running).toHaveLength(1));
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem', { name: /^Finish the current films/ }).click();
  await page.getByRole('button', { name: 'Stop what runs too' }).click();
  await until(async () => expect((await server.call('queue.summary')).held).toBe(true));
  await page.getByRole('button', { name: 'Stop what runs too' }).waitFor({ state: 'detached' });
});

it('a library whose folder was away goes on when it is back', async () => {
  renameSync(home.media, `${home.media}-away`);
  await server.call('library.scan', { library }).catch(() => undefined);
  const page = await enter(server);
  const next = page.getByRole('button', { name: 'Look again and go on' });
  await next.waitFor();
  renameSync(`${home.media}-away`, home.media);
  await next.click();
  await next.waitFor({ state: 'detached' });
  expect((await server.call('library.list'))[0]?.paused).toBeNull();
});

it('a computer that asks to join is refused', async () => {
  const other = await serve(makeHome().data, ['--name', 'attic', '--lan-port', '0', ...TINY]);
  await other.call('master.join', { address: server.lan });
  const page = await enter(server, '/workers');
  await page.getByRole('button', { name: 'Refuse' }).click();
  await until(async () => expect(await server.call('pair.list')).toEqual([]));
  await until(async () => expect((await other.call('master.get'))?.state).toBe('stopped'));
});

it('a view is kept under a name, and deleted', async () => {
  const page = await enter(server, '/library?state=done');
  await page.getByRole('button', { name: 'Saved views' }).click();
  await page.getByRole('textbox', { name: 'Name of the view' }).fill('What is done');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'What is done' }).waitFor();
  await page.getByRole('button', { name: 'Delete the view What is done' }).click();
  await page.getByRole('menuitem', { name: 'What is done' }).waitFor({ state: 'detached' });
});

it('a damaged video is converted as far as it can be read, after a word on what would be lost', async () => {
  const { data, media } = makeHome();
  truncateSync(makeClip(path.join(media, 'Pier.mkv'), { seconds: 8 }), 40_000);
  const own = await serve(data, TINY);
  await own.call('setup.set', { role: 'alone', complete: true });
  const added = await own.call('library.add', { path: media });
  await own.call('library.scan', { library: added.library.id });
  const film = async () => (await own.call('file.page', {})).files[0];
  await until(async () => expect(await film()).toMatchObject({ state: 'skipped', code: 'damaged' }));
  // Where it is cut off there is no picture, and while it is replaced neither.
  expectComplaints(/\/frames\/(source|result)\//);
  const page = await enter(own, `/library?file=${(await film())?.id}`);
  await page.getByRole('button', { name: 'Convert anyway…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Convert Pier.mkv although it is damaged?' });
  await dialog.getByText(/^The file is cut off: it says it is 8.0 s long but ends after \d/).waitFor();
  await dialog.getByRole('button', { name: 'Convert anyway' }).click();
  await until(async () => expect(await film()).toMatchObject({ state: 'done', path: 'Pier.mkv' }));
});
