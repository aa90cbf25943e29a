/**
 * Kills a converting Flotilla at chosen or random moments and proves that no video is lost: the harness behind
 * crash.test.ts and `npm run test:crash`.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { dataPaths } from '../../platform/data-paths.ts';

const exec = promisify(execFile);
const HEADLESS = path.resolve(import.meta.dirname, '../../../out/main/headless.js');
/** A second file system, so that results have to be copied into the library. */
const OTHER_DISK = '/dev/shm';
/** How long the kernel may take to end the children of a killed node, in ms. */
const CHILDREN_END_MS = 2000;

/** A video of the library, by its path in it. */
export interface Video {
  name: string;
  sha256: string;
}

/** Videos as they were made, to be copied for each trial. */
export interface Videos {
  folder: string;
  videos: Video[];
}

/** Videos whose results keep the name, and videos whose results get another one. */
export const SAME_NAME = ['Dawn.mkv', 'Night ferry.mkv', 'Season 1/Tide.mkv', 'Dusk.mkv'] as const;
/** Folder of the library that may be a mount of its own. */
const VOLUME = 'Season 1';
export const RENAMED = ['Harbour.mp4', 'Season 1/Quay.mp4', 'Jetty.mp4', 'Mole.mp4'] as const;

const SUBTITLE = '1\n00:00:00,100 --> 00:00:00,600\nThe last ferry left an hour ago.\n';

const sha256 = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Makes short videos with far more bits than their AV1 will need. */
export async function makeVideos(folder: string): Promise<Videos> {
  const videos: Video[] = [];
  for (const name of [...SAME_NAME, ...RENAMED]) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=1,gblur=2'];
    // One of them has everything.
    if (name.startsWith('Night')) {
      inputs.push('-f', 'lavfi', '-i', 'sine=duration=1');
      inputs.push('-f', 'srt', '-i', `data:text/plain;base64,${btoa(SUBTITLE)}`);
    }
    const codecs = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-b:v',
      '5M',
      '-c:a',
      'aac',
      '-metadata',
      `title=${name}`,
    ];
    await exec('ffmpeg', ['-v', 'error', ...inputs, ...codecs, '-pix_fmt', 'yuv420p', file]);
    videos.push({ name, sha256: await sha256(file) });
  }
  return { folder, videos };
}

/** Who dies: the node with all its children, or the node alone, so that its children have to notice. */
export type Victim = 'group' | 'node';

/** When a run is killed: at a fault point (see fault.ts), or some time after its start or after a line of its output. */
export type Moment = { fault: string } | { afterMs: number; line?: { text: string; nth: number } };

/** How a run ended. */
export interface Run {
  killed: boolean;
  code: number | null;
  output: string;
  ms: number;
  /** When the scan was over, in ms; recovery is done before. */
  scannedMs: number;
}

/** A library with the data and temporary folders of one node. */
export class Trial {
  readonly videos: Video[];
  readonly library: string;
  readonly data: string;
  readonly temp: string;
  /** A folder of the library from which originals have to be copied into the vault, if there is one. */
  readonly #volume: string | undefined;
  /** Where its programs find ffmpeg. */
  readonly #programs: string | undefined;

  private constructor(
    root: string,
    {
      temp,
      videos,
      copies,
      programs,
    }: { temp: string; videos: Video[]; copies: boolean; programs: string | undefined },
  ) {
    this.videos = videos;
    this.#programs = programs;
    this.#volume = copies ? path.join(root, 'library', VOLUME) : undefined;
    this.library = path.join(root, 'library');
    this.data = path.join(root, 'data');
    this.temp = temp;
  }

  /**
   * A fresh one in `parent`, with these videos.
   * @param elsewhere has results written to another file system first, if there is one
   * @param programs the PATH of its programs, where it is not this program's own
   * @param copies has what is in {@link VOLUME} copied into the vault, as neither link nor rename leads there; needs root
   */
  static async create(
    parent: string,
    from: Videos,
    names: readonly string[],
    { elsewhere = false, copies = false, programs = process.env.PATH } = {},
  ): Promise<Trial> {
    const root = await mkdtemp(path.join(parent, 'trial-'));
    const farAway = elsewhere && existsSync(OTHER_DISK);
    const temp = farAway ? await mkdtemp(path.join(OTHER_DISK, 'flotilla-crash-')) : path.join(root, 'temp');
    const videos = from.videos.filter((video) => names.includes(video.name));
    const trial = new Trial(root, { temp, videos, copies, programs });
    if (trial.#volume) {
      const volume = path.join(root, 'volume');
      for (const folder of [volume, trial.#volume]) await mkdir(folder, { recursive: true });
      // The same file system mounted twice, as with two volumes of a container.
      await exec('mount', ['--bind', volume, trial.#volume]);
    }
    for (const { name } of trial.videos) {
      await cp(path.join(from.folder, name), path.join(trial.library, name), { preserveTimestamps: true });
    }
    return trial;
  }

  /** Gives back what outlives the test; the files stay, to be looked into. */
  async release(): Promise<void> {
    if (this.#volume) await exec('umount', [this.#volume]);
  }

  /** To be called when it is released. */
  async remove(): Promise<void> {
    await rm(path.dirname(this.library), { recursive: true, force: true });
    await rm(this.temp, { recursive: true, force: true });
  }

  convert(kill?: { moment: Moment; victim: Victim }, more: string[] = []): Promise<Run> {
    const settings = ['--testing', '--settle', '0', '--preset', '13', '--crf', '63', '--min-savings', '0'];
    return this.#run(['convert', this.library, '--temp', this.temp, ...settings, ...more, '--json'], kill);
  }

  restoreAll(kill?: { moment: Moment; victim: Victim }): Promise<Run> {
    return this.#run(['restore', '--all'], kill);
  }

  async #run(args: string[], kill?: { moment: Moment; victim: Victim }): Promise<Run> {
    const { HOME } = process.env;
    const fault = kill && 'fault' in kill.moment ? kill.moment.fault : undefined;
    const child = spawn(process.execPath, [HEADLESS, ...args, '--data', this.data], {
      // Its own process group.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: this.#programs, HOME, ...(fault && { FLOTILLA_FAULT: fault }) },
    });
    const { pid } = child;
    assert(pid, 'the program did not start');
    const strike = () => {
      try {
        process.kill(kill?.victim === 'group' ? -pid : pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const started = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const moment = kill && 'afterMs' in kill.moment ? kill.moment : undefined;
    if (moment && !moment.line) timer = setTimeout(strike, moment.afterMs);
    let [output, scannedMs, seen] = ['', 0, 0];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (scannedMs === 0 && output.includes('"scanned"')) scannedMs = performance.now() - started;
      if (!moment?.line) return;
      seen += text.split(moment.line.text).length - 1;
      if (seen >= moment.line.nth) timer ??= setTimeout(strike, moment.afterMs);
    });
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject).on('exit', () => {
        clearTimeout(timer);
        if (fault && kill?.victim === 'group') strike();
      });
      child.on('close', (...end) => resolve(end));
    });
    return { killed: signal === 'SIGKILL', code, output, ms: performance.now() - started, scannedMs };
  }

  /** After a kill: none of its processes is left, and every original is complete at its path or in the vault. */
  async checkKilled(): Promise<void> {
    await this.#checkNoProcesses();
    const vault = await this.#vaultHashes();
    for (const { name, sha256: original } of this.videos) {
      const file = path.join(this.library, name);
      const inPlace = existsSync(file) && (await sha256(file)) === original;
      assert(inPlace || vault.includes(original), `${name} is complete neither at its path nor in the vault`);
    }
  }

  /** After a run to its end: every video is a sound result, its original is in the vault, and nothing else is left. */
  async checkConverted(): Promise<void> {
    const results = this.videos.map(({ name }) => name.replace(/\.mp4$/, '.mkv'));
    assert.deepEqual(await this.#libraryFiles(), results.sort());
    for (const name of results) await checkResult(path.join(this.library, name));
    assert.deepEqual((await this.#vaultHashes()).sort(), this.videos.map((video) => video.sha256).sort());
    const vault = await filesBelow(this.#vault);
    assert.equal(vault.length, 2 * this.videos.length, `in the vault: ${vault.join(', ')}`);
    await this.#checkClean(this.videos.length);
  }

  /** After everything was restored: every video is its original again, and nothing else is left. */
  async checkRestored(): Promise<void> {
    assert.deepEqual(await this.#libraryFiles(), this.videos.map((video) => video.name).sort());
    for (const video of this.videos) {
      assert.equal(
        await sha256(path.join(this.library, video.name)),
        video.sha256,
        `${video.name} is not its original`,
      );
    }
    assert.deepEqual(await filesBelow(this.#vault), []);
    await this.#checkClean(0);
  }

  get #vault(): string {
    return path.join(this.library, '.flotilla', 'vault');
  }

  async #libraryFiles(): Promise<string[]> {
    const files = (await filesBelow(this.library)).filter((name) => !name.startsWith('.flotilla/'));
    return files.sort();
  }

  async #vaultHashes(): Promise<string[]> {
    const originals = (await filesBelow(this.#vault)).filter((name) => name.endsWith('.original'));
    return Promise.all(originals.map((name) => sha256(path.join(this.#vault, name))));
  }

  /** No temporary file, no process, an empty journal, no attempt held against a video, and a sound database. */
  async #checkClean(kept: number): Promise<void> {
    await this.#checkNoProcesses();
    const parts = (await filesBelow(this.library)).filter((name) => name.endsWith('.part'));
    assert.deepEqual(parts, [], 'unfinished files in the library');
    assert.deepEqual(await filesBelow(this.temp), [], 'files in the temporary folder');
    const db = new Database(dataPaths(this.data).database, { readonly: true });
    try {
      const count = (what: string) => db.prepare(`SELECT count(*) FROM ${what}`).pluck().get();
      assert.equal(db.pragma('quick_check', { simple: true }), 'ok');
      assert.equal(count('swaps'), 0, 'the journal is not empty');
      assert.equal(count('vault'), kept, 'originals that the database knows');
      assert.equal(count('jobs WHERE attempts > 0'), 0, 'videos that an attempt is held against');
    } finally {
      db.close();
    }
  }

  async #checkNoProcesses(): Promise<void> {
    const end = performance.now() + CHILDREN_END_MS;
    for (;;) {
      const left = await processesNaming([path.dirname(this.library), this.temp]);
      if (left.length === 0) return;
      assert(performance.now() < end, `still running: ${left.join('\n')}`);
      await delay(10);
    }
  }
}

/** A result decodes without an error and is AV1. */
async function checkResult(file: string): Promise<void> {
  const entries = ['-select_streams', 'v', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0'];
  const { stdout } = await exec('ffprobe', ['-v', 'error', ...entries, file]);
  assert.equal(stdout.trim(), 'av1', file);
  const { stderr } = await exec('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
  assert.equal(stderr, '', file);
}

/** Paths of all files below a folder, relative to it; none when it is not there. */
async function filesBelow(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true });
  const files = await Promise.all(entries.map(async (name) => (await stat(path.join(folder, name))).isFile()));
  return entries.filter((_, i) => files[i]);
}

/** Command lines of other processes that mention one of these folders; none where the system has no /proc. */
async function processesNaming(folders: string[]): Promise<string[]> {
  if (!existsSync('/proc/self')) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.replaceAll('\0', ' ')).filter((line) => folders.some((f) => line.includes(f)));
}

/** Lines of the output where much happens in a short time, and for how long, in ms. */
const BUSY = [
  { text: '"stage":"preparing"', ms: 300 },
  { text: '"stage":"staging"', ms: 20 },
  { text: '"stage":"checking"', ms: 300 },
  { text: '"stage":"replacing"', ms: 25 },
  { text: '"state":"done"', ms: 25 },
];

/** A random moment: somewhere in a run, while it recovers from the kill before, or where much happens. */
export function randomMoment(random: () => number, undisturbed: Run): Moment {
  const kind = random();
  if (kind < 0.3) return { afterMs: random() * undisturbed.ms };
  if (kind < 0.5) return { afterMs: (0.3 + 0.7 * random()) * undisturbed.scannedMs };
  const { text, ms } = BUSY[Math.floor(random() * BUSY.length)] ?? assert.fail();
  return { afterMs: random() * ms, line: { text, nth: 1 + Math.floor(random() * 2) } };
}

/** A folder for trials. */
export function makeTrialFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'flotilla-crash-'));
}
