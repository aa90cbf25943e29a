import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { app } from 'electron';
import { dataArgs } from './desktop-options.ts';
import { autostartEntry } from './linux-autostart.ts';

/** The flag of a start that shows no window. */
const HIDDEN = 'hidden';
const startArgs = () => [...dataArgs(), `--${HIDDEN}`];

/** Where freedesktop.org's Autostart Specification looks. */
const autostartFile = () =>
  path.join(process.env.XDG_CONFIG_HOME || path.join(app.getPath('home'), '.config'), 'autostart', 'flotilla.desktop');

/** Whether Flotilla starts when its user logs in; null on a system that has no such thing. */
export function loginItem(): boolean | null {
  if (process.platform === 'linux') return existsSync(autostartFile());
  if (process.platform !== 'darwin' && process.platform !== 'win32') return null;
  return app.getLoginItemSettings({ args: startArgs() }).openAtLogin;
}

/** Starts Flotilla from now on when its user logs in, without a window; or no longer. */
export function setLoginItem(on: boolean): void {
  const file = autostartFile();
  if (process.platform !== 'linux') app.setLoginItemSettings({ openAtLogin: on, args: startArgs() });
  else if (on) {
    mkdirSync(path.dirname(file), { recursive: true });
    // An AppImage is mounted elsewhere at every start.
    writeFileSync(file, autostartEntry(command(process.env.APPIMAGE ?? process.execPath)));
  } else rmSync(file, { force: true });
}

/** The program lies elsewhere from now on: what starts it at login, if anything does, names its new place. */
export function moveLoginItem(program: string): void {
  if (loginItem()) writeFileSync(autostartFile(), autostartEntry(command(program)));
}

/** True for a start that shows no window: by the flag, or by macOS, which passes none on. */
export function startsHidden(): boolean {
  if (app.commandLine.hasSwitch(HIDDEN)) return true;
  return process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin;
}

function command(program: string): string[] {
  return [program, ...(app.isPackaged ? [] : [app.getAppPath()]), ...startArgs()];
}
