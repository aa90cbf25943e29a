import type { Lease } from '../../src-shared/lease.ts';
import type { SkipCode } from '../../src-shared/plan.ts';
import type { MasterContext } from './context.ts';
import type { Fleet } from './fleet.ts';

/** After so many failures in a row on one worker, it has to prove that not its own ffmpeg is at fault. */
const IN_A_ROW = 2;

/** The same verdict on so many videos in a row puts a worker in doubt as well: one with a bad decoder finds all of them damaged. */
const SAME_VERDICTS = 3;

/** An attempt that failed. */
interface Failure extends Lease {
  job: number;
}

/**
 * Tells films at fault from a worker at fault. A worker on which attempts fail in a row is given no more films until it has
 * converted a picture that is known to be good; where that fails as well, what it failed at counts as no attempt.
 */
export class Trials {
  readonly #ctx: MasterContext;
  readonly #fleet: Fleet;
  /** By worker, since something went well there. */
  readonly #failures = new Map<string, Failure[]>();
  /** The verdict that each worker came to last, and how many times in a row. */
  readonly #verdicts = new Map<string, { code: SkipCode; count: number }>();

  constructor(ctx: MasterContext, fleet: Fleet) {
    this.#ctx = ctx;
    this.#fleet = fleet;
  }

  /** An attempt of a worker failed. */
  failed(worker: string, failure: Failure): void {
    const failures = [...(this.#failures.get(worker) ?? []), failure];
    this.#failures.set(worker, failures);
    if (failures.length < IN_A_ROW) return;
    const name = this.#fleet.member(worker)?.name ?? worker;
    this.#fleet.doubt(
      worker,
      `${failures.length} attempts in a row failed on ${name}: it converts a test picture, to find out whether its own ffmpeg is at fault.`,
    );
  }

  /** A worker found that a video has to be left as it is. */
  judged(worker: string, code: SkipCode): void {
    const last = this.#verdicts.get(worker);
    const count = last?.code === code ? last.count + 1 : 1;
    this.#verdicts.set(worker, { code, count });
    if (count % SAME_VERDICTS !== 0) return;
    const name = this.#fleet.member(worker)?.name ?? worker;
    this.#fleet.doubt(
      worker,
      `${name} left ${count} videos in a row for the same reason (${code}): it converts a test picture, to find out whether its own ffmpeg is at fault.`,
    );
  }

  /** A worker did something well. */
  succeeded(worker: string): void {
    this.#failures.delete(worker);
    this.#verdicts.delete(worker);
  }

  /**
   * A worker has tried to convert a picture that is known to be good.
   * @param problem what went wrong; null where all is well
   */
  ended(worker: string, problem: string | null): void {
    const failures = this.#failures.get(worker) ?? [];
    this.#failures.delete(worker);
    if (problem === null) {
      this.#fleet.recovered(worker, true);
      return;
    }
    const name = this.#fleet.member(worker)?.name ?? worker;
    const reason = `${name} cannot convert even a test picture (${problem.replace(/\.$/, '')}); install ffmpeg anew there, or look at its memory and disk. It is tried again by itself.`;
    this.#fleet.halt(worker, reason, { prove: true });
    for (const { job, epoch } of failures) this.#ctx.jobs.pardon(job, epoch, reason);
    if (failures.length > 0) this.#ctx.emit('work', {});
  }
}
