import type { Emit, Parsed } from '../../../../src-shared/contract/index.ts';
import type { ChunkLease, ChunkOutcome, OfferedChunk } from '../../../../src-shared/jobs/chunk-lease.ts';
import type { Lease, Progress } from '../../../../src-shared/jobs/lease.ts';
import { type Chunk, isSameChunk, rangeOf } from '../../../../src-shared/plan/chunks.ts';
import { Fault } from '../../../../src-shared/util/errors.ts';
import { type Clock, LATE_BEATS, type LeaseTerms } from '../leases.ts';
import { type BoardChunk, CHUNK_FENCED, ChunkBoard } from './chunk-board.ts';
import type { ChunkRun } from './chunk-paces.ts';

/** Heartbeats of a worker after which a chunk that it doesn't name is forgotten: a grant may cross the first, and its answer the second. */
const MAX_UNNAMED = 2;

type NextRequest = Parsed<'chunk.next'>;

/** What a worker does for a video of another one. */
export interface Help {
  task: number;
  chunk: Chunk;
}

/** The boards of all videos whose chunks are shared, and the leases of their helpers. */
export class SharedChunks {
  readonly #clock: Clock;
  readonly #terms: LeaseTerms;
  readonly #emit: Emit;
  readonly #boards = new Map<number, ChunkBoard>();
  #onDiscarded: (lease: Lease, chunk: Chunk, worker: string) => void = () => undefined;
  /** Tasks whose last result has chunks of helpers in it. */
  readonly #helped = new Set<number>();
  /** Tasks of which such a result was refused: whoever is at fault, one worker alone encodes them from then on. */
  readonly #alone = new Set<number>();
  #ticked: number;

  constructor(clock: Clock, terms: LeaseTerms, emit: Emit) {
    this.#clock = clock;
    this.#terms = terms;
    this.#emit = emit;
    this.#ticked = clock.monotonic();
  }

  /** Has `listener` called with each chunk and worker whose upload is of no use any more. */
  onDiscarded(listener: (lease: Lease, chunk: Chunk, worker: string) => void): void {
    this.#onDiscarded = listener;
  }

  /** Shares the chunks of a video, or replaces the list. @throws Fault `usage` when they overlap */
  offer(lease: Lease, holder: string, { chunks, crf }: { chunks: readonly OfferedChunk[]; crf: number }): void {
    const known = this.find(lease);
    const board =
      known?.holder === holder
        ? known
        : new ChunkBoard({ task: lease.task, epoch: lease.epoch }, holder, {
            alone: this.isAlone(lease),
            listener: {
              onRevoked: (worker) => this.#emit('revoked', { worker, task: lease.task, epoch: lease.epoch }),
              onDiscarded: (chunk, worker) => this.#onDiscarded(lease, chunk, worker),
            },
          });
    board.offer(chunks, crf);
    if (board === known) return;
    this.#boards.get(lease.task)?.close();
    this.#boards.set(lease.task, board);
  }

  get boards(): ChunkBoard[] {
    return [...this.#boards.values()];
  }

  /** The board of a video as long as it is held under this very lease. */
  find({ task, epoch }: Lease): ChunkBoard | undefined {
    const board = this.#boards.get(task);
    return board?.lease.epoch === epoch ? board : undefined;
  }

  /** @throws Fault `fenced` when the video isn't held under this lease, or its chunks aren't shared any more */
  require(lease: Lease): ChunkBoard {
    const board = this.find(lease);
    if (!board) throw new Fault('fenced', CHUNK_FENCED);
    return board;
  }

  /** Tells the worker of a video what to do next, as {@link ChunkBoard.next}. */
  next(board: ChunkBoard, request: Pick<NextRequest, 'done' | 'refused' | 'assign'>): ReturnType<ChunkBoard['next']> {
    const { done, refused, assign } = request;
    return board.next(done, refused, { assign, now: this.#clock.monotonic() });
  }

  /** A chunk that nobody encodes, for a worker that asks for one. */
  freeFor(board: ChunkBoard, worker: string): BoardChunk | undefined {
    return board.freeFor(worker, this.#clock.monotonic());
  }

  /** A chunk for a worker that has nothing else to do: one that nobody encodes, or else one that it encodes too. */
  chunkFor(board: ChunkBoard, worker: string): BoardChunk | undefined {
    return this.freeFor(board, worker) ?? board.doubleFor(worker, this.#clock.monotonic());
  }

  /** Ends a helper's work on a chunk. @throws Fault `fenced` when it isn't its any more */
  finish(lease: ChunkLease, worker: string, outcome: ChunkOutcome): void {
    this.require(lease).finish(lease, worker, outcome, this.#clock.monotonic());
  }

  /** Gives a chunk to a worker. */
  start(board: ChunkBoard, chunk: BoardChunk, worker: string): void {
    board.start(chunk, worker, this.#clock.monotonic());
  }

  /** Returns true while a worker encodes a chunk of the video that is held under this lease. */
  isHelper(lease: Lease, worker: string): boolean {
    return this.find(lease)?.runOf(worker) !== undefined;
  }

  /** Renews the chunks that a worker names. @returns those that it no longer holds */
  beat(worker: string, held: ChunkLease[]): ChunkLease[] {
    const now = this.#clock.monotonic();
    return held.filter((lease) => {
      const found = this.find(lease)?.runOf(worker);
      if (!found || !isSameChunk(found.chunk, lease)) return true;
      Object.assign(found.run, { renewed: now, unnamed: 0 });
      return false;
    });
  }

  /** Counts a heartbeat of a worker. @returns whether it has forgotten a chunk, which waits again now */
  countBeat(worker: string): boolean {
    return this.#revokeWhere((run) => {
      if (run.worker !== worker) return false;
      run.unnamed += 1;
      return run.unnamed > MAX_UNNAMED;
    });
  }

  /** Takes its chunks from a worker. @returns whether it had any */
  revokeAll(worker: string): boolean {
    return this.#revokeWhere((run) => run.worker === worker);
  }

  /**
   * Ends the leases of helpers that have been silent for too long; call it at the interval of heartbeats. After a late call, as when
   * this computer slept, every lease gets a fresh term.
   * @returns whether a chunk waits again
   */
  tick(): boolean {
    const now = this.#clock.monotonic();
    const isLate = now - this.#ticked > LATE_BEATS * this.#terms.beat;
    this.#ticked = now;
    return this.#revokeWhere((run) => {
      if (isLate) run.renewed = now;
      return now - run.renewed >= this.#terms.expire;
    });
  }

  #revokeWhere(isOver: (run: ChunkRun) => boolean): boolean {
    const over = this.boards.flatMap((board) =>
      board.chunks.flatMap((chunk) => chunk.runs.filter(isOver).map(({ worker }) => ({ board, chunk, worker }))),
    );
    for (const { board, chunk, worker } of over) board.revoke(chunk, worker);
    return over.length > 0;
  }

  /** The lease of a video has ended, or its result was delivered: nothing is needed of helpers any more. */
  drop(lease: Lease): void {
    const board = this.find(lease);
    if (!board) return;
    this.#boards.delete(lease.task);
    if (board.wasHelped) this.#helped.add(lease.task);
    board.close();
  }

  /**
   * Takes note that the result of a task was refused: a wrong chunk of a helper looks like the work of the video's own worker.
   * @returns whether helpers had a part in it; the task is encoded by one worker alone from then on
   */
  refuse({ task }: Lease): boolean {
    const helped = this.#helped.delete(task);
    if (helped) this.#alone.add(task);
    return helped;
  }

  /** Whether a task is encoded by one worker alone. */
  isAlone({ task }: Lease): boolean {
    return this.#alone.has(task);
  }

  /** The task has ended, or its result is of no interest any more. */
  forget({ task }: Lease): void {
    this.#helped.delete(task);
    this.#alone.delete(task);
  }

  /**
   * Adds to a worker's progress how many computers encode its video where there are several, and how long they will take together: the
   * worker knows its own speed only.
   */
  withComputers(lease: Lease, progress: Progress): Progress {
    const { chunks } = progress;
    const board = this.find(lease);
    const helpers = new Set(board?.chunks.flatMap(({ runs }) => runs.map(({ worker }) => worker)));
    if (!chunks || !board || helpers.size === 0) return progress;
    const computers = helpers.size + 1;
    const ms = board.timeLeft(this.#clock.monotonic());
    return { ...progress, chunks: { ...chunks, computers }, ...(ms !== undefined && { eta: ms / 1000 }) };
  }

  /** The chunks of other workers' videos that a worker encodes. */
  helpOf(worker: string): Help[] {
    return this.boards.flatMap((board) => {
      const chunk = board.runOf(worker)?.chunk;
      return chunk ? { task: board.lease.task, chunk: rangeOf(chunk) } : [];
    });
  }
}
