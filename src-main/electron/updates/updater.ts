import { app } from 'electron';
import type { AppUpdater } from 'electron-updater';
import type { UpdateState } from '../../../src-shared/contract/desktop-bridge.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import type { DesktopNode } from '../backend/desktop-node.ts';
import { moveLoginItem } from '../system/login-item.ts';
import { type KnownUpdate, NOTHING_KNOWN, reduceUpdate, type UpdateNews } from './update-state.ts';

/** The first look is not among all that happens at a start; then so often, in ms. */
const FIRST_LOOK_MS = 60_000;
const LOOK_MS = 6 * 3_600_000;
/** What installs has taken over by then, in ms: Squirrel of macOS may have to take a large file first and check it. */
const TAKE_OVER_MS = 60_000;

/** What keeping the program up to date takes. */
interface UpdaterParts {
  /** What fetches and installs. */
  updater: AppUpdater;
  /** Whether installing asks the user for a password, as a .deb does: then it happens only when the user says so. */
  asks: boolean;
  /** The setting `autoUpdate` as it is now. */
  enabled: () => Promise<boolean>;
  /** Ends the program as its user would, with the question that goes with it; may be refused. */
  quit: () => void;
  changed?: (state: KnownUpdate) => void;
  log: (text: string) => void;
  /** The program that was installed lies elsewhere than the one that runs, as an AppImage with its version in its name. */
  moved?: (program: string) => void;
  /** When it looks for the first time, in ms; 0 is at once. */
  firstLookMs?: number;
  takeOverMs?: number;
}

/** Keeps the program up to date. */
export interface Updater {
  state: () => UpdateState;
  /** Looks for a newer version now, unless the user does not want that; it is fetched right away. */
  look: () => Promise<void>;
  /** Applies the current setting: one that was switched off also holds back an update downloaded before. */
  applySetting: () => Promise<void>;
  /** Ends the program as a quit does, then starts the newer version; nothing without one. */
  install: () => void;
  /**
   * The very last step of ending the program, when no video is in its hands any more and no replacement is half done.
   * @returns true when the newer version was asked for and takes over: then the program ends on its own, updated or not
   */
  finish: () => boolean;
  /** The user does not want to end the program after all. */
  stay: () => void;
  /** Nothing is put in place any more: the system ends, and would kill an installer half way. */
  hold: () => void;
  stop: () => void;
}

/** Begins to keep an installed program up to date; undefined where it runs from its sources. */
export async function keepUpdated(
  node: Pick<DesktopNode, 'call' | 'on'>,
  parts: Pick<UpdaterParts, 'quit' | 'log'>,
): Promise<Updater | undefined> {
  if (!app.isPackaged) return undefined;
  // A CommonJS module, and large: nothing at a start waits for it.
  const { default: electronUpdater } = await import('electron-updater');
  const updater = electronUpdater.autoUpdater;
  const enabled = async () => (await node.call('settings.get', {})).values.autoUpdate;
  const asks = updater instanceof electronUpdater.DebUpdater;
  const wired = wireUpdater({ ...parts, updater, enabled, asks, moved: moveLoginItem });
  node.on('settings', () => wired.applySetting().catch((error) => parts.log(messageOf(error))));
  return wired;
}

/**
 * Looks for newer versions, downloads them, and installs them when the program has ended. It never
 * ends the program: the user decides when.
 */
export function wireUpdater({ updater, enabled, asks, quit, log, ...parts }: UpdaterParts): Updater {
  let state = NOTHING_KNOWN;
  let [wanted, held] = [false, false];
  let on: boolean | undefined;
  const hear = (news: UpdateNews) => {
    const before = state;
    state = reduceUpdate(before, news);
    if (state.state !== before.state || state.version !== before.version) parts.changed?.(state);
  };
  updater.logger = null;
  updater.autoDownload = true;
  updater.autoInstallOnAppQuit = false;
  updater.on('update-available', ({ version }) => hear({ kind: 'found', version }));
  updater.on('update-not-available', () => hear({ kind: 'current' }));
  updater.on('download-progress', () => hear({ kind: 'loading' }));
  updater.on('update-downloaded', ({ version }) => hear({ kind: 'ready', version }));
  // Logged, not shown: the user can't do anything about an unreachable server.
  updater.on('error', (error, about?: string) => {
    log(`Couldn't get an update: ${messageOf(error)}`);
    // What macOS itself says of a file that was fetched comes bare, electron-updater's own errors with words.
    hear({ kind: about === undefined ? 'refused' : 'failed' });
  });
  updater.on('appimage-filename-updated', (program) => parts.moved?.(program));
  const ask = async () => {
    on = await enabled();
    updater.autoInstallOnAppQuit = on && !asks && !held;
  };
  const look = async () => {
    await ask();
    if (!on) return;
    // The failure of either is an `error` of the updater too.
    const found = await updater.checkForUpdates().catch(() => null);
    await found?.downloadPromise?.catch(() => undefined);
  };
  const again = () => void look().catch((error) => log(messageOf(error)));
  const first = setTimeout(again, parts.firstLookMs ?? FIRST_LOOK_MS);
  const timer = setInterval(again, LOOK_MS);
  return {
    state: () => ({ ...state, asks }),
    look,
    applySetting: async () => {
      const before = on;
      await ask();
      if (on && before === false) await look();
    },
    install: () => {
      if (state.state !== 'ready') return;
      wanted = true;
      quit();
    },
    finish: () => {
      if (!wanted || held || state.state !== 'ready') return false;
      // An installer that never comes would leave a program that does nothing and lets no other one start.
      setTimeout(() => app.exit(), parts.takeOverMs ?? TAKE_OVER_MS);
      updater.once('error', () => app.exit());
      updater.quitAndInstall(true, true);
      return true;
    },
    stay: () => {
      wanted = false;
    },
    hold: () => {
      held = true;
      updater.autoInstallOnAppQuit = false;
    },
    stop: () => {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}
