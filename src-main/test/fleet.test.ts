/** Whole fleets of real processes: videos are converted by other computers, and none is lost whatever happens to these. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAN_MOUNT, enlarge, NO_MOUNT, smallDisk } from './support/disk.ts';
import { makeGate, slowEncodes } from './support/ffmpeg.ts';
import { filesIn } from './support/files.ts';
import {
  addVideos,
  allDone,
  attemptHistories,
  encoding,
  inStage,
  join,
  lead,
  type Master,
  type Member,
  restartMember,
  viewOf,
} from './support/fleet.ts';
import { probe } from './support/media-probe.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

/** Videos travel, although all of this happens on one computer. */
const HTTP = { FILE_DISTRIBUTION_MODE: 'true' };

/** In a world of its own the program finds nothing where the master has its videos. */
const blind = (media: string) => ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', media];
/** As {@link blind}, but finds them elsewhere. */
const moved = (media: string, elsewhere: string) => [
  ...['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" "$1" && mount -t tmpfs none "$0" && shift && exec "$@"'],
  ...[media, elsewhere],
];

/** Every video is an AV1 video now, its original is kept, and nothing else is left of the work. */
async function expectWhole(master: Master, videos: string[], members: Member[]): Promise<void> {
  expect(filesIn(master.media).filter((file) => !file.startsWith('.flotilla'))).toEqual(videos.sort());
  for (const clip of videos) expect(probe(path.join(master.media, clip)).streams[0]?.codec_name).toBe('av1');
  expect((await master.call('vault.list')).map(({ original }) => path.basename(original)).sort()).toEqual(
    videos.sort(),
  );
  for (const { data } of [master, ...members]) {
    await until(() => expect(filesIn(path.join(data, 'temp'))).toEqual([]));
  }
}

/** Each video was converted once, by one of the workers. */
const expectOnce = (told: string[][]) =>
  expect(told.map((story) => story.filter((attempt) => attempt.endsWith(' done')).length)).toEqual(told.map(() => 1));

describe.concurrent('a library', () => {
  it('two workers without access to a library convert it', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const master = await lead(makeHome());
    const prefix = blind(master.media);
    const members = [await join(master, 'anna', { prefix }), await join(master, 'ben', { prefix })];
    const videos = await addVideos(master, 6);
    await allDone(master, 6);
    await expectWhole(master, videos, members);
    const told = await attemptHistories(master);
    expectOnce(told);
    expect(new Set(told.flat())).toEqual(new Set(['anna done', 'ben done']));
    expect(await viewOf(master, 'anna')).toMatchObject({ state: 'idle', failed: 0, running: [] });
  });

  it('two workers that mount a library elsewhere convert it without downloads', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const master = await lead(makeHome());
    const members = await Promise.all(
      ['anna', 'ben'].map((name) => join(master, name, { prefix: moved(master.media, tempFolder()) })),
    );
    const videos = await addVideos(master, 4);
    await allDone(master, 4);
    await expectWhole(master, videos, members);
    expectOnce(await attemptHistories(master));
    for (const { id } of await master.call('file.list')) {
      const { attempts } = await master.call('file.get', { file: id });
      expect(Object.keys(attempts[0]?.stages ?? {})).not.toContain('fetching');
    }
  });
});

describe.concurrent('a worker that is killed', () => {
  /** Starts a slow worker on one video, kills it when it is in a stage, starts it again, and tells the video's story. */
  async function killIn(
    kill: (master: Master, anna: Member) => Promise<void>,
    env: Record<string, string>,
    seconds = 4,
  ) {
    const master = await lead(makeHome());
    const anna = await join(master, 'anna', { env: { ...HTTP, ...env } });
    const videos = await addVideos(master, 1, seconds);
    await kill(master, anna);
    anna.flotilla.kill('SIGKILL');
    await anna.flotilla.end();
    const again = restartMember(anna, HTTP);
    await master.call('worker.set', { worker: 'anna', settings: { bandwidth: null } });
    await allDone(master, 1);
    await expectWhole(master, videos, [again]);
    return (await attemptHistories(master))[0];
  }
  const slow = (master: Master, bandwidth: number) =>
    master.call('worker.set', { worker: 'anna', settings: { bandwidth } });

  it('a worker killed during a download starts the video again', async () => {
    const master = await lead(makeHome());
    const anna = await join(master, 'anna', { env: HTTP });
    await slow(master, 5000);
    const videos = await addVideos(master, 1, 4);
    await inStage(master, 'anna', 'fetching');
    anna.flotilla.kill('SIGKILL');
    await anna.flotilla.end();
    await master.call('worker.set', { worker: 'anna', settings: { bandwidth: null } });
    const again = restartMember(anna, HTTP);
    await allDone(master, 1);
    await expectWhole(master, videos, [again]);
    expect((await attemptHistories(master))[0]).toEqual(['anna interrupted', 'anna done']);
  });

  it('a worker killed during an encode starts the video again, and no ffmpeg outlives it', async () => {
    const encodes = slowEncodes();
    const story = await killIn((master) => encoding(master, 'anna', encodes), encodes.env);
    expect(story).toEqual(['anna interrupted', 'anna done']);
    expect(encodes.pids().filter(isAlive)).toEqual([]);
  });

  it('a worker killed during an upload keeps its result and encodes nothing twice', async () => {
    const gate = makeGate();
    const kill = async (master: Master) => {
      await gate.reached();
      await slow(master, 1000);
      gate.open();
      await inStage(master, 'anna', 'uploading');
    };
    // Its result takes a while to upload, which a busy computer doesn't miss.
    const story = await killIn(kill, gate.env, 12);
    expect(story).toEqual(['anna done']);
  });

  it.for(['uploaded', 'delivered'])(
    "a worker killed when its result is %s doesn't cause a second conversion",
    async (point) => {
      const story = await killIn(async (_master, { flotilla }) => void (await flotilla.end()), {
        FLOTILLA_FAULT: point,
      });
      expect(story).toEqual(['anna done']);
    },
  );

  it('a worker that never returns loses its video to another one', async () => {
    const master = await lead(makeHome());
    const encodes = slowEncodes();
    const anna = await join(master, 'anna', { env: encodes.env });
    const videos = await addVideos(master, 1, 5);
    await encoding(master, 'anna', encodes);
    const ben = await join(master, 'ben');
    anna.flotilla.kill('SIGKILL');
    await allDone(master, 1);
    await expectWhole(master, videos, [ben]);
    expect(await attemptHistories(master)).toEqual([['anna interrupted', 'ben done']]);
    expect(await viewOf(master, 'anna')).toMatchObject({ state: 'offline', running: [] });
    const [file] = await master.call('file.list');
    const { attempts } = await master.call('file.get', { file: file?.id });
    expect(attempts[0]?.reason).toBe('anna stopped responding.');
  });
});

describe.concurrent('a worker that was thought dead', () => {
  it('a worker whose lease has expired is refused when it returns, and another one has its video', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    const anna = await join(master, 'anna', { env: { ...gate.env, ...HTTP } });
    const videos = await addVideos(master, 1);
    await gate.reached();
    anna.flotilla.kill('SIGSTOP');
    await until(async () => expect((await viewOf(master, 'anna')).state).toBe('suspect'));
    const ben = await join(master, 'ben', { env: HTTP });
    await allDone(master, 1);
    gate.open();
    anna.flotilla.kill('SIGCONT');
    await until(async () => expect((await viewOf(master, 'anna')).state).toBe('idle'));
    await expectWhole(master, videos, [anna, ben]);
    expect(await attemptHistories(master)).toEqual([['anna interrupted', 'ben done']]);
  });
});

describe.concurrent('a master that is killed', () => {
  it('a master killed during an encode finds its worker again and gets the result', async () => {
    const home = makeHome();
    const first = await lead(home);
    const encodes = slowEncodes();
    const anna = await join(first, 'anna', { env: { ...encodes.env, ...HTTP } });
    const videos = await addVideos(first, 1, 5);
    await encoding(first, 'anna', encodes);
    first.flotilla.kill('SIGKILL');
    await first.flotilla.end();
    const master = await lead({ ...home, lan: first.lan });
    await allDone(master, 1);
    await expectWhole(master, videos, [anna]);
    expect(await attemptHistories(master)).toEqual([['anna done']]);
    expect(encodes.pids()).toHaveLength(1);
  });

  // Every point of a replacement is a test of crashes; here they are those between which the master knows less than its worker.
  it.for(['staging', 'verified', 'committed'])(
    'a master killed at %s of a replacement causes no second conversion',
    async (point) => {
      const home = makeHome();
      const first = await lead(home, { env: { FLOTILLA_FAULT: point } });
      const encodes = slowEncodes();
      const anna = await join(first, 'anna', { env: { ...encodes.env, ...HTTP } });
      const videos = await addVideos(first, 1);
      await first.flotilla.end();
      const master = await lead({ ...home, lan: first.lan });
      await allDone(master, 1);
      await expectWhole(master, videos, [anna]);
      expect(await attemptHistories(master)).toEqual([['anna done']]);
      expect(encodes.pids()).toHaveLength(1);
    },
  );
});

describe.concurrent('a worker that is removed', () => {
  it('a removed worker loses its video immediately, and is rejected when it returns', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    const anna = await join(master, 'anna', { env: { ...gate.env, ...HTTP } });
    const videos = await addVideos(master, 1);
    await gate.reached();
    const ben = await join(master, 'ben', { env: HTTP });
    await master.call('worker.remove', { worker: 'anna' });
    expect((await anna.flotilla.end()).code).toBe(1);
    await allDone(master, 1);
    await expectWhole(master, videos, [anna, ben]);
    expect(await attemptHistories(master)).toEqual([['anna interrupted', 'ben done']]);
    expect((await master.call('worker.list')).map(({ name }) => name).sort()).toEqual(['ben', 'master']);
  });
});

describe.concurrent('what the user wants of a worker', () => {
  it('a worker receives a new number of videos at a time immediately, each with its share of the cores', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    await join(master, 'anna', { env: gate.env });
    await addVideos(master, 2);
    await gate.reached();
    await master.call('worker.set', { worker: 'anna', settings: { jobs: 2 } });
    await until(async () => {
      const { running } = await viewOf(master, 'anna');
      expect(running.length).toBe(2);
    });
    gate.open();
    await allDone(master, 2);
    const logs = await Promise.all(
      (await master.call('file.list')).map(async ({ id }) => (await master.call('file.get', { file: id })).attempts[0]),
    );
    expect(logs.some((attempt) => /-svtav1-params:v:0 lp=\d/.test(attempt?.log ?? ''))).toBe(true);
  });

  it("a pause suspends a worker's conversion, and resuming continues it", async ({ skip }) => {
    skip(process.platform !== 'linux', 'reads the state of a process from /proc');
    const master = await lead(makeHome());
    const encodes = slowEncodes();
    await join(master, 'anna', { env: encodes.env });
    await addVideos(master, 1, 5);
    await encoding(master, 'anna', encodes);
    await master.call('worker.pause', { worker: 'anna' });
    const state = () => /\) (\w)/.exec(readFileSync(`/proc/${encodes.pids()[0]}/stat`, 'utf8'))?.[1];
    await until(() => expect(state()).toBe('T'));
    expect(await viewOf(master, 'anna')).toMatchObject({ state: 'paused', problem: 'Paused by you.' });
    await master.call('worker.resume', { worker: 'anna' });
    await allDone(master, 1);
    expect(await attemptHistories(master)).toEqual([['anna done']]);
  });

  it('a draining worker finishes its conversions and takes no more', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    await join(master, 'anna', { env: gate.env });
    await addVideos(master, 3);
    await gate.reached();
    // It is called so from the start of ffmpeg, not from its first picture.
    await inStage(master, 'anna', 'encoding');
    const held = (await viewOf(master, 'anna')).running.length;
    await master.call('worker.drain', { worker: 'anna' });
    gate.open();
    await allDone(master, held);
    expect(await viewOf(master, 'anna')).toMatchObject({ mode: 'draining', state: 'paused' });
    expect((await master.call('queue.summary')).counts.queued).toBe(3 - held);
    await master.call('worker.resume', { worker: 'anna' });
    await allDone(master, 3);
  });
});

describe.concurrent('a fault of a worker', () => {
  it('a faulty worker pauses with the reason, leaves its video to others, and resumes when the fault is fixed', async ({
    skip,
  }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const master = await lead(makeHome());
    const temp = smallDisk(4096);
    await join(master, 'anna', { env: { ...HTTP, TEMP_DIR: temp } });
    await addVideos(master, 1);
    await until(async () => {
      expect(await viewOf(master, 'anna')).toMatchObject({
        state: 'waiting',
        problem: expect.stringMatching(/^The temporary folder .* has .* free, but the next video may need .*\.$/),
      });
    });
    await join(master, 'ben', { env: HTTP });
    await allDone(master, 1);
    const [story = []] = await attemptHistories(master);
    expect(story.at(-1)).toBe('ben done');
    expect(new Set(story.slice(0, -1))).toEqual(new Set(['anna node']));

    await master.call('worker.pause', { worker: 'ben' });
    enlarge(temp, 200_000);
    await addVideos(master, 2);
    await allDone(master, 2);
    expect((await attemptHistories(master)).flat().at(-1)).toBe('anna done');
    await until(() => expect(filesIn(temp)).toEqual([]));
  });
});
