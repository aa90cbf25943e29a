import type { EventName, Events, Live } from '../../src-shared/contract.ts';
import type { FileView } from '../../src-shared/file-view.ts';

/** Changes are collected for so long at least, in ms: faster than anybody reads, slower than any burst. */
const BATCH_MS = 250;
/** Deltas take no more than this share of the time. */
const LARGEST_SHARE = 0.05;
/** Load of computers and the time left are looked at again this often, in ms. */
const PULSE_MS = 5000;
/** More files than this in one delta are not told one by one. */
const MOST_FILES = 200;

/** How each part is looked up. */
export type LiveParts = { [K in keyof Live]: () => Live[K] };

/** Which parts an event makes others. */
const TOUCHED: Partial<Record<EventName, (keyof Live)[]>> = {
  file: [
    'counts',
    'sourceBytes',
    'resultBytes',
    'recent',
    'running',
    'awaitingCheck',
    'problems',
    'workers',
    'settling',
  ],
  listed: ['counts', 'settling', 'recent', 'problems'],
  progress: ['running', 'awaitingCheck'],
  library: ['libraries', 'problems', 'eta'],
  libraries: ['libraries', 'scanning', 'problems', 'counts', 'settling'],
  paused: ['paused', 'pausedUntil', 'held', 'problems', 'workers'],
  idle: ['running', 'workers', 'eta'],
  worker: ['workers'],
  removed: ['workers'],
  pairing: ['pairings'],
  master: ['master'],
};

/** Tells users what has changed since the snapshot that they have: in batches, numbered without a gap. */
export class LiveFeed {
  readonly #parts: LiveParts;
  readonly #send: (delta: Events['delta']) => void;
  readonly #isWatched: () => boolean;
  readonly #pulse: NodeJS.Timeout;
  readonly #touched = new Set<keyof Live>();
  readonly #files = new Map<number, FileView>();
  #listed = false;
  #revision = 0;
  #timer: NodeJS.Timeout | undefined;
  #cost = 0;

  /** @param isWatched false while nobody is told, so that looking up can be spared */
  constructor(parts: LiveParts, send: (delta: Events['delta']) => void, isWatched: () => boolean) {
    this.#parts = parts;
    this.#send = send;
    this.#isWatched = isWatched;
    this.#pulse = setInterval(() => isWatched() && this.#touch(['workers', 'eta']), PULSE_MS);
    this.#pulse.unref();
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

  /** Notes what an event has changed. */
  note<E extends EventName>(event: E, payload: Events[E]): void {
    if (!this.#isWatched()) return;
    if (event === 'file') {
      const { root: _, ...file } = payload as Events['file'];
      this.#files.set(file.id, file);
    }
    if (event === 'listed' || event === 'libraries') this.#listed = true;
    const touched = TOUCHED[event];
    if (touched) this.#touch(touched);
  }

  #touch(parts: (keyof Live)[]): void {
    for (const part of parts) this.#touched.add(part);
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(BATCH_MS, this.#cost / LARGEST_SHARE));
  }

  #flush(): void {
    this.#timer = undefined;
    const started = performance.now();
    const many = this.#listed || this.#files.size > MOST_FILES;
    const parts = [...this.#touched].map((part) => [part, this.#parts[part]()]);
    const files = many ? [] : [...this.#files.values()];
    this.#touched.clear();
    this.#files.clear();
    this.#listed = false;
    this.#revision += 1;
    this.#send({ ...Object.fromEntries(parts), revision: this.#revision, files, many });
    this.#cost = performance.now() - started;
  }
}
