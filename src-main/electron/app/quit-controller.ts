import { app, type BrowserWindow, dialog } from 'electron';
import { count } from '../../../src-shared/text/format.ts';
import type { Holding } from '../../worker/worker.ts';
import type { DesktopNode } from '../backend/desktop-node.ts';

/** The user's choice for running conversions when quitting. */
type Answer = 'finish' | 'stop' | 'cancel';
const ANSWERS: readonly Answer[] = ['finish', 'stop', 'cancel'];

/** A page load is stopped after this time, in ms. */
const LOAD_ENDS_MS = 500;
/** A load that was stopped has ended by then, in ms. */
const LOAD_STOPS_MS = 2000;

/** What stopping now costs, as a sentence. */
function stopNow(videos: number, secondsAtRisk: number): string {
  if (Number.isFinite(secondsAtRisk)) {
    const minutes = count(Math.max(1, Math.ceil(secondsAtRisk / 60)), 'minute');
    return `If you stop now, at most ${minutes} of work ${minutes === '1 minute' ? 'is' : 'are'} repeated next time.`;
  }
  return `If you stop now, ${videos === 1 ? 'it is' : 'they are'} queued again and converted from the start next time.`;
}

/** What ending takes. */
interface QuitParts {
  node: () => DesktopNode | undefined;
  window: () => BrowserWindow | undefined;
  /** Why conversions are suspended; undefined while they aren't. */
  idleReason: () => string | undefined;
  /** Something about leaving has changed: the tray shows it. */
  changed: () => void;
  /** The program keeps running after all. */
  stayed: () => void;
  /** Called when the system shuts down or the user logs out: anything that would take long is aborted. */
  sessionEnds: () => void;
}

/** Ends the program in good order: it asks while videos are being converted, and lets them be finished if so wished. */
export class QuitController {
  readonly #parts: QuitParts;
  #asking = false;
  #decided = false;
  #stoppedLoad = false;
  /** Identifies the pending request to quit after running jobs; a new object for each. */
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

  /** True while the program will quit once running jobs are done. */
  get leaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** Quits without asking: running jobs are queued again. */
  now(): void {
    this.#decided = true;
    app.quit();
  }

  /**
   * Electron crashes when a window goes in the middle of a load: its load ends first.
   * @returns true when there is one, which is stopped: then it quits again
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
    // Gives it a moment to end on its own: stopping it while its process starts can crash it.
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
      const holding = await node?.holding();
      // Nothing would be lost by ending at once.
      if (!node || !holding || holding.videos === 0) return this.now();
      const answer = await this.#question(holding);
      if (answer === 'stop') this.now();
      if (answer === 'finish') await this.#whenDone(node);
      if (answer === 'cancel') this.#parts.stayed();
    } finally {
      this.#asking = false;
    }
  }

  /** Cancels the request to quit after running jobs. */
  stay(): void {
    if (!this.#leaving) return;
    this.#leaving = undefined;
    this.#parts.node()?.resume();
    this.#parts.stayed();
    this.#parts.changed();
  }

  async #question({ videos, secondsAtRisk }: Holding): Promise<Answer> {
    const owner = this.#parts.window();
    const why = this.#parts.idleReason();
    const still = why ? `${why.replace(/\.$/, '')}. Conversions can finish only after they resume. ` : '';
    const options = {
      type: 'question' as const,
      message: videos === 1 ? 'A video is being converted.' : `${count(videos, 'video')} are being converted.`,
      detail: `${still}${stopNow(videos, secondsAtRisk)} Your originals stay as they are either way.`,
      buttons: [videos === 1 ? 'Finish it, then quit' : 'Finish them, then quit', 'Stop now, resume later', 'Cancel'],
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
    // It may take hours, so callers don't wait for it.
    node.drain().then(
      () => this.#leaving === wish && this.now(),
      () => this.stay(),
    );
  }
}
