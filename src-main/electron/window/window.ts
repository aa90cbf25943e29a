import path from 'node:path';
import { BrowserWindow, dialog, nativeTheme, screen } from 'electron';
import type { DesktopNode, EarlyPage } from '../backend/desktop-node.ts';
import { visibleBounds } from './window-state.ts';
import type { WindowStateStore } from './window-state-store.ts';

const SIZE = { width: 1280, height: 860 };
/** The ground of src-renderer/theme.ts, so that nothing flashes before the page is there. */
const GROUND = { light: '#fbfcfc', dark: '#13171a' };
/** A hidden page is closed after this time, in ms, to free its memory. */
const REST_MS = 10 * 60_000;
/** A page that has crashed so often within {@link CRASH_MS} isn't reloaded automatically. */
const MAX_CRASHES = 3;
const CRASH_MS = 60_000;

/** Dependencies of the window. */
interface WindowParts {
  memory: WindowStateStore;
  /** The window was closed by its user. */
  closed: (window: BrowserWindow) => void;
  /** True once closing it really closes it. */
  ending: () => boolean;
}

/** The one window: a browser of the node's own server. */
export class MainWindow {
  readonly #parts: WindowParts;
  #window: BrowserWindow | undefined;
  #node: DesktopNode | undefined;
  /** The load of a page before there was a node: whether it came. */
  #early: Promise<boolean> | undefined;
  #rest: NodeJS.Timeout | undefined;
  #crashes: number[] = [];

  constructor(parts: WindowParts) {
    this.#parts = parts;
  }

  get window(): BrowserWindow | undefined {
    return this.#window;
  }

  /** Makes the window before there is anything to show, so that its process starts beside the node. */
  prepare(): BrowserWindow {
    const { bounds } = this.#parts.memory.now;
    const place = visibleBounds(
      bounds,
      screen.getAllDisplays().map(({ workArea }) => workArea),
    );
    const window = new BrowserWindow({
      ...SIZE,
      ...place,
      minWidth: 390,
      minHeight: 480,
      title: 'Flotilla',
      show: false,
      autoHideMenuBar: true,
      backgroundColor: nativeTheme.shouldUseDarkColors ? GROUND.dark : GROUND.light,
      webPreferences: {
        preload: path.join(import.meta.dirname, '../preload/preload.cjs'),
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
      },
    });
    this.#window = window;
    this.#remember(window);
    window.on('close', (event) => {
      if (this.#parts.ending()) return;
      event.preventDefault();
      // In a turn of its own: a program that ends closes this window again.
      setImmediate(() => this.#parts.closed(window));
    });
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined;
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason !== 'clean-exit' && !this.#parts.ending()) this.#recover(window);
    });
    return window;
  }

  /** Shows the page of a node that still starts: it renders in the meantime, and waits for an answer. */
  async showEarly({ home, key }: EarlyPage): Promise<void> {
    const window = this.#window;
    // The node was faster, or the window is closed.
    if (!window || this.#node || this.#parts.ending()) return;
    this.#early = loadInto(window, `${home}/#token=${key}`);
    if ((await this.#early) && !this.#node && !this.#parts.ending()) this.#show(window);
  }

  /** Shows an address of the interface, or the window as it is. */
  async open(node: DesktopNode, address?: string): Promise<void> {
    clearTimeout(this.#rest);
    this.#node = node;
    const window = this.#window ?? this.prepare();
    const early = this.#early;
    this.#early = undefined;
    if (early && (await early) && node.early && !window.isDestroyed() && !window.webContents.isCrashed()) {
      // What its user has done with it since stands.
      if (window.isVisible() || window.isMinimized()) return;
    } else if (early || address !== undefined || !window.webContents.getURL().startsWith('http')) {
      // The page paints while it is hidden; a window that waits for it shows no empty ground.
      await this.load(address ?? '/');
    }
    this.#show(window);
  }

  #show(window: BrowserWindow): void {
    if (window.isDestroyed()) return;
    if (window.isMinimized()) window.restore();
    // Not before: it would show a hidden one.
    if (this.#parts.memory.now.maximized) window.maximize();
    window.show();
    window.focus();
  }

  /** Loads an address of the interface with a key that signs in once. */
  async load(address = this.#address()): Promise<void> {
    const [node, window] = [this.#node, this.#window];
    if (!node || !window || window.isDestroyed()) return;
    const key = await node.makeKey();
    if (!window.isDestroyed()) await loadInto(window, `${node.home}${address}#token=${key}`);
  }

  /** Out of sight; after a while its page ends too. */
  hide(): void {
    const window = this.#window;
    if (!window) return;
    if (process.platform === 'darwin' && window.isFullScreen()) {
      // The space that it fills would stay, black.
      window.once('leave-full-screen', () => this.hide());
      window.setFullScreen(false);
      return;
    }
    window.hide();
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => window.destroy(), REST_MS);
    this.#rest.unref();
  }

  /** Where the page is now. */
  #address(): string {
    const url = this.#window?.webContents.getURL();
    const home = this.#node?.home;
    if (!url || !home || !url.startsWith(`${home}/`)) return '/';
    return url.slice(home.length).replace(/#.*/, '');
  }

  #remember(window: BrowserWindow): void {
    const note = () => {
      if (window.isDestroyed() || window.isMinimized() || window.isFullScreen()) return;
      this.#parts.memory.note({ bounds: window.getNormalBounds(), maximized: window.isMaximized() });
    };
    let timer: NodeJS.Timeout | undefined;
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(note, 500);
      timer.unref();
    };
    for (const event of ['resize', 'move', 'maximize', 'unmaximize'] as const) window.on(event as 'resize', soon);
    window.on('close', note);
  }

  /** The page's process has ended; the work has not. */
  #recover(window: BrowserWindow): void {
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < CRASH_MS), now];
    if (this.#crashes.length < MAX_CRASHES) return void this.load();
    this.#crashes = [];
    const asked = dialog.showMessageBox(window, {
      type: 'error',
      message: "The window can't be shown.",
      detail: 'Its page crashed several times in a row. Conversions continue.',
      buttons: ['Try again', 'Close window'],
      cancelId: 1,
    });
    asked.then(({ response }) => (response === 0 ? this.load() : window.destroy()), ignoreAborted);
  }
}

/** Resolves when a page was loaded, with true, or cannot be: closing the window in the meantime would leave it pending. */
async function loadInto(window: BrowserWindow, url: string): Promise<boolean> {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  window.once('closed', resolve);
  const loaded = await Promise.race([
    window.loadURL(url).then(
      () => true,
      // A page that takes the key out of its address while it loads aborts nothing but that.
      ({ code }: { code?: string }) => code === 'ERR_ABORTED',
    ),
    gone.then(() => false),
  ]);
  window.off('closed', resolve);
  return loaded;
}

/** A newer load took the place of this one, or the window went. */
function ignoreAborted(): void {}
