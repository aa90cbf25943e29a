import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A desktop that does not answer for this long, in ms, has no tray. */
const PATIENCE_MS = 3000;

/**
 * Whether a tray icon will be seen. Windows and macOS always have the place; on Linux some desktops have none, and those that
 * do own this name on the session's D-Bus (StatusNotifierItem specification).
 */
export async function hasTray(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const ask = ['org.freedesktop.DBus.NameHasOwner', 'org.kde.StatusNotifierWatcher'] as const;
  const bus = ['org.freedesktop.DBus', '/org/freedesktop/DBus'] as const;
  const ways: [string, ...string[]][] = [
    ['dbus-send', '--session', '--print-reply', `--dest=${bus[0]}`, bus[1], ask[0], `string:${ask[1]}`],
    ['gdbus', 'call', '--session', '--dest', bus[0], '--object-path', bus[1], '--method', ...ask],
    ['busctl', '--user', 'call', ...bus, bus[0], 'NameHasOwner', 's', ask[1]],
  ];
  for (const [command, ...args] of ways) {
    try {
      const { stdout } = await run(command, args, { timeout: PATIENCE_MS });
      return stdout.includes('true');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
    }
  }
  return false;
}
