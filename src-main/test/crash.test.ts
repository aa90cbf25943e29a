import { readdirSync, readFileSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SWAP_STEPS } from '../db/tables/swaps.ts';
import { randomFrom } from '../media/verify/windows.ts';
import {
  type Moment,
  makeTrialFolder,
  makeVideos,
  RENAMED,
  type Run,
  randomMoment,
  SAME_NAME,
  Trial,
  type Victim,
  type Videos,
} from './support/crash.ts';
import { CAN_MOUNT } from './support/disk.ts';
import { FFMPEGS } from './support/ffmpegs.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3);
/** `npm run test:crash` tries every video at every fault point, all other runs let the videos take turns. */
const IS_THOROUGH = process.env.CRASH_ROUNDS !== undefined;
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
/** Kills that one library has to bear before it is converted to the end. */
const KILLS_IN_A_ROW = 8;
/** Videos of the random rounds: both kinds, one with a subtitle, two in a folder. */
const MIXED = ['Night ferry.mkv', 'Season 1/Tide.mkv', 'Season 1/Quay.mp4'];

/** Fault points of a replacement, in their order. */
const REPLACING = [
  ...['trial', 'staging', 'staged', 'verified', 'keeping', 'manifest', 'kept', 'placing', 'aside', 'placed'],
  ...['removing', 'removed', 'committing', 'committed'],
];
const BOTH = [SAME_NAME[0] as string, RENAMED[0] as string];
/** Those where it matters that the original is copied into the vault, and such originals. */
const COPYING = ['copied', 'kept', 'aside', 'placed', 'removed'];
const COPIED = ['Season 1/Tide.mkv', 'Season 1/Quay.mp4'];
/** A step of the journal that is no moment in a replacement that succeeds. */
const WAITING = ['waiting'];
const RESTORING = ['restore-begun', 'restore-placed', 'restore-removed', 'restored'];

// Two at a time, however the rounds are grouped: a run waits for the disk and for its children most of the time.
const turn = pLimit(2);
let folder: string;
let videos: Videos;

beforeAll(async () => {
  folder = await makeTrialFolder();
  videos = await makeVideos(path.join(folder, 'videos'));
});

afterAll(async () => {
  await rm(path.join(folder, 'videos'), { recursive: true });
  // What a failed round left is there to be looked into.
  await rmdir(folder).catch(() => console.log(`Trials that failed: ${folder}`));
});

/** Runs `work` on a fresh library, which is removed unless it fails. */
function onTrial(
  names: readonly string[],
  options: { elsewhere?: boolean; copies?: boolean; programs?: string | undefined },
  work: (trial: Trial) => Promise<void>,
): Promise<void> {
  return turn(async () => {
    const trial = await Trial.create(folder, videos, names, options);
    await work(trial).finally(() => trial.release());
    await trial.remove();
  });
}

async function convertToTheEnd(trial: Trial): Promise<void> {
  const { code, output } = await trial.convert();
  expect(code, output).toBe(0);
}

/** The same after several kills: a video that each of three met is blocked until it is retried. */
async function convertAndRetry(trial: Trial): Promise<void> {
  const { code, output } = await trial.convert();
  const ends = output.split('\n').filter((line) => line.includes('"state"') && !/"state":"(running|done)"/.test(line));
  expect(ends.filter((line) => !line.includes('"code":"wasted"'))).toEqual([]);
  expect(code, output).toBe(ends.length === 0 ? 0 : 1);
  if (code === 0) return;
  const retried = await trial.convert(undefined, ['--retry']);
  expect(retried.code, retried.output).toBe(0);
}

// The time counts from when a round queues up, so on a busy computer it is mostly waiting.
describe.skipIf(process.platform === 'win32').concurrent('a crash loses no video', { timeout: 600_000 }, () => {
  const inTurn =
    <T>(all: T[]) =>
    (_: unknown, i: number) =>
      IS_THOROUGH || i % all.length === Math.floor(i / all.length) % all.length;
  const rounds = [
    ...REPLACING.flatMap((fault) => BOTH.map((video) => ({ fault, video }))).filter(inTurn(BOTH)),
    ...(CAN_MOUNT ? COPYING : [])
      .flatMap((fault) => COPIED.map((video) => ({ fault, video, copies: true })))
      .filter(inTurn(COPIED)),
  ].map((round, i) => {
    const { name = '', env } = FFMPEGS[i % FFMPEGS.length] ?? {};
    const [victim, elsewhere] = [(i % 2 ? 'node' : 'group') as Victim, i % 4 < 2];
    return { ...round, victim, elsewhere, ffmpeg: name, programs: env?.PATH };
  });

  test.for(rounds)(
    'at "$fault" of $video ($victim, $ffmpeg)',
    async ({ fault, video, victim, ffmpeg: _, ...options }) => {
      await onTrial([video], options, async (trial) => {
        const { killed, output } = await trial.convert({ moment: { fault }, victim });
        expect(killed, output).toBe(true);
        await trial.checkKilled();
        await convertToTheEnd(trial);
        await trial.checkConverted();
      });
    },
  );

  test.for([
    { kind: 'of the same name', names: SAME_NAME },
    { kind: 'renamed', names: RENAMED },
  ])('at every step of restoring videos $kind', async ({ names }) => {
    await onTrial(names, {}, async (trial) => {
      await convertToTheEnd(trial);
      for (const [i, point] of RESTORING.entries()) {
        // Finishing the video of the kill before passes the point first.
        const fault = i === 0 ? point : `${point}@2`;
        const { killed, output } = await trial.restoreAll({ moment: { fault }, victim: i % 2 ? 'node' : 'group' });
        expect(killed, output).toBe(true);
        await trial.checkKilled();
      }
      await trial.restoreAll();
      await convertToTheEnd(trial);
      await trial.checkRestored();
    });
  });

  test(`at ${ROUNDS} random moments, seed ${SEED}`, { timeout: 120_000 + ROUNDS * 20_000 }, async () => {
    const undisturbed = await measure();
    const starts = Array.from({ length: Math.ceil(ROUNDS / KILLS_IN_A_ROW) }, (_, i) => i * KILLS_IN_A_ROW);
    const landed = await Promise.all(starts.map((start) => killInARow(start, undisturbed)));
    console.log(`${landed.reduce((sum, n) => sum + n)} of ${ROUNDS} kills came before the end of their run.`);
  });
});

/** One conversion and one restoration from beginning to end. */
async function measure(): Promise<{ convert: Run; restore: Run }> {
  const runs: Run[] = [];
  await onTrial(MIXED, {}, async (trial) => {
    runs.push(await trial.convert());
    await trial.checkConverted();
    runs.push(await trial.restoreAll());
    await trial.checkRestored();
  });
  const [convert, restore] = runs as [Run, Run];
  return { convert, restore };
}

/** Kills the runs of one library again and again; of another one, when it is converted before its last kill. */
async function killInARow(start: number, undisturbed: { convert: Run; restore: Run }): Promise<number> {
  const random = randomFrom(SEED + start);
  const story: string[] = [];
  let left = Math.min(KILLS_IN_A_ROW, ROUNDS - start);
  let landed = 0;
  const strike = async (run: Trial['convert'], moment: Moment) => {
    const victim = random() < 0.5 ? 'group' : 'node';
    story.push(JSON.stringify({ moment, victim }));
    left -= 1;
    const { killed } = await run({ moment, victim });
    if (killed) landed += 1;
    return killed;
  };
  const round = async (trial: Trial) => {
    let killed = true;
    // The last kill is for the restoration.
    while (killed && left > 1) {
      killed = await strike((kill) => trial.convert(kill), randomMoment(random, undisturbed.convert));
      await trial.checkKilled();
    }
    await convertAndRetry(trial);
    await trial.checkConverted();
    await strike((kill) => trial.restoreAll(kill), { afterMs: (0.4 + 0.6 * random()) * undisturbed.restore.ms });
    await trial.checkKilled();
    await trial.restoreAll();
    await convertToTheEnd(trial);
    await trial.checkRestored();
  };
  while (left > 0) {
    const options = { elsewhere: random() < 0.5, copies: CAN_MOUNT && random() < 0.5 };
    await onTrial(MIXED, options, round).catch((cause) => {
      throw new Error(`seed ${SEED}, rounds from ${start}: ${story.join(', ')}: ${cause.message}`, { cause });
    });
  }
  if (IS_THOROUGH) console.log(`Kills ${start + 1} to ${Math.min(start + KILLS_IN_A_ROW, ROUNDS)} lost nothing.`);
  return landed;
}

test('the lists above name every fault point of the source', () => {
  const root = path.resolve(import.meta.dirname, '..');
  // A lost worker has its own tests (fleet-faults): its fault points are not listed here.
  const source = ['fs', 'master']
    .flatMap((room) =>
      readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(root, room, name),
      ),
    )
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(name, 'utf8'));
  const points = [...source.join('').matchAll(/faultPoint\('([^']+)'\)/g)].map((match) => match[1]);
  const listed = [...REPLACING, ...COPYING, ...RESTORING, ...WAITING];
  expect(new Set(listed)).toEqual(new Set([...points, ...SWAP_STEPS]));
});
