/** What the pages ask of the server: lists, batches, the queue, live changes, samples and pictures. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Events, Live, Output } from '../../src-shared/contract/index.ts';
import { TINY } from './support/cli.ts';
import { makeClip } from './support/clips.ts';
import { slowEncodes, wrap } from './support/ffmpeg.ts';
import { filesIn, sha256, treeOf } from './support/files.ts';
import { type Server, serve } from './support/server.ts';
import { makeHome, tempFolder } from './support/temp.ts';
import { until } from './support/wait.ts';

const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.disconnect();
});

const TESTING = [...TINY, '--testing'];

/** Videos of several kinds; `old` and `older` are small and go first. */
function fillLibrary(media: string): void {
  const hours = (n: number) => new Date(Date.now() - n * 3_600_000);
  makeClip(path.join(media, 'Series/Season 1/Älter.mkv'), { modified: hours(40) });
  makeClip(path.join(media, 'Series/Season 1/old.mp4'), { modified: hours(30) });
  makeClip(path.join(media, 'Wide.mkv'), { size: '128x64', sound: true, modified: hours(20) });
  makeClip(path.join(media, 'new.mp4'), { seconds: 2, modified: hours(10) });
  writeFileSync(path.join(media, 'broken.mkv'), 'no video at all');
}

/** A server with the videos in a held library: looked into, nothing converted. */
async function heldLibrary(more: string[] = TESTING, options = {}) {
  const home = makeHome();
  fillLibrary(home.media);
  const server = await serve(home.data, more, options);
  const { library } = await server.call('library.add', { path: home.media, hold: true });
  await server.call('library.scan', { library: library.id });
  await until(async () => expect((await server.call('queue.summary')).counts).toMatchObject({ queued: 4, skipped: 1 }));
  return { ...home, server, library: library.id };
}

type Home = Awaited<ReturnType<typeof heldLibrary>>;
const page = async ({ server }: Home, input: object) =>
  (await server.call('file.page', input)).files.map((file) => path.basename(file.path));
const idOf = async ({ server }: Home, name: string) => {
  const { files } = await server.call('file.page', { filter: { search: name } });
  if (!files[0]) throw new Error(`there is no ${name}`);
  return files[0].id;
};

const picturesOf = (server: Server) => async (place: string) => {
  const response = await fetch(`${server.url}/api/files/${place}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type'), bytes };
};

describe('a library', () => {
  let home: Home;
  /** Holds the path of a video that goes while it is looked into. */
  let going: string;
  beforeAll(async () => {
    going = path.join(tempFolder(), 'going');
    const goes = `case "$*" in *-show_frames*) [ -e '${going}' ] && rm -f "$(cat '${going}')";; esac`;
    home = await heldLibrary(TESTING, { env: wrap('ffprobe', `"$REAL" "$@"; code=$?; ${goes}; exit $code`) });
  });

  describe('a list of files', () => {
    it('a list of files is sorted by any column, unknown values last', async () => {
      expect(await page(home, { sort: 'name' })).toEqual(['broken.mkv', 'new.mp4', 'old.mp4', 'Wide.mkv', 'Älter.mkv']);
      expect(await page(home, { sort: 'modified' })).toEqual(expect.arrayContaining(['Älter.mkv']));
      const modified = await page(home, { sort: 'modified', descending: true });
      expect(modified.filter((name) => name !== 'broken.mkv')).toEqual(['new.mp4', 'Wide.mkv', 'old.mp4', 'Älter.mkv']);
      for (const descending of [false, true]) {
        expect((await page(home, { sort: 'codec', descending })).at(-1)).toBe('broken.mkv');
      }
      expect((await page(home, { sort: 'resolution', descending: true }))[0]).toBe('Wide.mkv');
      expect((await page(home, { sort: 'duration', descending: true }))[0]).toBe('new.mp4');
    });

    it('a list of files is returned in pages', async () => {
      const all = await page(home, { sort: 'path' });
      const parts = [0, 2, 4].map((offset) => page(home, { sort: 'path', offset, limit: 2 }));
      expect((await Promise.all(parts)).flat()).toEqual(all);
      expect(await page(home, { offset: 100 })).toEqual([]);
    });

    it('a search finds words in any order and case, and takes accents and wildcards literally', async () => {
      const found = (search: string) => page(home, { filter: { search } });
      expect(await found('season')).toHaveLength(2);
      expect(await found('OLD series')).toEqual(['old.mp4']);
      expect(await found('äLTER')).toEqual(['Älter.mkv']);
      expect(
        (await home.server.call('file.list', { search: 'älter SEASON' })).map(({ path: file }) => path.basename(file)),
      ).toEqual(['Älter.mkv']);
      expect(await found('Älter'.normalize('NFD'))).toEqual(['Älter.mkv']);
      expect(await found('%')).toEqual([]);
      expect(await found('s_ason')).toEqual([]);
      expect(await found("'; DROP TABLE files; --")).toEqual([]);
    });

    it('a list of files is filtered, with counts by kind', async () => {
      const { server } = home;
      const all = await server.call('file.tally', {});
      expect(all).toMatchObject({
        total: 5,
        counts: { queued: 4, skipped: 1, done: 0 },
        codec: [{ value: 'h264', count: 4 }],
        resolution: [{ value: 'SD', count: 4 }],
        hdr: [{ value: 'SDR', count: 4 }],
        code: [{ value: 'unreadable', count: 1 }],
      });
      const skipped = await server.call('file.tally', { filter: { state: ['skipped'] } });
      expect(skipped).toMatchObject({ total: 1, counts: { queued: 4, skipped: 1 }, codec: [] });
      expect(await page(home, { filter: { state: ['skipped'], code: ['unreadable'] } })).toEqual(['broken.mkv']);
      expect(await page(home, { filter: { codec: ['hevc'] } })).toEqual([]);
      expect(await page(home, { filter: { library: [home.library + 1] } })).toEqual([]);
      expect(await server.call('file.tally', { filter: { search: 'season' } })).toMatchObject({ total: 2 });
    });

    it('a list of files shows the details of a video', async () => {
      const { files } = await home.server.call('file.page', { filter: { search: 'Wide' } });
      expect(files).toMatchObject([
        {
          ...{ path: 'Wide.mkv', codec: 'h264', width: 128, height: 64, resolution: 'SD', hdr: 'SDR', frameRate: 24 },
          ...{ audio: 'mono AAC', state: 'queued', sourceSize: null, resultSize: null, worker: null, missing: false },
          ...{ bitRate: expect.any(Number), added: expect.any(Number) },
        },
      ]);
    });
  });

  describe('before anything is replaced', () => {
    let before: Record<string, string>;
    beforeAll(() => {
      before = treeOf(home.media);
    });

    it('the folder list shows folders with the number of their videos', async () => {
      const { call } = home.server;
      const roots = await call('folder.list');
      expect(roots.folders.length).toBeGreaterThan(0);
      const above = await call('folder.list', { path: path.dirname(home.media) });
      expect(above).toMatchObject({ library: null, films: 0, parent: path.dirname(path.dirname(home.media)) });
      expect(above.folders).toContainEqual({ name: 'media', path: home.media, films: 5, more: false });
      const inside = await call('folder.list', { path: path.join(home.media, 'Series') });
      expect(inside).toMatchObject({ library: home.library, folders: [{ name: 'Season 1', films: 2 }] });
      await expect(call('folder.list', { path: '/no/such' })).rejects.toThrow(
        /Couldn't open \/no\/such: it doesn't exist/,
      );
      await expect(call('folder.list', { path: 'media' })).rejects.toThrow(/400/);
    });

    it('a dry run estimates savings, and the time once a sample was converted', async () => {
      const quick = await home.server.call('library.dryRun', { library: home.library });
      expect(quick).toMatchObject({
        ...{ files: 5, pending: 0, convert: 4, seconds: null },
        skip: [{ code: 'unreadable', count: 1, example: expect.stringMatching(/isn't a readable video/) }],
      });
      expect(quick.bytesAfter).toBeLessThan(quick.bytes);
      const measured = await home.server.call('library.dryRun', { library: home.library, measure: true });
      expect(measured.seconds).toBeGreaterThan(0);
      expect(treeOf(home.media)).toEqual(before);
    });

    it('a forecast becomes better by samples, which can be stopped and change nothing', async () => {
      const { data, media } = makeHome();
      makeClip(path.join(media, 'one.mp4'), { seconds: 12, options: ['-g', '24'] });
      const { call } = await serve(data, TESTING);
      await expect(call('forecast.measure')).rejects.toThrow(/409.*nothing to sample/);
      const { library } = await call('library.add', { path: media, hold: true });
      await call('library.scan', { library: library.id });
      await until(async () => expect((await call('queue.summary')).counts.queued).toBe(1));
      // Without the record of who works in the library, which is renewed.
      const videos = () => Object.entries(treeOf(media)).filter(([name]) => name.endsWith('.mp4'));
      const before = videos();
      const rough = await call('forecast.get', { library: library.id });
      expect(rough).toMatchObject({ videos: 1, learned: 0, seconds: null, measuring: null });
      await call('forecast.measure', { library: library.id });
      await expect(call('forecast.measure')).rejects.toThrow(/409.*already/);
      await until(async () => {
        const { learned, measuring } = await call('forecast.get');
        expect({ learned: learned > 0, measuring }).toEqual({ learned: true, measuring: null });
      });
      const good = await call('forecast.get', { library: library.id });
      expect(good.bytesError).toBeLessThan(0.1 * (good.bytes - good.bytesAfter));
      expect(good.seconds).toBeGreaterThan(0);
      expect(good.secondsError).toBeGreaterThan(0);
      const [{ id: file } = { id: 0 }] = await call('file.list');
      const measured = await call('file.measure', { file });
      expect(measured).toMatchObject({ crf: 63, quality: null, samples: 1 });
      const { forecast } = await call('file.get', { file });
      expect(forecast).toMatchObject({ crf: 63, bytes: measured.bytes, sampled: true });
      await call('forecast.stop');
      expect(videos()).toEqual(before);
    });

    it('a sample shows source and result of a few seconds', async () => {
      const { server } = home;
      const file = await idOf(home, 'new.mp4');
      const socket = io(server.url, { auth: { token: server.token, live: true }, transports: ['websocket'] });
      sockets.push(socket);
      const stages = new Set<string>();
      socket.on('sample', (event: Events['sample']) => event.file === file && stages.add(event.progress.stage));
      await new Promise((resolve) => socket.on('connect', () => resolve(undefined)));
      const sample = await server.call('file.sample', { file, seconds: 1 });
      expect(sample.likeness.ssim).toBeGreaterThan(0.5);
      expect(sample.resultBytes).toBeLessThan(sample.sourceBytes);
      expect(sample.encodeSeconds).toBeGreaterThan(0);
      expect([...stages]).toEqual(['preparing', 'encoding', 'checking']);
      expect((await server.call('file.get', { file })).sample).toEqual(sample);
      for (const side of ['source', 'result']) {
        const picture = await picturesOf(server)(`${file}/frames/${side}/2.jpg?sample=${sample.stamp}`);
        expect(picture).toMatchObject({ status: 200, type: 'image/jpeg' });
        expect(picture.bytes.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
      }
      expect(treeOf(home.media)).toEqual(before);
      const broken = await idOf(home, 'broken.mkv');
      await expect(server.call('file.sample', { file: broken })).rejects.toThrow(/409.*isn't waiting to be converted/);
    });

    it('a sample can be stopped', async () => {
      const { data, media } = makeHome();
      makeClip(path.join(media, 'video.mp4'), { seconds: 20 });
      const slow = slowEncodes();
      const { call } = await serve(data, TESTING, { env: slow.env });
      const { library } = await call('library.add', { path: media, hold: true });
      await call('library.scan', { library: library.id });
      await until(async () => expect((await call('queue.summary')).counts.queued).toBe(1));
      const [clip] = await call('file.list');
      const making = call('file.sample', { file: clip?.id, seconds: 20 });
      const refused = expect(making).rejects.toThrow(/409.*The sample was canceled/);
      await until(() => expect(slow.pids()).toHaveLength(1));
      await call('file.stopSample', { file: clip?.id });
      await refused;
      expect(filesIn(path.join(data, 'temp')).filter((name) => name.includes('samples'))).toEqual([]);
    });
  });

  describe('live changes', () => {
    it('deltas keep a snapshot equal to a new one at every moment', async () => {
      const { server, library } = home;
      const socket = io(server.url, { auth: { token: server.token, live: true }, transports: ['websocket'] });
      sockets.push(socket);
      let live: (Live & { revision: number }) | undefined;
      let raw = 0;
      const gaps: number[] = [];
      const changed = new Set<string>();
      socket.on('file', () => {
        raw += 1;
      });
      socket.on('delta', ({ files, many: _, ...parts }: Events['delta']) => {
        if (!live) return;
        if (parts.revision !== live.revision + 1) gaps.push(parts.revision);
        live = { ...live, ...parts };
        for (const file of files) changed.add(`${path.basename(file.path)} ${file.state}`);
      });
      await new Promise((resolve) => socket.on('connect', () => resolve(undefined)));
      const rpc = (name: string, input = {}) => socket.emitWithAck('rpc', name, input);
      live = (await rpc('live.snapshot')).output;
      expect(live).toMatchObject({ counts: { queued: 4 }, running: [], problems: [{ kind: 'held' }] });
      await rpc('library.release', { library });
      await until(() => expect(live?.counts).toMatchObject({ done: 4, queued: 0 }));
      await until(() => expect(live?.running).toEqual([]));
      expect(live?.problems).toEqual([]);
      expect(gaps).toEqual([]);
      expect(raw).toBe(0);
      expect([...changed]).toEqual(expect.arrayContaining(['old.mkv done', 'Älter.mkv done']));
      await until(async () => {
        const { workers: _, revision: __, ...fresh } = (await rpc('live.snapshot')).output;
        expect(live).toMatchObject(fresh);
      });
    });
  });

  describe('after a conversion', () => {
    it('after a conversion the list shows savings and worker', async () => {
      const { server } = home;
      const { files } = await server.call('file.page', {
        filter: { state: ['done'] },
        sort: 'saved',
        descending: true,
      });
      expect(files).toHaveLength(4);
      for (const file of files) {
        expect(file.resultSize).toBe(file.size);
        expect(file.sourceSize).toBeGreaterThan(file.size);
        expect(file.worker).not.toBeNull();
      }
      const saved = files.map((file) => (file.sourceSize ?? 0) - (file.resultSize ?? 0));
      expect(saved).toEqual(saved.toSorted((a, b) => b - a));
      const little = await server.call('file.tally', { filter: { savedFrom: 99.9 } });
      expect(little.total).toBe(0);
      expect(await server.call('file.tally', { filter: { savedFrom: 1, worker: [files[0]?.worker] } })).toMatchObject({
        total: 4,
      });
    });

    it('pictures of source and result show the same moment', async () => {
      const get = picturesOf(home.server);
      const file = await idOf(home, 'new.mkv');
      const folder = tempFolder();
      const save = async (side: string, position: number) => {
        const { status, type, bytes } = await get(`${file}/frames/${side}/${position}.jpg?width=320`);
        expect({ status, type }).toEqual({ status: 200, type: 'image/jpeg' });
        const picture = path.join(folder, `${side}${position}.jpg`);
        writeFileSync(picture, bytes);
        return picture;
      };
      const likeness = (a: string, b: string) => {
        const { stderr } = execaSync('ffmpeg', ['-nostdin', '-i', a, '-i', b, '-lavfi', 'psnr', '-f', 'null', '-']);
        return Number(/average:([\d.]+|inf)/.exec(stderr)?.[1]);
      };
      const [first, last] = [await save('source', 0), await save('source', 4)];
      const [firstResult, lastResult] = [await save('result', 0), await save('result', 4)];
      const same = Math.min(likeness(first, firstResult), likeness(last, lastResult));
      expect(same).toBeGreaterThan(Math.max(likeness(first, lastResult), likeness(last, firstResult)) + 3);
      expect(await get(`${file}/frames/source/5.jpg`)).toMatchObject({ status: 404 });
      expect(await get(`${file}/frames/other/0.jpg`)).toMatchObject({ status: 404 });
      expect(await get('9999/frames/source/0.jpg')).toMatchObject({ status: 404 });
      expect(await get(`${file}/frames/source/0.jpg?sample=none`)).toMatchObject({ status: 404 });
      expect(await fetch(`${home.server.url}/api/files/${file}/frames/source/0.jpg`)).toMatchObject({ status: 401 });
    });

    it('statistics add up after a conversion', async () => {
      const { server } = home;
      const stats = await server.call('stats.get');
      const summary = await server.call('queue.summary');
      const sums = [stats.byDay, stats.byHour, stats.byLibrary, stats.byCodec, stats.byResolution, stats.byWorker].map(
        (list) => list.reduce((sum, { sourceBytes, resultBytes }) => sum + sourceBytes - resultBytes, 0),
      );
      const saved = summary.sourceBytes - summary.resultBytes;
      expect(sums).toEqual([saved, saved, saved, saved, saved, saved]);
      expect(stats.total).toMatchObject({ films: 4, sourceBytes: summary.sourceBytes });
      expect(stats.speed).toMatchObject([{ resolution: 'SD', films: 4 }]);
      expect(stats.speed[0]?.fps).toBeGreaterThan(0);
      expect(stats.predicted).toHaveLength(4);
    });

    it('a video is converted again from its original', async () => {
      const { server, media } = home;
      const file = await idOf(home, 'old.mkv');
      const { original } = await server.call('file.get', { file });
      expect(original).toMatchObject({ original: path.join(media, 'Series/Season 1/old.mp4') });
      expect(await server.call('file.reencode', { files: [file] })).toEqual({ queued: 1, refused: [] });
      await until(async () => {
        const { file: view, attempts } = await server.call('file.get', { file });
        expect(view.state).toBe('done');
        expect(attempts.filter(({ outcome }) => outcome === 'done')).toHaveLength(2);
      });
      expect(filesIn(path.join(media, 'Series/Season 1'))).toEqual(['old.mkv', 'Älter.mkv']);
      const all = await server.call('vault.list');
      expect(path.basename(all[0]?.original ?? '')).toBe('old.mp4');
      expect(await server.call('vault.list', { offset: 1, limit: 2 })).toEqual(all.slice(1, 3));
      expect((await server.call('vault.list', { search: 'ÄLTER series' })).map((entry) => entry.original)).toEqual([
        path.join(media, 'Series/Season 1/Älter.mkv'),
      ]);
      const bytes = all.reduce((sum, { size }) => sum + size, 0);
      expect(await server.call('vault.tally')).toEqual({ count: 4, bytes, expired: { count: 0, bytes: 0 } });
      expect(await server.call('vault.tally', { search: 'nothing' })).toMatchObject({ count: 0, bytes: 0 });
      const [, second] = all;
      const one = { filter: { search: path.basename(second?.original ?? '') }, dryRun: true };
      expect(await server.call('vault.purge', one)).toMatchObject({ purged: 1, bytes: second?.size });
      expect(await server.call('vault.purge', { ...one, except: [second?.id ?? ''] })).toMatchObject({ purged: 0 });
      const purged = await server.call('vault.purge', { all: true });
      expect(purged.purged).toBe(4);
      const refused = await server.call('file.reencode', { files: [file] });
      expect(refused).toMatchObject({
        queued: 0,
        refused: [expect.stringMatching(/its original is no longer in the vault/)],
      });
    });

    it('a picture of a video that disappears during the request is reported as missing', async () => {
      const file = await idOf(home, 'new.mkv');
      const clip = path.join(home.media, 'new.mkv');
      writeFileSync(going, clip);
      const { status, bytes } = await picturesOf(home.server)(`${file}/frames/result/1.jpg`);
      expect([status, existsSync(clip)]).toEqual([404, false]);
      expect(JSON.parse(bytes.toString()).sentence).toMatch(/new\.mkv was replaced or restored in the meantime/);
    });
  });
});

describe('live changes', () => {
  it('live changes name the videos that need a decision', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'one.mp4'));
    const failing = wrap('ffmpeg', '[ $encode = 1 ] && exit 7\nexec "$REAL" "$@"');
    const { call } = await serve(data, TESTING, { env: { ...failing, MEDIA_DIRS: media } });
    await until(async () => expect((await call('queue.summary')).counts.failed).toBe(1));
    const { problems } = await call('live.snapshot');
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'files', count: 1, sentence: expect.stringMatching(/^one\.mp4: ffmpeg failed/) }),
    ]);
    expect(await call('file.tally', { filter: problems[0]?.filter })).toMatchObject({ total: 1 });
  });
});

describe('many files at once', () => {
  let home: Home;
  beforeAll(async () => {
    home = await heldLibrary();
  });

  it('many files are counted, then skipped, retried, canceled, and forgotten by filter or by number', async () => {
    const { server } = home;
    const selection = { filter: { search: 'season' } };
    const count = (action: string, what: object = selection) => server.call('file.count', { action, selection: what });
    expect(await count('skip')).toMatchObject({ count: 2, of: 2, bytes: expect.any(Number) });
    expect(await count('retry')).toMatchObject({ count: 0, of: 2, bytes: 0 });
    expect(await server.call('file.skip', selection)).toEqual({ skipped: 2 });
    expect(await count('retry')).toMatchObject({ count: 2 });
    const old = await idOf(home, 'old.mp4');
    expect(await server.call('file.retry', { ...selection, except: [old] })).toEqual({ queued: 1 });
    expect(await server.call('file.get', { file: old })).toMatchObject({
      file: { state: 'skipped', code: 'user', reason: 'Skipped by you.' },
    });
    expect(await server.call('file.retry', { files: [old, old, 9999] })).toEqual({ queued: 1 });
    expect(await server.call('file.cancel', { files: [old] })).toEqual({ cancelled: 1 });
    expect(await server.call('file.cancel', { files: [old] })).toEqual({ cancelled: 0 });
    expect(await server.call('file.forget', { files: [old] })).toEqual({ forgotten: 1 });
    expect(await server.call('file.tally')).toMatchObject({ total: 4 });
    expect(existsSync(path.join(home.media, 'Series/Season 1/old.mp4'))).toBe(true);
    await server.call('library.scan', { library: home.library });
    await until(async () => expect((await server.call('queue.summary')).counts.queued).toBe(4));
  });

  it('files without an analysis are analyzed again', async () => {
    const broken = await idOf(home, 'broken.mkv');
    makeClip(path.join(home.media, 'broken.mkv'));
    expect(await home.server.call('file.retry', { files: [broken] })).toEqual({ queued: 1 });
    await until(async () => {
      const { file } = await home.server.call('file.get', { file: broken });
      expect(file).toMatchObject({ state: 'queued', codec: 'h264' });
    });
  });

  it('a bulk call is refused with both or neither of numbers and filter', async () => {
    for (const input of [{}, { files: [1], filter: {} }, { filter: { bogus: 1 } }, { filter: { state: ['odd'] } }]) {
      await expect(home.server.call('file.skip', input)).rejects.toThrow(/400.*Invalid request for file\.skip/);
    }
  });
});

describe('the queue', () => {
  let home: Home;
  const names = async () => (await home.server.call('queue.list')).files.map(({ path: file }) => path.basename(file));
  beforeAll(async () => {
    home = await heldLibrary(TESTING, { env: { FILE_ORDER: '' } });
    await home.server.call('settings.set', { values: { fileOrder: 'oldest' } });
    await home.server.call('queue.pause', {});
    await home.server.call('library.release', { library: home.library });
  });

  it('the queue is listed in the order of assignment, with estimates', async () => {
    expect(await names()).toEqual(['Älter.mkv', 'old.mp4', 'Wide.mkv', 'new.mp4']);
    const { total, files } = await home.server.call('queue.list', { offset: 1, limit: 1 });
    expect(total).toBe(4);
    expect(files).toMatchObject([
      { path: 'Series/Season 1/old.mp4', priority: 0, estimate: expect.any(Number), seconds: null },
    ]);
  });

  it('the queue is reordered by hand, by priority, and by the setting', async () => {
    const { call } = home.server;
    const [older, old, wide, last] = [
      await idOf(home, 'Älter'),
      await idOf(home, 'old.mp4'),
      await idOf(home, 'Wide'),
      await idOf(home, 'new.mp4'),
    ];
    expect(await call('queue.move', { files: [last], before: null })).toEqual({ moved: 1 });
    expect(await names()).toEqual(['new.mp4', 'Älter.mkv', 'old.mp4', 'Wide.mkv']);
    await call('queue.move', { files: [wide], before: old });
    expect(await names()).toEqual(['new.mp4', 'Älter.mkv', 'Wide.mkv', 'old.mp4']);
    await call('queue.move', { files: [old, older], before: last });
    expect(await names()).toEqual(['old.mp4', 'Älter.mkv', 'new.mp4', 'Wide.mkv']);
    await call('queue.move', { files: [old], before: wide });
    expect(await names()).toEqual(['Älter.mkv', 'new.mp4', 'old.mp4', 'Wide.mkv']);
    await call('file.priority', { files: [wide], priority: 10 });
    expect(await names()).toEqual(['Wide.mkv', 'Älter.mkv', 'new.mp4', 'old.mp4']);
    const { files } = await call('file.page', { sort: 'priority', descending: true });
    expect(files[0]).toMatchObject({ id: wide, priority: 10 });
    await call('queue.move', { files: [old], before: wide });
    expect((await names()).slice(0, 2)).toEqual(['old.mp4', 'Wide.mkv']);
    await call('file.priority', { filter: {}, priority: 0 });
    expect(await names()).toEqual(['Älter.mkv', 'old.mp4', 'Wide.mkv', 'new.mp4']);
    await call('settings.set', { values: { fileOrder: 'newest' } });
    expect(await names()).toEqual(['new.mp4', 'Wide.mkv', 'old.mp4', 'Älter.mkv']);
    expect(await call('queue.move', { files: [9999], before: null })).toEqual({ moved: 0 });

    const place = path.join(home.media, files.find(({ id }) => id === old)?.path ?? '');
    expect(await call('file.allComputers', { path: place })).toEqual({ changed: 1 });
    const marked = async () => (await call('queue.list')).files.filter((file) => file.allComputers).map(({ id }) => id);
    expect(await marked()).toEqual([old]);
    expect(await call('file.allComputers', { filter: {}, on: false })).toMatchObject({ changed: 4 });
    expect(await marked()).toEqual([]);

    await call('queue.move', { files: [last, wide], before: 'end' });
    expect(await names()).toEqual(['old.mp4', 'Älter.mkv', 'new.mp4', 'Wide.mkv']);
    const found = await call('queue.list', { search: 'wide' });
    expect(found).toMatchObject({ total: 1, files: [{ path: expect.stringMatching(/Wide/), pinned: true }] });
    expect(await call('queue.unpin', { files: [wide] })).toEqual({ unpinned: 1 });
    expect(await call('queue.unpin', {})).toEqual({ unpinned: 1 });
    expect(await names()).toEqual(['new.mp4', 'Wide.mkv', 'old.mp4', 'Älter.mkv']);
  });

  it('the queue assigns work in its order, and stays paused across a restart', async () => {
    const { call } = home.server;
    await call('settings.set', { values: { fileOrder: 'oldest' } });
    await call('queue.move', { files: [await idOf(home, 'new.mp4')], before: null });
    await call('library.resume', { library: home.library });
    home.server.flotilla.kill('SIGTERM');
    await home.server.flotilla.end();
    home = { ...home, server: await serve(home.data, TESTING) };
    expect(await home.server.call('queue.summary')).toMatchObject({ paused: 'Paused by you.', running: [] });
    await home.server.call('queue.resume');
    await until(async () => expect((await home.server.call('queue.summary')).counts.done).toBeGreaterThanOrEqual(2));
    const recent = (await home.server.call('queue.summary')).recent.map(({ path: file }) => path.basename(file));
    expect(recent.filter((name) => name !== 'broken.mkv').slice(-2)).toEqual(['Älter.mkv', 'new.mkv']);
  });
});

describe('a pause', () => {
  it('a pause suspends running conversions, and resuming continues them', async ({ skip }) => {
    skip(process.platform === 'win32', 'Windows cannot let a program stand still');
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { seconds: 3 });
    const slow = slowEncodes();
    const { call } = await serve(data, TESTING, { env: { ...slow.env, MEDIA_DIRS: media } });
    const frame = async () => (await call('queue.summary')).running[0]?.progress.frame ?? 0;
    await until(async () => expect(await frame()).toBeGreaterThan(0));
    await call('queue.pause', { now: true });
    expect(await call('queue.summary')).toMatchObject({ held: true, paused: 'Paused by you.' });
    const [pid] = slow.pids();
    const state = () => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (process.platform === 'linux') await until(() => expect(state()).toBe('T'));
    const [worker] = await call('worker.list');
    expect(worker).toMatchObject({
      local: true,
      state: 'paused',
      mode: 'active',
      problem: 'Paused by you.',
    });
    await call('queue.resume');
    expect(await call('queue.summary')).toMatchObject({ held: false, paused: null });
    await until(async () => expect((await call('queue.summary')).counts.done).toBe(1));
    expect(slow.pids()).toHaveLength(1);
  });

  it('a pause of this computer finishes or suspends its conversions', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'a.mp4'), { seconds: 3 });
    makeClip(path.join(media, 'b.mp4'), { seconds: 3 });
    const slow = slowEncodes();
    const { call } = await serve(data, TESTING, { env: { ...slow.env, MEDIA_DIRS: media } });
    await until(async () => expect((await call('queue.summary')).running).toHaveLength(1));
    const [before] = await call('worker.list');
    expect(before).toMatchObject({
      ...{ state: 'working', done: 0, failed: 0, load: { cpu: expect.any(Number) } },
      hello: { computer: { cores: expect.any(Number), ffmpeg: { libsvtav1: true } } },
    });
    await call('worker.drain', { worker: before?.id });
    await until(async () => expect((await call('queue.summary')).counts).toMatchObject({ done: 1, queued: 1 }));
    expect(await call('worker.list')).toMatchObject([{ state: 'paused', mode: 'draining', done: 1 }]);
    await call('worker.resume', { worker: before?.id });
    await until(async () => expect((await call('queue.summary')).counts.done).toBe(2));
    await expect(call('worker.pause', { worker: 'nobody' })).rejects.toThrow(/404.*There is no worker called nobody/);
  });

  it('a pause can cancel running conversions without leaving a trace', async () => {
    const { data, media } = makeHome();
    makeClip(path.join(media, 'video.mp4'), { seconds: 10 });
    const before = sha256(path.join(media, 'video.mp4'));
    const slow = slowEncodes();
    const { call } = await serve(data, TESTING, { env: { ...slow.env, MEDIA_DIRS: media } });
    await until(async () => expect((await call('queue.summary')).running[0]?.progress.frame ?? 0).toBeGreaterThan(0));
    await call('queue.pause', { now: true });
    expect(await call('file.cancel', { filter: {} })).toEqual({ cancelled: 1 });
    expect(await call('queue.summary')).toMatchObject({ running: [], counts: { skipped: 1 } });
    await until(() => expect(filesIn(path.join(data, 'children'))).toEqual([]));
    expect(filesIn(media)).toEqual(['.flotilla/owner.json', 'video.mp4']);
    expect(sha256(path.join(media, 'video.mp4'))).toBe(before);
  });
});

describe('settings and this computer', () => {
  let home: ReturnType<typeof makeHome>;
  let server: Server;
  beforeAll(async () => {
    home = makeHome();
    server = await serve(home.data, ['--preset', '12'], { env: { NICE_LEVEL: '7' } });
  });

  it('a setting that is fixed at startup is refused, with the name of its flag or variable', async () => {
    const set = (values: object) => server.call('settings.set', { values });
    await expect(set({ preset: 3 })).rejects.toThrow(/409.*preset is locked: set by the flag --preset/);
    await expect(set({ crf: 20, niceLevel: 3 })).rejects.toThrow(/niceLevel is locked: set by .*NICE_LEVEL/);
    expect(await server.call('settings.get')).toMatchObject({ values: { crf: null }, sources: { crf: 'default' } });
    await set({ crf: 20 });
    expect(await server.call('settings.get')).toMatchObject({ values: { crf: 20 }, sources: { crf: 'stored' } });
  });

  it('lookup tables are changed, validated, and reset', async () => {
    const { quality, audio } = await server.call('table.get');
    expect(quality).toMatchObject({ problem: null, file: path.join(home.data, 'quality_lookup.json') });
    const changed = { ...quality.table, '4K': { x264: 30, x265: 31, av1: 32 } };
    await server.call('table.set', { quality: changed });
    expect((await server.call('table.get')).quality.table).toEqual(changed);
    expect(JSON.parse(readFileSync(quality.file, 'utf8'))).toEqual(changed);
    for (const wrong of [{ ...changed, SD: { x264: 99, x265: 1, av1: 1 } }, { SD: changed.SD }]) {
      await expect(server.call('table.set', { quality: wrong })).rejects.toThrow(/400/);
    }
    await expect(server.call('table.set', { audio: { 2: 9999 } })).rejects.toThrow(/Opus takes 6 to 256/);
    expect((await server.call('table.get')).audio.table).toEqual(audio.table);
    writeFileSync(quality.file, '{ "SD": ');
    const broken = (await server.call('table.get')).quality;
    expect(broken).toMatchObject({ table: changed, problem: expect.stringMatching(/line 1/) });
    await server.call('table.set', { quality: null });
    expect((await server.call('table.get')).quality).toMatchObject({ table: quality.standard, problem: null });
  });

  it('doctor and about describe the installation', async () => {
    const findings = await server.call('doctor');
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^ffmpeg \d/), expect.stringMatching(/^Data folder/)]),
    );
    expect(await server.call('about')).toMatchObject({ dataDir: home.data, ffmpeg: expect.stringMatching(/^\d|^n/) });
  });

  it('the first run is over when the user says so', async () => {
    expect(await server.call('setup.get')).toEqual({ role: null, complete: false });
    expect(await server.call('setup.set', { role: 'alone' })).toEqual({ role: 'alone', complete: false });
    expect(await server.call('setup.set', { complete: true })).toEqual({ role: 'alone', complete: true });
    const output: Output<'pair.list'> = await server.call('pair.list');
    expect(output).toEqual([]);
    await expect(server.call('pair.approve', { code: '123456' })).rejects.toThrow(/404/);
  });
});
