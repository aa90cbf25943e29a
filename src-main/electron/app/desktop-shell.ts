import { app, type BrowserWindow, dialog, powerMonitor } from 'electron';
import { pauseChoices } from '../../../src-shared/text/time-words.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import type { DesktopNode } from '../backend/desktop-node.ts';
import type { Status } from '../backend/status.ts';
import { followStatus } from '../backend/status-subscription.ts';
import { SleepBlocker } from '../system/power.ts';
import { notify } from '../tray/notifications.ts';
import { TrayIcon } from '../tray/tray.ts';
import { hasTray } from '../tray/tray-host.ts';
import { idleReason, type TrayAction, trayModel } from '../tray/tray-model.ts';
import { setMenu } from '../window/menu.ts';
import type { MainWindow } from '../window/window.ts';
import type { WindowStateStore } from '../window/window-state-store.ts';
import type { QuitController } from './quit-controller.ts';

/** At login a panel may come after us: its tray is looked for again this often, at this interval in ms. */
const TRAY_LOOKS = 12;
const TRAY_WAIT_MS = 5000;
/** A page that was loaded has shown how things stand after this long, in ms: work would keep it waiting before. */
const PAGE_MS = 300;
/** Videos do not wait longer for a page, in ms. */
const LOAD_MS = 10_000;

/** Dependencies of the shell. */
interface ShellParts {
  node: DesktopNode;
  dataDir: string;
  main: MainWindow;
  memory: WindowStateStore;
  quitting: QuitController;
}

/** All that the desktop adds to a running node: window, tray, menus and notifications. */
export class DesktopShell {
  readonly #parts: ShellParts;
  readonly #wakefulness = new SleepBlocker();
  readonly #ends: (() => void)[] = [];
  #look: () => void = () => undefined;
  #status: Status | undefined;
  /** A tray is there; its icon is created as soon as the state is known. */
  #trayFound = false;
  #tray: TrayIcon | undefined;
  #trayLook: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(parts: ShellParts) {
    this.#parts = parts;
  }

  /** @param hidden starts in the tray, or as a small window where there is none */
  async begin(hidden: boolean): Promise<void> {
    const { node, dataDir, main, quitting } = this.#parts;
    // What its user waits for comes first.
    const opened = hidden ? undefined : main.open(node);
    setMenu({ node, dataDir, open: (address) => this.open(address), reload: () => void main.load() });
    const sessionEnds = () => quitting.sessionEnds();
    powerMonitor.on('shutdown', sessionEnds);
    app.on('browser-window-created', (_event, window) => window.on('session-end', sessionEnds));
    main.window?.on('session-end', sessionEnds);
    this.#ends.push(notify(node, (address) => this.open(address)));
    const { look, end } = followStatus(node, (status) => this.#follow(status));
    this.#look = look;
    this.#ends.push(end, () => clearTimeout(this.#trayLook));
    let work = setTimeout(() => node.takeUpWork(), hidden ? 0 : LOAD_MS);
    this.#ends.push(() => clearTimeout(work));
    await opened;
    if (this.#ended) return;
    if (!hidden) {
      clearTimeout(work);
      work = setTimeout(() => node.takeUpWork(), PAGE_MS);
    }
    await this.#findTray(TRAY_LOOKS, hidden);
  }

  end(): void {
    this.#ended = true;
    for (const end of this.#ends.splice(0)) end();
    this.#tray?.remove();
  }

  /** Brings the window up. */
  open(address?: string): void {
    this.#parts.main.open(this.#parts.node, address).catch((error) => console.error(messageOf(error)));
  }

  /** Something that the tray shows has changed. */
  look(): void {
    if (this.#status) this.#follow(this.#status);
    this.#look();
  }

  /** Why conversions are suspended; undefined while they aren't. */
  get idleReason(): string | undefined {
    return this.#status && idleReason(this.#status);
  }

  /** The user closed the window: work continues if the window can be reopened. */
  closed(window: BrowserWindow): void {
    if (this.#tray || process.platform === 'darwin')
      this.#toTray(window).catch((error) => console.error(messageOf(error)));
    else app.quit();
  }

  async #toTray(window: BrowserWindow): Promise<void> {
    const { memory, main } = this.#parts;
    if (!memory.now.closingExplained) {
      const place = process.platform === 'darwin' ? 'in the menu bar' : 'in the tray';
      const { response } = await dialog.showMessageBox(window, {
        type: 'info',
        message: `Flotilla keeps running ${place}.`,
        detail:
          'Use its icon there to see progress, pause, or open this window again. To quit Flotilla, choose Quit there.',
        buttons: ['Keep running', 'Quit'],
        cancelId: 0,
      });
      memory.note({ closingExplained: true });
      if (response === 1) return app.quit();
    }
    main.hide();
  }

  async #findTray(looks: number, hidden: boolean): Promise<void> {
    const found = await hasTray();
    if (this.#ended) return;
    if (found) {
      this.#trayFound = true;
      if (this.#status) this.#follow(this.#status);
    } else if (looks > 0) {
      const again = () => this.#findTray(looks - 1, hidden).catch((error) => console.error(messageOf(error)));
      this.#trayLook = setTimeout(again, TRAY_WAIT_MS);
    } else if (hidden && !this.#parts.main.window?.isVisible()) {
      const window = this.#parts.main.window ?? this.#parts.main.prepare();
      window.once('restore', () => this.open());
      window.minimize();
    }
  }

  #follow(status: Status): void {
    this.#status = status;
    const model = trayModel(status, { leaving: this.#parts.quitting.leaving });
    if (this.#tray) this.#tray.show(model);
    else if (this.#trayFound) this.#tray = new TrayIcon(model, (action) => this.#act(action));
    this.#wakefulness.follow(status);
    const { window } = this.#parts.main;
    const { share, mood } = status;
    if (share === null) window?.setProgressBar(-1);
    else window?.setProgressBar(share, { mode: mood === 'working' ? 'normal' : 'paused' });
  }

  #act(action: TrayAction): void {
    const { node, quitting } = this.#parts;
    const tell = (error: unknown) => dialog.showErrorBox('Something went wrong', messageOf(error));
    const acts: { [A in TrayAction['do']]: () => unknown } = {
      open: () => this.open(),
      problems: () => this.open('/'),
      resume: () => node.call('queue.resume', {}).catch(tell),
      finish: () => node.call('queue.pause', {}).catch(tell),
      pause: () => {
        const choice = pauseChoices().find(({ id }) => action.do === 'pause' && id === action.until);
        return node.call('queue.pause', { now: true, until: choice?.until ?? null }).catch(tell);
      },
      quit: () => app.quit(),
      quitNow: () => quitting.now(),
      stay: () => quitting.stay(),
    };
    acts[action.do]();
  }
}
