/** The desktop program as its user meets it: window, tray, closing, quitting, and what is left behind by any end. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TINY } from '../../src-main/test/support/cli.ts';
import { makeClip } from '../../src-main/test/support/clips.ts';
import { query } from '../../src-main/test/support/database.ts';
import { ELECTRON, isShown, NO_ELECTRON } from '../../src-main/test/support/electron.ts';
import { makeGate, slowEncodes } from '../../src-main/test/support/ffmpeg.ts';
import { filesIn } from '../../src-main/test/support/files.ts';
import { probe } from '../../src-main/test/support/media-probe.ts';
import { tryConnect } from '../../src-main/test/support/ports.ts';
import { lead } from '../../src-main/test/support/server.ts';
import { makeHome, tempFolder } from '../../src-main/test/support/temp.ts';
import { isAlive, until } from '../../src-main/test/support/wait.ts';
import { DEFAULT_RULES } from '../../src-shared/fleet/availability.ts';
import type {} from '../lib/desktop-bridge.ts';
import {
  answerDialogs,
  callUnauthenticated,
  clickTray,
  closeWindow,
  type DesktopApp,
  dialogMessages,
  launch,
  pageOf,
  quit,
  quitInLoad,
  quitTwice,
  setBattery,
  systemState,
  trayLines,
  watchSystem,
  watchTray,
  withTray,
} from './desktop.ts';

/** Heartbeats, which are looks at the signals too, are more often than users have time for. */
const TERMS = '150,20000,60000,300';

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
  it('converts a video from its first start on, with the extras of a desktop and none of its dangers', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'Night ferry.mp4'), { seconds: 1 });
    // As behind a reverse proxy, which the window goes past.
    const desktop = await launch(data, { BASE_PATH: '/videos/' });
    const page = await pageOf(desktop);
    expect(page.url()).not.toContain('token');
    await until(() => expect(page.url()).toContain('/videos/welcome'));
    await desktop.call('settings.set', { values: QUICK });

    await answerDialogs(desktop, { folder: media });
    await page.getByRole('button', { name: /^Use this computer/ }).click();
    await page.getByRole('button', { name: 'Choose a folder…' }).click();
    await page.getByText('1 video directly in this folder').waitFor();
    await page.getByRole('button', { name: 'Use this folder' }).click();
    await page.getByRole('button', { name: 'Start converting' }).click();
    await page.getByText('Idle. 1 video converted.').waitFor();
    expect(probe(path.join(media, 'Night ferry.mkv')).streams[0]?.codec_name).toBe('av1');

    await page.getByRole('button', { name: 'Night ferry.mkv' }).click();
    await page.getByRole('button', { name: 'Show in folder' }).click();
    await until(async () => expect(await dialogMessages(desktop)).toContain(path.join(media, 'Night ferry.mkv')));
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
      'pathOf',
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
      expect.stringContaining('Invalid request for showInFolder'),
      expect.stringContaining('4711'),
      ...Array(3).fill(expect.stringContaining('Invalid request for showInFolder')),
    ]);
    expect(await page.evaluate(() => window.desktop?.getUpdate())).toEqual({
      state: 'none',
      version: null,
      asks: false,
    });

    // What a page does that nothing else helps: it loads itself again.
    const mark = () => page.evaluate(() => document.body.dataset.old);
    await page.evaluate(() => {
      document.body.dataset.old = 'yes';
    });
    await page.evaluate(() => location.reload());
    await until(async () => expect(await mark()).toBeUndefined());
    await page.getByText('Idle. 1 video converted.').waitFor();

    // It stays where it is and opens nothing; permissions are refused but for the clipboard.
    const address = page.url();
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    expect(await page.evaluate(() => window.open('https://example.com/'))).toBeNull();
    expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied');
    expect(page.url()).toBe(address);
    expect(desktop.app.windows()).toHaveLength(1);
    expect(await dialogMessages(desktop)).toEqual([path.join(media, 'Night ferry.mkv')]);

    await desktop.app.evaluate(({ Menu }) => {
      const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []);
      items?.find(({ label }) => label === 'About Flotilla')?.click();
    });
    await page.getByRole('button', { name: 'Copy details' }).click();
    await until(async () =>
      expect(await desktop.app.evaluate(({ clipboard }) => clipboard.readText())).toContain('Data folder'),
    );
    await page.getByRole('tab', { name: 'Desktop' }).click();
    const autostart = path.join(data, 'config/autostart/flotilla.desktop');
    await page.getByRole('switch', { name: 'Start at login' }).click();
    await until(() => expect(readFileSync(autostart, 'utf8')).toContain(`"--data=${data}" "--hidden"`));
    await page.getByRole('switch', { name: 'Start at login' }).click();
    await until(() => expect(existsSync(autostart)).toBe(false));

    // Its functions are its own page's.
    const { origin } = new URL(page.url());
    const refused = "This page isn't allowed to do that.";
    expect(await callUnauthenticated(desktop, `${origin}/videos/`)).toEqual(['false', refused, refused]);

    // Nowhere to go without a tray: closing ends it.
    await closeWindow(desktop);
    expect(await desktop.ended).toBe(0);
    expect(existsSync(path.join(data, 'instance.json'))).toBe(false);
  });

  it('keeps running in the tray, comes back for a second start, and pauses for a while', async () => {
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
    await until(async () => expect(await isShown(desktop.app)).toBe(false));
    expect(await dialogMessages(desktop)).toEqual(['Flotilla keeps running in the tray.']);

    const second = await launch(data, env).catch(() => undefined);
    if (second) expect(await second.ended).toBe(0);
    await until(async () => expect(await isShown(desktop.app)).toBe(true));
    // Explained once.
    await closeWindow(desktop);
    await until(async () => expect(await isShown(desktop.app)).toBe(false));
    expect(await dialogMessages(desktop)).toHaveLength(1);

    await desktop.call('queue.pause', {});
    await until(async () => expect(await trayLines(desktop)).toContain('Paused by you'));
    await clickTray(desktop, 'Resume');
    await until(async () => expect(await trayLines(desktop)).toContain('Idle'));
    await clickTray(desktop, 'For 1 hour');
    await until(async () =>
      expect(await trayLines(desktop)).toContainEqual(expect.stringMatching(/^Paused by you until /)),
    );
    const { pausedUntil } = await desktop.call('queue.summary');
    expect(Math.abs((pausedUntil ?? 0) - Date.now() - 3_600_000)).toBeLessThan(600_000);
    await clickTray(desktop, 'Open Flotilla');
    await until(async () => expect(await isShown(desktop.app)).toBe(true));
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page
      .getByRole('complementary', { name: 'Paused' })
      .getByText(/^Paused by you until /)
      .waitFor();
    await clickTray(desktop, 'Quit Flotilla');
    expect(await desktop.ended).toBe(0);

    // The pause outlives the program; a start at login shows no window.
    const again = await launch(data, env, ['--hidden']);
    await until(async () => expect((await again.call('queue.summary')).pausedUntil).toBe(pausedUntil));
    expect(again.app.windows()).toHaveLength(0);
    process.kill(again.pid, 'SIGTERM');
    expect(await again.ended).toBe(0);
  });

  it('ends in good order in the middle of a load', async () => {
    const { data } = makeHome();
    for (const after of [0, 20, 60]) {
      const desktop = await launch(data);
      await desktop.app.firstWindow();
      await quitInLoad(desktop, after);
      expect(await desktop.ended).toBe(0);
      expect(existsSync(path.join(data, 'instance.json'))).toBe(false);
    }
  });

  it('asks before it quits while a video is converted, and leaves no ffmpeg behind by any end', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'Harbour.mp4'), { seconds: 1 });
    makeClip(path.join(media, 'The long tide.mp4'), { seconds: 40, modified: new Date() });
    const gate = makeGate();
    const first = await launch(data, { ...withTray(gate.env), FILE_ORDER: 'oldest' });
    await pageOf(first);
    await watchTray(first);
    await convertFolder(first, media);
    await gate.reached();

    // With a tray closing the window is no end; Quit there is one.
    await answerDialogs(first, { button: 0 });
    await closeWindow(first);
    await until(async () => expect(await isShown(first.app)).toBe(false));
    expect(await dialogMessages(first)).toEqual(['Flotilla keeps running in the tray.']);
    await answerDialogs(first, { button: 2 });
    await until(async () => expect(await trayLines(first)).toContain('Quit Flotilla'));
    await clickTray(first, 'Quit Flotilla');
    await until(async () => expect(await dialogMessages(first)).toEqual(['A video is being converted.']));
    expect((await first.call('queue.summary')).running).toHaveLength(1);
    await answerDialogs(first, { button: 0 });
    await quit(first);
    await until(async () => expect(await dialogMessages(first)).toHaveLength(1));
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
    // Without a tray it asks when the window is closed.
    await answerDialogs(stopped, { button: 1 });
    await closeWindow(stopped);
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
    await quitTwice(crashed);
    process.kill(crashed.pid, 'SIGTERM');
    expect(await crashed.ended).toBe(0);
    expect(['temp', 'children'].map((folder) => filesIn(path.join(data, folder)))).toEqual([[], []]);
    expect(isAlive(before)).toBe(false);

    const killed = await launch(data, slow.env);
    await pageOf(killed);
    const orphan = (await encoding(slow.pids)).at(-1) as number;
    process.kill(killed.pid, 'SIGKILL');
    await killed.ended;
    await until(() => expect(isAlive(orphan)).toBe(false));
    expect(filesIn(media).filter((name) => !name.startsWith('.'))).toEqual(['Harbour.mkv', 'The long tide.mp4']);
  });

  it('leads and ends it, works for a master, and says in window and tray why it steps back', async () => {
    const { data: home, media } = makeHome();
    const master = await lead(home, ['--listen', '0.0.0.0', ...TINY], { env: { FLOTILLA_TERMS: TERMS } });
    await master.call('worker.pause', { worker: 'nas' });
    const file = path.join(tempFolder(), 'signals.json');
    const tell = (signals: object) => {
      writeFileSync(`${file}.part`, JSON.stringify(signals));
      renameSync(`${file}.part`, file);
    };
    tell({ onBattery: false, idleSeconds: 4000 });
    const desktop = await launch(makeHome().data, {
      ...withTray(slowEncodes().env),
      ...{ FLOTILLA_SIGNALS: file, FLOTILLA_TERMS: TERMS, NODE_NAME: 'attic', LAN_PORT: '0' },
    });
    const page = await pageOf(desktop);
    await answerDialogs(desktop, {});
    await watchTray(desktop);
    await watchSystem(desktop);

    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('tab', { name: 'Network' }).click();
    await page.getByRole('button', { name: 'Lead other computers' }).click();
    await page.getByText(/^attic leads no other computers yet and accepts workers on port \d+/).waitFor();
    const { lanPort } = await desktop.call('hello');
    expect(await tryConnect(lanPort ?? 0)).toBe('open');
    await page.getByRole('button', { name: 'Stop leading' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop leading' }).click();
    await page.getByText(/^attic doesn't accept workers/).waitFor();
    expect(await tryConnect(lanPort ?? 0)).toBe('ECONNREFUSED');

    await page.getByRole('textbox', { name: 'Address of the master' }).fill(master.lan);
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    const digits = await page.getByRole('status', { name: 'Six digits to compare' }).textContent();
    await master.call('pair.approve', { code: (digits ?? '').replace(' ', '') });
    await page.getByText('This computer converts videos for this master.').waitFor();
    await desktop.app.evaluate(({ Menu }) => {
      const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []);
      items?.find(({ label }) => label === 'Dashboard')?.click();
    });
    await page.getByRole('heading', { level: 1, name: 'This computer' }).waitFor();
    await page.getByRole('link', { name: 'Open nas' }).click();
    const { port } = new URL(master.url);
    await until(async () => expect(await dialogMessages(desktop)).toEqual([`http://127.0.0.1:${port}/`]));
    // Nobody else's address, and nothing but web pages.
    await page.evaluate(() => {
      for (const address of ['https://example.com/', 'file://127.0.0.1/etc/passwd']) window.open(address);
    });
    expect(desktop.app.windows()).toHaveLength(1);

    const works = async () => {
      await page.getByText('Working for nas.').waitFor();
      await until(async () => expect((await trayLines(desktop))[0]).toBe('Working for nas'));
      await until(async () =>
        expect(await systemState(desktop)).toEqual({
          bar: [expect.any(Number), 'normal'],
          awake: ['prevent-app-suspension'],
        }),
      );
    };
    const waits = async (why: string) => {
      await page.getByText(`Waiting: ${why}.`).waitFor();
      await until(async () => expect((await trayLines(desktop))[0]).toBe(`Waiting: ${why}`));
      await until(async () =>
        expect(await systemState(desktop)).toEqual({ bar: [expect.any(Number), 'paused'], awake: [] }),
      );
    };
    makeClip(path.join(media, 'Harbour at dawn.mp4'), { seconds: 300 });
    const { library } = await master.call('library.add', { path: media });
    await master.call('library.scan', { library: library.id });
    await page
      .getByText(/^Encoding\b/)
      .first()
      .waitFor();
    await works();
    expect((await trayLines(desktop))[1]).toMatch(/^Harbour at dawn.mp4: \d+%, /);
    tell({ onBattery: true, idleSeconds: 4000 });
    await waits('on battery');
    tell({ onBattery: false, idleSeconds: 3 });
    await works();
    await desktop.call('master.tune', { settings: { rules: { ...DEFAULT_RULES, idleMinutes: 1 } } });
    await waits("you're using this computer");
    const clock = (hours: number) => new Date(Date.now() + hours * 3_600_000).toTimeString().slice(0, 5);
    const schedule = [{ days: [0, 1, 2, 3, 4, 5, 6], from: clock(6), to: clock(7) }];
    await desktop.call('master.tune', { settings: { rules: DEFAULT_RULES, schedule } });
    await waits('outside working hours');
    await desktop.call('master.tune', { settings: { schedule: null } });
    await works();
    // It goes on, but not at the cost of a battery.
    await setBattery(desktop, true);
    await until(async () =>
      expect(await systemState(desktop)).toEqual({ bar: [expect.any(Number), 'normal'], awake: [] }),
    );

    await page.getByRole('button', { name: 'Leave nas' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave nas' }).click();
    await page.getByRole('heading', { level: 1, name: 'Where are your videos?' }).waitFor();
    await until(async () => expect((await trayLines(desktop))[0]).toBe('Idle'));
    expect(await dialogMessages(desktop)).toHaveLength(1);
    await quit(desktop);
    expect(await desktop.ended).toBe(0);
  });
});
