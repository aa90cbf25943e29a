import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { randomFrom } from '../../../media/verify/windows.ts';
import { makeClock } from '../../support/clock.ts';
import { CuttingProxy } from '../../support/cutting-proxy.ts';
import { build } from '../convert.ts';
import { type Bench, measured, median, quantile, type Report, say } from '../measure.ts';
import { audit, hashesOf } from './audit.ts';
import { type MemorySeries, SoakMaster, SoakWorker } from './processes.ts';
import { CAN_MOUNT, mountSmallDisk, unmount } from './small-disk.ts';
import { type Scene, TroubleMaker } from './trouble.ts';
import { makeCopier, makeLibrary } from './videos.ts';

const DEFAULTS = { seed: 1, videos: 300, workers: 20 };
/** A worker's encode takes up to this long in s, so that trouble meets it. */
const SLOW_SECONDS = 2;
const SAMPLE_MS = 500;
/** No video may go without anything happening for so long, in ms. */
const STUCK_MS = 180_000;
/** A life that is shorter says nothing about a leak, in s. */
const MIN_LIFE_SECONDS = 60;

/** Videos that are not at their end. */
const unfinished = (counts: Record<string, number | undefined>) =>
  ['found', 'queued', 'running', 'blocked', 'failed'].reduce((sum, state) => sum + (counts[state] ?? 0), 0);

/**
 * A master and its workers convert a library while they are killed, stopped, cut off, filled up and set to other times. Everything
 * random comes from the seed. Afterwards each video has to be converted exactly once, or skipped for a true reason.
 */
export const soak: Bench = async (folder, options) => {
  if (!CAN_MOUNT) return { skipped: 'needs root on Linux, to make small disks and fill them' };
  build();
  const { seed, videos: count, workers: size } = { ...DEFAULTS, ...options };
  const random = randomFrom(seed);
  const mounts: string[] = [];
  const disk = (name: string, megabytes: number) => {
    mounts.push(mountSmallDisk(path.join(folder, name), megabytes));
    return mounts.at(-1) as string;
  };
  const library = path.join(disk('disk', 64 + count / 4), 'library');
  const videos = makeLibrary(library, count);
  const originals = hashesOf(library, videos);
  const data = path.join(folder, 'master');
  const copier = makeCopier(folder, SLOW_SECONDS);
  const clockOf = (name: string) => {
    mkdirSync(path.join(folder, name), { recursive: true });
    return makeClock(path.join(folder, name), 0);
  };
  const masterClock = clockOf('clock');
  const master = new SoakMaster(data, masterClock.env);
  const workers: SoakWorker[] = [];
  try {
    await master.start();
    const [local] = await master.call('worker.list', {});
    await master.call('worker.pause', { worker: local?.id ?? '' });
    const { library: view } = await master.call('library.add', { path: library });
    for (let n = 0; n < size; n += 1) {
      const home = path.join(folder, `worker-${n}`);
      // Every third computer has a small disk, every second one no share.
      const temp = n % 3 === 0 ? disk(`temp-${n}`, 64) : path.join(home, 'temp');
      const env = {
        PATH: `${copier}${path.delimiter}${process.env.PATH}`,
        TEMP_DIR: temp,
        ...(n % 2 === 0 && { FILE_DISTRIBUTION_MODE: 'true' }),
      };
      const proxy = await CuttingProxy.to(master.port);
      const worker = new SoakWorker({ name: `w${n}`, data: home, proxy, clock: clockOf(`worker-${n}-clock`), env });
      worker.start((await master.call('invite.create', {})).token);
      workers.push(worker);
    }
    // One that dies before it has joined has nobody to come back to.
    while ((await master.call('worker.list', {})).filter((worker) => worker.connected).length <= size)
      await wait(SAMPLE_MS);
    await master.call('library.scan', { library: view.id });
    const scene: Scene = { master, workers, masterClock, disks: mounts };
    const trouble = new TroubleMaker(scene, random);
    const began = performance.now();
    trouble.start();
    const answers = await untilConverted(scene, trouble, count);
    const seconds = (performance.now() - began) / 1000;
    for (const worker of workers) await worker.end('SIGTERM');
    await master.end('SIGTERM');
    const temps = mounts
      .slice(1)
      .concat(workers.map(({ name }) => path.join(folder, name.replace('w', 'worker-'), 'temp')));
    const flaws = audit({ library, data, temps }, videos, originals);
    for (const flaw of flaws) say(`soak: ${flaw}`);
    return {
      seed: measured(seed, ''),
      videos: measured(count, 'videos'),
      workers: measured(size, 'workers'),
      troubles: Object.entries(trouble.counts)
        .map(([name, times]) => `${name} ${times}`)
        .join(', '),
      seconds: measured(seconds, 's'),
      flaws: measured(flaws.length, 'flaws', 0),
      leftovers: measured(ffmpegsOf(folder), 'processes of ffmpeg', 0),
      answerMedian: measured(median(answers), 'ms'),
      answerP99: measured(quantile(answers, 0.99), 'ms'),
      ...memoryReport('master', [master]),
      ...memoryReport('worker', workers),
      database: measured(statSync(path.join(data, 'flotilla.db')).size / count, 'bytes a video'),
    };
  } finally {
    const release = async (worker: SoakWorker) => {
      worker.proxy.plug();
      worker.signal('SIGCONT');
      await worker.end('SIGKILL');
      worker.proxy.close();
    };
    // All of it, whatever fails: a process or a disk that is left over would hide why the run ended.
    const ends = await Promise.allSettled([...workers.map(release), master.end('SIGKILL')]);
    for (const end of ends) if (end.status === 'rejected') say(`soak: ${end.reason}`);
    for (const mount of mounts) unmount(mount);
  }
};

/**
 * Looks at the fleet until everything is converted; trouble ends when little is left to do, the master's when half is.
 * @param total videos in the library
 * @returns how long each question for the queue took, in ms
 * @throws when nothing happens any more
 */
async function untilConverted({ master, workers }: Scene, trouble: TroubleMaker, total: number): Promise<number[]> {
  const answers: number[] = [];
  let [left, since, calm] = [Number.POSITIVE_INFINITY, performance.now(), false];
  let told = 0;
  for (;;) {
    for (const process of [master, ...workers]) process.sample();
    const asked = performance.now();
    const counts = await Promise.resolve()
      .then(() => master.call('queue.summary', {}))
      .then((summary) => summary.counts)
      .catch(() => undefined);
    if (counts) {
      answers.push(performance.now() - asked);
      const now = unfinished(counts);
      // Its memory is followed over one long life.
      if (now < total / 2) trouble.leave('masterKill');
      if (now !== left) [left, since] = [now, performance.now()];
      if (now === 0 && (counts.done ?? 0) > 0) break;
      if (performance.now() - told > 30_000) {
        told = performance.now();
        say(`soak: ${JSON.stringify(counts)}`);
      }
      if (now <= workers.length && !calm) {
        calm = true;
        await trouble.stop();
      }
    }
    if (performance.now() - since > STUCK_MS) throw new Error(`nothing happens: ${JSON.stringify(counts)}`);
    await wait(SAMPLE_MS);
  }
  if (!calm) await trouble.stop();
  return answers;
}

/**
 * The most memory that a process of one kind had, and how it grew in the second half of long lives: those at least half as long as
 * the longest. The first half of a life is warming up.
 */
function memoryReport(name: string, processes: { lives: MemorySeries[] }[]): Report {
  const lives = processes.flatMap((process) => process.lives);
  const secondsOf = (life: MemorySeries) => life.at(-1)?.seconds ?? 0;
  const most = Math.max(...lives.flat().map(({ bytes }) => bytes));
  const longest = Math.max(...lives.map(secondsOf));
  const long = longest < MIN_LIFE_SECONDS ? [] : lives.filter((life) => secondsOf(life) >= longest / 2);
  const slopes = long.map((life) => slope(life.filter(({ seconds }) => seconds > secondsOf(life) / 2)));
  return {
    [`${name}Memory`]: measured(most / 1e6, 'MB at most'),
    [`${name}Life`]: measured(longest, 's'),
    [`${name}Growth`]:
      slopes.length > 0 ? measured((median(slopes) * 3600) / 1e6, 'MB an hour') : 'no life was long enough',
  };
}

/** Bytes a second, by least squares. */
function slope(series: MemorySeries): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(series.map((s) => s.seconds)), mean(series.map((s) => s.bytes))];
  const spread = series.reduce((sum, s) => sum + (s.seconds - x) ** 2, 0);
  return series.reduce((sum, s) => sum + (s.seconds - x) * (s.bytes - y), 0) / spread;
}

/** Processes of ffmpeg that still work on files of this run. */
function ffmpegsOf(folder: string): number {
  const all = execFileSync('ps', ['-eo', 'pid=', '--sort=pid'], { encoding: 'utf8' }).trim().split(/\s+/);
  return all.filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes('ffmpeg') && command.includes(folder);
    } catch {
      return false;
    }
  }).length;
}
