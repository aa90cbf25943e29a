import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that has not answered after this long, in ms, will not; to start may take it long. */
const PATIENCE_MS = 60_000;

/**
 * Puts questions to a program that answers each line with a line, and starts it when there is one to put. It reads until its
 * input ends, as it does when this program does, however that comes about: it cannot outlive it.
 */
export class LineProcess {
  readonly #command: string;
  readonly #args: string[];
  #child: ChildProcess | undefined;
  #answer: Promise<string | undefined> | undefined;
  #tell: (answer: string | undefined) => void = () => undefined;

  constructor(command: string, args: string[]) {
    this.#command = command;
    this.#args = args;
  }

  /** Returns the program's answer, shared by concurrent callers; undefined without one. The next question restarts the program. */
  ask(): Promise<string | undefined> {
    this.#answer ??= this.#put();
    return this.#answer;
  }

  async #put(): Promise<string | undefined> {
    this.#child ??= this.#start();
    const child = this.#child;
    const late = setTimeout(() => child.kill(), PATIENCE_MS);
    late.unref();
    try {
      return await new Promise((resolve) => {
        this.#tell = resolve;
        child.stdin?.write('\n');
      });
    } finally {
      clearTimeout(late);
      this.#answer = undefined;
    }
  }

  #start(): ChildProcess {
    const child = spawn(this.#command, this.#args, { stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
    createInterface({ input: child.stdout }).on('line', (line) => this.#tell(line.trim()));
    const gone = () => {
      if (this.#child === child) this.#child = undefined;
      this.#tell(undefined);
    };
    // One that can't be started only emits an error.
    child.on('error', gone);
    child.on('close', gone);
    // A lost line shows as the end of its reader.
    child.stdin.on('error', () => undefined);
    return child;
  }
}
