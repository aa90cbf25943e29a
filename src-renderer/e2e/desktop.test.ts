/** The desktop program as its user meets it: window, tray, closing, quitting, and what is left behind by any end. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ELECTRON, NO_ELECTRON } from '../../src-main/test/electron.ts';
import {
  filesIn,
  isAlive,
  makeClip,
  makeGate,
  makeHome,
  probe,
  query,
  slowEncodes,
  until,
} from '../../src-main/test/helpers.ts';
import {
  answerDialogs,
  clickTray,
  closeWindow,
  type DesktopApp,
  isShown,
  launch,
  pageOf,
  quit,
  said,
  trayLines,
  watchTray,
  withTray,
} from './desktop.ts';

/** The quickest and smallest encode there is. */
const QUICK = { crf: 63, minSavings: 0, settleMinutes: 0 };

/** Sets the program up and has it convert a folder. */
async function convertFolder(desktop: DesktopApp, media: string): Promise<void> {
  await desktop.call('settings.set', { values: QUICK });
  await desktop.call('setup.set', { role: 'alone', complete: true });
  const { library } = await desktop.call('library.add', { path: media });
  await desktop.call('library.scan', { library: library.id });
}

/** The encodes that run are known to the system by then. */
async function encoding(pids: () => number[], number = 1): Promise<number[]> {
  await until(() => expect(pids().filter(isAlive)).toHaveLength(number));
  return pids();
}

describe.skipIf(!ELECTRON)(`the desktop program (${NO_ELECTRON})`, () => {
  it('converts a film from its first start on, with the extras of a desktop and none of its dangers', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'Night ferry.mp4'), { seconds: 1 });
    const desktop = await launch(data);
    const page = await pageOf(desktop);
    expect(page.url()).not.toContain('token');
    await desktop.call('settings.set', { values: QUICK });

    await answerDialogs(desktop, { folder: media });
    await page.getByRole('button', { name: /^Use this computer/ }).click();
    await page.getByRole('button', { name: 'Choose a folder…' }).click();
    await page.getByText('1 film directly in here').waitFor();
    await page.getByRole('button', { name: 'Use this folder' }).click();
    await page.getByRole('button', { name: 'Start converting' }).click();
    await page.getByText('All quiet: 1 film done.').waitFor();
    expect(probe(path.join(media, 'Night ferry.mkv')).streams[0]?.codec_name).toBe('av1');

    await page.getByRole('button', { name: 'Night ferry.mkv' }).click();
    await page.getByRole('button', { name: 'Show in folder' }).click();
    await until(async () => expect(await said(desktop)).toContain(path.join(media, 'Night ferry.mkv')));
    await page.keyboard.press('Escape');

    // The preload's surface, and what it refuses.
    const surface = await page.evaluate(() => ({
      desktop: Object.keys(window.desktop ?? {}).sort(),
      node: typeof (globalThis as { require?: unknown }).require + typeof (globalThis as { process?: unknown }).process,
    }));
    expect(surface.node).toBe('undefinedundefined');
    expect(surface.desktop).toEqual([
      'chooseFolder',
      'getLoginItem',
      'getUpdate',
      'installUpdate',
      'platform',
      'setLoginItem',
      'showInFolder',
      'version',
    ]);
    const refusals = await page.evaluate(() =>
      Promise.all(
        ['/etc/passwd', 4711, -1, { file: 1 }, null].map((input) =>
          window.desktop?.showInFolder(input as never).then(
            () => 'done',
            (error: Error) => error.message,
          ),
        ),
      ),
    );
    expect(refusals).toEqual([
      expect.stringContaining('The call showInFolder is not right'),
      expect.stringContaining('4711'),
      ...Array(3).fill(expect.stringContaining('The call showInFolder is not right')),
    ]);
    expect(await page.evaluate(() => window.desktop?.getUpdate())).toEqual({ state: 'none', version: null });

    // It stays where it is and opens nothing; permissions are refused but for the clipboard.
    const address = page.url();
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    expect(await page.evaluate(() => window.open('https://example.com/'))).toBeNull();
    expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied');
    expect(page.url()).toBe(address);
    expect(desktop.app.windows()).toHaveLength(1);
    expect(await said(desktop)).toEqual([path.join(media, 'Night ferry.mkv')]);

    await desktop.app.evaluate(({ Menu }) => {
      const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []);
      items?.find(({ label }) => label === 'About Flotilla')?.click();
    });
    await page.getByRole('button', { name: 'Copy this' }).click();
    await until(async () =>
      expect(await desktop.app.evaluate(({ clipboard }) => clipboard.readText())).toContain('Data folder'),
    );
    await page.getByRole('tab', { name: 'Desktop' }).click();
    const autostart = path.join(data, 'config/autostart/flotilla.desktop');
    await page.getByRole('switch', { name: 'Start at login' }).click();
    await until(() => expect(readFileSync(autostart, 'utf8')).toContain('"--hidden"'));
    await page.getByRole('switch', { name: 'Start at login' }).click();
    await until(() => expect(existsSync(autostart)).toBe(false));

    // Nowhere to go without a tray: closing ends it.
    await closeWindow(desktop);
    expect(await desktop.ended).toBe(0);
    expect(existsSync(path.join(data, 'instance.json'))).toBe(false);
  });

  it('goes on in the tray, comes back for a second start, and pauses for a while', async () => {
    const { data } = makeHome();
    const env = withTray();
    const desktop = await launch(data, env);
    const page = await pageOf(desktop);
    await desktop.call('setup.set', { role: 'alone', complete: true });
    // What the page knows of the first run is old by now.
    await page.reload();
    await answerDialogs(desktop, { button: 0 });
    await watchTray(desktop);
    await closeWindow(desktop);
    await until(async () => expect(await isShown(desktop)).toBe(false));
    expect(await said(desktop)).toEqual(['Flotilla goes on without its window.']);

    const second = await launch(data, env).catch(() => undefined);
    if (second) expect(await second.ended).toBe(0);
    await until(async () => expect(await isShown(desktop)).toBe(true));
    // Explained once.
    await closeWindow(desktop);
    await until(async () => expect(await isShown(desktop)).toBe(false));
    expect(await said(desktop)).toHaveLength(1);

    await desktop.call('queue.pause', {});
    await until(async () => expect(await trayLines(desktop)).toContain('Paused by you'));
    await clickTray(desktop, 'Resume');
    await until(async () => expect(await trayLines(desktop)).toContain('All quiet'));
    await clickTray(desktop, 'For an hour');
    await until(async () =>
      expect(await trayLines(desktop)).toContainEqual(expect.stringMatching(/^Paused by you until /)),
    );
    const { pausedUntil } = await desktop.call('queue.summary');
    expect(Math.abs((pausedUntil ?? 0) - Date.now() - 3_600_000)).toBeLessThan(600_000);
    await clickTray(desktop, 'Open Flotilla');
    await until(async () => expect(await isShown(desktop)).toBe(true));
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page.getByText(/^Paused by you until /).waitFor();
    await clickTray(desktop, 'Quit Flotilla');
    expect(await desktop.ended).toBe(0);

    // The pause outlives the program; a start at login shows no window.
    const again = await launch(data, env, ['--hidden']);
    await until(async () => expect((await again.call('queue.summary')).pausedUntil).toBe(pausedUntil));
    expect(again.app.windows()).toHaveLength(0);
    process.kill(again.pid, 'SIGTERM');
    expect(await again.ended).toBe(0);
  });

  it('asks before it quits while a film is converted, and leaves no ffmpeg behind by any end', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'Harbour.mp4'), { seconds: 1 });
    makeClip(path.join(media, 'The long tide.mp4'), { seconds: 40, modified: new Date() });
    const gate = makeGate();
    const first = await launch(data, gate.env);
    await pageOf(first);
    await convertFolder(first, media);
    await gate.reached();

    await answerDialogs(first, { button: 2 });
    await quit(first);
    await until(async () => expect(await said(first)).toEqual(['A film is being converted.']));
    expect((await first.call('queue.summary')).running).toHaveLength(1);
    await answerDialogs(first, { button: 0 });
    await quit(first);
    await until(async () => expect(await said(first)).toHaveLength(1));
    gate.open();
    expect(await first.ended).toBe(0);
    const states = () => query<{ path: string; state: string }>(data, 'SELECT path, state FROM files ORDER BY path');
    expect(states()).toEqual([
      { path: 'Harbour.mkv', state: 'done' },
      { path: 'The long tide.mp4', state: 'queued' },
    ]);

    const slow = slowEncodes();
    const stopped = await launch(data, slow.env);
    await pageOf(stopped);
    const [left] = await encoding(slow.pids);
    await answerDialogs(stopped, { button: 1 });
    await quit(stopped);
    expect(await stopped.ended).toBe(0);
    expect(isAlive(left as number)).toBe(false);
    expect(states()[1]?.state).toBe('queued');

    // The page may crash; the work and the window come through it.
    const crashed = await launch(data, slow.env);
    await pageOf(crashed);
    const before = (await encoding(slow.pids)).at(-1) as number;
    await crashed.app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
    });
    await until(async () => {
      // A page that crashes meanwhile never answers.
      const title = await crashed.app.evaluate(({ BrowserWindow }) =>
        Promise.race([
          BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('document.querySelector("h1")?.textContent'),
          new Promise((resolve) => setTimeout(resolve, 500)),
        ]),
      );
      expect(title).toBe('Dashboard');
    });
    expect(isAlive(before)).toBe(true);
    process.kill(crashed.pid, 'SIGTERM');
    expect(await crashed.ended).toBe(0);
    expect(isAlive(before)).toBe(false);

    const killed = await launch(data, slow.env);
    await pageOf(killed);
    const orphan = (await encoding(slow.pids)).at(-1) as number;
    process.kill(killed.pid, 'SIGKILL');
    await killed.ended;
    await until(() => expect(isAlive(orphan)).toBe(false));
    expect(filesIn(media).filter((name) => !name.startsWith('.'))).toEqual(['Harbour.mkv', 'The long tide.mp4']);
  });
});
