/** What the program does when disks fill, ffmpeg misbehaves, or its own files are broken: nothing is ever lost. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Grant } from '../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../src-shared/media/quality.ts';
import { makePlan } from '../../src-shared/plan/plan.ts';
import { resolveSettings } from '../../src-shared/settings/settings.ts';
import { detectCapabilities } from '../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { Timelines } from '../media/ffmpeg/timeline.ts';
import { Prober } from '../media/probe/ffprobe.ts';
import { Converter } from '../worker/encode/converter.ts';
import { convert, outcomes, run, start, TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { query } from './support/database.ts';
import { CAN_MOUNT, enlarge, fill, NO_MOUNT, smallDisk } from './support/disk.ts';
import { makeGate, slowEncodes, which, wrap } from './support/ffmpeg.ts';
import { FFMPEGS } from './support/ffmpegs.ts';
import { filesIn, sha256, treeOf } from './support/files.ts';
import { serve } from './support/server.ts';
import { makeHome, snapshotHome, tempFolder } from './support/temp.ts';
import { isAlive, until } from './support/wait.ts';

/** Every attempt on a video, first to last. */
const attempts = (data: string) =>
  query<{ outcome: string; reason: string | null }>(data, 'SELECT outcome, reason FROM attempts ORDER BY id');

describe('a full disk', () => {
  it('a full temporary folder before an encode stops the run with a sentence', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const { data, media } = makeHome();
    const temp = smallDisk(4096);
    makeClip(path.join(media, 'video.mp4'));
    const before = treeOf(media);
    const { code, stderr } = await convert(data, [media], ['--temp', temp]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The temporary folder .* has .* free, but the next video may need .*TEMP_DIR\.$/);
    expect(treeOf(media)).toEqual(before);
    expect(filesIn(temp)).toEqual([]);
  });

  it('a full temporary folder during an encode loses nothing, and the next run with room continues', async ({
    skip,
  }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const { data, media } = makeHome();
    const temp = smallDisk(200_000);
    makeClip(path.join(media, 'video.mp4'), { seconds: 3, size: '320x240' });
    const before = treeOf(media);
    const gate = makeGate();
    const conversion = convert(data, [media], ['--temp', temp], { env: gate.env });
    await gate.reached();
    enlarge(temp, 4);
    gate.open();
    const { code, stderr } = await conversion;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The disk of the temporary folder .* is full; .*TEMP_DIR\.$/);
    expect(treeOf(media)).toEqual(before);
    expect(filesIn(temp)).toEqual([]);
    expect(attempts(data)).toMatchObject([{ outcome: 'node' }]);

    enlarge(temp, 200_000);
    expect(outcomes(await convert(data, [media], ['--temp', temp]))).toEqual(['video.mkv: done']);
  });

  it('a full library loses nothing, and the next run with room finishes', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const { data } = makeHome();
    const media = smallDisk(4096);
    makeClip(path.join(media, 'video.mp4'));
    const filler = fill(media);
    const before = treeOf(media);
    const { code, stderr } = await convert(data, [media]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^.*the disk is full.*\.$/);
    expect(treeOf(media)).toMatchObject(before);

    rmSync(filler);
    expect(outcomes(await convert(data, [media]))).toEqual(['video.mkv: done']);
  });

  it('a full disk of the database during an encode loses nothing, and the next run with room finishes', async ({
    skip,
  }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const { media } = makeHome();
    const [data, temp] = [smallDisk(4096), tempFolder()];
    const original = sha256(makeClip(path.join(media, 'video.mp4')));
    const gate = makeGate();
    const conversion = convert(data, [media], ['--temp', temp], { env: gate.env });
    await gate.reached();
    // The log that SQLite writes ahead has room of before: without it, whatever is written next needs the disk.
    const db = new Database(path.join(data, 'flotilla.db'));
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const filler = fill(data);
    gate.open();
    const { code, stderr } = await conversion;
    expect(code).toBe(1);
    expect(stderr).toMatch(/the disk of the database is full/i);
    expect(stderr.trim()).not.toContain('\n');
    expect(sha256(path.join(media, 'video.mp4'))).toBe(original);

    rmSync(filler);
    const again = await convert(data, [media], ['--temp', temp]);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(outcomes(again)).toEqual(['video.mkv: done']);
    // Not encoded again.
    expect(attempts(data).map(({ outcome }) => outcome)).toEqual(['done']);
    expect(filesIn(media).filter((name) => !name.startsWith('.flotilla/'))).toEqual(['video.mkv']);
    expect(filesIn(temp)).toEqual([]);
  });

  it('a full data folder at startup is reported in a sentence', async ({ skip }) => {
    skip(!CAN_MOUNT, NO_MOUNT);
    const { media } = makeHome();
    const data = smallDisk(64);
    fill(data);
    const { code, stderr } = await convert(data, [media]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[A-Z].*disk.* is full.*\.$/);
    expect(stderr).not.toMatch(/unexpected/);
  });
});

describe('ffmpeg', () => {
  // The end of a process is the same in each version.
  it.each(FFMPEGS.slice(-1))(
    'an ffmpeg killed from outside fails the attempt, and the next one succeeds ($name)',
    async ({ env }) => {
      const { data, media } = makeHome();
      makeClip(path.join(media, 'video.mp4'), { seconds: 2 });
      const slow = slowEncodes(env);
      const conversion = start(['convert', media, '--data', data, '--json', ...TINY], { env: slow.env });
      // Newer encoders keep the first frames of so short a clip until its end.
      await until(() =>
        expect(conversion.lines.some((l) => l.stage === 'encoding') && slow.pids().length > 0).toBe(true),
      );
      process.kill(slow.pids()[0] ?? 0, 'SIGKILL');
      const ended = await conversion.end();
      expect(ended.code).toBe(0);
      expect(outcomes(ended)).toEqual(['video.mkv: done']);
      expect(attempts(data)).toMatchObject([
        { outcome: 'failed', reason: expect.stringMatching(/killed from outside \(SIGKILL\)/) },
        { outcome: 'done' },
      ]);
      expect(slow.pids()).toHaveLength(2);
    },
  );

  /** What stands in the place of an encode, by what it does wrong. */
  const liars = {
    'cuts its result off': `"$REAL" "$@" || exit; for a; do out=$a; done; out=\${out#file:}
      truncate -s $(( $(stat -c %s "$out") * 6 / 10 )) "$out"; exit 0`,
    'stops half way': 'exec "$REAL" -t 1 "$@"',
    'writes nothing': 'exit 0',
    'leaves out the sound': `n=$#; while [ $n -gt 0 ]; do a=$1; shift; n=$((n - 1))
      if [ "$a" = -map ] && [ "$1" = 0:1 ]; then shift; n=$((n - 1)); else set -- "$@" "$a"; fi
      done; exec "$REAL" "$@"`,
  };
  it.for(Object.entries(liars))('an ffmpeg that %s and reports success is detected', async ([name, lie]) => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { seconds: 2, sound: true });
    const before = treeOf(media);
    const env = wrap('ffmpeg', `if [ $encode = 1 ]; then ${lie}; fi\nexec "$REAL" "$@"`);
    const ended = await convert(data, [media], [], { env });
    expect(ended.code).toBe(1);
    expect(outcomes(ended)).toEqual(['video.mp4: failed (attempts)']);
    // The same computer would make again what was refused.
    expect(attempts(data).map((a) => a.outcome)).toEqual(
      name === 'writes nothing' ? ['failed', 'failed', 'failed'] : ['failed'],
    );
    expect(treeOf(media)).toEqual(before);
    expect(filesIn(path.join(data, 'temp'))).toEqual([]);

    // What follows is the same for each of them.
    if (name !== 'writes nothing') return;
    const again = await convert(data, [media], ['--retry']);
    expect(outcomes(again)).toEqual(['video.mkv: done']);
  });

  it.each(FFMPEGS.slice(0, 1))(
    'an ffmpeg that hangs and ignores SIGTERM is killed, and the attempt fails ($name)',
    async ({ env }) => {
      const folder = tempFolder();
      const source = makeClip(path.join(folder, 'video.mp4'));
      const pid = path.join(folder, 'pid');
      const { PATH } = wrap(
        'ffmpeg',
        `if [ $encode = 1 ]; then trap '' TERM; echo $$ > '${pid}'; exec sleep 600; fi\nexec "$REAL" "$@"`,
        env,
      );
      const processes = await ProcessManager.create(path.join(folder, 'children'));
      const tools = { ffmpeg: path.join(PATH.split(':')[0] ?? '', 'ffmpeg'), ffprobe: which('ffprobe', PATH) };
      const caps = await detectCapabilities(processes, tools);
      const timelines = new Timelines(processes, tools);
      const converter = new Converter({ processes, tools, caps: async () => caps, timelines, stallMs: 1000 });
      const probe = await new Prober(processes, tools, async () => caps).probe(source);
      const plan = makePlan(probe, resolveSettings({}).values, DEFAULT_TABLES);
      if (plan.kind === 'skip') throw new Error(plan.reason);
      const grant: Grant = {
        ...{ task: 1, epoch: 1, file: 1, library: 1, path: 'video.mp4', version: '1' },
        ...{ size: statSync(source).size, plan, probe, uselessAt: 1e9, convertDamaged: false },
        priority: { nice: 0, ionice: 0 },
      };
      const { signal } = new AbortController();
      const outcome = await converter.convert(grant, source, { folder, signal, report: () => undefined });
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'ffmpeg made no progress for 1 s and was stopped.' });
      expect(isAlive(Number(readFileSync(pid, 'utf8')))).toBe(false);
      expect(filesIn(path.join(folder, 'children'))).toEqual([]);
    },
  );

  it('a missing ffmpeg is reported in a sentence', async () => {
    const { data, media } = makeHome();
    const folder = tempFolder();
    const { code, stderr } = await convert(data, [media], [], { env: { PATH: folder } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ffmpeg could not be started .*install ffmpeg.*\.$/);
  });

  it('an ffmpeg without SVT-AV1 is reported in a sentence', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    const env = wrap('ffmpeg', `"$REAL" "$@" | grep -v libsvtav1`);
    const { code, stderr } = await convert(data, [media], [], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^This ffmpeg .* was built without libsvtav1; .*\.$/);
  });
});

describe('an original that changes during its encode', () => {
  const changes: Record<string, (file: string) => void> = {
    'is another video now': (file) => {
      makeClip(file, { seconds: 2, modified: new Date(Date.now() - 60_000) });
    },
    'has grown': (file) => writeFileSync(file, Buffer.alloc(1000, 1), { flag: 'a' }),
    'has other bytes under the same times': (file) => {
      const { atime, mtime } = statSync(file);
      const bytes = readFileSync(file);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(file, bytes);
      utimesSync(file, atime, mtime);
    },
  };
  it.for(Object.entries(changes))('an original that %s during its encode is not replaced', async ([name, change]) => {
    const { data, media } = makeHome();
    const video = makeClip(path.join(media, 'video.mp4'));
    const gate = makeGate();
    const conversion = convert(data, [media], [], { env: gate.env });
    await gate.reached();
    change(video);
    const changed = sha256(video);
    gate.open();
    await conversion;
    const kept = filesIn(media).filter((file) => !file.endsWith('.json'));
    const bytes = kept.map((file) => sha256(path.join(media, file)));
    expect(bytes, name).toContain(changed);

    // Looked at afresh, and only then replaced.
    const again = await convert(data, [media], ['--testing']);
    expect(again.code).toBe(0);
    expect(existsSync(path.join(media, 'video.mkv'))).toBe(true);
    const originals = filesIn(media).filter((file) => file.endsWith('.original'));
    expect(originals.map((file) => sha256(path.join(media, file)))).toEqual([changed]);
  });
});

it("storage that disappears during an encode doesn't count as a failure of the video", async () => {
  const { data, media } = makeHome();
  makeClip(path.join(media, 'video.mp4'));
  const gate = makeGate();
  // Heartbeats and leases as ever, but a computer at fault is tried again at once.
  const env = { ...gate.env, FLOTILLA_TERMS: '10000,60000,300000,200' };
  const conversion = start(['serve', media, '--data', data, '--port', '0', ...TINY], { env });
  await gate.reached();
  renameSync(media, `${media}.away`);
  gate.open();
  const outcomesNow = () => attempts(data).map(({ outcome }) => outcome);
  await until(() => expect(outcomesNow()[0]).not.toBeNull());
  renameSync(`${media}.away`, media);
  // Its library is paused, not the computer, and the attempt counts for nothing.
  await until(() => expect(outcomesNow()).toEqual(['released', 'done']));
  conversion.kill('SIGTERM');
  await conversion.end();
});

describe('the data folder', () => {
  const home = makeHome();
  let restore = () => {};
  beforeAll(async () => {
    makeClip(path.join(home.media, 'video.mp4'));
    expect((await convert(home.data, [home.media])).code).toBe(0);
    rmSync(path.join(home.data, 'backups'), { recursive: true, force: true });
    restore = snapshotHome(home);
  });
  /** A library with a video that is done, and the database that knows it, without a backup. */
  function converted() {
    restore();
    return { ...home, database: path.join(home.data, 'flotilla.db') };
  }
  const backUp = (data: string) => {
    mkdirSync(path.join(data, 'backups'));
    copyFileSync(path.join(data, 'flotilla.db'), path.join(data, 'backups', 'flotilla-2026-01-01T000000.000Z.db'));
  };
  /** Spoils a database: its head, so that it is none any more, or its middle, so that it looks like one. */
  const damages = {
    head: (file: string) => writeFileSync(file, Buffer.alloc(4096, 0x55), { flag: 'r+' }),
    middle: (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0x55, 4096, bytes.length - 4096);
      writeFileSync(file, bytes);
    },
  };

  it('a data folder serves one Flotilla at a time', async () => {
    const { data, media } = makeHome();
    await serve(data);
    const { code, stderr } = await convert(data, [media]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Another Flotilla is using the data folder .*; stop it first, or .*--data\.$/);
  });

  it('a data folder of a newer version is refused and left unchanged', async () => {
    const { data, media, database } = converted();
    const db = new Database(database);
    db.pragma('user_version = 999');
    db.close();
    const before = [sha256(database), treeOf(media)];
    const { code, stderr } = await convert(data, [media]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The database .* was written by a newer Flotilla \(schema 999,.*\.$/);
    expect([sha256(database), treeOf(media)]).toEqual(before);
  });

  it.for(Object.keys(damages) as (keyof typeof damages)[])(
    'a database damaged at its %s is replaced by its backup, with a warning',
    async (place) => {
      const { data, media, database } = converted();
      backUp(data);
      damages[place](database);
      const before = treeOf(media);
      const ended = await convert(data, [media]);
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.lines.filter((l) => l.type === 'notice').map((l) => l.text)).toEqual([
        expect.stringMatching(
          /^The database was damaged .* the backup of .* took its place .* No video was touched\.$/,
        ),
      ]);
      expect(ended.lines.at(-1)).toMatchObject({ type: 'summary', counts: { done: 1 } });
      expect(treeOf(media)).toEqual(before);
      expect(filesIn(data).filter((name) => name.includes('damaged'))).toHaveLength(1);
    },
  );

  it.for(Object.keys(damages) as (keyof typeof damages)[])(
    'a database damaged at its %s without a backup is refused',
    async (place) => {
      const { data, media, database } = converted();
      damages[place](database);
      const before = [sha256(database), treeOf(media)];
      const { code, stderr } = await convert(data, [media]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^The database .* is damaged .* no usable backup .* no video was touched\..*$/);
      expect([sha256(database), treeOf(media)]).toEqual(before);

      // As the sentence says: originals are found again.
      rmSync(database);
      const afresh = await convert(data, [media]);
      expect(afresh.lines.map((l) => l.text)).toContainEqual(expect.stringMatching(/was found in the vault/));
      expect((await run(['restore', '--all', '--data', data])).stdout).toMatch(/^restored .*video\.mp4/);
    },
  );

  it('a broken quality table is reported with line and reason, and the last valid one stays in effect', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'));
    const server = await serve(data, ['--preset', '13', '--min-savings', '0', '--settle', '0'], {
      env: { MEDIA_DIRS: media },
    });
    await until(async () => expect((await server.call('queue.summary')).counts.done).toBe(1));
    const [video] = await server.call('file.list');
    const crf = async () => {
      const { plan } = await server.call('file.get', { file: video?.id });
      return plan?.kind === 'convert' && plan.streams.map((s) => s.action === 'encode' && s.crf)[0];
    };
    const table = path.join(data, 'quality_lookup.json');
    expect(await crf()).toBe(28);
    const good = readFileSync(table, 'utf8');
    writeFileSync(table, good.replace('"x264": 28', '"x264": 41'));
    expect(await crf()).toBe(41);
    writeFileSync(table, good.replace('"x264": 28,', '"x264": 99,'));
    expect(await crf()).toBe(41);
    rmSync(table);
    expect(await crf()).toBe(41);
    writeFileSync(table, good);
    expect(await crf()).toBe(28);
    server.flotilla.kill('SIGTERM');
    const { stderr, code } = await server.flotilla.end();
    expect(code).toBe(0);
    expect(stderr).toMatch(/quality_lookup\.json isn't used: line 3: SD x264: .*63.*The last valid table stays/);
    expect(stderr).toMatch(/quality_lookup\.json isn't used: it is missing/);
  });
});
