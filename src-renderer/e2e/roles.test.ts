/** A computer finds its role on its own screen, works for a master, and takes it all back. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { slowEncodes } from '../../src-main/test/support/ffmpeg.ts';
import { lead, serve } from '../../src-main/test/support/server.ts';
import { makeHome, tempFolder } from '../../src-main/test/support/temp.ts';
import { until } from '../../src-main/test/support/wait.ts';
import { enter, PHONE, seriousFindings } from './browser.ts';

const TERMS = '150,20000,60000,300';

it('a computer joins in its settings, shows what it does and why it waits, and leaves', async () => {
  const home = makeHome();
  const master = await lead(home.data, ['--listen', '0.0.0.0', ...TINY], { env: { FLOTILLA_TERMS: TERMS } });
  await master.call('worker.pause', { worker: 'nas' });
  const file = path.join(tempFolder(), 'signals.json');
  const tell = (signals: object) => {
    writeFileSync(`${file}.part`, JSON.stringify(signals));
    renameSync(`${file}.part`, file);
  };
  tell({ onBattery: false, cpuCelsius: 50 });
  const env = { ...slowEncodes().env, FLOTILLA_SIGNALS: file, FLOTILLA_TERMS: TERMS };
  const other = await serve(makeHome().data, ['--name', 'attic', ...TINY], { env });

  const there = await enter(other, '/settings/role');
  const main = there.locator('#page');
  await main.getByText(/attic doesn't accept workers/).waitFor();
  await there.getByRole('textbox', { name: 'Address of the master' }).fill(master.lan);
  await there.getByRole('button', { name: 'Join', exact: true }).click();
  const digits = await there.getByRole('status', { name: 'Six digits to compare' }).textContent();
  await master.call('pair.approve', { code: (digits ?? '').replace(' ', '') });
  await main.getByText('This computer converts videos for this master.').waitFor();
  expect(await seriousFindings(there)).toEqual([]);

  // It has no videos of its own: what it does for its master is what it shows first.
  await there.goto(other.url);
  await there.getByRole('heading', { level: 1, name: 'This computer' }).waitFor();
  await main.getByText('Waiting for work from nas.').waitFor();
  expect(await there.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts()).toEqual([
    'This computer',
    'Settings',
  ]);
  const { port } = new URL(master.url);
  expect(await there.getByRole('link', { name: 'Open nas' }).getAttribute('href')).toBe(`http://127.0.0.1:${port}/`);

  makeClip(path.join(home.media, 'Harbour at dawn.mp4'), { seconds: 90 });
  const { library } = await master.call('library.add', { path: home.media });
  await master.call('library.scan', { library: library.id });
  const row = there.getByRole('listitem').filter({ hasText: 'Harbour at dawn.mp4' });
  await row.getByText(/^Encoding/).waitFor();

  tell({ onBattery: true, cpuCelsius: 50 });
  await main.getByText('Waiting: on battery.').waitFor();
  await row.getByText('Encoding · suspended').waitFor();
  const here = await enter(master, '/queue');
  await here.getByText('waiting: on battery', { exact: true }).waitFor();
  await here.goto(`${master.url}/workers`);
  await here.getByRole('article', { name: 'attic' }).getByText('Waiting: on battery.').waitFor();
  for (const options of [{ colorScheme: 'dark' }, { viewport: PHONE, colorScheme: 'light' }] as const) {
    const page = await enter(other, '/this-computer', options);
    await page.getByRole('switch', { name: 'On battery' }).waitFor();
    const width = await page.evaluate(() => document.querySelector('main')?.scrollWidth ?? 0);
    expect(width).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
    expect(await seriousFindings(page)).toEqual([]);
  }

  // What it cannot detect is no rule; what is no rule anymore does not pause it.
  expect(await there.getByRole('switch', { name: 'While the computer is in use' }).isDisabled()).toBe(true);
  await there.getByRole('switch', { name: 'When the CPU is hot' }).click();
  await there.getByRole('textbox', { name: 'Maximum temperature (°C)' }).fill('90');
  await there.getByRole('switch', { name: 'On battery' }).click();
  await there.getByRole('button', { name: 'Save' }).click();
  await until(async () => {
    const view = (await master.call('worker.list')).find(({ name }) => name === 'attic');
    expect(view?.settings.rules).toMatchObject({ battery: false, celsius: 90, running: 'hold' });
  });
  await main.getByText('Working for nas.').waitFor();

  await there.getByRole('button', { name: 'Pause' }).click();
  await there.getByRole('menuitem', { name: /^Pause now/ }).click();
  await main.getByText('Paused by you.').first().waitFor();
  await here.getByRole('article', { name: 'attic' }).getByText('Paused on that computer.').waitFor();
  await there.getByRole('button', { name: 'Resume', exact: true }).click();
  await main.getByText('Working for nas.').waitFor();

  await there.getByRole('button', { name: 'Leave nas' }).click();
  const asked = there.getByRole('dialog', { name: 'Leave nas?' });
  await asked.getByText(/gives back its current work/).waitFor();
  await asked.getByRole('button', { name: 'Leave nas' }).click();
  await there.getByRole('heading', { level: 1, name: 'Welcome to Flotilla' }).waitFor();
  await until(async () => expect((await master.call('queue.summary')).running).toEqual([]));

  await here.goto(`${master.url}/settings/role`);
  await here.getByText(/^nas leads 1 other computer/).waitFor();
  // It was started with --lead, which only a start without it ends.
  expect(await here.getByRole('button', { name: 'Stop leading' }).isDisabled()).toBe(true);
});

it('a computer begins to lead and ends it, and says what that means for others', async () => {
  const server = await serve(makeHome().data, ['--name', 'nas', '--lan-port', '0', ...TINY]);
  await server.call('setup.set', { role: 'alone', complete: true });
  const page = await enter(server, '/settings/role');
  await page.getByRole('button', { name: 'Lead other computers' }).click();
  await page.getByText(/^nas leads no other computers yet and accepts workers on port \d+/).waitFor();
  const { lanPort } = await server.call('hello');
  await page.getByRole('button', { name: 'Stop leading' }).click();
  const asked = page.getByRole('dialog', { name: 'Stop leading other computers?' });
  await asked.getByText(`Port ${lanPort} closes.`).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await asked.getByRole('button', { name: 'Stop leading' }).click();
  await page.getByText(/^nas doesn't accept workers/).waitFor();
  expect(await server.call('setup.get')).toMatchObject({ role: 'alone' });
  expect((await server.call('hello')).lanPort).toBeNull();
});
