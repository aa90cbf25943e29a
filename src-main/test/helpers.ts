/** What the tests of the whole program share: clips, folders, the command line, and looking into files. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { execa, execaSync } from 'execa';
import { afterAll, vi } from 'vitest';
import type { CallName, Output } from '../../src-shared/contract.ts';
import { type Hello, PROTOCOL } from '../../src-shared/protocol.ts';
import { SETTING_INFOS } from '../../src-shared/settings.ts';
import { Capabilities } from '../../src-shared/worker-info.ts';
import { selfTestMemory } from '../config.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const HEADLESS = path.join(ROOT, 'out/main/headless.js');

/** Test media beside the repository, which not everybody has. */
export const SHARED = path.resolve(ROOT, '../shared');

/** The quickest and smallest encode there is, of files that may just have been written. */
export const TINY = ['--preset', '13', '--crf', '63', '--min-savings', '0', '--settle', '0'];

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});

/** A folder of its own, removed after the tests of this file. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'flotilla-test-')));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A data folder and a media folder that a test can fill. */
export function makeHome(): { data: string; media: string } {
  const home = tempFolder();
  const [data, media] = [path.join(home, 'data'), path.join(home, 'media')];
  mkdirSync(media);
  return { data, media };
}

/** True where a test can have a small file system of its own. */
export const CAN_MOUNT =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  (() => {
    const folder = tempFolder();
    if (execaSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { reject: false }).exitCode !== 0) return false;
    execaSync('umount', [folder]);
    return true;
  })();

/** What a test says that is skipped for want of {@link CAN_MOUNT}. */
export const NO_MOUNT = 'needs root on Linux, to mount a small tmpfs';

/** A file system of `kilobytes`, unmounted after the tests of this file. */
export function smallDisk(kilobytes: number, folder = tempFolder()): string {
  execaSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder]);
  cleanups.push(() => execaSync('umount', ['-l', folder], { reject: false }));
  return folder;
}

/** Takes all room that a disk has left; returns the file that does. */
export function fill(disk: string): string {
  const filler = path.join(disk, 'filler');
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return filler;
}

/** Gives a file system of {@link smallDisk} more room. */
export function enlarge(folder: string, kilobytes: number): void {
  execaSync('mount', ['-o', `remount,size=${kilobytes}k`, folder]);
}

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

interface Options {
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

  constructor(args: string[], { env = {}, cwd = os.tmpdir(), prefix = [] }: Options) {
    // Settings of whoever runs the tests must not leak in.
    const own = new Set(SETTING_INFOS.map((info) => info.env));
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)));
    const [program = '', ...rest] = [...prefix, process.execPath, HEADLESS, ...args];
    this.#child = execa(program, rest, {
      cwd,
      env: { ...clean, ...env },
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
    cleanups.push(() => this.#child.kill('SIGKILL'));
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
    return vi.waitFor(
      () => {
        const [found] = pattern.exec(this.#stdout) ?? [];
        if (found === undefined) throw new Error(`nothing like ${pattern} in: ${this.#stdout}`);
        return found;
      },
      { timeout: 60_000, interval: 20 },
    );
  }

  async end(): Promise<Run> {
    const { exitCode, stdout, stderr } = await this.#child;
    return { code: exitCode, stdout, stderr, lines: parseLines(stdout) };
  }
}

/** Starts the command line. */
export function start(args: string[], options: Options = {}): Flotilla {
  return new Flotilla(args, options);
}

/** Runs the command line to its end. */
export function run(args: string[], options: Options = {}): Promise<Run> {
  return start(args, options).end();
}

/** Runs `convert --json` with {@link TINY}. */
export function convert(data: string, places: string[], more: string[] = [], options: Options = {}): Promise<Run> {
  return run(['convert', ...places, '--data', data, '--json', ...TINY, ...more], options);
}

/** What became of each file of a run: `path: state` or `path: state (code)`, sorted. */
export function outcomes({ lines }: Run): string[] {
  return lines
    .filter((line) => line.type === 'file')
    .map(({ path: file, state, code }) => `${file}: ${state}${code ? ` (${code})` : ''}`)
    .sort();
}

/** A server started with `serve`, and how to call it. */
export interface Server {
  flotilla: Flotilla;
  url: string;
  /** The key of the one-use set-up address, while there is no password. */
  setup: string | undefined;
  token: string;
  call<N extends CallName>(name: N, input?: object): Promise<Output<N>>;
}

/** Starts `serve` on a free port. */
export async function serve(data: string, more: string[] = [], options: Options = {}): Promise<Server> {
  const flotilla = start(['serve', '--data', data, '--port', '0', ...more], options);
  const address = await flotilla.says(/http:\S+/);
  const [url = '', setup] = address.split('/#setup=');
  const token = readFileSync(path.join(data, 'token'), 'utf8');
  return {
    flotilla,
    url: url.replace(/\/$/, ''),
    setup,
    token,
    async call(name, input = {}) {
      const response = await fetch(`${url}/api/rpc/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(input),
      });
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
      return response.json() as never;
    },
  };
}

/** A server that leads, and where it awaits other computers. */
export interface LeadingServer extends Server {
  /** `127.0.0.1:port` */
  lan: string;
}

/** Starts `serve --lead` on free ports. */
export async function lead(data: string, more: string[] = [], options: Options = {}): Promise<LeadingServer> {
  const server = await serve(data, ['--lead', '--lan-port', '0', '--name', 'nas', ...more], options);
  const told = await server.flotilla.says(/awaited on port \d+/);
  return { ...server, lan: `127.0.0.1:${told.replace(/\D+/, '')}` };
}

/** Starts a worker by an invitation; resolves when the server has it. */
export async function join(
  server: LeadingServer,
  { data, name }: { data: string; name: string },
  more: string[] = [],
  options: Options = {},
): Promise<Flotilla> {
  const { token } = await server.call('invite.create', {});
  const args = ['worker', '--data', data, '--name', name, '--master', server.lan, '--token', token, ...more];
  const flotilla = start(args, options);
  await until(async () => {
    const views = await server.call('worker.list', {});
    if (!views.some((view) => view.name === name && view.connected)) throw new Error(`${name} has not come`);
  });
  return flotilla;
}

/** How a computer that can do everything introduces itself. */
export function helloOf(device: string, changes: Partial<Hello> = {}): Hello {
  const ffmpeg = Capabilities.parse({ version: '5.1' });
  for (const name of Object.keys(ffmpeg)) if (name !== 'version') Object.assign(ffmpeg, { [name]: true });
  const computer = { cores: 2, memory: 1e9, tempFree: 1e9, ffmpeg, senses: [] };
  return { name: 'garage', device, version: '0.1.0', protocol: PROTOCOL, computer, ...changes };
}

/** Asks the database of a data folder, also while it is in use. */
export function query<T>(data: string, sql: string): T[] {
  const db = new Database(path.join(data, 'flotilla.db'), { readonly: true });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

/** The path of a program of the system. */
export function which(program: string, among = process.env.PATH ?? ''): string {
  for (const folder of among.split(path.delimiter)) {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return path.join(folder, program);
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`${program} is not in PATH`);
}

/**
 * Puts a shell script in the place of ffmpeg or ffprobe: it calls the real one as "$REAL", and `$encode` is 1 where the
 * call is an encode of a film, `$test` where it makes a picture of its own.
 * @param env of the real one, where it is not the first in this program's own PATH
 * @param isTested false has it self-tested as any new ffmpeg
 * @returns the environment that has it found first
 */
export function wrap(
  program: 'ffmpeg' | 'ffprobe',
  script: string,
  env: { PATH?: string } = process.env,
  isTested = true,
): { PATH: string } {
  const folder = tempFolder();
  const look = 'for a; do case $a in libsvtav1) encode=1;; lavfi) test=1;; esac; done';
  const head = `#!/bin/sh\nREAL='${which(program, env.PATH)}'\nencode=0\ntest=0\n${look}\n[ $test = 1 ] && encode=0\n`;
  writeFileSync(path.join(folder, program), `${head}${script}\n`, { mode: 0o755 });
  if (isTested) rememberAsTested(which(program, env.PATH), path.join(folder, program));
  return { PATH: `${folder}${path.delimiter}${env.PATH}` };
}

/** Has a program that stands in the place of a real one pass for tested where that one has passed its self-test. */
function rememberAsTested(real: string, stand: string): void {
  const memory = selfTestMemory();
  if (!existsSync(memory)) return;
  const place = (file: string) => {
    const { size, mtimeMs } = statSync(file);
    return JSON.stringify([file, size, mtimeMs]);
  };
  const tested = readFileSync(memory, 'utf8')
    .split('\n')
    .filter((line) => line.includes(place(real)));
  appendFileSync(memory, tested.map((line) => `${line.replace(place(real), place(stand))}\n`).join(''));
}

/** Encodes that wait before they begin until {@link Gate.open}. */
export interface Gate {
  env: { PATH: string };
  /** Resolves when an encode waits. */
  reached: () => Promise<void>;
  open: () => void;
}

/** Holds every encode at a gate, so that a test can do something at that moment. */
export function makeGate(): Gate {
  const folder = tempFolder();
  const [waits, opened] = [path.join(folder, 'waits'), path.join(folder, 'open')];
  const hold = `touch '${waits}'; until [ -e '${opened}' ]; do sleep 0.05; done`;
  return {
    env: wrap('ffmpeg', `if [ $encode = 1 ]; then ${hold}; fi\nexec "$REAL" "$@"`),
    reached: () => until(() => accessSync(waits)),
    open: () => writeFileSync(opened, ''),
  };
}

/** Encodes at the speed of playing, their process numbers written to `pids`: one is caught in the middle of it. */
export function slowEncodes(): { env: { PATH: string }; pids: () => number[] } {
  const log = path.join(tempFolder(), 'pids');
  writeFileSync(log, '');
  return {
    env: wrap('ffmpeg', `[ $encode = 1 ] && echo $$ >> '${log}' && exec "$REAL" -re "$@"\nexec "$REAL" "$@"`),
    pids: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}

/** Calls of a program with `argument` among its arguments that take a minute, their process numbers written to `pids`. */
export function slowCalls(
  program: 'ffmpeg' | 'ffprobe',
  argument: string,
): { env: { PATH: string }; pids: () => number[] } {
  const log = path.join(tempFolder(), 'pids');
  writeFileSync(log, '');
  // ffmpeg, which catches signals, is slowed down itself.
  const slow = program === 'ffmpeg' ? 'exec "$REAL" -readrate 0.2 "$@"' : 'exec sleep 60';
  const hold = `[ $test = 0 ] && case "$*" in *'${argument}'*) echo $$ >> '${log}'; ${slow};; esac`;
  return {
    env: wrap(program, `${hold}\nexec "$REAL" "$@"`),
    pids: () => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}

/** True while a process runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when `check` throws no more. */
export async function until(check: () => unknown, timeout = 60_000): Promise<void> {
  await vi.waitFor(check, { timeout, interval: 20 });
}

interface Clip {
  seconds?: number;
  size?: string;
  /** When it was last changed; an hour ago unless told otherwise. */
  modified?: Date;
  /** Further output options of ffmpeg. */
  options?: string[];
}

const clips = new Map<string, string>();
let clipFolder: string | undefined;

/** Makes a film with moving pictures and a tone; its container is the name's. */
export function makeClip(file: string, clip: Clip = {}): string {
  const { seconds = 1, size = '96x64', modified = new Date(Date.now() - 3_600_000), options = [] } = clip;
  const extension = path.extname(file);
  const key = [extension, seconds, size, ...options].join('|');
  clipFolder ??= tempFolder();
  const known = clips.get(key) ?? path.join(clipFolder, `${clips.size}${extension}`);
  if (!clips.has(key)) {
    // Blurred, because its sharp lines look interlaced.
    const pictures = `testsrc2=s=${size}:r=24:d=${seconds},gblur=2`;
    const args = ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', pictures];
    args.push('-f', 'lavfi', '-i', `sine=d=${seconds}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '4');
    args.push('-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '128k', ...options, `file:${known}`);
    execaSync('ffmpeg', args);
    clips.set(key, known);
  }
  mkdirSync(path.dirname(file), { recursive: true });
  copyFileSync(known, file);
  utimesSync(file, modified, modified);
  return file;
}

/** Copies a folder of read-only test media, times kept, to where it may be changed. */
export function copyMedia(from: string, to: string, wanted: (name: string) => boolean): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!entry.isFile() || !wanted(entry.name)) continue;
    const copy = path.join(to, entry.name);
    cpSync(path.join(from, entry.name), copy, { preserveTimestamps: true });
    chmodSync(copy, 0o644);
  }
}

/** A file's bytes as a hash. */
export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Everything below a folder, hidden files included: path -> kind, mode, time and content. */
export function treeOf(folder: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    const stat = lstatSync(file, { bigint: true });
    const content = stat.isFile() ? `${stat.mtimeNs} ${sha256(file)}` : stat.isDirectory() ? 'folder' : 'other';
    tree[name] = `${stat.mode.toString(8)} ${content}`;
  }
  return tree;
}

/** Names of all files below a folder, hidden ones included, without folders. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** A stream as ffprobe tells it. */
export interface ProbedStream {
  index: number;
  codec_type: string;
  codec_name?: string;
  width?: number;
  height?: number;
  pix_fmt?: string;
  sample_aspect_ratio?: string;
  channels?: number;
  channel_layout?: string;
  color_range?: string;
  color_space?: string;
  color_transfer?: string;
  color_primaries?: string;
  disposition: Record<string, number>;
  tags?: Record<string, string>;
  side_data_list?: { side_data_type: string }[];
}

/** A file as ffprobe tells it. */
export interface Probed {
  streams: ProbedStream[];
  chapters: { start_time: string; end_time: string; tags?: Record<string, string> }[];
  format: { format_name: string; duration?: string; tags?: Record<string, string> };
}

const ffprobe = (file: string, ...args: string[]) =>
  execaSync('ffprobe', ['-v', 'error', ...args, '-i', `file:${file}`]).stdout;

/** Streams, chapters and tags of a file. */
export function probe(file: string): Probed {
  return JSON.parse(ffprobe(file, '-show_format', '-show_streams', '-show_chapters', '-of', 'json')) as Probed;
}

/** When the packets of a stream are shown, in ascending order; those that an edit list hides are left out. */
export function packetTimes(file: string, index: number): number[] {
  const entries = ['-select_streams', String(index), '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0'];
  return ffprobe(file, ...entries)
    .split('\n')
    .map((line) => line.split(','))
    .filter(([pts = '', flags = '']) => pts !== '' && !flags.includes('D'))
    .map(([pts]) => Number(pts))
    .sort((a, b) => a - b);
}

/** Side data of the first decoded frame by type. */
export function frameSideData(file: string): Record<string, Record<string, string | number>> {
  const entries = ['-select_streams', 'v:0', '-read_intervals', '%+#1', '-show_frames', '-of', 'json'];
  const { frames } = JSON.parse(ffprobe(file, ...entries)) as {
    frames: { side_data_list?: ({ side_data_type: string } & Record<string, string | number>)[] }[];
  };
  return Object.fromEntries((frames[0]?.side_data_list ?? []).map((side) => [side.side_data_type, side]));
}
