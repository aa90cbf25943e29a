/** What the tests of the desktop program share: the real program on a screen of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { isAlive, SHARED, tempFolder, until } from '../../src-main/test/helpers.ts';
import type { CallName, Output } from '../../src-shared/contract.ts';
import { SETTING_INFOS } from '../../src-shared/settings.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Electron's own program, the one that the environment names, or the one that ../shared can make; undefined without any. */
function findElectron(): string | undefined {
  const named = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (named) return path.join(named, 'electron');
  const own = path.join(ROOT, 'node_modules/electron');
  const relative = path.join(own, 'path.txt');
  if (existsSync(relative)) return path.join(own, 'dist', readFileSync(relative, 'utf8').trim());
  const prepare = path.join(SHARED, 'electron-runtime/prepare');
  if (!existsSync(prepare)) return undefined;
  return path.join(
    execFileSync(prepare, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim(),
    'electron',
  );
}

export const ELECTRON = process.platform === 'linux' ? findElectron() : undefined;
export const NO_ELECTRON = "needs Linux and Electron's own program, or ../shared/electron-runtime";

let program: string | undefined;

/**
 * The folder that Electron is given. An Electron older than the one of package.json comes with a better-sqlite3 of its own
 * beside it, which has to be found by threads too: then it is a folder like this one but for that.
 */
function programFolder(): string {
  const native = path.join(path.dirname(ELECTRON as string), 'native/node_modules');
  if (!existsSync(native)) return ROOT;
  if (program) return program;
  program = tempFolder();
  const modules = path.join(program, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(path.join(ROOT, 'node_modules')).filter((entry) => !entry.startsWith('.'))) {
    symlinkSync(
      path.join(existsSync(path.join(native, name)) ? native : path.join(ROOT, 'node_modules'), name),
      path.join(modules, name),
    );
  }
  // What is imported is looked for from where a file really is.
  for (const name of ['out', 'package.json', 'resources']) {
    cpSync(path.join(ROOT, name), path.join(program, name), { recursive: true });
  }
  return program;
}

let screen: ChildProcess | undefined;
afterAll(() => screen?.kill());

/** The display to use; a virtual one is started where there is none. */
async function display(): Promise<string> {
  if (process.env.DISPLAY) return process.env.DISPLAY;
  if (!screen) {
    screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    screen.stdout?.once('data', (number) => {
      process.env.DISPLAY = `:${String(number).trim()}`;
    });
    await until(() => {
      if (!process.env.DISPLAY) throw new Error('Xvfb has not started');
    });
  }
  return process.env.DISPLAY ?? '';
}

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
  const own = new Set(SETTING_INFOS.map((info) => info.env));
  const clean = Object.entries(process.env).filter(([name]) => !own.has(name));
  const app = await _electron.launch({
    executablePath: ELECTRON as string,
    // Chromium refuses its sandbox to root, which tests in a container often are.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), programFolder(), `--data=${data}`, ...args],
    env: {
      ...(Object.fromEntries(clean) as Record<string, string>),
      DISPLAY: await display(),
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
export function said({ app }: DesktopApp): Promise<string[]> {
  return app.evaluate(() => (globalThis as unknown as { said: string[] }).said);
}

/** Whether the window can be seen. */
export function isShown({ app }: DesktopApp): Promise<boolean> {
  return app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().some((window) => window.isVisible()));
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

/** An environment whose desktop has a tray, as its D-Bus tells. */
export function withTray(): Record<string, string> {
  const folder = tempFolder();
  execFileSync('sh', [
    '-c',
    `printf '#!/bin/sh\\necho boolean true\\n' > '${folder}/dbus-send' && chmod 755 '${folder}/dbus-send'`,
  ]);
  return { PATH: `${folder}${path.delimiter}${process.env.PATH}` };
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
