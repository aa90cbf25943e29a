import { app } from 'electron';
import type { AppUpdater } from 'electron-updater';
import type { Caller } from '../../src-shared/contract.ts';
import type { UpdateState } from '../../src-shared/desktop.ts';
import { messageOf } from '../../src-shared/errors.ts';
import { afterNews, NO_UPDATE, type UpdateNews } from './update-state.ts';

/** The first look is not among all that happens at a start; then so often, in ms. */
const FIRST_LOOK_MS = 60_000;
const LOOK_MS = 6 * 3_600_000;

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
  changed?: (state: UpdateState) => void;
  log: (text: string) => void;
  /** When it looks for the first time, in ms; 0 is at once. */
  firstLookMs?: number;
}

/** Keeps the program up to date. */
export interface Updater {
  state: () => UpdateState;
  /** Looks for a newer version now, unless the user does not want that; it is fetched right away. */
  look: () => Promise<void>;
  /** Ends the program as a quit does, then starts the newer version; nothing without one. */
  install: () => void;
  /**
   * The very last step of ending the program, when no film is in its hands any more and no replacement is half done.
   * @returns true when the newer version was asked for and takes over: it ends the program itself
   */
  finish: () => boolean;
  /** The user does not want to end the program after all. */
  stay: () => void;
  stop: () => void;
}

/** Begins to keep an installed program up to date; undefined where it runs from its sources. */
export async function keepUpdated(
  parts: Pick<UpdaterParts, 'quit' | 'log'> & { call: Caller; changed?: (state: UpdateState) => void },
): Promise<Updater | undefined> {
  if (!app.isPackaged) return undefined;
  // A CommonJS module, and large: nothing at a start waits for it.
  const { default: electronUpdater } = await import('electron-updater');
  const updater = electronUpdater.autoUpdater;
  const enabled = async () => (await parts.call('settings.get', {})).values.autoUpdate;
  return wireUpdater({ ...parts, updater, enabled, asks: updater instanceof electronUpdater.DebUpdater });
}

/**
 * Looks for newer versions, fetches them and has them installed when the program has ended by itself or its user. It never
 * ends the program: whoever converts films decides when.
 */
export function wireUpdater({ updater, enabled, asks, quit, log, ...parts }: UpdaterParts): Updater {
  let state = NO_UPDATE;
  let wanted = false;
  const hear = (news: UpdateNews) => {
    const before = state;
    state = afterNews(before, news);
    if (state.state !== before.state || state.version !== before.version) parts.changed?.(state);
  };
  updater.logger = null;
  updater.autoDownload = true;
  updater.autoInstallOnAppQuit = false;
  updater.on('update-available', ({ version }) => hear({ kind: 'found', version }));
  updater.on('update-not-available', () => hear({ kind: 'current' }));
  updater.on('download-progress', () => hear({ kind: 'loading' }));
  updater.on('update-downloaded', ({ version }) => hear({ kind: 'ready', version }));
  // Told, not shown: nobody can do anything about a server that is away.
  updater.on('error', (error) => {
    log(`No update could be had: ${messageOf(error)}`);
    hear({ kind: 'failed' });
  });
  const look = async () => {
    const on = await enabled();
    updater.autoInstallOnAppQuit = on && !asks;
    if (!on) return;
    // The failure of either is an `error` of the updater too.
    const found = await updater.checkForUpdates().catch(() => null);
    await found?.downloadPromise?.catch(() => undefined);
  };
  const again = () => void look().catch((error) => log(messageOf(error)));
  const first = setTimeout(again, parts.firstLookMs ?? FIRST_LOOK_MS);
  const timer = setInterval(again, LOOK_MS);
  return {
    state: () => state,
    look,
    install: () => {
      if (state.state !== 'ready') return;
      wanted = true;
      quit();
    },
    finish: () => {
      if (!wanted || state.state !== 'ready') return false;
      let failed = false;
      const note = () => {
        failed = true;
      };
      updater.on('error', note);
      updater.quitAndInstall(true, true);
      updater.off('error', note);
      return !failed;
    },
    stay: () => {
      wanted = false;
    },
    stop: () => {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}
