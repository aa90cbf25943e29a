import type { FileView } from '../../../src-shared/contract/file-view.ts';
import { EVENTS, type EventName, type Events, type Live } from '../../../src-shared/contract/index.ts';

/** Changes are collected at least this long, in ms: shorter than anyone notices, longer than any burst. */
const BATCH_MS = 250;
/** Deltas take no more than this share of the time. */
const MAX_SHARE = 0.05;
/** Load of computers and the time left are looked at again this often, in ms. */
const PULSE_MS = 5000;
/** A delta lists at most this many files, since a page applies each of them. */
const MAX_FILES = 200;

/** Who receives deltas. */
interface Audience {
  send: (delta: Events['delta']) => void;
  /** Returns false while no one follows, so that nothing has to be looked up. */
  isWatched: () => boolean;
}

/** How each part is looked up. */
export type LiveParts = { [K in keyof Live]: () => Live[K] };

/** Sends users what changed since their snapshot, in batches numbered without a gap. */
export class LiveFeed {
  readonly #parts: LiveParts;
  #audience: Audience | undefined;
  #pulse: NodeJS.Timeout | undefined;
  readonly #touched = new Set<keyof Live>();
  readonly #files = new Map<number, FileView>();
  #listed = false;
  #revision = 0;
  #timer: NodeJS.Timeout | undefined;
  #cost = 0;

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  /** Sends deltas from now on. */
  start(audience: Audience): void {
    this.#audience = audience;
    this.#pulse = setInterval(
      () => audience.isWatched() && this.#touch(['workers', 'eta', 'stages', 'vaultBytes']),
      PULSE_MS,
    ).unref();
  }

  stop(): void {
    clearInterval(this.#pulse);
    clearTimeout(this.#timer);
  }

  /** All parts as they are now, and the revision that the next delta follows. */
  snapshot(): Live & { revision: number } {
    const parts = Object.entries(this.#parts).map(([key, look]) => [key, look()]);
    return { ...Object.fromEntries(parts), revision: this.#revision };
  }

  /** Records what an event has changed. */
  note<E extends EventName>(event: E, payload: Events[E]): void {
    if (!this.#audience?.isWatched()) return;
    if (event === 'file') {
      const { root: _, ...file } = payload as Events['file'];
      this.#files.set(file.id, file);
    }
    const { live, changesLists } = EVENTS[event];
    if (changesLists) this.#listed = true;
    if (live) this.#touch(live);
  }

  #touch(parts: readonly (keyof Live)[]): void {
    for (const part of parts) this.#touched.add(part);
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(BATCH_MS, this.#cost / MAX_SHARE));
  }

  #flush(): void {
    this.#timer = undefined;
    const started = performance.now();
    const tooMany = this.#files.size > MAX_FILES;
    const many = this.#listed || tooMany;
    const parts = [...this.#touched].map((part) => [part, this.#parts[part]()]);
    const files = tooMany ? [] : [...this.#files.values()];
    this.#touched.clear();
    this.#files.clear();
    this.#listed = false;
    this.#revision += 1;
    this.#audience?.send({ ...Object.fromEntries(parts), revision: this.#revision, files, many });
    this.#cost = performance.now() - started;
  }
}
