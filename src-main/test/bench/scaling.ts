import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { remoteCaller } from '../../cli/connect.ts';
import { build, clipFor, OPTIONS } from './convert.ts';
import { startMaster } from './master.ts';
import { type Bench, cpuSeconds, FLOTILLA, measured, run, say } from './measure.ts';

const VIDEOS = 8;
const PRESET = 8;
/** Of each video, and where in the clip they begin, in s. */
const [SECONDS, START] = [20, 8];
/** How many times faster two workers have to be than one: the goal is for the inverse. */
const SPEED_UP = 1.9;
/** From work being there to its encode, in ms, for a worker that waits and reads the video in place. */
const START_GOAL = 300;
const POLL_MS = 20;

/** What became of the videos of one run. */
interface Fleet {
  /** From work being there to the last result in its place. */
  seconds: number;
  /** From work being there to the first encode, in ms. */
  start: number;
  /** Processor time of the master, whose part are the checks, and of all workers together, in s. */
  master: number;
  workers: number;
  /** How many each worker converted. */
  shares: string;
  /** Seconds of the longest encode. */
  encoding: number;
}

type Attempt = { name: string; started: number; stages: string };

/** How a fleet converts copies of a video. */
interface FleetOptions {
  /** How many, each with a core of its own. */
  workers: number;
  /** Those that the master may use, as taskset takes them. */
  cores: string;
  /** Of the video. */
  copies?: number;
  preset?: number;
  env?: NodeJS.ProcessEnv;
}

/** Measures what converting copies of a video takes. */
export async function fleet(video: string, options: FleetOptions): Promise<Fleet> {
  const { workers, cores, copies = VIDEOS, preset = PRESET, env = process.env } = options;
  const folder = mkdtempSync(path.join(path.dirname(video), 'fleet-'));
  const data = path.join(folder, 'master');
  const library = path.join(folder, 'library');
  mkdirSync(library);
  for (let n = 0; n < copies; n++) copyFileSync(video, path.join(library, `${n}.mkv`));
  const settings = [...OPTIONS, '--preset', String(preset)];
  const master = await startMaster(data, settings, ['taskset', '-c', cores], env);
  const call = remoteCaller(master.url, readFileSync(path.join(data, 'token'), 'utf8').trim());
  const children: ChildProcess[] = [];
  try {
    const [local] = await call('worker.list', {});
    await call('worker.pause', { worker: local?.id ?? '' });
    for (let n = 0; n < workers; n++) {
      const { token } = await call('invite.create', {});
      const worker = ['worker', '--data', path.join(folder, `worker-${n}`), '--name', `w${n}`];
      const to = ['--master', `127.0.0.1:${master.port}`, '--token', token];
      const [command, ...args] = ['taskset', '-c', String(n), process.execPath, FLOTILLA, ...worker, ...to] as const;
      children.push(spawn(command, args, { stdio: 'ignore', env }));
    }
    await until(async () => (await call('worker.list', {})).filter((w) => w.state === 'idle').length === workers);
    await call('queue.pause', {});
    const { library: view } = await call('library.add', { path: library });
    await call('library.scan', { library: view.id });
    await until(async () => (await call('queue.summary', {})).counts.queued === copies);
    const spent = () => [master, ...children].map(({ pid = 0 }) => cpuSeconds(pid));
    const before = spent();
    const [began, since] = [Date.now(), performance.now()];
    await call('queue.resume', {});
    await until(async () => (await call('queue.summary', {})).counts.done === copies);
    const seconds = (performance.now() - since) / 1000;
    const [ofMaster = 0, ...ofWorkers] = spent().map((after, n) => after - (before[n] ?? 0));
    const all = ofWorkers.reduce((sum, n) => sum + n, 0);
    return { seconds, master: ofMaster, workers: all, ...partsOf(data, began) };
  } finally {
    await Promise.all(children.map(ended));
    await master.stop();
  }
}

/** What the master noted about a run that began with the resumption. */
function partsOf(data: string, resumed: number): Pick<Fleet, 'start' | 'shares' | 'encoding'> {
  const db = new Database(path.join(data, 'flotilla.db'), { readonly: true });
  const rows = db.prepare('SELECT name, started, stages FROM attempts').all() as Attempt[];
  db.close();
  const attempts = rows.map((row) => ({ ...row, stages: JSON.parse(row.stages) as Record<string, number> }));
  const shares = Object.entries(Object.groupBy(attempts, ({ name }) => name));
  return {
    start: Math.min(...attempts.map(({ started, stages }) => started - resumed + 1000 * (stages.preparing ?? 0))),
    encoding: Math.max(...attempts.map(({ stages }) => stages.encoding ?? 0)),
    shares: shares.map(([name, videos = []]) => `${name} ${videos.length}`).join(', '),
  };
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await wait(POLL_MS);
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill();
  await once(child, 'exit');
}

/**
 * Eight videos on one worker and on two, each pinned to a core of its own. The master, whose checks are part of the work, has the
 * cores that the workers have; and once more with two workers, only the first one.
 */
export const scaling: Bench = async (folder) => {
  if (process.platform !== 'linux') return { skipped: 'needs Linux, whose taskset pins each worker to a core' };
  build();
  const video = path.join(folder, 'video.mkv');
  const cut = ['-ss', String(START), '-t', String(SECONDS), '-i', await clipFor(folder)];
  await run('ffmpeg', [...cut, '-c:v', 'libx264', '-crf', '18', '-c:a', 'aac', video]);
  say('scaling: one worker, all on one core');
  const one = await fleet(video, { workers: 1, cores: '0' });
  say('scaling: two workers, the master on both cores');
  const two = await fleet(video, { workers: 2, cores: '0,1' });
  say('scaling: two workers, the master on the first core');
  const beside = await fleet(video, { workers: 2, cores: '0' });
  return {
    one: measured(one.seconds, 's'),
    oneMaster: measured(one.master, 's of processor'),
    oneWorker: measured(one.workers, 's of processor'),
    two: measured(two.seconds, 's'),
    twoMaster: measured(two.master, 's of processor'),
    twoWorkers: measured(two.workers, 's of processor'),
    shares: two.shares,
    start: measured(two.start, 'ms from work to encode', START_GOAL),
    speedUp: measured(one.seconds / two.seconds, '× one worker'),
    againstOne: measured(two.seconds / one.seconds, 'of the time of one', 1 / SPEED_UP),
    beside: measured(beside.seconds, 's'),
    besideShares: beside.shares,
    besideSpeedUp: measured(one.seconds / beside.seconds, '× one worker'),
  };
};
