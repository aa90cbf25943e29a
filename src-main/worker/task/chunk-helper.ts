import { rm } from 'node:fs/promises';
import type { Caller } from '../../../src-shared/contract/index.ts';
import type { ChunkGrant, ChunkOutcome } from '../../../src-shared/jobs/chunk-lease.ts';
import { type Lease, LOG_LENGTH } from '../../../src-shared/jobs/lease.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import { shorten } from '../../../src-shared/util/plain-text.ts';
import type { Logger } from '../../log/logger.ts';
import type { ProcessSuspender } from '../../media/ffmpeg/process-manager.ts';
import type { ChunkConversion, ChunkConverter } from '../encode/chunk-converter.ts';
import type { ChunkTransfer } from '../transfer/chunk-transfer.ts';
import { sendIntact } from '../transfer/retry.ts';
import type { Transfer } from '../transfer/transfer.ts';
import { ActiveChunk } from './active-chunk.ts';
import { type ChunkFiles, SourceKeeper } from './source-keeper.ts';
import type { Workspace } from './workspace.ts';

/** Dependencies of a {@link ChunkHelper}. */
export interface ChunkHelperParts {
  call: Caller;
  transfer: Transfer & ChunkTransfer;
  converter: ChunkConverter;
  workspace: Workspace;
  /** Suspends encodes. */
  brake: ProcessSuspender;
  /** Runs an encode when one more may run, with its share of the threads. */
  encode: <T>(work: (threads: number | undefined) => Promise<T>) => Promise<T>;
  /** Called when a chunk starts, ends, or enters another stage. */
  onProgress: () => void;
  /** Called when there is room for more work. */
  onDone: () => void;
  onFault: (error: unknown) => void;
  log: Logger | undefined;
}

/** Encodes chunks of videos that other computers convert, while this one has no video of its own. */
export class ChunkHelper {
  readonly #parts: ChunkHelperParts;
  readonly #active = new Set<ActiveChunk>();
  readonly #sources: SourceKeeper;
  /** The master doesn't share chunks. */
  #isOff = false;

  constructor(parts: ChunkHelperParts) {
    this.#parts = parts;
    this.#sources = new SourceKeeper(parts);
  }

  /** The chunks that it works on. */
  get active(): ActiveChunk[] {
    return [...this.#active].filter(({ lost }) => !lost);
  }

  /** Asks for a chunk, one at a time. @returns whether there was one. @throws Fault `node` when the master can't be reached */
  async take(): Promise<boolean> {
    if (this.#active.size > 0) return false;
    const grant = this.#isOff ? null : await this.#request();
    if (!grant) {
      await this.#sources.release();
      return false;
    }
    const chunk = new ActiveChunk(grant, this.#parts.onProgress);
    this.#active.add(chunk);
    this.#parts.onProgress();
    chunk.done = this.#run(chunk)
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#active.delete(chunk);
        this.#parts.onProgress();
        this.#parts.onDone();
      });
    return true;
  }

  async #request(): Promise<ChunkGrant | null> {
    try {
      return await this.#parts.call('chunk.lease', {});
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'missing')) throw error;
      this.#isOff = true;
      return null;
    }
  }

  /** Another master may have answered since, or a newer one. */
  reset(): void {
    this.#isOff = false;
  }

  /** Gives up what is kept for further chunks, as for a video of its own. */
  async release(): Promise<void> {
    if (this.#active.size === 0) await this.#sources.release();
  }

  /** Renews the leases of the chunks, and ends those that are lost. */
  async beat(): Promise<void> {
    const { active } = this;
    if (active.length === 0) return;
    try {
      const { lost } = await this.#parts.call('chunk.beat', { held: active.map(({ lease }) => lease) });
      for (const { task, epoch, from } of lost)
        for (const chunk of active)
          if (chunk.lease.task === task && chunk.lease.epoch === epoch && chunk.lease.from === from) chunk.lose();
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'missing')) throw error;
      for (const chunk of active) chunk.lose();
    }
  }

  /** Ends the work on a video whose lease has ended, or on a chunk of it that isn't needed any more. */
  revoke({ task, epoch }: Lease): void {
    for (const chunk of this.active) if (chunk.lease.task === task && chunk.lease.epoch === epoch) chunk.lose();
  }

  /** Resolves when the current chunks are done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#active].map(({ done }) => done));
  }

  /** Ends and returns the current chunks. */
  async stop(): Promise<void> {
    for (const chunk of this.#active) chunk.stop();
    await this.settled();
    await this.#sources.release();
  }

  async #run(chunk: ActiveChunk): Promise<void> {
    const { grant } = chunk;
    const what = `frames ${grant.from} to ${grant.to} of ${grant.path}`;
    this.#parts.log?.info({ task: grant.task, file: grant.file }, `Helping with ${what}.`);
    const outcome = await this.#attempt(chunk).catch((error: unknown) => outcomeOf(error, chunk.signal));
    if (!outcome || chunk.lost) return;
    const { kind, ...rest } = outcome;
    this.#parts.log?.info({ task: grant.task, file: grant.file, ...rest }, `Returned ${what} (${kind}).`);
    await this.#finish(chunk, outcome);
  }

  /** @returns how it ended, or undefined when the master has the chunk */
  async #attempt(chunk: ActiveChunk): Promise<ChunkOutcome | undefined> {
    const { grant, report, signal } = chunk;
    const { log, transfer } = this.#parts;
    let files = await this.#sources.get(grant, { signal, report });
    let conversion = await this.#convert(chunk, files);
    const problem = files.isPartial && !signal.aborted ? problemOf(conversion) : undefined;
    if (problem !== undefined) {
      // Holes look like damage: only the whole video shows what is true of it.
      log?.info({ task: grant.task, file: grant.file, problem }, `Fetching the rest of ${grant.path} for its chunk.`);
      this.#sources.distrustPart();
      files = await this.#sources.get(grant, { signal, report });
      conversion = await this.#convert(chunk, files);
    }
    if (signal.aborted) return { kind: 'released' };
    const { source } = files;
    if (conversion.file !== undefined) return this.#deliver(chunk, conversion.file, conversion.outcome);
    // Storage that went away looks like a bad video.
    if (conversion.outcome.kind === 'failed' && !(await transfer.holds(grant, source)))
      return { kind: 'node', reason: `${source} can no longer be read; check its storage.` };
    return conversion.outcome;
  }

  async #convert({ grant, report, signal }: ActiveChunk, files: ChunkFiles): Promise<ChunkConversion> {
    const { brake, converter, encode } = this.#parts;
    const { folder, source, isPartial } = files;
    const work = { folder, signal, report, brake, isPartial };
    try {
      return await encode(async (threads): Promise<ChunkConversion> => {
        if (signal.aborted) return { outcome: { kind: 'released' } };
        return converter.convert(grant, source, { ...work, threads });
      });
    } catch (error) {
      if (!isPartial || signal.aborted) throw error;
      return { outcome: { kind: 'failed', reason: shorten(messageOf(error)), log: '' } };
    }
  }

  /** Sends a chunk until it has arrived intact. */
  async #deliver({ lease, report, signal }: ActiveChunk, file: string, outcome: ChunkOutcome): Promise<undefined> {
    const { call, transfer } = this.#parts;
    report({ stage: 'uploading' });
    await sendIntact('A chunk', signal, {
      send: () => transfer.sendChunk(lease, file, signal),
      confirm: () => call('chunk.finish', { ...lease, outcome }),
    });
    await rm(file, { force: true });
    return undefined;
  }

  async #finish({ lease }: ActiveChunk, outcome: ChunkOutcome): Promise<void> {
    try {
      await this.#parts.call('chunk.finish', { ...lease, outcome });
    } catch (error) {
      // Otherwise the master notices by itself that the chunk isn't held any more.
      if (!(error instanceof Fault && error.code === 'fenced')) throw error;
    }
  }
}

/** What may come from bytes that aren't there: any error. */
function problemOf({ outcome }: ChunkConversion): string | undefined {
  if (outcome.kind === 'done') return outcome.damage?.first;
  return outcome.kind === 'released' ? undefined : outcome.reason;
}

/** How an attempt ended that threw; undefined when the master needs no word of it. */
function outcomeOf(error: unknown, signal: AbortSignal): ChunkOutcome | undefined {
  if (signal.aborted) return { kind: 'released' };
  if (error instanceof Fault && error.code === 'fenced') return undefined;
  const reason = error instanceof Fault && error.code === 'node' ? error.message : nodeFaultReason(error);
  if (reason) return { kind: 'node', reason: shorten(reason) };
  const log = error instanceof Error ? (error.stack ?? '') : '';
  return { kind: 'failed', reason: shorten(messageOf(error)), log: log.slice(-LOG_LENGTH) };
}
