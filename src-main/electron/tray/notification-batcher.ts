import { count, formatBytes } from '../../../src-shared/text/format.ts';
import { nameOf } from '../../../src-shared/util/paths.ts';

/** Content of a notification. */
export interface Note {
  kind: 'finished' | 'failed';
  title: string;
  body: string;
}

/** Failures are collected for this long after the first, in ms. */
const GROUP_MS = 60_000;

/** A finished video and its savings. */
interface Ended {
  path: string;
  state: string;
  reason: string | null;
  sourceSize: number | null;
  resultSize: number | null;
}

/** Makes few notifications of much that happens: one when the queue is finished, one for all failures of a minute. */
export class NotificationBatcher {
  readonly #tell: (note: Note) => void;
  readonly #groupMs: number;
  #done = 0;
  #saved = 0;
  #failed = 0;
  #lastFailure = '';
  #group: NodeJS.Timeout | undefined;

  constructor(tell: (note: Note) => void, groupMs = GROUP_MS) {
    this.#tell = tell;
    this.#groupMs = groupMs;
  }

  /** A video has another state. */
  note({ path, state, reason, sourceSize, resultSize }: Ended): void {
    if (state === 'done') {
      this.#done += 1;
      this.#saved += (sourceSize ?? 0) - (resultSize ?? 0);
    }
    if (state !== 'failed' && state !== 'blocked') return;
    this.#failed += 1;
    this.#lastFailure = `${nameOf(path)}: ${reason ?? 'no reason was given.'}`;
    this.#group ??= setTimeout(() => this.#notifyFailures(), this.#groupMs);
    this.#group.unref();
  }

  /** All work is done. */
  finished(): void {
    this.#notifyFailures();
    if (this.#done === 0) return;
    const [done, saved] = [this.#done, this.#saved];
    this.#done = this.#saved = 0;
    this.#tell({
      kind: 'finished',
      title: 'All videos are done',
      body: `${count(done, 'video')} converted, ${formatBytes(saved)} saved.`,
    });
  }

  stop(): void {
    clearTimeout(this.#group);
  }

  #notifyFailures(): void {
    clearTimeout(this.#group);
    this.#group = undefined;
    if (this.#failed === 0) return;
    const failed = this.#failed;
    this.#failed = 0;
    this.#tell({
      kind: 'failed',
      title: failed === 1 ? 'A video needs attention' : `${count(failed, 'video')} need attention`,
      body: failed === 1 ? this.#lastFailure : `Latest: ${this.#lastFailure}`,
    });
  }
}
