import { encodesAlike } from '../../../../src-shared/fleet/svt-av1.ts';
import type { Lease, RunningView } from '../../../../src-shared/jobs/lease.ts';
import { chunkedVideo, whyUnsplittable } from '../../../../src-shared/plan/chunks.ts';
import { decodes } from '../../../../src-shared/plan/decoders.ts';
import { Plan } from '../../../../src-shared/plan/plan.ts';
import type { FileRow } from '../../../db/tables/files.ts';
import type { TaskRow } from '../../../db/tables/jobs.ts';
import type { MasterContext } from '../../context.ts';
import type { Held, Leases } from '../leases.ts';
import type { Member } from '../member.ts';
import type { WorkerRegistry } from '../worker-registry.ts';
import type { BoardChunk, ChunkBoard } from './chunk-board.ts';
import type { SharedChunks } from './shared-chunks.ts';

/** Longest time for which computers wait until the chunks of a video are known, in ms: fetching it may take hours. */
const MAX_WAIT_MS = 600_000;

/** A video that a worker holds, as far as its helpers need it. */
export interface HeldVideo {
  task: TaskRow;
  file: FileRow & { probe: NonNullable<FileRow['probe']> };
  plan: Plan;
}

/** A chunk that a worker may encode. */
export interface Candidate extends HeldVideo {
  board: ChunkBoard;
  chunk: BoardChunk;
}

/** Finds the videos that a worker can help with, and those that it helps with before it begins another one. */
export class ChunkMatcher {
  readonly #ctx: MasterContext;
  readonly #workers: WorkerRegistry;
  readonly #leases: Leases;
  readonly #shared: SharedChunks;
  /** Workers that got no video of the queue, and have yet to ask for a chunk. */
  readonly #heldBack = new Set<string>();

  constructor(ctx: MasterContext, parts: { workers: WorkerRegistry; leases: Leases; chunks: SharedChunks }) {
    this.#ctx = ctx;
    this.#workers = parts.workers;
    this.#leases = parts.leases;
    this.#shared = parts.chunks;
  }

  /**
   * Returns a chunk of each video that a worker can help with: first of those that their user wants all computers on, then of the one
   * that will end last.
   */
  candidatesFor(member: Member): Candidate[] {
    return this.#shared.boards
      .map((board) => ({ board, view: this.#leases.findByLease(board.lease)?.view }))
      .sort((a, b) => rankOf(b.view) - rankOf(a.view) || etaOf(b.view) - etaOf(a.view))
      .flatMap(({ board }) => this.#candidate(board, member, this.#shared.chunkFor(board, member.id)) ?? []);
  }

  /** True when a chunk waits that a worker has nothing better to do than: one whose computer is slower than expected, or silent. */
  get isHelpWanted(): boolean {
    return this.#workers.ready.some(
      (member) =>
        this.#leases.heldBy(member.id).length === 0 &&
        this.#shared.helpOf(member.id).length === 0 &&
        this.candidatesFor(member).length > 0,
    );
  }

  #candidate(board: ChunkBoard, member: Member, chunk: BoardChunk | undefined): Candidate | undefined {
    const video = chunk && this.#videoOf(board.lease);
    return video && this.#fits(video, board.holder, member) ? { ...video, board, chunk } : undefined;
  }

  #videoOf(lease: Lease): HeldVideo | undefined {
    const { files, jobs } = this.#ctx;
    const task = jobs.task(lease.task);
    const file = files.get((task && jobs.fileOf(task.job)) ?? -1);
    if (!task || !file?.probe) return undefined;
    return { task, file: { ...file, probe: file.probe }, plan: Plan.parse(jobs.planOf(task.job, lease.epoch)) };
  }

  /** Whether a worker can decode a video, and encodes chunks that fit those of the video's worker. */
  #fits({ file, plan }: HeldVideo, holder: string, helper: Member): boolean {
    const codec = file.probe.streams.find(({ index }) => index === chunkedVideo(plan)?.source)?.codec;
    const [one, other] = [this.#workers.member(holder), helper].map((member) => member?.hello?.computer.ffmpeg);
    return one !== undefined && other !== undefined && encodesAlike(one, other) && decodes(other, codec ?? '');
  }

  /**
   * Whether a worker begins no other video now, because a user wants all computers on one that it can help with. One that encodes a
   * chunk already begins videos where it has room for several.
   * @param ahead - it asks for a video to fetch while it encodes another one
   */
  holdsBack(member: Member, ahead: boolean): boolean {
    // A worker that doesn't ask for chunks must not wait for them.
    if (this.#heldBack.delete(member.id) || this.#shared.helpOf(member.id).length > 0) return false;
    const isNeeded = this.#leases.all.some((held) => held.view.allComputers && this.#isNeededFor(held, member));
    if (isNeeded && !ahead) this.#heldBack.add(member.id);
    return isNeeded;
  }

  #isNeededFor(held: Held, member: Member): boolean {
    const { view } = held;
    if (held.taken || view.workerId === member.id) return false;
    const lease = { task: view.task, epoch: held.epoch };
    const board = this.#shared.find(lease);
    if (board) return this.#candidate(board, member, this.#shared.freeFor(board, member.id)) !== undefined;
    const video = this.#isPrepared(held) ? this.#videoOf(lease) : undefined;
    return (
      video !== undefined && !whyUnsplittable(video.plan, video.file.probe) && this.#fits(video, view.workerId, member)
    );
  }

  /** Whether it will be known soon which chunks a video has. */
  #isPrepared({ view, epoch, taken }: Held): boolean {
    const lease = { task: view.task, epoch };
    const { stage } = view.progress;
    if (taken || this.#shared.isAlone(lease) || this.#shared.find(lease)) return false;
    return (stage === 'fetching' || stage === 'preparing') && this.#leases.age(lease) < MAX_WAIT_MS;
  }

  /** True while workers may wait for the chunks of a video: how long that takes is not reported by anyone. */
  get mayWait(): boolean {
    return this.#leases.all.some((held) => held.view.allComputers && this.#isPrepared(held));
  }

  /** Takes over from the database which running videos their users want all computers on. */
  rereadMarks(): void {
    for (const held of this.#leases.all) {
      const job = this.#ctx.jobs.task(held.view.task)?.job;
      const on = this.#ctx.jobs.get(job ?? -1)?.all_computers === 1;
      if (this.#leases.setAllComputers(held, on)) this.#ctx.emit('progress', held.view);
    }
  }

  /** Takes note that a worker asks for a chunk. @returns whether it got no video of the queue just before */
  endHold(worker: string): boolean {
    return this.#heldBack.delete(worker);
  }
}

const rankOf = (view: RunningView | undefined) => (view?.allComputers ? 1 : 0);

/** Seconds until a video is encoded, as far as its worker knows. */
const etaOf = (view: RunningView | undefined) => view?.progress.eta ?? 0;
