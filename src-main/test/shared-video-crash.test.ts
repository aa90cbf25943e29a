/** Videos that three computers encode together, while each of them is killed at random moments. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../media/verify/windows.ts';
import { makeClip, OPEN_GOP } from './support/clips.ts';
import { wrap } from './support/ffmpeg.ts';
import { filesIn, sha256 } from './support/files.ts';
import { join, lead, type Master, type Member, restartMember } from './support/fleet.ts';
import { fromFirst, packetTimes } from './support/media-probe.ts';
import { makeHome } from './support/temp.ts';
import { until } from './support/wait.ts';

/** `npm run test:crash -- N` kills N times. */
const KILLS = Number(process.env.CRASH_ROUNDS ?? 2);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
const SECONDS = 9;
/** Longest time from a kill to the next one, in ms: a chunk takes one to two seconds. */
const MAX_PAUSE_MS = 4000;
/** A video that nothing happens to any more is done by then, in ms. */
const PATIENCE_MS = 180_000;

const CHUNKS = { FLOTILLA_CHUNKS: '2' };
/** Videos travel to this one, although all of this happens on one computer. */
const HTTP = { FILE_DISTRIBUTION_MODE: 'true' };
/** The last video of the library. */
async function lastVideo(master: Master) {
  const video = (await master.call('file.list')).at(-1);
  if (!video) throw new Error('there is no video');
  return video;
}

describe.skipIf(process.platform === 'win32')('videos on several computers', () => {
  it(`are whole after ${KILLS} kills of master and workers, seed ${SEED}`, {
    timeout: 240_000 + KILLS * 40_000,
  }, async () => {
    const random = randomFrom(SEED);
    const home = makeHome();
    // Slow enough for kills to meet every stage.
    const slow = { ...wrap('ffmpeg', '[ $encode = 1 ] && sleep 1\nexec "$REAL" "$@"'), ...CHUNKS };
    let master = await lead(home, { env: slow });
    await master.call('worker.resume', { worker: 'master' });
    const workers: [Member, Record<string, string>][] = [];
    for (const [name, env] of [
      ['ben', { ...slow, ...HTTP }],
      ['cleo', slow],
    ] as const)
      workers.push([await join(master, name, { env }), env]);

    const kill = async () => {
      const victim = Math.floor(random() * (workers.length + 1));
      const worker = workers[victim];
      const { flotilla } = worker?.[0] ?? master;
      flotilla.kill('SIGKILL');
      await flotilla.end();
      if (worker) worker[0] = restartMember(...worker);
      else {
        master = await lead({ ...home, lan: master.lan }, { env: slow });
        await master.call('worker.resume', { worker: 'master' });
      }
    };

    const { library } = await master.call('library.add', { path: home.media });
    for (let kills = 0, videos = 0; kills < KILLS; videos += 1) {
      const clip = makeClip(path.join(home.media, `clip ${videos}.mkv`), { seconds: SECONDS, options: OPEN_GOP });
      const [original, times] = [sha256(clip), packetTimes(clip, 0)];
      await master.call('library.scan', { library: library.id });
      while (kills < KILLS && (await lastVideo(master)).state !== 'done') {
        await delay(random() * MAX_PAUSE_MS);
        await kill();
        kills += 1;
      }
      await until(async () => {
        const { id, state, code } = await lastVideo(master);
        // As it has to be after three conversions that ended so without a finished chunk.
        if (state === 'blocked' && code === 'wasted') await master.call('file.retry', { files: [id] });
        expect(state).toBe('done');
      }, PATIENCE_MS);

      expect(fromFirst(packetTimes(clip, 0))).toEqual(fromFirst(times));
      const { id } = await lastVideo(master);
      const { attempts } = await master.call('file.get', { file: id });
      expect(attempts.map(({ outcome }) => outcome)).not.toContain('failed');
      const kept = (await master.call('vault.list')).find((entry) => entry.file === id);
      expect(sha256(path.join(home.media, '.flotilla/vault', `${kept?.id}.original`))).toBe(original);
    }
    for (const data of [home.data, ...workers.map(([{ data }]) => data)])
      await until(() => expect(filesIn(path.join(data, 'temp'))).toEqual([]), PATIENCE_MS);
  });
});
