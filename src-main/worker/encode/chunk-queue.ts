import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { NextChunk } from '../../../src-shared/jobs/chunk-lease.ts';
import { type Chunk, type ChunkSource, chunkedVideo, isSameChunk } from '../../../src-shared/plan/chunks.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { sha256 } from '../../fs/sha256.ts';
import { Shape, shapeChange } from '../../media/probe/shape.ts';
import type { ChunkLocator } from './chunk-locator.ts';
import type { ChunkSharing, UploadedChunk } from './chunk-sharing.ts';
import type { ChunkStore } from './chunk-store.ts';
import { type ProvenChunk, proveChunk } from './encode-chunk.ts';
import type { EncodeRun } from './encode-run.ts';

/** How often to look whether another computer has finished a chunk that is encoded here too, in ms. */
const POLL_MS = 3000;

/** The chunk to encode next. */
export interface NextStep {
  chunk: Chunk;
  /** Another computer encodes it too, or may be given it because hardly anything else is left. */
  isContested: boolean;
}

/** Dependencies of a {@link ChunkQueue}. */
export interface ChunkQueueParts {
  store: ChunkStore;
  source: ChunkSource;
  /** Undefined where this computer encodes alone. */
  sharing: ChunkSharing | undefined;
  /** For helpers that can't read the video in place. */
  locate?: ChunkLocator | undefined;
  onRefused: (chunk: Chunk, reason: string) => void;
  pollMs?: number;
}

/** The chunks of a video that are left: says which one to encode next, and takes over those that other computers have encoded. */
export class ChunkQueue {
  readonly #parts: ChunkQueueParts;

  constructor(parts: ChunkQueueParts) {
    this.#parts = parts;
  }

  /**
   * Takes over what other computers have encoded.
   * @param plan with the CRF that was chosen
   * @returns what to encode now; undefined when all chunks are there
   */
  async next(plan: Plan, run: EncodeRun): Promise<NextStep | undefined> {
    const { store } = this.#parts;
    for (;;) {
      const answer = await this.#ask(plan, true);
      let settled = 0;
      for (const chunk of answer?.uploaded ?? []) if (await this.#takeOver(chunk, plan, run)) settled += 1;
      const missing = store.table.split.filter((chunk) => !store.find(chunk));
      const wanted = missing.find((chunk) => answer?.encode && isSameChunk(chunk, answer.encode));
      if (wanted) return { chunk: wanted, isContested: isContested(wanted, missing, answer) };
      // What was settled is told before anything else.
      if (settled > 0) continue;
      const isRunning = (chunk: Chunk) => answer?.running.some((each) => isSameChunk(each, chunk));
      const first = missing.find((chunk) => !isRunning(chunk));
      if (first || missing.length === 0) return first && { chunk: first, isContested: false };
      // Two other computers encode each chunk that is left.
      await wait(this.#parts.pollMs ?? POLL_MS, undefined, { signal: run.parts.options.signal });
    }
  }

  /** Returns the chunks that other computers encode or have encoded, which have to stay as they are, and how many encode now. */
  async others(plan: Plan): Promise<{ taken: Chunk[]; computers: number }> {
    const { running = [], uploaded = [] } = (await this.#ask(plan, false)) ?? {};
    return { taken: [...running, ...uploaded], computers: running.length };
  }

  /**
   * Watches whether another computer finishes a chunk first.
   * @returns a signal that is aborted then, and how to end the watch
   */
  watch(chunk: Chunk, plan: Plan): { signal: AbortSignal; stop: () => void } {
    const finished = new AbortController();
    let isAsking = false;
    const look = async () => {
      if (isAsking) return;
      isAsking = true;
      const answer = await this.#ask(plan, false);
      isAsking = false;
      if (answer?.uploaded.some((uploaded) => isSameChunk(uploaded, chunk))) finished.abort();
    };
    const timer = setInterval(look, this.#parts.pollMs ?? POLL_MS);
    return { signal: finished.signal, stop: () => clearInterval(timer) };
  }

  async #ask(plan: Plan, assign: boolean) {
    const { locate, sharing, store } = this.#parts;
    const { split, stored } = store.table;
    return sharing?.ask({ split, stored, locate, crf: chunkedVideo(plan)?.crf ?? 0 }, { assign });
  }

  /** Fetches and proves a chunk. @returns whether it was stored or refused; false if nothing became of it yet */
  async #takeOver(chunk: UploadedChunk, plan: Plan, run: EncodeRun): Promise<boolean> {
    const { sharing, store, onRefused } = this.#parts;
    const { split, stored } = store.table;
    // The first chunk is made here: all others have to fit it.
    if (!sharing || stored.length === 0 || store.find(chunk) || !split.some((each) => isSameChunk(each, chunk)))
      return false;
    const { signal } = run.parts.options;
    const file = path.join(path.dirname(run.parts.files.output), 'uploaded');
    try {
      if (!(await sharing.fetch(chunk, file, signal))) return false;
      const proven = await this.#prove(chunk, file, plan, run);
      if (typeof proven === 'string') {
        sharing.refuse(chunk, proven);
        onRefused(chunk, proven);
        return true;
      }
      const { damage } = chunk;
      const shapes = [...new Map([...proven.shapes, ...store.table.shapes])];
      await store.add(file, { ...proven.chunk, ...(damage && { damage }) }, { shapes });
      return true;
    } finally {
      await rm(file, { force: true });
    }
  }

  /** @returns the chunk, or why it isn't taken, as a sentence. @throws the reason of the aborted signal */
  async #prove(chunk: UploadedChunk, file: string, plan: Plan, run: EncodeRun): Promise<ProvenChunk | string> {
    const { source, store } = this.#parts;
    const { signal } = run.parts.options;
    const { size } = await stat(file);
    if (size !== chunk.size || (await sha256(file, signal)) !== chunk.sha256)
      return 'Its bytes differ from what was sent.';
    const proven = await proveChunk(run.parts, chunk, { plan, source, file });
    signal?.throwIfAborted();
    if (proven.kind !== 'chunk') return proven.kind === 'wrong' ? proven.reason : 'It could not be read.';
    if (proven.chunk.header !== store.table.stored[0]?.header)
      return 'Its sequence header differs from that of the others.';
    const shapes = new Map(chunk.shapes.map(([name, shape]) => [name, Shape.parse(shape)]));
    for (const [name, first] of store.table.shapes) {
      const shape = shapes.get(name);
      const change = shape && shapeChange(first, shape);
      if (change) return `It was made from other pictures: ${change}.`;
    }
    return { ...proven, shapes: [...shapes] };
  }
}

/** Whether another computer may encode a chunk while this one does: near the end, those with nothing else to do are given such chunks. */
function isContested(chunk: Chunk, missing: readonly Chunk[], answer: NextChunk | undefined): boolean {
  if (!answer) return false;
  const taken = [chunk, ...answer.running, ...answer.uploaded];
  const waiting = missing.filter((each) => !taken.some((other) => isSameChunk(other, each)));
  return answer.isDuplicate || waiting.length <= 1;
}
