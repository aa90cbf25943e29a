/** Master and workers of a soak run as real processes that can be killed, stopped and started again. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Caller } from '../../../../src-shared/contract/index.ts';
import { remoteCaller } from '../../../cli/connect.ts';
import type { AdjustableClock } from '../../support/clock.ts';
import type { CuttingProxy } from '../../support/cutting-proxy.ts';
import { startMaster } from '../master.ts';
import { FLOTILLA } from '../measure.ts';

export const ffmpegPath = execFileSync('which', ['ffmpeg'], { encoding: 'utf8' }).trim();

/** Heartbeat, suspect, expiry and retry of a soak run in ms: an hour of trouble in a minute. */
const TERMS = '500,4000,15000,1000';

const MASTER_OPTIONS = ['--testing', '--settle', '0', '--preset', '13', '--crf', '63', '--min-savings', '0'];

/** Resident memory of one process over its life: seconds since its start and bytes. */
export type MemorySeries = { seconds: number; bytes: number }[];

function residentBytes(pid: number | undefined): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** A process that is started again after each end; keeps the memory of each of its lives. */
abstract class Restartable {
  readonly lives: MemorySeries[] = [];
  #started = 0;

  protected began(): void {
    this.#started = performance.now();
    this.lives.push([]);
  }

  abstract get pid(): number | undefined;

  /** Notes how much memory it has now. */
  sample(): void {
    const bytes = residentBytes(this.pid);
    if (bytes !== undefined) this.lives.at(-1)?.push({ seconds: (performance.now() - this.#started) / 1000, bytes });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid) process.kill(this.pid, signal);
  }
}

/** The master of a soak run, always at the same ports. */
export class SoakMaster extends Restartable {
  readonly #data: string;
  readonly #env: NodeJS.ProcessEnv;
  #running: Awaited<ReturnType<typeof startMaster>> | undefined;
  #port = '0';
  #call: Caller | undefined;

  constructor(data: string, env: NodeJS.ProcessEnv) {
    super();
    this.#data = data;
    this.#env = { ...process.env, FLOTILLA_TERMS: TERMS, ...env };
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  get port(): number {
    return Number(this.#port);
  }

  /** A call to the master. @throws while it does not run */
  get call(): Caller {
    if (!this.#call) throw new Error('the master does not run');
    return this.#call;
  }

  async start(): Promise<void> {
    this.#running = await startMaster(this.#data, [...MASTER_OPTIONS, '--lan-port', this.#port], [], this.#env);
    this.#port = this.#running.port;
    this.began();
    this.#call = remoteCaller(this.#running.url, readFileSync(path.join(this.#data, 'token'), 'utf8').trim());
  }

  /** Ends it by `signal` and resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#call = undefined;
    await running?.stop(signal);
  }
}

/** What a worker is given for its life. */
export interface WorkerParts {
  name: string;
  data: string;
  proxy: CuttingProxy;
  clock: AdjustableClock;
  env: NodeJS.ProcessEnv;
}

/** A worker of a soak run. */
export class SoakWorker extends Restartable {
  readonly name: string;
  readonly proxy: CuttingProxy;
  readonly clock: AdjustableClock;
  /** What is done to it at the moment; one thing at a time. */
  busy = false;
  readonly #data: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  constructor({ name, data, proxy, clock, env }: WorkerParts) {
    super();
    this.name = name;
    this.proxy = proxy;
    this.clock = clock;
    this.#data = data;
    this.#env = { ...process.env, FLOTILLA_TERMS: TERMS, ...clock.env, ...env };
  }

  get pid(): number | undefined {
    return this.#child?.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }

  /** @param token lets it join the first time */
  start(token?: string): void {
    const to = token ? ['--master', `127.0.0.1:${this.proxy.port}`, '--token', token] : [];
    const args = [FLOTILLA, 'worker', '--data', this.#data, '--name', this.name, ...to];
    this.#child = spawn(process.execPath, args, { stdio: 'ignore', env: this.#env });
    this.began();
  }

  /** Ends it by `signal` and resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || this.pid === undefined) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}
