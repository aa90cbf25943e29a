import type { Caller } from '../../../src-shared/contract/index.ts';
import { MAX_SHARED_CHUNKS, type NextChunk } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import { type Chunk, rangeOf } from '../../../src-shared/plan/chunks.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import { shorten } from '../../../src-shared/util/plain-text.ts';
import type { Logger } from '../../log/logger.ts';
import type { ChunkLocator } from './chunk-locator.ts';

/** Longest wait for an uploaded chunk, in ms: whoever waits longer encodes in the meantime. */
const FETCH_MS = 300_000;

/** What the chunks of a video are shared with. */
export interface SharingParts {
  call: Caller;
  lease: Lease;
  /** Fetches a chunk that another computer has encoded. */
  fetch: (chunk: UploadedChunk & Lease, file: string, signal: AbortSignal) => Promise<void>;
  log: Logger | undefined;
}

export type UploadedChunk = NextChunk['uploaded'][number];

/** How a video stands: its split, and the chunks that are there. */
export interface SharedTable {
  split: readonly Chunk[];
  stored: readonly (Chunk & { size: number })[];
  crf: number;
  /** For helpers that can't read the video in place. */
  locate?: ChunkLocator | undefined;
}

/**
 * Shares the chunks of a video with other computers through the master. Without a master that answers, or with one that doesn't share
 * chunks, every question has the answer undefined, and the video is encoded here alone.
 */
export class ChunkSharing {
  readonly #parts: SharingParts;
  /** The split that the master knows. */
  #offered: string | undefined;
  /** The master doesn't know these calls. */
  #isOff = false;
  #refused: (Chunk & { reason: string })[] = [];

  constructor(parts: SharingParts) {
    this.#parts = parts;
  }

  /**
   * Asks what to encode next, and what others have encoded.
   * @param assign false only to learn what others do
   */
  async ask(table: SharedTable, { assign }: { assign: boolean }): Promise<NextChunk | undefined> {
    if (this.#isOff || table.split.length > MAX_SHARED_CHUNKS) return undefined;
    try {
      return await this.#next(table, assign);
    } catch (error) {
      // The master may have restarted, and knows nothing of these chunks then.
      this.#offered = undefined;
      if (error instanceof Fault && error.code === 'conflict') {
        return await this.#next(table, assign).catch((again) => this.#giveUp(again));
      }
      return this.#giveUp(error);
    }
  }

  async #next({ split, stored, crf, locate }: SharedTable, assign: boolean): Promise<NextChunk> {
    const { call, lease } = this.#parts;
    const offer = JSON.stringify([split.map(rangeOf), crf]);
    if (offer !== this.#offered) {
      const chunks = split.map((chunk) => ({ ...rangeOf(chunk), location: locate?.(chunk) }));
      await call('chunk.offer', { ...lease, crf, chunks });
      this.#offered = offer;
    }
    const refused = this.#refused;
    const done = stored.map(({ from, to, size }) => ({ from, to, size }));
    const answer = await call('chunk.next', { ...lease, done, refused, assign });
    this.#refused = this.#refused.filter((chunk) => !refused.includes(chunk));
    return answer;
  }

  #giveUp(error: unknown): undefined {
    const code = error instanceof Fault ? error.code : undefined;
    if (code === 'missing') this.#isOff = true;
    // A lost lease and a lost connection are noticed elsewhere.
    if (code !== 'missing' && code !== 'fenced' && code !== 'node')
      this.#parts.log?.warn(`Couldn't share the chunks of a video: ${messageOf(error)}`);
  }

  /**
   * Fetches a chunk that another computer has encoded.
   * @returns false when it can't be had now
   * @throws the reason of the aborted `signal`
   */
  async fetch(chunk: UploadedChunk, file: string, signal: AbortSignal | undefined): Promise<boolean> {
    const signals = [signal, AbortSignal.timeout(FETCH_MS)].filter((each) => each !== undefined);
    try {
      await this.#parts.fetch({ ...chunk, ...this.#parts.lease }, file, AbortSignal.any(signals));
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Fault && error.code === 'fenced'))
        this.#parts.log?.warn(`Couldn't fetch a chunk that another computer encoded: ${messageOf(error)}`);
      return false;
    }
  }

  /** Reports with the next question that a fetched chunk is wrong. */
  refuse(chunk: Chunk, reason: string): void {
    this.#refused.push({ ...rangeOf(chunk), reason: shorten(reason) });
  }
}
