import type { Caller, Grant, Outcome, Progress } from '../../src-shared/contract.ts';
import { Fault, messageOf } from '../../src-shared/errors.ts';
import type { Conversion, Converter } from './converter.ts';
import type { Workspace } from './workspace.ts';

export type Result = Extract<Conversion, { kind: 'result' }>;

/** How a worker gets at originals and hands results over: in place here, over the network elsewhere. */
export interface Transfer {
  /** Absolute path of the original on this computer. @throws Fault `node` when it is out of reach */
  source(grant: Grant): Promise<string>;
  /** Resolves when the master has the result and needs nothing of it any more. @throws Fault `fenced` when it came too late */
  deliver(grant: Grant, result: Result): Promise<void>;
}

/** Converts one film at a time for a master, the local one or another computer's. */
export class Worker {
  readonly #name: string;
  readonly #call: Caller;
  readonly #transfer: Transfer;
  readonly #converter: Converter;
  readonly #workspace: Workspace;
  readonly #onFault: (error: unknown) => void;
  readonly #stopping = new AbortController();
  #wake = Promise.withResolvers<void>();
  #current: { grant: Grant; cancel: AbortController } | undefined;
  #running: Promise<void> | undefined;

  /** @param parts `onFault` is told when the master cannot be asked or answered, and has to see to it that `hint` follows */
  constructor(parts: {
    name: string;
    call: Caller;
    transfer: Transfer;
    converter: Converter;
    workspace: Workspace;
    onFault: (error: unknown) => void;
  }) {
    this.#name = parts.name;
    this.#call = parts.call;
    this.#transfer = parts.transfer;
    this.#converter = parts.converter;
    this.#workspace = parts.workspace;
    this.#onFault = parts.onFault;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Work can be had: an idle worker asks at once. */
  hint(): void {
    this.#wake.resolve();
  }

  /** Ends what runs for this file, and gives it back. */
  cancel(file: number): void {
    if (this.#current?.grant.file === file) this.#current.cancel.abort();
  }

  /** Ends what runs, gives it back, and resolves when nothing is left behind. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#current?.cancel.abort();
    this.hint();
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#wake = Promise.withResolvers();
      try {
        const grant = await this.#call('job.lease', { worker: this.#name });
        if (grant) {
          const outcome = await this.#work(grant);
          if (outcome) await this.#call('job.finish', { task: grant.task, epoch: grant.epoch, outcome });
          continue;
        }
      } catch (error) {
        // A lease lost meanwhile is no fault: its bytes are dropped, and the next task is asked for.
        if (error instanceof Fault && error.code === 'fenced') continue;
        this.#onFault(error);
      }
      if (!this.#stopping.signal.aborted) await this.#wake.promise;
    }
  }

  /** @returns how the attempt ended, or undefined when the master has the result */
  async #work(grant: Grant): Promise<Outcome | undefined> {
    const cancel = new AbortController();
    if (this.#stopping.signal.aborted) return { kind: 'released' };
    this.#current = { grant, cancel };
    const { task, epoch } = grant;
    const report = (progress: Progress) => {
      // A refusal means that the lease is lost: whatever is still being done is in vain.
      this.#call('job.progress', { task, epoch, progress }).catch(() => cancel.abort());
    };
    try {
      const source = await this.#transfer.source(grant);
      return await this.#workspace.use(`${task}-${epoch}`, grant.uselessAt, async (folder) => {
        const conversion = await this.#converter.convert(grant, source, folder, cancel.signal, report);
        if (conversion.kind !== 'result') return conversion;
        if (cancel.signal.aborted) return { kind: 'released' as const };
        await this.#transfer.deliver(grant, conversion);
        return undefined;
      });
    } catch (error) {
      if (cancel.signal.aborted) return { kind: 'released' };
      if (error instanceof Fault && error.code === 'fenced') return undefined;
      if (error instanceof Fault && error.code === 'node') return { kind: 'node', reason: error.message };
      return { kind: 'failed', reason: messageOf(error), log: (error as Error).stack ?? '' };
    } finally {
      this.#current = undefined;
    }
  }
}
