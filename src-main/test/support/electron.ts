/** The real Electron, for tests and benches of the desktop program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { ElectronApplication } from 'playwright-core';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Electron's program: the one that Electron's own variable names, or its package's; undefined without one. */
function findElectron(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const named = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (named) return path.join(named, 'electron');
  const own = path.join(ROOT, 'node_modules/electron');
  const relative = path.join(own, 'path.txt');
  return existsSync(relative) ? path.join(own, 'dist', readFileSync(relative, 'utf8').trim()) : undefined;
}

export const ELECTRON = findElectron();
export const ELECTRON_DIST = ELECTRON && path.dirname(ELECTRON);
export const NO_ELECTRON = 'needs an Electron for Linux: its own program, or ELECTRON_OVERRIDE_DIST_PATH';
/** Chromium refuses its sandbox to root, which tests in a container often are. */
export const SANDBOX_FLAGS = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
/** Flags to start one without a screen. */
export const HEADLESS_FLAGS = [...SANDBOX_FLAGS, '--ozone-platform=headless', '--disable-gpu', '--log-level=3'];

/**
 * The folder that Electron is given. An Electron older than the one of package.json comes with a better-sqlite3 of its own
 * beside it, which has to be found by threads too: then `folder` becomes a program like this one but for that.
 */
export function programFolder(electron: string, folder: string): string {
  const native = path.join(path.dirname(electron), 'native/node_modules');
  if (!existsSync(native)) return ROOT;
  const modules = path.join(ROOT, 'node_modules');
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  for (const name of readdirSync(modules).filter((entry) => !entry.startsWith('.'))) {
    const from = existsSync(path.join(native, name)) ? native : modules;
    symlinkSync(path.join(from, name), path.join(folder, 'node_modules', name));
  }
  // What is imported is looked for from where a file really is.
  for (const name of ['out', 'package.json', 'resources']) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  return folder;
}

/** Sees to it that there is a display: a virtual one, to be killed in the end, where the environment names none. */
export async function ensureDisplay(): Promise<ChildProcess | undefined> {
  if (process.env.DISPLAY) return undefined;
  const args = ['-displayfd', '1', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'];
  const xvfb = spawn('Xvfb', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const number = await new Promise((resolve, reject) => {
    xvfb.stdout.once('data', resolve);
    xvfb.once('error', reject);
    xvfb.once('exit', () => reject(new Error('Xvfb ended at once')));
  });
  process.env.DISPLAY = `:${String(number).trim()}`;
  return xvfb;
}

/** Whether a window of a program can be seen. */
export function isShown(app: ElectronApplication): Promise<boolean> {
  return app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().some((window) => window.isVisible()));
}
