/** A computer finds its role on its own screen, works for a master, and takes it all back. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { lead, makeClip, makeHome, serve, slowEncodes, TINY, tempFolder, until } from '../../src-main/test/helpers.ts';
import { enter, PHONE, seriousFindings } from './browser.ts';

vi.setConfig({ testTimeout: 300_000 });

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
  await main.getByText(/attic does not lead/).waitFor();
  await there.getByRole('textbox', { name: 'Address of the master' }).fill(master.lan);
  await there.getByRole('button', { name: 'Join', exact: true }).click();
  const digits = await there.getByRole('status', { name: 'Six digits to compare' }).textContent();
  await master.call('pair.approve', { code: (digits ?? '').replace(' ', '') });
  await main.getByText('This computer converts films for it.').waitFor();
  expect(await seriousFindings(there)).toEqual([]);

  // It has no films of its own: what it does for its master is what it shows first.
  await there.goto(other.url);
  await there.getByRole('heading', { level: 1, name: 'This computer' }).waitFor();
  await main.getByText('It waits for work from nas.').waitFor();
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
  await row.getByText(/^Encoding · [\d.]+ fps · /).waitFor();

  tell({ onBattery: true, cpuCelsius: 50 });
  await main.getByText('Waiting: on battery.').waitFor();
  await row.getByText('Encoding · stands still').waitFor();
  const here = await enter(master, '/queue');
  await here.getByText('Encoding · waiting: on battery · attic').waitFor();
  await here.goto(`${master.url}/workers`);
  await here.getByRole('article', { name: 'attic' }).getByText('Waiting: on battery.').waitFor();
  for (const options of [{ colorScheme: 'dark' }, { viewport: PHONE, colorScheme: 'light' }] as const) {
    const page = await enter(other, '/this-computer', options);
    await page.getByRole('switch', { name: 'Not on battery' }).waitFor();
    const width = await page.evaluate(() => document.querySelector('main')?.scrollWidth ?? 0);
    expect(width).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
    expect(await seriousFindings(page)).toEqual([]);
  }

  // What it cannot tell is no rule; what is no rule any more does not hold it.
  expect(await there.getByRole('switch', { name: 'Not while somebody uses it' }).isDisabled()).toBe(true);
  await there.getByRole('switch', { name: 'Not while its processor is too hot' }).click();
  await there.getByRole('textbox', { name: 'Hottest, in °C' }).fill('90');
  await there.getByRole('switch', { name: 'Not on battery' }).click();
  await there.getByRole('button', { name: 'Save' }).click();
  await until(async () => {
    const view = (await master.call('worker.list')).find(({ name }) => name === 'attic');
    expect(view?.settings.rules).toMatchObject({ battery: false, celsius: 90, running: 'hold' });
  });
  await main.getByText('It works for nas.').waitFor();

  await there.getByRole('button', { name: 'Pause' }).click();
  await there.getByRole('menuitem', { name: /^Pause now/ }).click();
  await main.getByText('Paused by you.').waitFor();
  await here.getByRole('article', { name: 'attic' }).getByText('Paused at that computer.').waitFor();
  await there.getByRole('button', { name: 'Resume' }).click();
  await main.getByText('It works for nas.').waitFor();

  await there.getByRole('button', { name: 'Leave nas' }).click();
  const asked = there.getByRole('dialog', { name: 'Leave nas?' });
  await asked.getByText(/gives back what it converts/).waitFor();
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
  await page.getByText(/^nas leads no other computer yet and awaits more on port \d+/).waitFor();
  const { lanPort } = await server.call('hello');
  await page.getByRole('button', { name: 'Stop leading' }).click();
  const asked = page.getByRole('dialog', { name: 'Stop leading other computers?' });
  await asked.getByText(`Port ${lanPort} closes.`).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await asked.getByRole('button', { name: 'Stop leading' }).click();
  await page.getByText(/^nas does not lead/).waitFor();
  expect(await server.call('setup.get')).toMatchObject({ role: 'alone' });
  expect((await server.call('hello')).lanPort).toBeNull();
});
