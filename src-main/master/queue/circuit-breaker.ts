import type { Lease } from '../../../src-shared/jobs/lease.ts';
import type { SkipCode } from '../../../src-shared/plan/skip.ts';
import type { MasterContext } from '../context.ts';
import type { Member } from './member.ts';

/** Failures in a row on one worker after which it has to pass a self-test. */
const MAX_FAILURES_IN_A_ROW = 2;
/** Equal verdicts in a row after which a worker has to pass one too: with a broken decoder, every video looks damaged. */
const MAX_SAME_VERDICTS = 3;
/** Longest time until a worker at fault is tried again, in ms. */
const MAX_RETRY_MS = 15 * 60_000;

/** An attempt that failed. */
interface Failure extends Lease {
  job: number;
}

/** The reliability of a worker while this process runs. */
interface Circuit {
  /** Why it gets no work until it's tried again. */
  fault: string | undefined;
  /** Why it gets no work until it has passed a self-test. */
  probation: string | undefined;
  retry: NodeJS.Timeout | undefined;
  /** Faults since its last success. */
  faults: number;
  /** Failed attempts since its last success. */
  failures: Failure[];
  /** Its latest verdict, and how many times in a row it came to it. */
  verdict: { code: SkipCode; count: number } | undefined;
}

/** A change of a worker's standing: `probation` changes what it's asked to do, the others only whether it gets work. */
export type CircuitChange = 'tripped' | 'probation' | 'reset';

/**
 * Distinguishes videos at fault from workers at fault. A worker whose attempts fail in a row gets no videos until it has passed
 * a self-test. If it fails that too, its failed attempts don't count.
 */
export class CircuitBreaker {
  readonly #ctx: Pick<MasterContext, 'emit' | 'jobs'>;
  readonly #members: () => Member[];
  readonly #retryMs: number;
  readonly #circuits = new Map<string, Circuit>();
  readonly #listeners = new Set<(worker: string, change: CircuitChange) => void>();

  /** @param parts - `retryMs`: when a worker at fault is first tried again; each further fault doubles the wait */
  constructor(ctx: Pick<MasterContext, 'emit' | 'jobs'>, parts: { members: () => Member[]; retryMs: number }) {
    this.#ctx = ctx;
    this.#members = parts.members;
    this.#retryMs = parts.retryMs;
  }

  /** Calls `listener` whenever a worker is tripped, put on probation, or reset. */
  onChange(listener: (worker: string, change: CircuitChange) => void): void {
    this.#listeners.add(listener);
  }

  stop(): void {
    for (const { retry } of this.#circuits.values()) clearTimeout(retry);
  }

  /** Returns why a worker gets no work before it's tried again; undefined if it isn't at fault. */
  faultOf(worker: string): string | undefined {
    return this.#circuits.get(worker)?.fault;
  }

  /** Returns why a worker gets no work before it has passed a self-test. */
  probationOf(worker: string): string | undefined {
    return this.#circuits.get(worker)?.probation;
  }

  /**
   * Gives a worker no work until it's tried again.
   * @param how - `selfTest`: it's tried by a self-test rather than by a video
   */
  trip(worker: string, reason: string, { selfTest = false } = {}): void {
    const circuit = this.#circuit(worker);
    circuit.fault = reason;
    circuit.probation = undefined;
    clearTimeout(circuit.retry);
    const wait = Math.min(this.#retryMs * 2 ** circuit.faults, MAX_RETRY_MS);
    circuit.faults += 1;
    const tryAgain = () => (selfTest ? this.#putOnProbation(worker, reason) : this.reset(worker));
    circuit.retry = setTimeout(tryAgain, wait).unref();
    this.#notify(worker, 'tripped');
  }

  /** Gives a worker work again. */
  reset(worker: string): void {
    const circuit = this.#circuit(worker);
    if (circuit.fault === undefined && circuit.probation === undefined) return;
    circuit.fault = undefined;
    circuit.probation = undefined;
    clearTimeout(circuit.retry);
    this.#notify(worker, 'reset');
    this.#ctx.emit('work', {});
  }

  /** Gives every worker work again. */
  resetAll(): void {
    for (const worker of this.#circuits.keys()) this.reset(worker);
  }

  /** Forgets a removed worker. */
  forget(worker: string): void {
    clearTimeout(this.#circuits.get(worker)?.retry);
    this.#circuits.delete(worker);
  }

  /** Records a failed attempt of a worker. */
  recordFailure(worker: string, failure: Failure): void {
    const { failures } = this.#circuit(worker);
    failures.push(failure);
    if (failures.length < MAX_FAILURES_IN_A_ROW) return;
    const name = this.#nameOf(worker);
    this.#putOnProbation(
      worker,
      `${failures.length} attempts in a row failed on ${name}. Running a self-test to check its ffmpeg.`,
    );
  }

  /** Records that a worker found a video to be skipped. */
  recordVerdict(worker: string, code: SkipCode): void {
    const circuit = this.#circuit(worker);
    const count = circuit.verdict?.code === code ? circuit.verdict.count + 1 : 1;
    circuit.verdict = { code, count };
    if (count % MAX_SAME_VERDICTS !== 0) return;
    const name = this.#nameOf(worker);
    this.#putOnProbation(
      worker,
      `${name} skipped ${count} videos in a row for the same reason (${code}). Running a self-test to check its ffmpeg.`,
    );
  }

  /** Records that another worker came to the same verdict. */
  confirmVerdict(worker: string, code: SkipCode): void {
    const circuit = this.#circuit(worker);
    if (circuit.verdict?.code === code) circuit.verdict = undefined;
  }

  /** Returns true if a worker came to this verdict so often in a row that another worker should confirm it. */
  repeatsVerdict(worker: string, code: SkipCode): boolean {
    const verdict = this.#circuits.get(worker)?.verdict;
    return verdict?.code === code && verdict.count >= MAX_SAME_VERDICTS;
  }

  /** Records an encode that was complete but too large: the worker can encode, unless it says little else. */
  recordOversize(worker: string, code: SkipCode): void {
    this.#circuit(worker).failures = [];
    if (!this.repeatsVerdict(worker, code)) this.#clear(worker);
  }

  /** Records that a result of a worker was accepted. */
  recordSuccess(worker: string): void {
    const circuit = this.#circuit(worker);
    circuit.failures = [];
    this.#clear(worker);
    circuit.verdict = undefined;
  }

  /**
   * Records the end of a self-test.
   * @param problem - what went wrong; null if the worker passed
   */
  recordSelfTest(worker: string, problem: string | null): void {
    const circuit = this.#circuit(worker);
    const { failures } = circuit;
    circuit.failures = [];
    if (problem === null) {
      this.#clear(worker);
      return;
    }
    const name = this.#nameOf(worker);
    const reason = `${name} failed its self-test (${problem.replace(/\.$/, '')}). Reinstall ffmpeg or check memory and disk. Flotilla retries automatically.`;
    this.trip(worker, reason, { selfTest: true });
    for (const { job, epoch } of failures) this.#ctx.jobs.voidAttempt(job, epoch, reason);
    if (failures.length > 0) this.#ctx.emit('work', {});
  }

  /** Gives a worker no work until it has passed a self-test. That alone isn't a fault. */
  #putOnProbation(worker: string, reason: string): void {
    this.#circuit(worker).probation = reason;
    this.#notify(worker, 'probation');
  }

  /** Resets a worker that has proven itself: its next fault is its first. */
  #clear(worker: string): void {
    this.#circuit(worker).faults = 0;
    this.reset(worker);
  }

  #circuit(worker: string): Circuit {
    const known = this.#circuits.get(worker);
    if (known) return known;
    const circuit: Circuit = {
      fault: undefined,
      probation: undefined,
      retry: undefined,
      faults: 0,
      failures: [],
      verdict: undefined,
    };
    this.#circuits.set(worker, circuit);
    return circuit;
  }

  #nameOf(worker: string): string {
    return this.#members().find(({ id }) => id === worker)?.name ?? worker;
  }

  #notify(worker: string, change: CircuitChange): void {
    for (const listener of this.#listeners) listener(worker, change);
  }
}
