import { readdirSync, readFileSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SWAP_STEPS } from '../db/swaps.ts';
import {
  type Films,
  makeFilms,
  makeTrialFolder,
  RENAMED,
  type Run,
  randomMoment,
  SAME_NAME,
  seededRandom,
  Trial,
  type Victim,
} from './crash.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 25);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
/** Kills that one library has to bear before it is converted to the end. */
const KILLS_IN_A_ROW = 5;
/** Films of the random rounds: both kinds, one with a subtitle, two in a folder. */
const MIXED = ['Dawn.mkv', 'Night ferry.mkv', 'Season 1/Tide.mkv', 'Harbour.mp4', 'Season 1/Quay.mp4'];

/** Fault points of a replacement, in their order. */
const REPLACING = ['trial', 'staging', 'staged', 'verified', 'keeping', 'manifest', 'kept', 'placing', 'placed'];
/** Only where the result has another name. */
const REMOVING = ['removing', 'removed'];
const COMMITTING = ['committing', 'committed'];
const RESTORING = ['restore-begun', 'restore-placed', 'restore-removed', 'restored'];

// Two at a time, however the rounds are grouped: a run waits for the disk and for its children most of the time.
const turn = pLimit(2);
let folder: string;
let films: Films;

beforeAll(async () => {
  folder = await makeTrialFolder();
  films = await makeFilms(path.join(folder, 'films'));
});

afterAll(async () => {
  await rm(path.join(folder, 'films'), { recursive: true });
  // What a failed round left is there to be looked into.
  await rmdir(folder).catch(() => console.log(`Trials that failed: ${folder}`));
});

/** Runs `work` on a fresh library, which is removed unless it fails. */
function onTrial(names: readonly string[], elsewhere: boolean, work: (trial: Trial) => Promise<void>): Promise<void> {
  return turn(async () => {
    const trial = await Trial.create(folder, films, names, elsewhere);
    await work(trial);
    await trial.remove();
  });
}

async function convertToTheEnd(trial: Trial): Promise<void> {
  const { code, output } = await trial.convert();
  expect(code, output).toBe(0);
}

describe.skipIf(process.platform === 'win32').concurrent('a crash loses no film', () => {
  const rounds = [
    ...[...REPLACING, ...COMMITTING].map((fault) => ({ fault, film: SAME_NAME[0] as string })),
    ...[...REPLACING, ...REMOVING, ...COMMITTING].map((fault) => ({ fault, film: RENAMED[0] as string })),
  ].map((round, i) => ({ ...round, victim: (i % 2 ? 'node' : 'group') as Victim, elsewhere: i % 4 < 2 }));

  test.for(rounds)('at "$fault" of $film ($victim)', async ({ fault, film, victim, elsewhere }) => {
    await onTrial([film], elsewhere, async (trial) => {
      const { killed, output } = await trial.convert({ moment: { fault }, victim });
      expect(killed, output).toBe(true);
      await trial.checkKilled();
      await convertToTheEnd(trial);
      await trial.checkConverted();
    });
  });

  test.for([
    { kind: 'of the same name', names: SAME_NAME },
    { kind: 'renamed', names: RENAMED },
  ])('at every step of restoring films $kind', async ({ names }) => {
    await onTrial(names, false, async (trial) => {
      await convertToTheEnd(trial);
      for (const [i, point] of RESTORING.entries()) {
        // Finishing the film of the kill before passes the point first.
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
    let undisturbed: Run | undefined;
    await onTrial(MIXED, false, async (trial) => {
      undisturbed = await trial.convert();
      expect(undisturbed.code, undisturbed.output).toBe(0);
      await trial.checkConverted();
    });
    const starts = Array.from({ length: Math.ceil(ROUNDS / KILLS_IN_A_ROW) }, (_, i) => i * KILLS_IN_A_ROW);
    await Promise.all(starts.map((start) => killInARow(start, undisturbed as Run)));
  });
});

/** Kills one library's runs again and again at random, a restoration at the end too. */
async function killInARow(start: number, undisturbed: Run): Promise<void> {
  const random = seededRandom(SEED + start);
  const kills = Math.min(KILLS_IN_A_ROW, ROUNDS - start);
  let left = kills;
  while (left > 0) {
    const story: string[] = [];
    await onTrial(MIXED, random() < 0.5, async (trial) => {
      try {
        left = await killTrial(trial, left, random, undisturbed, story);
      } catch (error) {
        throw new Error(`seed ${SEED}, rounds from ${start}: ${story.join(', ')}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    });
  }
}

/** @returns how many kills are left to do, when the library was converted before they came */
async function killTrial(trial: Trial, kills: number, random: () => number, undisturbed: Run, story: string[]) {
  let left = kills;
  const kill = () => {
    const chosen = { moment: randomMoment(random, undisturbed), victim: random() < 0.5 ? 'group' : 'node' } as const;
    story.push(JSON.stringify(chosen));
    return chosen;
  };
  // The last kill is for the restoration.
  while (left > 1) {
    const { killed, code, output } = await trial.convert(kill());
    if (!killed) {
      expect(code, output).toBe(0);
      break;
    }
    left -= 1;
    await trial.checkKilled();
  }
  await convertToTheEnd(trial);
  await trial.checkConverted();
  const moment = { afterMs: (0.5 + random()) * undisturbed.scannedMs };
  story.push(`restore ${JSON.stringify(moment)}`);
  if ((await trial.restoreAll({ moment, victim: 'group' })).killed) left -= 1;
  await trial.checkKilled();
  await trial.restoreAll();
  await convertToTheEnd(trial);
  await trial.checkRestored();
  return left;
}

test('the lists above name every fault point of the source', () => {
  const master = path.resolve(import.meta.dirname, '../master');
  const source = readdirSync(master).map((name) => readFileSync(path.join(master, name), 'utf8'));
  const points = [...source.join('').matchAll(/faultPoint\('([^']+)'\)/g)].map((match) => match[1]);
  const listed = [...REPLACING, ...REMOVING, ...COMMITTING, ...RESTORING];
  expect(new Set(listed)).toEqual(new Set([...points, ...SWAP_STEPS]));
});
