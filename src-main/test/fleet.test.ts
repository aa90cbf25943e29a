/** Whole fleets of real processes: films are converted by other computers, and none is lost whatever happens to these. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  addFilms,
  allDone,
  comeBack,
  encoding,
  inStage,
  join,
  lead,
  type Master,
  type Member,
  stories,
  viewOf,
} from './fleet.ts';
import {
  CAN_MOUNT,
  enlarge,
  filesIn,
  isAlive,
  makeGate,
  makeHome,
  NO_MOUNT,
  probe,
  slowEncodes,
  smallDisk,
  tempFolder,
  until,
} from './helpers.ts';

// Several processes, each with its ffmpeg, share the cores of one computer; most of the time they wait for each other.
vi.setConfig({ testTimeout: 300_000 });

/** Films travel, although all of this happens on one computer. */
const HTTP = { FILE_DISTRIBUTION_MODE: 'true' };

/** In a world of its own the program finds nothing where the master has its films. */
const blind = (media: string) => ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', media];
/** As {@link blind}, but finds them elsewhere. */
const moved = (media: string, elsewhere: string) => [
  ...['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" "$1" && mount -t tmpfs none "$0" && shift && exec "$@"'],
  ...[media, elsewhere],
];

/** Every film is an AV1 film now, its original is kept, and nothing else is left of the work. */
async function expectWhole(master: Master, films: string[], members: Member[]): Promise<void> {
  expect(filesIn(master.media).filter((file) => !file.startsWith('.flotilla'))).toEqual(films.sort());
  for (const film of films) expect(probe(path.join(master.media, film)).streams[0]?.codec_name).toBe('av1');
  expect((await master.call('vault.list')).map(({ original }) => path.basename(original)).sort()).toEqual(films.sort());
  for (const { data } of [master, ...members]) {
    await until(() => expect(filesIn(path.join(data, 'temp'))).toEqual([]));
  }
}

/** Each film was converted once, by one of the workers. */
const expectOnce = (told: string[][]) =>
  expect(told.map((story) => story.filter((attempt) => attempt.endsWith(' done')).length)).toEqual(told.map(() => 1));

describe.concurrent('a library', () => {
  it('is converted by two workers that cannot see it', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const master = await lead(makeHome());
    const prefix = blind(master.media);
    const members = [await join(master, 'anna', { prefix }), await join(master, 'ben', { prefix })];
    const films = await addFilms(master, 6);
    await allDone(master, 6);
    await expectWhole(master, films, members);
    const told = await stories(master);
    expectOnce(told);
    expect(new Set(told.flat())).toEqual(new Set(['anna done', 'ben done']));
    expect(await viewOf(master, 'anna')).toMatchObject({ state: 'idle', failed: 0, running: [] });
  });

  it('is converted by two workers that see it elsewhere, and nothing is fetched', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const master = await lead(makeHome());
    const members = await Promise.all(
      ['anna', 'ben'].map((name) => join(master, name, { prefix: moved(master.media, tempFolder()) })),
    );
    const films = await addFilms(master, 4);
    await allDone(master, 4);
    await expectWhole(master, films, members);
    expectOnce(await stories(master));
    for (const { id } of await master.call('file.list')) {
      const { attempts } = await master.call('file.get', { file: id });
      expect(Object.keys(attempts[0]?.stages ?? {})).not.toContain('fetching');
    }
  });
});

describe.concurrent('a worker that is killed', () => {
  /** Starts a slow worker on one film, kills it when it is in a stage, starts it again, and tells the film's story. */
  async function killIn(kill: (master: Master, anna: Member) => Promise<void>, env: Record<string, string>) {
    const master = await lead(makeHome());
    const anna = await join(master, 'anna', { env: { ...HTTP, ...env } });
    const films = await addFilms(master, 1, 4);
    await kill(master, anna);
    anna.flotilla.kill('SIGKILL');
    await anna.flotilla.end();
    const again = comeBack(anna, HTTP);
    await master.call('worker.set', { worker: 'anna', settings: { bandwidth: null } });
    await allDone(master, 1);
    await expectWhole(master, films, [again]);
    return (await stories(master))[0];
  }
  const slow = (master: Master, bandwidth: number) =>
    master.call('worker.set', { worker: 'anna', settings: { bandwidth } });

  it('while it fetches, starts the film anew', async () => {
    const master = await lead(makeHome());
    const anna = await join(master, 'anna', { env: HTTP });
    await slow(master, 5000);
    const films = await addFilms(master, 1, 4);
    await inStage(master, 'anna', 'fetching');
    anna.flotilla.kill('SIGKILL');
    await anna.flotilla.end();
    await master.call('worker.set', { worker: 'anna', settings: { bandwidth: null } });
    const again = comeBack(anna, HTTP);
    await allDone(master, 1);
    await expectWhole(master, films, [again]);
    expect((await stories(master))[0]).toEqual(['anna interrupted', 'anna done']);
  });

  it('while it encodes, starts the film anew, and no ffmpeg outlives it', async () => {
    const encodes = slowEncodes();
    const story = await killIn((master) => encoding(master, 'anna', encodes), encodes.env);
    expect(story).toEqual(['anna interrupted', 'anna done']);
    expect(encodes.pids().filter(isAlive)).toEqual([]);
  });

  it('while it uploads, has its result still and encodes nothing twice', async () => {
    const gate = makeGate();
    const story = await killIn(async (master) => {
      await gate.reached();
      await slow(master, 1000);
      gate.open();
      await inStage(master, 'anna', 'uploading');
    }, gate.env);
    expect(story).toEqual(['anna done']);
  });

  it.for(['uploaded', 'delivered'])('when its result is %s, does not have the film converted twice', async (point) => {
    const story = await killIn(async (_master, { flotilla }) => void (await flotilla.end()), { FLOTILLA_FAULT: point });
    expect(story).toEqual(['anna done']);
  });

  it('for good, loses its film to another', async () => {
    const master = await lead(makeHome());
    const encodes = slowEncodes();
    const anna = await join(master, 'anna', { env: encodes.env });
    const films = await addFilms(master, 1, 5);
    await encoding(master, 'anna', encodes);
    const ben = await join(master, 'ben');
    anna.flotilla.kill('SIGKILL');
    await allDone(master, 1);
    await expectWhole(master, films, [ben]);
    expect(await stories(master)).toEqual([['anna interrupted', 'ben done']]);
    expect(await viewOf(master, 'anna')).toMatchObject({ state: 'offline', running: [] });
    const [file] = await master.call('file.list');
    const { attempts } = await master.call('file.get', { file: file?.id });
    expect(attempts[0]?.reason).toBe('anna was not heard of for too long.');
  });
});

describe.concurrent('a worker that was thought dead', () => {
  it('is refused when it comes back, and another has its film', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    const anna = await join(master, 'anna', { env: { ...gate.env, ...HTTP } });
    const films = await addFilms(master, 1);
    await gate.reached();
    anna.flotilla.kill('SIGSTOP');
    await until(async () => expect((await viewOf(master, 'anna')).state).toBe('suspect'));
    const ben = await join(master, 'ben', { env: HTTP });
    await allDone(master, 1);
    gate.open();
    anna.flotilla.kill('SIGCONT');
    await until(async () => expect((await viewOf(master, 'anna')).state).toBe('idle'));
    await expectWhole(master, films, [anna, ben]);
    expect(await stories(master)).toEqual([['anna interrupted', 'ben done']]);
  });
});

describe.concurrent('a master that is killed', () => {
  it('while a worker encodes, finds it at work again and gets its result', async () => {
    const home = makeHome();
    const first = await lead(home);
    const encodes = slowEncodes();
    const anna = await join(first, 'anna', { env: { ...encodes.env, ...HTTP } });
    const films = await addFilms(first, 1, 5);
    await encoding(first, 'anna', encodes);
    first.flotilla.kill('SIGKILL');
    await first.flotilla.end();
    const master = await lead({ ...home, lan: first.lan });
    await allDone(master, 1);
    await expectWhole(master, films, [anna]);
    expect(await stories(master)).toEqual([['anna done']]);
    expect(encodes.pids()).toHaveLength(1);
  });

  it.for(['staging', 'staged', 'verified', 'kept', 'placed', 'committed'])(
    'when it is at %s with a result, has the film converted once',
    async (point) => {
      const home = makeHome();
      const first = await lead(home, { env: { FLOTILLA_FAULT: point } });
      const encodes = slowEncodes();
      const anna = await join(first, 'anna', { env: { ...encodes.env, ...HTTP } });
      const films = await addFilms(first, 1);
      await first.flotilla.end();
      const master = await lead({ ...home, lan: first.lan });
      await allDone(master, 1);
      await expectWhole(master, films, [anna]);
      expect(await stories(master)).toEqual([['anna done']]);
      expect(encodes.pids()).toHaveLength(1);
    },
  );
});

describe.concurrent('a worker that is removed', () => {
  it('loses its film at once, and is turned away when it comes back', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    const anna = await join(master, 'anna', { env: { ...gate.env, ...HTTP } });
    const films = await addFilms(master, 1);
    await gate.reached();
    const ben = await join(master, 'ben', { env: HTTP });
    await master.call('worker.remove', { worker: 'anna' });
    expect((await anna.flotilla.end()).code).toBe(1);
    await allDone(master, 1);
    await expectWhole(master, films, [anna, ben]);
    expect(await stories(master)).toEqual([['anna interrupted', 'ben done']]);
    expect((await master.call('worker.list')).map(({ name }) => name).sort()).toEqual(['ben', 'master']);
  });
});

describe.concurrent('what the user wants of a worker', () => {
  it('reaches it at once: more films at a time, each with its share of the cores', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    await join(master, 'anna', { env: gate.env });
    await addFilms(master, 4);
    await gate.reached();
    await master.call('worker.set', { worker: 'anna', settings: { jobs: 2 } });
    await until(async () => {
      const { running } = await viewOf(master, 'anna');
      expect(running.length).toBeGreaterThanOrEqual(2);
    });
    gate.open();
    await allDone(master, 4);
    const logs = await Promise.all(
      (await master.call('file.list')).map(async ({ id }) => (await master.call('file.get', { file: id })).attempts[0]),
    );
    expect(logs.some((attempt) => /-svtav1-params:v:0 lp=\d/.test(attempt?.log ?? ''))).toBe(true);
  });

  it('holds what runs in a pause, and lets it go on afterwards', async ({ skip }) => {
    skip(process.platform !== 'linux', 'reads the state of a process from /proc');
    const master = await lead(makeHome());
    const encodes = slowEncodes();
    await join(master, 'anna', { env: encodes.env });
    await addFilms(master, 1, 5);
    await encoding(master, 'anna', encodes);
    await master.call('worker.pause', { worker: 'anna' });
    const state = () => /\) (\w)/.exec(readFileSync(`/proc/${encodes.pids()[0]}/stat`, 'utf8'))?.[1];
    await until(() => expect(state()).toBe('T'));
    expect(await viewOf(master, 'anna')).toMatchObject({ state: 'paused', problem: 'Paused by you.' });
    await master.call('worker.resume', { worker: 'anna' });
    await allDone(master, 1);
    expect(await stories(master)).toEqual([['anna done']]);
  });

  it('lets it end what it has and take no more', async () => {
    const master = await lead(makeHome());
    const gate = makeGate();
    await join(master, 'anna', { env: gate.env });
    await addFilms(master, 3);
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
  it('pauses it with its reason, leaves its film to others, and ends when it is put right', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const master = await lead(makeHome());
    const temp = smallDisk(4096);
    await join(master, 'anna', { env: { ...HTTP, TEMP_DIR: temp } });
    await addFilms(master, 1);
    await until(async () => {
      expect(await viewOf(master, 'anna')).toMatchObject({
        state: 'waiting',
        problem: expect.stringMatching(/^The temporary folder .* has .* free, but the next film may need .*\.$/),
      });
    });
    await join(master, 'ben', { env: HTTP });
    await allDone(master, 1);
    const [story = []] = await stories(master);
    expect(story.at(-1)).toBe('ben done');
    expect(new Set(story.slice(0, -1))).toEqual(new Set(['anna node']));

    await master.call('worker.pause', { worker: 'ben' });
    enlarge(temp, 200_000);
    await addFilms(master, 2);
    await allDone(master, 2);
    expect((await stories(master)).flat().at(-1)).toBe('anna done');
    await until(() => expect(filesIn(temp)).toEqual([]));
  });
});
