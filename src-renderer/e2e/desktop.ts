/** What the tests of the desktop program share: the real program on a screen of its own. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { ELECTRON, ensureDisplay, programFolder, SANDBOX_FLAGS } from '../../src-main/test/support/electron.ts';
import { tempFolder } from '../../src-main/test/support/temp.ts';
import { isAlive } from '../../src-main/test/support/wait.ts';
import type { CallName, Output } from '../../src-shared/contract/index.ts';
import { SETTING_INFOS } from '../../src-shared/settings/settings.ts';

let program: string | undefined;
let screen: ChildProcess | undefined;
afterAll(() => screen?.kill());

/** The desktop program, started. */
export interface DesktopApp {
  app: ElectronApplication;
  pid: number;
  call<N extends CallName>(name: N, input?: object): Promise<Output<N>>;
  /** Resolves with its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

const running = new Set<number>();
afterAll(() => {
  for (const pid of running) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

/** Starts the program on a data folder; `env` adds to an environment without settings. */
export async function launch(data: string, env: Record<string, string> = {}, args: string[] = []): Promise<DesktopApp> {
  screen ??= await ensureDisplay();
  program ??= programFolder(ELECTRON as string, tempFolder());
  const own = new Set(SETTING_INFOS.map((info) => info.env));
  const clean = Object.entries(process.env).filter(([name]) => !own.has(name));
  const app = await _electron.launch({
    executablePath: ELECTRON as string,
    args: [...SANDBOX_FLAGS, program, '--data', data, ...args],
    env: {
      ...(Object.fromEntries(clean) as Record<string, string>),
      XDG_CONFIG_HOME: path.join(data, 'config'),
      WEB_PORT: '0',
      SVT_AV1_PRESET: '13',
      ...env,
    },
  });
  const child = app.process();
  const pid = child.pid as number;
  running.add(pid);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(pid);
      resolve(code ?? signal);
    });
  });
  return { app, pid, ended, call: (name, input = {}) => callNode(data, name, input) };
}

async function callNode(data: string, name: string, input: object): Promise<never> {
  const { url } = JSON.parse(readFileSync(path.join(data, 'instance.json'), 'utf8'));
  const response = await fetch(`${url}/api/rpc/${name}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readFileSync(path.join(data, 'token'), 'utf8')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return response.json() as never;
}

/** The page in the window, once it shows something. */
export async function pageOf({ app }: DesktopApp): Promise<Page> {
  const page = await app.firstWindow();
  page.setDefaultTimeout(60_000);
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return page;
}

/** Answers every dialog of the system with a button or a folder from now on, and writes down what it said. */
export async function answerDialogs({ app }: DesktopApp, answer: { button?: number; folder?: string }): Promise<void> {
  await app.evaluate(({ dialog, shell }, { button = 0, folder }) => {
    const said: string[] = [];
    Object.assign(globalThis, { said });
    dialog.showMessageBox = (async (...args: { message: string }[]) => {
      said.push(args.at(-1)?.message ?? '');
      return { response: button, checkboxChecked: false };
    }) as never;
    dialog.showOpenDialog = (async () => ({ canceled: !folder, filePaths: folder ? [folder] : [] })) as never;
    shell.showItemInFolder = (file) => void said.push(file);
    shell.openExternal = async (url) => void said.push(url);
  }, answer);
}

/** What dialogs said and what was shown or opened outside since {@link answerDialogs}. */
export function dialogMessages({ app }: DesktopApp): Promise<string[]> {
  return app.evaluate(() => (globalThis as unknown as { said: string[] }).said);
}

/** Does what a click on the window's own close button does. */
export function closeWindow({ app }: DesktopApp): Promise<void> {
  return app.evaluate(({ BrowserWindow }) => {
    // In a turn of its own: the program may be gone before it could answer.
    setTimeout(() => BrowserWindow.getAllWindows()[0]?.close());
  });
}

/** Ends the program as its own menu does. */
export function quit({ app }: DesktopApp): Promise<void> {
  return app.evaluate(({ app: program }) => {
    setTimeout(() => program.quit());
  });
}

/** Ends the program while its window loads its page anew, so long after that began, in ms. */
export function quitInLoad({ app }: DesktopApp, after: number): Promise<void> {
  return app.evaluate(({ app: program, BrowserWindow }, ms) => {
    BrowserWindow.getAllWindows()[0]?.webContents.reload();
    setTimeout(() => program.quit(), ms);
  }, after);
}

/** Asks the program once more to end when it is about to. */
export function quitTwice({ app }: DesktopApp): Promise<void> {
  return app.evaluate(({ app: program }) => {
    program.once('will-quit', () => setImmediate(() => program.quit()));
  });
}

/** An environment whose desktop has a tray, as its D-Bus tells; with the programs of another one. */
export function withTray({ PATH }: { PATH?: string } = process.env): { PATH: string } {
  const folder = tempFolder();
  writeFileSync(path.join(folder, 'dbus-send'), '#!/bin/sh\necho boolean true\n', { mode: 0o755 });
  return { PATH: `${folder}${path.delimiter}${PATH}` };
}

/** What the program has told the system. */
interface SystemState {
  /** The taskbar: a share and how it looks; -1 is none. */
  bar: [number, string | undefined];
  /** Kinds of what keeps the computer awake. */
  awake: string[];
}

/** Follows what the window tells the taskbar and what keeps the computer awake from now on; it is on mains power until {@link setBattery}. */
export async function watchSystem({ app }: DesktopApp): Promise<void> {
  await app.evaluate(({ BrowserWindow, powerMonitor, powerSaveBlocker }) => {
    const system = { battery: false, bar: [-1, undefined] as SystemState['bar'], blockers: new Map<number, string>() };
    Object.assign(globalThis, { system });
    powerMonitor.isOnBatteryPower = () => system.battery;
    const start = powerSaveBlocker.start.bind(powerSaveBlocker);
    powerSaveBlocker.start = (kind) => {
      const id = start(kind);
      system.blockers.set(id, kind);
      return id;
    };
    const [window] = BrowserWindow.getAllWindows();
    const set = window?.setProgressBar.bind(window);
    Object.assign(window ?? {}, {
      setProgressBar: (share: number, options?: Electron.ProgressBarOptions) => {
        system.bar = [share, options?.mode];
        set?.(share, options);
      },
    });
  });
}

/** What was told since {@link watchSystem}. */
export function systemState({ app }: DesktopApp): Promise<SystemState> {
  return app.evaluate(({ powerSaveBlocker }) => {
    const { bar, blockers } = (
      globalThis as unknown as { system: { bar: SystemState['bar']; blockers: Map<number, string> } }
    ).system;
    return { bar, awake: [...blockers].flatMap(([id, kind]) => (powerSaveBlocker.isStarted(id) ? [kind] : [])) };
  });
}

/** Pulls the plug, or puts it in again, as far as Electron is asked. */
export function setBattery({ app }: DesktopApp, on: boolean): Promise<void> {
  return app.evaluate((_electron, battery) => {
    Object.assign((globalThis as unknown as { system: object }).system, { battery });
  }, on);
}

/** What the desktop's functions say to pages that are not its own: its page in another window, and another page in its window. */
export function callUnauthenticated({ app }: DesktopApp, address: string): Promise<string[]> {
  return app.evaluate(async ({ app: program, BrowserWindow }, url) => {
    const ask = (window: Electron.BrowserWindow | undefined): Promise<string> =>
      window?.webContents.executeJavaScript('window.desktop.getLoginItem().then(String, (error) => error.message)') ??
      Promise.resolve('no window');
    const [own] = BrowserWindow.getAllWindows();
    const preload = `${program.getAppPath()}/out/preload/preload.cjs`;
    const other = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
    await other.loadURL(url);
    const answers = [await ask(own), await ask(other)];
    other.destroy();
    await own?.loadURL('data:text/html,<h1>Another page</h1>');
    return [...answers, await ask(own)];
  }, address);
}

/** Follows the tray's menu from now on. */
export async function watchTray({ app }: DesktopApp): Promise<void> {
  await app.evaluate(({ Tray }) => {
    const set = Tray.prototype.setContextMenu;
    Tray.prototype.setContextMenu = function (menu) {
      Object.assign(globalThis, { trayMenu: menu });
      set.call(this, menu);
    };
  });
}

/** The lines of the tray's menu as it was set last. */
export function trayLines({ app }: DesktopApp): Promise<string[]> {
  return app.evaluate(() => {
    const { trayMenu } = globalThis as unknown as { trayMenu?: Electron.Menu };
    const lines = (menu?: Electron.Menu): string[] =>
      menu?.items.flatMap(({ label, submenu }) => [label, ...lines(submenu)]).filter(Boolean) ?? [];
    return lines(trayMenu);
  });
}

/** Clicks a line of the tray's menu. */
export function clickTray({ app }: DesktopApp, label: string): Promise<void> {
  return app.evaluate((_electron, wanted) => {
    const { trayMenu } = globalThis as unknown as { trayMenu?: Electron.Menu };
    const all = (menu?: Electron.Menu): Electron.MenuItem[] =>
      menu?.items.flatMap((item) => [item, ...all(item.submenu)]) ?? [];
    const found = all(trayMenu).find((item) => item.label.startsWith(wanted));
    if (!found) throw new Error(`no line "${wanted}" in the tray`);
    setTimeout(() => found.click());
  }, label);
}
