import type { ChunkList } from '../../../../src-shared/contract/chunks.ts';
import type { Parsed } from '../../../../src-shared/contract/index.ts';
import { jobsOf } from '../../../../src-shared/fleet/worker-info.ts';
import type { ChunkGrant, ChunkLease, ChunkOutcome, NextChunk } from '../../../../src-shared/jobs/chunk-lease.ts';
import type { Lease } from '../../../../src-shared/jobs/lease.ts';
import { withOverrides } from '../../../../src-shared/plan/override.ts';
import type { Plan } from '../../../../src-shared/plan/plan.ts';
import { Fault } from '../../../../src-shared/util/errors.ts';
import type { FileRow } from '../../../db/tables/files.ts';
import type { MasterContext } from '../../context.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { ChunkBoard } from './chunk-board.ts';
import type { Candidate } from './chunk-matcher.ts';
import type { SharedChunks } from './shared-chunks.ts';

/** Lets idle workers encode chunks of the videos that others convert. */
export class ChunkDispatcher {
  readonly #ctx: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #shared: SharedChunks;

  constructor(ctx: MasterContext, dispatcher: Dispatcher) {
    this.#ctx = ctx;
    this.#dispatcher = dispatcher;
    this.#shared = dispatcher.chunks;
  }

  /** Shares the chunks of a video that a worker converts. @throws Fault `fenced` when it doesn't, `usage` when they overlap */
  offer({ chunks, crf, ...lease }: Parsed<'chunk.offer'>, worker: string): void {
    this.#dispatcher.requireHeld(lease, worker);
    this.#shared.offer(lease, worker, { chunks, crf });
    if (this.#dispatcher.workers.othersThan(worker).length > 0) this.#ctx.emit('work', {});
  }

  /**
   * Tells the worker of a video what to encode next, and what its helpers have encoded.
   * @throws Fault `fenced` when it doesn't hold the video, `conflict` when it has to offer the chunks first
   */
  next({ done, refused, assign, ...lease }: Parsed<'chunk.next'>, worker: string): NextChunk {
    this.#dispatcher.requireHeld(lease, worker);
    const board = this.#shared.find(lease);
    if (!board) throw new Fault('conflict', 'The chunks of this video have to be offered first.');
    const { answer, blamed } = this.#shared.next(board, { done, refused, assign });
    for (const { worker: helper, reason } of blamed) this.#report(board, helper, reason);
    if (refused.length > 0) this.#ctx.emit('work', {});
    return answer;
  }

  #report({ lease }: ChunkBoard, helper: string, reason: string): void {
    const name = this.#dispatcher.workers.member(helper)?.name ?? helper;
    const path = this.#fileOf(lease)?.path ?? 'a video';
    const text = `${name} encoded a chunk of ${path} wrong and doesn't help with this video anymore: ${reason}`;
    this.#ctx.emit('notice', { level: 'warn', text });
  }

  /** Gives an idle worker a chunk of the video that will end last, or that its user wants all computers on; null if there is none for it. */
  lease(worker: string): ChunkGrant | null {
    const { matcher, pause, workers } = this.#dispatcher;
    const member = workers.member(worker);
    const wasHeldBack = matcher.endHold(worker);
    if (!member || pause.on || !workers.mayWork(worker)) return null;
    if (this.#shared.helpOf(worker).length >= jobsOf(member.settings, member.hello?.computer.cores)) return null;
    const [candidate] = matcher.candidatesFor(member);
    if (!candidate) {
      // Another one has taken the chunk for which it was to begin no video of the queue.
      if (wasHeldBack && !matcher.holdsBack(member, true)) this.#ctx.emit('work', {});
      return null;
    }
    this.#shared.start(candidate.board, candidate.chunk, worker);
    workers.publish(worker);
    return this.#grant(candidate);
  }

  #grant({ board, chunk: { from, to, location }, file, plan, task }: Candidate): ChunkGrant {
    const settings = withOverrides(this.#ctx.settings(), file.overrides);
    return {
      ...board.lease,
      ...{ from, to, location, job: task.job, file: file.id, library: file.library, path: file.path, size: file.size },
      ...{ plan: atCrf(plan, board.crf), probe: file.probe, version: file.version, uselessAt: file.size },
      priority: { nice: settings.niceLevel, ionice: settings.ioniceClass },
      convertDamaged: settings.convertDamaged,
    };
  }

  #fileOf({ task }: Lease): FileRow | undefined {
    const { files, jobs } = this.#ctx;
    const row = jobs.task(task);
    return files.get((row && jobs.fileOf(row.job)) ?? -1);
  }

  /** Renews the chunks that a helper names. @returns those that it no longer holds */
  beat(held: ChunkLease[], worker: string): ChunkLease[] {
    return this.#shared.beat(worker, held);
  }

  /**
   * Ends a helper's work on a chunk. A helper without room for another's video is not at fault: it can still convert its own.
   * @throws Fault `fenced` when it isn't its any more
   */
  finish(lease: ChunkLease, outcome: ChunkOutcome, worker: string): void {
    this.#shared.finish(lease, worker, outcome);
    this.#dispatcher.workers.publish(worker);
    if (outcome.kind !== 'done') this.#ctx.emit('work', {});
  }

  /** Returns the chunks of a file's video. @throws Fault `missing` when it isn't being encoded in chunks */
  list(file: number): ChunkList {
    const running = this.#dispatcher.running.find((view) => view.file === file);
    const board = this.#shared.boards.find(({ lease }) => lease.task === running?.task);
    const path = this.#ctx.files.get(file)?.path ?? `File ${file}`;
    if (!running || !board) throw new Fault('missing', `${path} isn't being encoded in chunks at the moment.`);
    const nameOf = (worker: string) => this.#dispatcher.workers.member(worker)?.name ?? worker;
    const chunks = board.chunks.map((chunk) => {
      const { from, to, done, runs, upload, madeBy, size } = chunk;
      const isRunning = runs.length > 0 || board.isOwn(chunk);
      const state = done ? 'done' : upload ? 'uploaded' : isRunning ? 'running' : 'waiting';
      const owner = !done && board.isOwn(chunk) ? board.holder : undefined;
      const computers = [owner, ...runs.map(({ worker }) => worker), upload?.worker, madeBy].filter(
        (worker) => worker !== undefined,
      );
      return { from, to, state, computers: computers.map(nameOf), size: size ?? upload?.facts.size ?? null } as const;
    });
    return { file, path: running.path, worker: running.worker, chunks };
  }
}

/** A plan whose pictures have another CRF. */
function atCrf(plan: Plan, crf: number): Plan {
  return {
    ...plan,
    streams: plan.streams.map((stream) => (stream.action === 'encode' ? { ...stream, crf } : stream)),
  };
}
