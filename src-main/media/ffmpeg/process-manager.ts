import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ExecaError, execa } from 'execa';
import psList from 'ps-list';
import { Fault } from '../../../src-shared/util/errors.ts';
import { resume, suspend } from './suspend.ts';
import { SilenceWatch, Watchdog } from './watchdog.ts';

/** How long a child may take to end after SIGTERM before it is killed: ffmpeg needs 0.4 s, a hanging SVT-AV1 never ends. */
const GRACE_MS = 5000;

/** How long a killed child is waited for, in ms: one that waits in the kernel for a dead mount does not end. */
const GIVE_UP_MS = 5000;

/** An ffmpeg that does nothing for this long is stuck. */
export const STALL_MS = 5 * 60_000;
export interface RunOptions {
  signal?: AbortSignal;
  /** CPU priority 0 to 19 and disk priority class 0 to 3, as nice(1) and ionice(1) count. */
  priority?: { nice: number; ionice: number };
  /**
   * Ends the child when it neither reports work (with `-progress`: frames, time or bytes; without: a line) nor uses the
   * processor for this long, in ms. No time goes by while it is held, or this computer or process sleeps.
   */
  stallMs?: number;
  /** Ends the child after this long in all, in ms; the same holds. */
  timeoutMs?: number;
  /** Environment variables beside this program's own. */
  env?: Record<string, string>;
  /** Holds the child while it is on. */
  brake?: ProcessSuspender | undefined;
  onStdout?: (line: string) => void;
  /** Gets the child's output as bytes, chunk by chunk; replaces {@link onStdout}. */
  onBytes?: (bytes: Uint8Array) => void;
  onStderr?: (line: string) => void;
}

/** Programs of the system that start another one with less priority or with a leash. */
interface Wrappers {
  setpriv: boolean;
  nice: boolean;
  ionice: boolean;
  taskpolicy: boolean;
}

/** Suspends child processes while it's on. */
export class ProcessSuspender {
  readonly #pids = new Set<number>();
  /** When it was put on, on the clock of performance.now(). */
  #since: number | undefined;
  /** How long it was on before that, in ms. */
  #held = 0;

  /** A clock in ms that stops while it is on, as the suspended processes do. */
  now(): number {
    return (this.#since ?? performance.now()) - this.#held;
  }

  setSuspended(on: boolean): void {
    const since = this.#since;
    if (on === (since !== undefined)) return;
    this.#since = on ? performance.now() : undefined;
    if (since !== undefined) this.#held += performance.now() - since;
    for (const pid of this.#pids) (on ? suspend : resume)(pid);
  }

  /** @returns lets the child go; one that is held could not end itself */
  add(pid: number): () => void {
    this.#pids.add(pid);
    if (this.#since !== undefined) suspend(pid);
    return () => {
      if (this.#pids.delete(pid) && this.#since !== undefined) resume(pid);
    };
  }
}

export type RunEnd =
  | { kind: 'exit'; code: number }
  | { kind: 'stalled' }
  | { kind: 'cancelled' }
  | { kind: 'killed'; signal: string };

/** Whether a child was ended from outside; ffmpeg catches the signal and ends with 255 then. */
export function wasKilled(end: RunEnd): boolean {
  return end.kind === 'killed' || (end.kind === 'exit' && end.code === 255);
}

/**
 * Starts every ffmpeg and ffprobe of this node, and sees to it that none outlives it: on Linux the kernel kills them with
 * us; everywhere, a note beside the database names those that were running, and the next start ends them.
 */
export class ProcessManager {
  readonly #notes: string;
  #wrappers: Promise<Wrappers> | undefined;

  private constructor(notes: string) {
    this.#notes = notes;
  }

  /** @param folder where notes about running children are kept; left-over children noted there are ended */
  static async create(folder: string): Promise<ProcessManager> {
    await mkdir(folder, { recursive: true });
    await killOrphans(folder);
    return new ProcessManager(folder);
  }

  /**
   * Runs a program to its end, line by line, without a shell.
   * @throws Fault `node` when the program cannot be started
   */
  async run(program: string, args: string[], options: RunOptions = {}): Promise<RunEnd> {
    // Not at the start: what shows a window has no need of them.
    this.#wrappers ??= findWrappers();
    const prefix = prefixOf(await this.#wrappers, options.priority);
    const [command, ...rest] = [...prefix, program, ...args] as [string, ...string[]];
    const stalled = new AbortController();
    const signals = [options.signal, stalled.signal].filter((s) => s !== undefined);
    const ending = AbortSignal.any(signals);
    const child = execa(command, rest, {
      cancelSignal: ending,
      forceKillAfterDelay: GRACE_MS,
      stdin: 'ignore',
      stdout: options.onStdout || options.onBytes ? 'pipe' : 'ignore',
      stderr: options.onStderr ? 'pipe' : 'ignore',
      buffer: false,
      reject: false,
      // SVT-AV1 chatters on stderr below warnings otherwise.
      env: { SVT_LOG: '1', AV_LOG_FORCE_NOCOLOR: '1', ...options.env },
    });
    this.#lowerOnWindows(child.pid, options.priority);
    const letGo = child.pid && options.brake?.add(child.pid);
    if (letGo) options.signal?.addEventListener('abort', letGo);
    const { stallMs, timeoutMs, brake } = options;
    const now = () => brake?.now() ?? performance.now();
    const silence = stallMs
      ? new SilenceWatch({ pid: child.pid, args, stallMs, now, bite: () => stalled.abort() })
      : undefined;
    const whole = new Watchdog(now, () => stalled.abort());
    if (timeoutMs) whole.wait(timeoutMs);
    const read = async (from: 'stdout' | 'stderr', onLine?: (line: string) => void) => {
      if (!onLine) return;
      for await (const line of child.iterable({ from })) {
        if (from === 'stdout') silence?.onOutput(line);
        onLine(line);
      }
    };
    const readBytes = async (onBytes?: (bytes: Uint8Array) => void) => {
      if (!onBytes) return;
      for await (const bytes of child.iterable({ from: 'stdout', binary: true })) {
        silence?.onOutput('');
        onBytes(bytes as Uint8Array);
      }
    };
    // At once: a stream without a reader in the first turn is discarded. Readers end with the child; the result reports
    // its death.
    const reading = Promise.allSettled([
      read('stdout', options.onStdout),
      readBytes(options.onBytes),
      read('stderr', options.onStderr),
    ]);
    const note = child.pid && path.join(this.#notes, String(child.pid));
    const kept = Promise.withResolvers<undefined>();
    let isKept = false;
    const giveUp = () => {
      isKept = true;
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      kept.resolve(undefined);
    };
    let patience: NodeJS.Timeout | undefined;
    const onAbort = () => {
      patience = setTimeout(giveUp, GRACE_MS + GIVE_UP_MS);
    };
    ending.addEventListener('abort', onAbort, { once: true });
    if (ending.aborted) onAbort();
    try {
      // A full disk is no reason to leave the child alone.
      if (note) await writeFile(note, path.basename(program)).catch(() => undefined);
      const result = await Promise.race([reading.then(() => child), kept.promise]);
      if (options.signal?.aborted) return { kind: 'cancelled' };
      if (stalled.signal.aborted || !result) return { kind: 'stalled' };
      if (result.exitCode !== undefined) return { kind: 'exit', code: result.exitCode };
      if (result.signal) return { kind: 'killed', signal: result.signal };
      const why = result instanceof ExecaError ? (result.originalMessage ?? result.shortMessage) : 'it did not start';
      throw new Fault(
        'node',
        `${program} could not be started on ${os.hostname()} (${why}); install ffmpeg or see \`flotilla doctor\`.`,
      );
    } finally {
      silence?.stop();
      whole.stop();
      if (letGo) {
        options.signal?.removeEventListener('abort', letGo);
        letGo();
      }
      clearTimeout(patience);
      ending.removeEventListener('abort', onAbort);
      // The next start ends the children that couldn't be ended now.
      if (note && !isKept) await rm(note, { force: true });
    }
  }

  /** Runs a program and returns its output. @throws Fault `node` when it doesn't start; its failure is in `end`. */
  async capture(
    program: string,
    args: string[],
    options: RunOptions = {},
  ): Promise<{ end: RunEnd; stdout: string; stderr: string[] }> {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const end = await this.run(program, args, {
      ...options,
      onStdout: (line) => stdout.push(line),
      onStderr: (line) => stderr.push(line),
    });
    return { end, stdout: stdout.join('\n'), stderr };
  }

  #lowerOnWindows(pid: number | undefined, priority?: RunOptions['priority']): void {
    if (process.platform !== 'win32' || !pid || !priority || priority.nice === 0) return;
    const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = os.constants.priority;
    try {
      os.setPriority(pid, priority.nice >= 10 ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended already.
    }
  }
}

async function findWrappers(): Promise<Wrappers> {
  const has = async (command: string, ...args: string[]) =>
    (await execa(command, args, { reject: false })).exitCode === 0;
  const linux = process.platform === 'linux';
  const posix = process.platform !== 'win32';
  const [setpriv, nice, ionice, taskpolicy] = await Promise.all([
    linux && has('setpriv', '--pdeathsig', 'KILL', 'true'),
    posix && has('nice', '-n', '1', 'true'),
    linux && has('ionice', '-c', '3', 'true'),
    process.platform === 'darwin' && has('taskpolicy', '-d', 'throttle', 'true'),
  ]);
  return { setpriv, nice, ionice, taskpolicy };
}

function prefixOf({ setpriv, nice, ionice, taskpolicy }: Wrappers, priority?: RunOptions['priority']): string[] {
  return [
    ...(setpriv ? ['setpriv', '--pdeathsig', 'KILL'] : []),
    ...(priority && nice && priority.nice > 0 ? ['nice', '-n', String(priority.nice)] : []),
    ...(priority && ionice && priority.ionice > 0 ? ['ionice', '-t', '-c', String(priority.ionice)] : []),
    ...(priority && taskpolicy && priority.ionice === 3 ? ['taskpolicy', '-d', 'throttle'] : []),
  ];
}

async function killOrphans(folder: string): Promise<void> {
  const pids = await readdir(folder);
  if (pids.length === 0) return;
  const running = new Map((await psList()).map((p) => [String(p.pid), p]));
  for (const pid of pids) {
    const program = await readFile(path.join(folder, pid), 'utf8');
    // A number may have been given to another program since: only one of the noted name is ours.
    if (program && running.get(pid)?.name.startsWith(program)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It ended on its own.
      }
    }
    await rm(path.join(folder, pid), { force: true });
  }
}
