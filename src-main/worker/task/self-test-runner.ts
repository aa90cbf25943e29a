import pLimit from 'p-limit';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { messageOf } from '../../../src-shared/util/errors.ts';
import { shorten } from '../../../src-shared/util/plain-text.ts';
import type { Converter } from '../encode/converter.ts';
import type { Workspace } from './workspace.ts';

/** Dependencies of a {@link SelfTestRunner}. */
export interface SelfTestRunnerParts {
  call: Caller;
  converter: Converter;
  workspace: Workspace;
  onFault: (error: unknown) => void;
  /** Aborted when this worker stops. */
  signal: AbortSignal;
}

/** Finds out whether this computer can convert at all, and tells the master. */
export class SelfTestRunner {
  readonly #parts: SelfTestRunnerParts;
  /** Self-tests share a folder. */
  readonly #testing = pLimit(1);
  /** Undefined until it has been tried. */
  #fit: boolean | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: SelfTestRunnerParts) {
    this.#parts = parts;
  }

  /** Runs a self-test that the master requested, and reports its result. Resolves when that is done. */
  run(): Promise<void> {
    const { call, onFault, signal } = this.#parts;
    this.#running ??= this.#test({ force: true })
      .then(async (problem) => {
        this.#fit = problem === null;
        if (!signal.aborted) await call('worker.prove', { problem });
      })
      .catch(onFault)
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** Resolves when no requested self-test runs. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Tests the converter before the first video. A computer that fails reports that, and takes no work until it passes. */
  async isFit(): Promise<boolean> {
    if (this.#fit !== undefined) return this.#fit;
    const problem = await this.#test({ force: false });
    if (this.#parts.signal.aborted) return false;
    if (problem !== null) await this.#parts.call('worker.prove', { problem });
    // A self-test that the master requested in the meantime is more recent.
    this.#fit ??= problem === null;
    return this.#fit;
  }

  #test(how: { force: boolean }): Promise<string | null> {
    const { converter, signal, workspace } = this.#parts;
    const test = () =>
      workspace.use({ name: 'test', needed: 0, signal }, (folder) => converter.test(folder, signal, how));
    return this.#testing(test)
      .catch(messageOf)
      .then((problem) => problem && shorten(problem));
  }
}
