/** The built command line as a real process. */
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { SETTING_INFOS } from '../../../src-shared/settings/settings.ts';
import { onFileFinished } from './temp.ts';
import { until } from './wait.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const HEADLESS = path.join(ROOT, 'out/main/headless.js');

/** The quickest and smallest encode there is, of files that may just have been written. */
export const TINY = ['--preset', '13', '--crf', '63', '--min-savings', '0', '--settle', '0'];

/** What a test leaves out that isn't about it; an empty variable gives what a new user gets. */
const PLAIN = { QUALITY: 'table', FILE_ORDER: 'oldest' };

/** Short runs are through before a larger heap pays for the time that it takes to get one. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-semi-space-size=1' };

/** One line of `--json`. */
export interface Line {
  type: string;
  path?: string;
  state?: string;
  code?: string | null;
  reason?: string | null;
  text?: string;
  stage?: string;
  frame?: number;
  counts?: Record<string, number>;
  [key: string]: unknown;
}

/** How a run of the command line ended. */
export interface Run {
  code: number | undefined;
  stdout: string;
  stderr: string;
  /** Its output as JSON lines, where it is. */
  lines: Line[];
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** What runs the program: `taskset -c 0`, say. */
  prefix?: string[];
}

function parseLines(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** A command line that is running. */
export class Flotilla {
  readonly #child;
  #stdout = '';
  #stderr = '';

  constructor(args: string[], { env = {}, cwd = os.tmpdir(), prefix = [] }: RunOptions) {
    // Settings of whoever runs the tests must not leak in.
    const own = new Set(SETTING_INFOS.map((info) => info.env));
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)));
    const [program = '', ...rest] = [...prefix, process.execPath, HEADLESS, ...args];
    this.#child = execa(program, rest, {
      cwd,
      env: { ...clean, ...PLAIN, ...SMALL_HEAP, ...env },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    });
    this.#child.stdout.on('data', (chunk) => {
      this.#stdout += chunk;
    });
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    onFileFinished(() => this.#child.kill('SIGKILL'));
  }

  /** All that it said on stderr so far. */
  get errors(): string {
    return this.#stderr;
  }

  get lines(): Line[] {
    return parseLines(this.#stdout.slice(0, this.#stdout.lastIndexOf('\n') + 1));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the first text on stdout that matches. */
  async says(pattern: RegExp): Promise<string> {
    return until(() => {
      const [found] = pattern.exec(this.#stdout) ?? [];
      if (found === undefined) throw new Error(`nothing like ${pattern} in: ${this.#stdout}`);
      return found;
    });
  }

  async end(): Promise<Run> {
    const { exitCode, stdout, stderr } = await this.#child;
    return { code: exitCode, stdout, stderr, lines: parseLines(stdout) };
  }
}

/** Starts the command line. */
export function start(args: string[], options: RunOptions = {}): Flotilla {
  return new Flotilla(args, options);
}

/** Runs the command line to its end. */
export function run(args: string[], options: RunOptions = {}): Promise<Run> {
  return start(args, options).end();
}

/** Runs `convert --json` with {@link TINY}. */
export function convert(data: string, places: string[], more: string[] = [], options: RunOptions = {}): Promise<Run> {
  return run(['convert', ...places, '--data', data, '--json', ...TINY, ...more], options);
}

/** What became of each file of a run: `path: state` or `path: state (code)`, sorted. */
export function outcomes({ lines }: Run): string[] {
  return lines
    .filter((line) => line.type === 'file')
    .map(({ path: file, state, code }) => `${file}: ${state}${code ? ` (${code})` : ''}`)
    .sort();
}
