/** What only a user can decide: each has its one next step at hand. */
import { linkSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { slowEncodes } from '../../src-main/test/support/ffmpeg.ts';
import { type LeadingServer, lead, serve } from '../../src-main/test/support/server.ts';
import { makeHome } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
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

it('a folder that waits for approval is previewed, and a sample of it is stopped', async () => {
  const page = await enter(server);
  await page.getByRole('link', { name: 'Preview' }).waitFor();
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name: /^Queue/ })
    .click();
  await page.getByText('1 video on hold', { exact: true }).waitFor();
  expect(await page.getByText('The queue is empty').count()).toBe(0);
  await page.getByRole('link', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Make a sample' }).click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Make a sample' }).waitFor();
  await server.call('library.release', { library });
});

it('running conversions are paused as well, after all', async () => {
  const page = await enter(server, '/queue');
  await until(async () => expect((await server.call('queue.summary')).running).toHaveLength(1));
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem', { name: /^Finish current videos/ }).click();
  await page.getByRole('button', { name: 'Pause running conversions too' }).click();
  await until(async () => expect((await server.call('queue.summary')).held).toBe(true));
  await page.getByRole('button', { name: 'Pause running conversions too' }).waitFor({ state: 'detached' });
});

it('a library whose folder was away resumes when it is back', async () => {
  renameSync(home.media, `${home.media}-away`);
  await server.call('library.scan', { library }).catch(() => undefined);
  const page = await enter(server);
  const next = page.getByRole('button', { name: 'Rescan and resume' });
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
  await page.getByRole('textbox', { name: 'View name' }).fill('What is done');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'What is done' }).waitFor();
  await page.getByRole('button', { name: 'Delete view What is done' }).click();
  await page.getByRole('menuitem', { name: 'What is done' }).waitFor({ state: 'detached' });
});

it('a damaged video is converted as far as it can be read, after saying what would be lost', async () => {
  const { data, media } = makeHome();
  truncateSync(makeClip(path.join(media, 'Pier.mkv'), { seconds: 8 }), 40_000);
  const own = await serve(data, TINY);
  await own.call('setup.set', { role: 'alone', complete: true });
  const added = await own.call('library.add', { path: media });
  await own.call('library.scan', { library: added.library.id });
  const video = async () => (await own.call('file.page', {})).files[0];
  await until(async () => expect(await video()).toMatchObject({ state: 'skipped', code: 'damaged' }));
  // Where it is cut off there is no picture, and while it is replaced neither.
  expectComplaints(/\/frames\/(source|result)\//);
  const page = await enter(own, `/library?file=${(await video())?.id}`);
  await page.getByRole('button', { name: 'Convert anyway…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Convert Pier.mkv anyway?' });
  await dialog.getByText(/^The file is cut off: it says it is 8.0 s long but ends after \d/).waitFor();
  await dialog.getByRole('button', { name: 'Convert anyway' }).click();
  await until(async () => expect(await video()).toMatchObject({ state: 'done', path: 'Pier.mkv' }));
});

describe('Convert anyway', () => {
  it('is not offered for a video whose timestamps jump back, which it could not convert', async () => {
    const { data, media } = makeHome();
    const parts = [1, 2].map((n) => makeClip(path.join(path.dirname(media), `${n}.ts`), { seconds: 4 }));
    // As recordings are that were joined by copying one behind the other.
    writeFileSync(path.join(media, 'Joined.ts'), Buffer.concat(parts.map((part) => readFileSync(part))));
    const own = await serve(data, TINY);
    await own.call('setup.set', { role: 'alone', complete: true });
    const added = await own.call('library.add', { path: media });
    await own.call('library.scan', { library: added.library.id });
    const video = async () => (await own.call('file.page', {})).files[0];
    await until(async () => expect(await video()).toMatchObject({ state: 'skipped', code: 'too-damaged' }));
    expectComplaints(/\/frames\/(source|result)\//);
    const page = await enter(own, `/library?file=${(await video())?.id}`);
    const drawer = page.getByRole('dialog', { name: 'Joined.ts' });
    await drawer
      .getByText(/^The video's timestamps jump back after \d/)
      .first()
      .waitFor();
    await drawer.getByRole('button', { name: 'Actions for Joined.ts' }).click();
    await page.getByRole('menuitem', { name: 'Check again' }).waitFor();
    expect(await page.getByText('Convert anyway').count()).toBe(0);
  });

  it('converts a video that rules skip, says what is lost, leads to the setting, and is not offered where it cannot help', async () => {
    const { data, media } = makeHome();
    const clip = makeClip(path.join(media, 'Quay.mkv'), { sound: true });
    linkSync(clip, path.join(media, 'another name'));
    writeFileSync(path.join(media, 'Notes.mkv'), 'not a video');
    // No result can save this much.
    const own = await serve(data, [...TINY, '--min-savings', '99']);
    await own.call('setup.set', { role: 'alone', complete: true });
    const added = await own.call('library.add', { path: media });
    await own.call('library.scan', { library: added.library.id });
    const video = async (name: string) =>
      (await own.call('file.page', { filter: { search: name } })).files[0] ?? { id: 0, state: null, code: null };
    await until(async () => expect(await video('Quay')).toMatchObject({ state: 'skipped', code: 'hard-linked' }));
    await until(async () => expect(await video('Notes')).toMatchObject({ state: 'skipped' }));
    expectComplaints(/\/frames\/(source|result)\//);

    const page = await enter(own, `/library?file=${(await video('Quay')).id}`);
    const drawer = page.getByRole('dialog', { name: 'Quay.mkv' });
    await drawer.getByRole('link', { name: 'Setting: Skip hard-linked files' }).waitFor();
    await drawer.getByRole('button', { name: 'Convert anyway…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Convert Quay.mkv anyway?' });
    await dialog.getByText('No space is freed while other hard links keep the original.').waitFor();
    await dialog.getByRole('button', { name: 'Convert anyway' }).click();
    await until(async () => expect((await video('Quay')).code).toBe('no-savings'));

    // A selection of one is asked the same; a retry alone would be skipped for the same reason.
    await page.goto(`${own.url}/library?q=Quay`);
    await page.getByRole('checkbox', { name: 'Select Quay.mkv' }).check();
    await page.getByRole('group', { name: 'Selected videos' }).getByRole('button', { name: 'Convert' }).click();
    const selected = page.getByRole('dialog', { name: /^Convert 1 video \(.+\) anyway\?$/ });
    await selected.getByText('A rule skips this video: Hard-linked, No savings.').waitFor();
    await selected.getByText('The converted video can be larger than the original.').waitFor();
    await selected.getByRole('button', { name: 'Convert anyway' }).click();
    await until(async () => expect((await video('Quay')).code).toBe(null));
    // However large the result is, it is verified to take the original's place.
    await until(async () => {
      const [running] = (await own.call('queue.summary')).running;
      expect([running?.progress.stage, (await video('Quay')).state]).toSatisfy(
        ([stage, state]) => stage === 'checking' || state === 'done',
      );
    });

    await page.goto(own.url);
    await page.getByText('1 video is damaged or unreadable, so it is skipped.').waitFor();
    await page
      .getByText(/free of/)
      .first()
      .waitFor();
    await page.goto(`${own.url}/library?file=${(await video('Notes')).id}`);
    const other = page.getByRole('dialog', { name: 'Notes.mkv' });
    await other.getByRole('button', { name: /^Actions for/ }).click();
    await page.getByRole('menuitem', { name: 'Check again' }).waitFor();
    expect(await other.getByRole('button', { name: 'Convert anyway…' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Actions for Notes.mkv');
  });
});
