import { app, type BrowserWindow, dialog, powerMonitor } from 'electron';
import { messageOf } from '../../src-shared/errors.ts';
import { pauseChoices } from '../../src-shared/time-words.ts';
import type { DesktopNode } from './desktop-node.ts';
import { followStatus } from './follow.ts';
import type { Memory } from './memory.ts';
import { setMenu } from './menu.ts';
import { notify } from './notifications.ts';
import { Wakefulness } from './power.ts';
import type { Quitting } from './quit.ts';
import type { Status } from './status.ts';
import { TrayIcon } from './tray.ts';
import { hasTray } from './tray-host.ts';
import { type TrayAction, trayModel, whyStill } from './tray-model.ts';
import type { MainWindow } from './window.ts';

/** At login a panel may come after us: its tray is looked for again so often, after so long each, in ms. */
const TRAY_LOOKS = 12;
const TRAY_WAIT_MS = 5000;
/** A page that was loaded has shown how things stand after so long, in ms: work would keep it waiting before. */
const PAGE_MS = 300;
/** Films do not wait longer for a page, in ms. */
const LOAD_MS = 10_000;

/** What the shell is built around. */
interface ShellParts {
  node: DesktopNode;
  dataDir: string;
  main: MainWindow;
  memory: Memory;
  quitting: Quitting;
}

/** All that the desktop adds to a running node: window, tray, menus and notifications. */
export class Shell {
  readonly #parts: ShellParts;
  readonly #wakefulness = new Wakefulness();
  readonly #ends: (() => void)[] = [];
  #look: () => void = () => undefined;
  #status: Status | undefined;
  /** A tray is there; its icon is made as soon as there is something to tell. */
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

  /** Something that the tray tells has changed. */
  look(): void {
    if (this.#status) this.#follow(this.#status);
    this.#look();
  }

  /** Why the films stand still at present; undefined while they do not. */
  get whyStill(): string | undefined {
    return this.#status && whyStill(this.#status);
  }

  /** The user closed the window: the work goes on where the window can be had back. */
  closed(window: BrowserWindow): void {
    if (this.#tray || process.platform === 'darwin')
      this.#toTray(window).catch((error) => console.error(messageOf(error)));
    else app.quit();
  }

  async #toTray(window: BrowserWindow): Promise<void> {
    const { memory, main } = this.#parts;
    if (!memory.now.closingExplained) {
      const place = process.platform === 'darwin' ? 'in the menu bar' : 'in the tray, near the clock';
      const { response } = await dialog.showMessageBox(window, {
        type: 'info',
        message: 'Flotilla goes on without its window.',
        detail: `You find it ${place}: how far it is, a pause, and the way back to this window. To end it, choose Quit there.`,
        buttons: ['Go on', 'Quit instead'],
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
    const tell = (error: unknown) => dialog.showErrorBox('That did not work', messageOf(error));
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
