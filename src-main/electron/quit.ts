import { app, type BrowserWindow, dialog } from 'electron';
import { count } from '../../src-shared/format.ts';
import type { DesktopNode } from './desktop-node.ts';

/** What the user wants done with films that are being converted when the program ends. */
type Answer = 'finish' | 'stop' | 'cancel';
const ANSWERS: readonly Answer[] = ['finish', 'stop', 'cancel'];

/** A load that goes on for so long, in ms, is stopped. */
const LOAD_ENDS_MS = 500;
/** A load that was stopped has ended by then, in ms. */
const LOAD_STOPS_MS = 2000;

/** What ending takes. */
interface QuitParts {
  node: () => DesktopNode | undefined;
  window: () => BrowserWindow | undefined;
  /** Why the films stand still at present; undefined while they do not. */
  whyStill: () => string | undefined;
  /** Something about leaving has changed: the tray tells it. */
  changed: () => void;
  /** The program goes on after all. */
  stayed: () => void;
  /** The system or the session of its user ends: whatever would take long is cut off. */
  sessionEnds: () => void;
}

/** Ends the program in good order: it asks while films are being converted, and lets them be finished if so wished. */
export class Quitting {
  readonly #parts: QuitParts;
  #asking = false;
  #decided = false;
  #stoppedLoad = false;
  /** The wish to end when what runs is done; another object for each. */
  #leaving: object | undefined;

  constructor(parts: QuitParts) {
    this.#parts = parts;
    app.on('before-quit', (event) => {
      const loads = this.#decided && this.#stopLoad();
      if (this.#decided && !loads) return;
      event.preventDefault();
      // In a turn of its own: a quit in the middle of a quit is lost.
      if (!loads) setImmediate(() => this.#ask().catch(() => this.now()));
    });
  }

  /** True once nothing keeps the program from ending. */
  get ending(): boolean {
    return this.#decided;
  }

  /** True while it ends as soon as what runs is done. */
  get leaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** Without a question: what runs is queued again. */
  now(): void {
    this.#decided = true;
    app.quit();
  }

  /**
   * Electron crashes when a window goes in the middle of a load: its load ends first.
   * @returns true when there is one, which is stopped: then it quits anew
   */
  #stopLoad(): boolean {
    const page = this.#parts.window()?.webContents;
    if (this.#stoppedLoad || !page?.isLoadingMainFrame()) return false;
    const quit = () => {
      clearTimeout(late);
      this.#stoppedLoad = true;
      setImmediate(() => app.quit());
    };
    const late = setTimeout(quit, LOAD_STOPS_MS);
    page.once('did-stop-loading', quit);
    // A moment first to come to its end by itself: one that is stopped while its process starts can crash all the same.
    setTimeout(() => page.isDestroyed() || page.stop(), LOAD_ENDS_MS);
    return true;
  }

  /** As {@link now}, because somebody ends it who waits for nothing. */
  sessionEnds(): void {
    this.#parts.sessionEnds();
    this.now();
  }

  async #ask(): Promise<void> {
    const node = this.#parts.node();
    if (this.#asking) return;
    this.#asking = true;
    try {
      const films = (await node?.holds()) ?? 0;
      // Nothing would be lost by ending at once.
      if (!node || films === 0) return this.now();
      const answer = await this.#question(films);
      if (answer === 'stop') this.now();
      if (answer === 'finish') await this.#whenDone(node);
      if (answer === 'cancel') this.#parts.stayed();
    } finally {
      this.#asking = false;
    }
  }

  /** Takes the wish back to end when what runs is done. */
  stay(): void {
    if (!this.#leaving) return;
    this.#leaving = undefined;
    this.#parts.node()?.carryOn();
    this.#parts.stayed();
    this.#parts.changed();
  }

  async #question(films: number): Promise<Answer> {
    const owner = this.#parts.window();
    const why = this.#parts.whyStill();
    const still = why ? `Nothing goes on at present: ${why.replace(/\.$/, '')}. Finishing has to wait for that. ` : '';
    const options = {
      type: 'question' as const,
      message: films === 1 ? 'A film is being converted.' : `${count(films, 'film')} are being converted.`,
      detail: `${still}If you stop now, ${films === 1 ? 'it is' : 'they are'} queued again and converted from the start next time. Your originals stay as they are either way.`,
      buttons: [films === 1 ? 'Finish it, then quit' : 'Finish them, then quit', 'Stop now, resume later', 'Cancel'],
      defaultId: 0,
      cancelId: 2,
    };
    const visible = owner?.isVisible() ? owner : undefined;
    const { response } = await (visible ? dialog.showMessageBox(visible, options) : dialog.showMessageBox(options));
    return ANSWERS[response] ?? 'cancel';
  }

  async #whenDone(node: DesktopNode): Promise<void> {
    const wish = {};
    this.#leaving = wish;
    this.#parts.changed();
    // It may take hours: nobody who asked waits for it.
    node.windDown().then(
      () => this.#leaving === wish && this.now(),
      () => this.stay(),
    );
  }
}
