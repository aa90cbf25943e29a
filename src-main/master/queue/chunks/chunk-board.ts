import type { ChunkFacts, ChunkOutcome, NextChunk, OfferedChunk } from '../../../../src-shared/jobs/chunk-lease.ts';
import type { Lease } from '../../../../src-shared/jobs/lease.ts';
import { type Chunk, isSameChunk, rangeOf } from '../../../../src-shared/plan/chunks.ts';
import { Fault } from '../../../../src-shared/util/errors.ts';
import { ChunkPaces, type ChunkRun, isSilent } from './chunk-paces.ts';

/** Fewest waiting chunks with which a helper is given one: near the end, its way to the source costs more than it saves. */
const MIN_WAITING = 2;
/** Failures of a chunk at one helper after which only others are given it. */
const MAX_FAILURES_AT_ONE = 2;
/** Failures of a helper after which it gets no more of a video: something about that computer doesn't suit the video. */
const MAX_FAILURES_OF_HELPER = 4;
/** Failures of a chunk after which only the worker of its video encodes it. */
const MAX_FAILURES = 3;
/** Computers that encode a chunk at the same time at the most. */
const MAX_COMPUTERS = 2;
/** Answer to messages about a chunk that the sender doesn't hold. */
export const CHUNK_FENCED = 'This chunk is no longer yours: another computer encodes it, or its video has ended.';

/** A chunk on a board. */
export interface BoardChunk extends OfferedChunk {
  /** Its video's worker has it. */
  done: boolean;
  /** Helpers that encode it. */
  runs: ChunkRun[];
  /** Encoded by a helper, to be fetched and proven by the video's worker. */
  upload?: { worker: string; facts: ChunkFacts } | undefined;
  /** Times that it failed, by helper. */
  failures: Map<string, number>;
  /** Worker that encoded it, if known. */
  madeBy?: string | undefined;
  size?: number | undefined;
}

/** How a board tells what it has ended. */
export interface BoardListener {
  /** A helper lost its chunk. */
  onRevoked: (worker: string, chunk: Chunk) => void;
  /** What a helper has uploaded of a chunk is of no use any more. */
  onDiscarded: (chunk: Chunk, worker: string) => void;
}

/**
 * The chunks of one leased video: which are done, which worker encodes which, and which wait. The video's worker decides what is done;
 * its helpers only ever propose. In memory only: after a restart of the master, the video's worker offers them again.
 */
export class ChunkBoard {
  readonly lease: Lease;
  /** The worker that converts the video. */
  readonly holder: string;
  /** The CRF of all chunks. */
  crf = 0;
  readonly #listener: BoardListener;
  #chunks: BoardChunk[] = [];
  /** The chunk that the video's worker encodes. */
  #own: BoardChunk | undefined;
  /** When it began with that, by the monotonic clock. */
  #ownSince = 0;
  readonly #paces = new ChunkPaces();
  /** Helpers that get no more: their chunk was wrong, or their computer can't work on this video. */
  readonly #banned = new Set<string>();
  readonly #alone: boolean;
  #wasHelped = false;

  /** @param how - `alone`: helpers get no chunks, the video's worker encodes all of them */
  constructor(lease: Lease, holder: string, how: { listener: BoardListener; alone: boolean }) {
    this.lease = lease;
    this.holder = holder;
    this.#listener = how.listener;
    this.#alone = how.alone;
  }

  /** True once the video's worker has taken a chunk of a helper. */
  get wasHelped(): boolean {
    return this.#wasHelped;
  }

  get chunks(): readonly BoardChunk[] {
    return this.#chunks;
  }

  /** Returns true if the video's worker is encoding this chunk. */
  isOwn(chunk: BoardChunk): boolean {
    return chunk === this.#own;
  }

  /**
   * Replaces the split. Chunks that stay as they are keep their state; helpers lose all others.
   * @throws Fault `usage` when the chunks overlap or aren't in order
   */
  offer(chunks: readonly OfferedChunk[], crf: number): void {
    let end = 0;
    for (const { from, to } of chunks) {
      if (from < end || to <= from) throw new Fault('usage', 'The chunks of a video must follow each other.');
      end = to;
    }
    const before = crf === this.crf ? this.#chunks : [];
    const kept = chunks.map((offered) => {
      const chunk = before.find((each) => isSameChunk(each, offered)) ?? fresh(offered);
      chunk.location = offered.location;
      return chunk;
    });
    for (const chunk of this.#chunks.filter((old) => !kept.includes(old))) this.#end(chunk);
    this.#chunks = kept;
    this.crf = crf;
    if (this.#own && !kept.includes(this.#own)) this.#own = undefined;
  }

  /**
   * Takes the word of the video's worker on what is done and what is wrong, and tells it what to do next.
   * @param how - `assign`: false leaves what it encodes unchanged; `now`: by the monotonic clock
   * @returns the answer, and the workers whose chunks were refused, with the reason
   */
  next(
    done: readonly (Chunk & { size: number })[],
    refused: readonly (Chunk & { reason: string })[],
    { assign, now }: { assign: boolean; now: number },
  ): { answer: NextChunk; blamed: { worker: string; reason: string }[] } {
    const blamed = refused.flatMap((wrong) => {
      const worker = this.#refuse(wrong);
      return worker === undefined ? [] : [{ worker, reason: wrong.reason }];
    });
    const stored = new Map(done.map(({ from, to, size }) => [`${from}-${to}`, size]));
    for (const chunk of this.#chunks) {
      const size = stored.get(`${chunk.from}-${chunk.to}`);
      if (size !== undefined && !chunk.done) {
        this.#wasHelped ||= chunk.upload !== undefined;
        if (chunk === this.#own && !chunk.upload) this.#paces.learn(this.holder, chunk, now - this.#ownSince);
        chunk.madeBy = chunk.upload?.worker ?? (chunk === this.#own ? this.holder : undefined);
        this.#end(chunk);
      }
      chunk.done = size !== undefined;
      if (chunk.done) chunk.size = size;
    }
    if (assign) {
      const before = this.#own;
      this.#own = this.#firstToEncode(now);
      if (this.#own !== before) this.#ownSince = now;
    }
    const encode = assign ? this.#own : undefined;
    return {
      answer: {
        encode: encode ? rangeOf(encode) : null,
        isDuplicate: encode !== undefined && encode.runs.length > 0,
        uploaded: this.#chunks.flatMap((chunk) => (chunk.upload ? { ...rangeOf(chunk), ...chunk.upload.facts } : [])),
        running: this.#chunks.filter(({ runs }) => runs.length > 0).map(rangeOf),
      },
      blamed,
    };
  }

  /**
   * The first chunk that waits, or else the one that a helper has had the longest: it may have died. The video's worker takes the place
   * of a silent helper; where two others are at work, it waits for them.
   */
  #firstToEncode(now: number): BoardChunk | undefined {
    const waiting = this.#chunks.find((chunk) => isWaiting(chunk));
    if (waiting) return waiting;
    const oldest = (chunk: BoardChunk) => Math.min(...chunk.runs.map(({ since }) => since));
    const running = this.#chunks.filter(({ runs }) => runs.length > 0).sort((a, b) => oldest(a) - oldest(b));
    const free = running.find(({ runs }) => runs.length < MAX_COMPUTERS);
    if (free) return free;
    for (const chunk of running) {
      const silent = chunk.runs.find((run) => isSilent(run, now));
      if (!silent) continue;
      this.revoke(chunk, silent.worker);
      return chunk;
    }
    return undefined;
  }

  /** Gives an uploaded chunk back to the others, and its worker no more of this video. @returns that worker */
  #refuse(wrong: Chunk): string | undefined {
    const chunk = this.#find(wrong);
    const worker = chunk?.upload?.worker;
    if (!chunk || worker === undefined) return undefined;
    this.#banned.add(worker);
    this.#end(chunk);
    return worker;
  }

  /** Chunks that a worker may be given now, if it can do them; empty near the end of the video. */
  waitingFor(worker: string): BoardChunk[] {
    const waiting = this.#mayHelp(worker) ? this.#waiting : [];
    return waiting.length < MIN_WAITING ? [] : waiting.filter((chunk) => isOpenTo(worker, chunk));
  }

  /**
   * A chunk that nobody encodes, for a worker that asks for one; the last only if it will probably be done sooner than the video's worker
   * could do it.
   * @param now by the monotonic clock
   */
  freeFor(worker: string, now: number): BoardChunk | undefined {
    const [first] = this.waitingFor(worker);
    if (first) return first;
    const [last, ...others] = this.#mayHelp(worker) ? this.#waiting : [];
    const takes = last && this.#paces.expected(last, worker);
    if (!last || others.length > 0 || takes === undefined) return undefined;
    const before = this.#own ? this.#paces.left(this.#own, { worker: this.holder, since: this.#ownSince }, now) : 0;
    const alone = this.#paces.knows(this.holder) ? (this.#paces.expected(last, this.holder) ?? 0) : before;
    return takes < before + alone && isOpenTo(worker, last) ? last : undefined;
  }

  /**
   * A chunk that another computer encodes, for a worker that has nothing else to do: of those that it will probably be done with sooner,
   * or whose helper is silent, the one that would end last.
   * @param now by the monotonic clock
   */
  doubleFor(worker: string, now: number): BoardChunk | undefined {
    if (!this.#mayHelp(worker) || this.#waiting.length > 0) return undefined;
    // Its worker takes no chunk of others before it has made one, which they have to fit.
    const isBegun = this.#chunks.some(({ done }) => done);
    const paying = this.#chunks.flatMap((chunk) => {
      const own = chunk === this.#own && isBegun ? [{ worker: this.holder, since: this.#ownSince }] : [];
      const [run, ...others] = [...own, ...chunk.runs];
      if (chunk.done || chunk.upload || !run || others.length > 0 || !isOpenTo(worker, chunk)) return [];
      const left = this.#paces.left(chunk, run, now);
      return left > (this.#paces.expected(chunk, worker) ?? Number.MAX_VALUE) ? [{ chunk, left }] : [];
    });
    return paying.sort((a, b) => b.left - a.left)[0]?.chunk;
  }

  /** Chunks that nobody encodes. */
  get #waiting(): BoardChunk[] {
    return this.#chunks.filter((chunk) => isWaiting(chunk) && chunk !== this.#own);
  }

  /** Whether a worker may be given any chunk: one at a time. */
  #mayHelp(worker: string): boolean {
    if (this.#alone || worker === this.holder || this.#banned.has(worker) || this.runOf(worker)) return false;
    const failed = this.#chunks.reduce((sum, { failures }) => sum + (failures.get(worker) ?? 0), 0);
    return failed < MAX_FAILURES_OF_HELPER;
  }

  /**
   * How long the computers that encode the video now will probably still take for it together, in ms; undefined before any chunk is done.
   * @param now by the monotonic clock
   */
  timeLeft(now: number): number | undefined {
    if (this.#paces.isEmpty) return undefined;
    const open = this.#chunks.filter(({ done, upload }) => !done && !upload);
    const frames = open.reduce((sum, chunk) => sum + this.#framesLeft(chunk, now), 0);
    const workers = new Set([this.holder, ...open.flatMap(({ runs }) => runs.map(({ worker }) => worker))]);
    const speed = [...workers].reduce(
      (sum, worker) => sum + 1 / (this.#paces.expected({ from: 0, to: 1 }, worker) ?? 0),
      0,
    );
    return frames / speed;
  }

  /** Frames of a chunk that its fastest computer has probably not encoded yet. */
  #framesLeft(chunk: BoardChunk, now: number): number {
    const own = chunk === this.#own ? [{ worker: this.holder, since: this.#ownSince }] : [];
    const shares = [...own, ...chunk.runs].map(
      ({ worker, since }) => (now - since) / (this.#paces.expected(chunk, worker) ?? Number.POSITIVE_INFINITY),
    );
    return (chunk.to - chunk.from) * Math.max(0, 1 - Math.max(0, ...shares));
  }

  /** Gives a chunk to a helper. */
  start(chunk: BoardChunk, worker: string, now: number): void {
    chunk.runs.push({ worker, since: now, renewed: now, unnamed: 0 });
  }

  /** The chunk that a helper encodes. */
  runOf(worker: string): { chunk: BoardChunk; run: ChunkRun } | undefined {
    for (const chunk of this.#chunks) {
      const run = chunk.runs.find((each) => each.worker === worker);
      if (run) return { chunk, run };
    }
    return undefined;
  }

  /** Returns the chunk if this helper has it. @throws Fault `fenced` otherwise */
  requireRun(wanted: Chunk, worker: string): BoardChunk {
    const chunk = this.runOf(worker)?.chunk;
    if (!chunk || !isSameChunk(chunk, wanted)) throw new Fault('fenced', CHUNK_FENCED);
    return chunk;
  }

  /** Returns the chunk if a helper has uploaded it. @throws Fault `fenced` otherwise */
  requireUpload(wanted: Chunk): BoardChunk & { upload: { worker: string; facts: ChunkFacts } } {
    const chunk = this.#find(wanted);
    if (!chunk?.upload) throw new Fault('fenced', CHUNK_FENCED);
    return { ...chunk, upload: chunk.upload };
  }

  /**
   * Ends a helper's work on a chunk. Where another helper encodes it too, that one loses it to the first result.
   * @param now by the monotonic clock
   * @throws Fault `fenced` when it isn't its any more
   */
  finish(wanted: Chunk, worker: string, outcome: ChunkOutcome, now: number): void {
    const chunk = this.requireRun(wanted, worker);
    const since = this.runOf(worker)?.run.since ?? now;
    chunk.runs = chunk.runs.filter((run) => run.worker !== worker);
    if (outcome.kind === 'done') {
      const { kind: _, ...facts } = outcome;
      this.#paces.learn(worker, chunk, now - since);
      for (const run of chunk.runs) this.revoke(chunk, run.worker);
      chunk.upload = { worker, facts };
    } else {
      this.#listener.onDiscarded(rangeOf(chunk), worker);
      if (outcome.kind === 'node') this.#banned.add(worker);
      if (outcome.kind === 'failed') chunk.failures.set(worker, (chunk.failures.get(worker) ?? 0) + 1);
    }
  }

  /** Takes a chunk from a helper. */
  revoke(chunk: BoardChunk, worker: string): void {
    chunk.runs = chunk.runs.filter((run) => run.worker !== worker);
    this.#listener.onRevoked(worker, rangeOf(chunk));
    this.#listener.onDiscarded(rangeOf(chunk), worker);
  }

  /** An upload was lost here: its chunk has to be encoded again. */
  loseUpload(lost: Chunk): void {
    const chunk = this.#find(lost);
    if (chunk?.upload) this.#end(chunk);
  }

  /** Ends all work of helpers. */
  close(): void {
    for (const chunk of this.#chunks) this.#end(chunk);
    this.#chunks = [];
  }

  #find(wanted: Chunk): BoardChunk | undefined {
    return this.#chunks.find((chunk) => isSameChunk(chunk, wanted));
  }

  #end(chunk: BoardChunk): void {
    const { runs, upload } = chunk;
    chunk.upload = undefined;
    for (const { worker } of runs) this.revoke(chunk, worker);
    if (upload) this.#listener.onDiscarded(rangeOf(chunk), upload.worker);
  }
}

const fresh = ({ from, to }: Chunk): BoardChunk => ({ from, to, done: false, runs: [], failures: new Map() });

const isWaiting = ({ done, runs, upload }: BoardChunk) => !done && runs.length === 0 && !upload;

/** Whether a chunk may be given to a worker after its failures so far. */
function isOpenTo(worker: string, { failures }: BoardChunk): boolean {
  const all = [...failures.values()].reduce((sum, n) => sum + n, 0);
  return all < MAX_FAILURES && (failures.get(worker) ?? 0) < MAX_FAILURES_AT_ONE;
}
