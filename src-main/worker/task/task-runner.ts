import { rm } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Outcome } from '../../../src-shared/jobs/lease.ts';
import { baseLayerOf } from '../../../src-shared/plan/plan.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import type { ProcessSuspender } from '../../media/ffmpeg/process-manager.ts';
import { encoderThreads } from '../../platform/processors.ts';
import { faultPoint } from '../../util/fault-injection.ts';
import type { ChunkSharing } from '../encode/chunk-sharing.ts';
import type { Converter } from '../encode/converter.ts';
import type { Result, Transfer } from '../transfer/transfer.ts';
import type { ActiveTask } from './active-task.ts';
import { FifoGate, type Ticket } from './fifo-gate.ts';
import type { Workspace } from './workspace.ts';

/** What attempts are made with. */
export interface AttemptParts {
  transfer: Transfer;
  converter: Converter;
  workspace: Workspace;
  /** Suspends encodes. */
  brake: ProcessSuspender;
  /** True: finished results stay on the disk until the master has them, also over a restart of this node. */
  keeps: boolean;
  /** Videos at a time. */
  jobs: number;
  /** Called when a video is encoded, so that there's room for another one. */
  onConverted: () => void;
  /** Returns through what other computers encode chunks of a video; left out where this one encodes alone. */
  share?: ((assignment: ActiveTask) => ChunkSharing) | undefined;
  /** Resolves when the master answers again. */
  answered: () => Promise<void>;
}

/** Attempts at videos, several at a time: fetched, encoded and handed over, in the order in which they were granted. */
export class TaskRunner {
  readonly #parts: Omit<AttemptParts, 'jobs' | 'keeps'>;
  readonly #encoding = pLimit(1);
  readonly #fetching = new FifoGate();
  readonly #lining = new FifoGate();
  #keeps: boolean;

  constructor({ jobs, keeps, ...parts }: AttemptParts) {
    this.#parts = parts;
    this.#encoding.concurrency = jobs;
    this.#keeps = keeps;
  }

  /** Videos that are encoded at a time. */
  get jobs(): number {
    return this.#encoding.concurrency;
  }

  set jobs(jobs: number) {
    this.#encoding.concurrency = jobs;
  }

  /** Runs an encode of another kind when one more may run, with its share of the threads. */
  encode<T>(work: (threads: number | undefined) => Promise<T>): Promise<T> {
    return this.#encoding(() => work(encoderThreads(this.jobs)));
  }

  /** There will be no next start for this master: results are given up as well. */
  giveUp(): void {
    this.#keeps = false;
  }

  /** @returns how it ended, or undefined when the master needs no word of it */
  async run(assignment: ActiveTask, result?: Result): Promise<Outcome | undefined> {
    const { grant, signal, name } = assignment;
    const { transfer, workspace } = this.#parts;
    const turns = result ? undefined : { fetch: this.#fetching.turn(), line: this.#lining.turn() };
    try {
      await Promise.race([turns?.fetch.ready, assignment.ended]);
      // Pictures that are encoded apart lie beside the result until they are in it.
      const copies = baseLayerOf(grant.plan) ? 2 : 1;
      const needed = result ? 0 : copies * grant.uselessAt + (await transfer.needs(grant));
      return await workspace.use({ name, needed, signal }, async (folder) => {
        const conversion = result ?? (await this.#convert(assignment, folder, turns));
        if (conversion.kind === 'skip') await workspace.dropChunks(name, grant);
        if (conversion.kind !== 'result') return conversion;
        if (this.#keeps && !result) await workspace.keep({ grant, result: conversion });
        await this.#deliver(assignment, conversion, folder);
        await workspace.dropChunks(name, grant);
        assignment.record('handed over');
        return undefined;
      });
    } catch (error) {
      if (signal.aborted) return assignment.converted && this.#keeps ? undefined : { kind: 'released' };
      if (error instanceof Fault && error.code === 'fenced') return undefined;
      const reason = error instanceof Fault && error.code === 'node' ? error.message : nodeFaultReason(error);
      if (reason) return { kind: 'node', reason };
      return { kind: 'failed', reason: messageOf(error), log: (error as Error).stack ?? '' };
    } finally {
      turns?.fetch.release();
      turns?.line.release();
    }
  }

  async #convert(
    assignment: ActiveTask,
    folder: string,
    turns: { fetch: Ticket; line: Ticket } | undefined,
  ): Promise<Result | Outcome> {
    const { grant, signal, report } = assignment;
    const { transfer, converter } = this.#parts;
    const source = await transfer.source(grant, { folder, signal, report });
    turns?.fetch.release();
    const chunks = this.#parts.workspace.chunksOf(assignment.name, grant);
    const sharing = this.#parts.share?.(assignment);
    const work = { folder, signal, report, brake: this.#parts.brake, chunks, sharing };
    await converter.prepare(grant, source, work);
    await Promise.race([turns?.line.ready, assignment.ended]);
    const encoding = this.#encoding(async (): Promise<Result | Outcome> => {
      if (signal.aborted) return { kind: 'released' };
      return converter.convert(grant, source, { ...work, threads: encoderThreads(this.jobs) });
    });
    turns?.line.release();
    const conversion = await encoding;
    if (signal.aborted) return { kind: 'released' };
    if (isVerdict(conversion) && !(await transfer.holds(grant, source))) {
      if (transfer.lost) {
        transfer.lost(grant);
        return { kind: 'released' };
      }
      throw new Fault('node', `${source} can no longer be read; check its storage.`);
    }
    if (conversion.kind === 'result') {
      assignment.converted = true;
      this.#parts.onConverted();
      // The fetched source would only take up space while the result is being delivered.
      if (path.dirname(source) === folder) await rm(source, { force: true });
    }
    return conversion;
  }

  /** Hands a result over, as often as it takes. A stop leaves it for the next start, where results are kept. */
  async #deliver(assignment: ActiveTask, result: Result, folder: string): Promise<void> {
    const { grant, signal, report, name } = assignment;
    assignment.converted = true;
    for (;;) {
      try {
        await this.#parts.transfer.deliver(grant, result, { folder, signal, report });
        return faultPoint('delivered');
      } catch (error) {
        const again = error instanceof Fault && error.code === 'node';
        if (again) await Promise.race([this.#parts.answered(), assignment.ended]);
        if (this.#keeps && signal.aborted && !assignment.lost) this.#parts.workspace.leave(name);
        if (!again || signal.aborted) throw error;
      }
    }
  }
}

/** Whether an attempt says that something is wrong with the video: storage that went away in the middle looks the same. */
function isVerdict(conversion: Result | Outcome): boolean {
  const { kind } = conversion;
  return kind === 'skip' || kind === 'failed' || (kind === 'result' && conversion.damaged);
}
