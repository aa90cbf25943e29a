/** What goes wrong on computers of a fleet and is put right again: no video is lost, and none is converted twice. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClock } from './support/clock.ts';
import { CAN_MOUNT, fill, NO_MOUNT, smallDisk } from './support/disk.ts';
import { makeGate, slowEncodes, wrap } from './support/ffmpeg.ts';
import { filesIn } from './support/files.ts';
import { addVideos, allDone, attemptHistories, encoding, inStage, join, lead, viewOf } from './support/fleet.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

/** Videos travel, although all of this happens on one computer. */
const HTTP = { FILE_DISTRIBUTION_MODE: 'true' };

describe.concurrent('a fleet', () => {
  it.skipIf(!CAN_MOUNT)(`a fleet keeps a result for which its library has no room (${NO_MOUNT})`, async () => {
    const master = await lead({ ...makeHome(), media: smallDisk(4096) });
    const gate = makeGate();
    const anna = await join(master, 'anna', { env: { ...HTTP, ...gate.env } });
    await addVideos(master, 1);
    await gate.reached();
    const filler = fill(master.media);
    gate.open();
    const told = async () => (await master.call('live.snapshot')).problems;
    const sentence = expect.stringMatching(/^Couldn't save a result in .*: the disk is full\..* automatically\.$/);
    await until(async () => expect(await told()).toMatchObject([{ kind: 'library', sentence }]));
    expect(await attemptHistories(master)).toEqual([['anna null']]);
    expect(filesIn(path.join(anna.data, 'temp')).some((file) => file.endsWith('/result'))).toBe(true);
    rmSync(filler);
    await allDone(master, 1);
    expect(await attemptHistories(master)).toEqual([['anna done']]);
    expect(await told()).toEqual([]);
    await until(() => expect(filesIn(path.join(anna.data, 'temp'))).toEqual([]));
  });

  it('a faulty ffmpeg on one worker is detected, and costs no video', async () => {
    const master = await lead(makeHome());
    const broken = path.join(tempFolder(), 'broken');
    const failing = `[ $encode$test != 00 ] && [ -e '${broken}' ] && echo 'Illegal instruction' >&2 && exit 7`;
    await join(master, 'anna', { env: wrap('ffmpeg', `${failing}\nexec "$REAL" "$@"`) });
    // It was well at its first start, or it would have been given none.
    await until(async () => expect(await viewOf(master, 'anna')).toMatchObject({ state: 'idle', connected: true }));
    await addVideos(master, 1);
    await allDone(master, 1);
    writeFileSync(broken, '');
    await addVideos(master, 3);
    await until(async () =>
      expect(await viewOf(master, 'anna')).toMatchObject({
        state: 'waiting',
        problem: expect.stringMatching(/^anna failed its self-test \(Illegal instruction\)\. Reinstall/),
      }),
    );
    const seen = new Set(['anna done', 'anna node']);
    await until(async () => expect(new Set((await attemptHistories(master)).flat())).toEqual(seen));
    expect((await master.call('queue.summary')).counts).toMatchObject({ queued: 3, failed: 0 });
    rmSync(broken);
    await allDone(master, 3);
    expect((await attemptHistories(master)).map((story) => story.at(-1))).toEqual([
      'anna done',
      'anna done',
      'anna done',
    ]);
  });

  it('a faulty video is detected, and the others are converted', async () => {
    const master = await lead(makeHome());
    const failing = `case "$*" in *'video 1.mkv'*) [ $encode = 1 ] && exit 7;; esac`;
    await join(master, 'anna', { env: wrap('ffmpeg', `${failing}\nexec "$REAL" "$@"`) });
    await addVideos(master, 2);
    await until(async () =>
      expect((await master.call('queue.summary')).counts).toMatchObject({ failed: 1, done: 1, queued: 0 }),
    );
    expect((await attemptHistories(master)).sort()).toEqual([
      ['anna done'],
      ['anna failed', 'anna failed', 'anna failed'],
    ]);
    await until(async () => expect(await viewOf(master, 'anna')).toMatchObject({ state: 'idle', problem: null }));
  });

  it('a worker gets a new temporary folder and working hours from its master', async () => {
    const master = await lead(makeHome());
    const [here, there] = [tempFolder(), tempFolder()];
    const never = `${(new Date().getDay() + 3) % 7}@00:00-00:01`;
    const env = { ...HTTP, ...slowEncodes().env, TEMP_DIR: here, WORK_HOURS: never };
    await join(master, 'anna', { env });
    await addVideos(master, 3);
    await until(async () =>
      expect(await viewOf(master, 'anna')).toMatchObject({
        ...{ state: 'yielding', problem: 'Waiting: outside working hours.' },
        settings: { schedule: [{ from: '00:00', to: '00:01' }] },
      }),
    );
    await master.call('worker.set', { worker: 'anna', settings: { schedule: null } });
    await inStage(master, 'anna', 'encoding');
    expect(filesIn(here)).not.toEqual([]);
    await master.call('worker.set', { worker: 'anna', settings: { tempDir: there } });
    // What runs stays where it is; what comes is there.
    await until(() => expect(filesIn(there)).not.toEqual([]));
    await allDone(master, 3);
    expect(await attemptHistories(master)).toEqual([['anna done'], ['anna done'], ['anna done']]);
    await until(() => expect([filesIn(here), filesIn(there)]).toEqual([[], []]));
  });

  it('a clock that is wrong by a day, on either side and at any time, changes nothing', async () => {
    const [ours, theirs] = [makeClock(tempFolder(), 0), makeClock(tempFolder(), -DAY_MS)];
    const master = await lead(makeHome(), { env: ours.env });
    const encodes = slowEncodes();
    await join(master, 'anna', { env: { ...HTTP, ...encodes.env, ...theirs.env } });
    await addVideos(master, 1, 6);
    const share = async () => (await viewOf(master, 'anna')).running[0]?.progress.share ?? 0;
    /** Resolves when the encode has gone on for some heartbeats. */
    const goesOn = async () => {
      const before = await share();
      await until(async () => expect(await share()).toBeGreaterThan(before + 0.1));
    };
    await encoding(master, 'anna', encodes);
    for (const [clock, to] of [
      [ours, DAY_MS],
      [theirs, DAY_MS],
      [ours, -DAY_MS],
    ] as const) {
      clock.set(to);
      await goesOn();
      const { expiresAt } = await master.call('invite.create', { minutes: 1 });
      if (clock === ours) expect(Math.abs(expiresAt - Date.now() - to)).toBeLessThan(DAY_MS / 2);
    }
    await allDone(master, 1);
    expect(await attemptHistories(master)).toEqual([['anna done']]);
    expect(encodes.pids()).toHaveLength(1);
  });
});

const DAY_MS = 86_400_000;
