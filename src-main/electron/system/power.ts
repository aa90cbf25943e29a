import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BrowserWindow, powerMonitor, powerSaveBlocker } from 'electron';
import type { DisturbanceSignals } from '../../platform/activity-types.ts';
import type { Status } from '../backend/status.ts';
import { LineProcess } from './line-process.ts';

const run = promisify(execFile);
/** A program that has not answered after this long, in ms, will not. */
const PATIENCE_MS = 5000;

/** What Electron and the system report about the user and power. */
export function desktopSignals(): DisturbanceSignals {
  return {
    // Wayland doesn't report the last user input to programs, and X's value would always be old there.
    ...(process.env.XDG_SESSION_TYPE !== 'wayland' && { idleSeconds: () => powerMonitor.getSystemIdleTime() }),
    onBattery: () => powerMonitor.isOnBatteryPower(),
    fullScreen: () => fullScreen().catch(() => undefined),
  };
}

/** True while an application covers the whole screen; undefined where it is unknown, as on macOS and Wayland. */
async function fullScreen(): Promise<boolean | undefined> {
  // Our own window covers no one's work.
  if (BrowserWindow.getFocusedWindow()?.isFullScreen()) return false;
  if (process.platform === 'win32') return fullScreenOnWindows();
  if (process.platform !== 'linux' || !process.env.DISPLAY || process.env.XDG_SESSION_TYPE === 'wayland')
    return undefined;
  const ask = async (...args: string[]) => (await run('xprop', args, { timeout: PATIENCE_MS })).stdout;
  // Extended Window Manager Hints: the root names the window that is used, and that one its states.
  const active = /0x[1-9a-f][0-9a-f]*/.exec(await ask('-root', '_NET_ACTIVE_WINDOW'))?.[0];
  return active !== undefined && (await ask('-id', active, '_NET_WM_STATE')).includes('_NET_WM_STATE_FULLSCREEN');
}

/** QUERY_USER_NOTIFICATION_STATE of shellapi.h: an application that covers the screen, a Direct3D one, a presentation. */
const COVERED = ['2', '3', '4'];
/** Answers each line with the state, or nothing where it cannot be had. */
const ANSWER = `
$api = Add-Type -PassThru -Name Shell -Namespace Flotilla -MemberDefinition '
  [DllImport("shell32.dll")] public static extern int SHQueryUserNotificationState(out int state);'
while ($null -ne [Console]::In.ReadLine()) {
  $state = 0
  if ($api::SHQueryUserNotificationState([ref]$state) -ne 0) { $state = '' }
  [Console]::Out.WriteLine($state)
}`;
// Without an input format PowerShell would read the lines itself.
const POWERSHELL = ['-NoProfile', '-NonInteractive', '-InputFormat', 'None', '-Command', ANSWER];
/** Compiles C# when it starts: kept running instead of being started for each reading. */
const windows = new LineProcess('powershell.exe', POWERSHELL);

async function fullScreenOnWindows(): Promise<boolean | undefined> {
  const state = await windows.ask();
  return state ? COVERED.includes(state) : undefined;
}

/** Whether the computer is kept awake: while videos are encoded, here or by those it leads, and never at the cost of the battery. */
function preventsSleep({ mood }: Pick<Status, 'mood'>, onBattery: boolean | undefined): boolean {
  return mood === 'working' && onBattery !== true;
}

/** Keeps the computer, not its screen, from falling asleep while videos are encoded that would wait for it. */
export class SleepBlocker {
  #blocker: number | undefined;

  follow(status: Status): void {
    const on = preventsSleep(status, powerMonitor.isOnBatteryPower());
    if (on === (this.#blocker !== undefined)) return;
    if (this.#blocker === undefined) this.#blocker = powerSaveBlocker.start('prevent-app-suspension');
    else this.#blocker = void powerSaveBlocker.stop(this.#blocker);
  }
}
