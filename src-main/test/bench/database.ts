import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Probe, Stream } from '../../../src-shared/media/probe.ts';
import { FILE_ORDERS, type FileOrder } from '../../../src-shared/settings/settings.ts';
import { type Db, openDatabase } from '../../db/open.ts';
import { FileTable } from '../../db/tables/files.ts';
import { JobTable } from '../../db/tables/jobs.ts';
import { LibraryTable } from '../../db/tables/libraries.ts';
import { type Bench, measured, median, type Report, say } from './measure.ts';
import { FILES, videoPath } from './tree.ts';

const BYTES_GOAL = 1500;
const SHORT_QUEUE = 1000;
const LONG_QUEUE = 1_000_000;
const CLAIMS = 200;
const CLAIM_GOAL = 1.5;

function open(folder: string): { db: Db; files: FileTable; jobs: JobTable; libraries: LibraryTable } {
  mkdirSync(folder, { recursive: true });
  const { db } = openDatabase(path.join(folder, 'flotilla.db'), path.join(folder, 'backups'));
  return { db, files: new FileTable(db), jobs: new JobTable(db, () => undefined), libraries: new LibraryTable(db) };
}

/** What ffprobe tells of a video from a disc: the picture, two languages, four subtitles, chapters. */
function discProbe(n: number): Probe {
  const spoken = ['eng', 'deu'].map((language, i): Stream => {
    const dispositions = i === 0 ? ['default'] : [];
    const surround = { codec: 'ac3', channels: 6, layout: '5.1(side)', sampleRate: 48_000, bitRate: 640_000 };
    return {
      index: 1 + i,
      type: 'audio',
      ...surround,
      language,
      title: 'Surround 5.1',
      start: 0,
      ...(i === 0 && { dispositions }),
    };
  });
  const written = ['eng', 'eng', 'deu', 'fra'].map(
    (language, i): Stream => ({ index: 3 + i, type: 'subtitle', codec: 'subrip', language, title: 'SDH', start: 0 }),
  );
  return {
    format: 'matroska,webm',
    duration: 2400 + (n % 1000) + 0.128,
    chapters: 8,
    streams: [
      {
        index: 0,
        type: 'video',
        codec: 'h264',
        profile: 'High',
        width: 1920,
        height: 1080,
        pixelFormat: 'yuv420p',
        frameRate: 24000 / 1001,
        maxFrameRate: 24000 / 1001,
        duration: 2400 + (n % 1000) + 0.106,
        colour: { range: 'tv', matrix: 'bt709', transfer: 'bt709', primaries: 'bt709' },
        interlaced: 0,
        start: 0.007,
        dispositions: ['default'],
        language: 'eng',
      },
      ...spoken,
      ...written,
    ],
  };
}

/** Bytes that a probed and queued video takes in the database. */
export const database: Bench = async (folder) => {
  const { db, files, jobs, libraries } = open(folder);
  const library = libraries.insert('/media/series', true).id;
  const add = (n: number) => {
    const size = 1_500_000_000 + n * 1237;
    const mtime = 1_600_000_000_000 + n * 60_007;
    const stat = { inode: `66306:${5_000_000 + n}`, version: `${size}:${mtime}123456`, size, mtime, settles: null };
    files.insert(library, { path: videoPath(n), ...stat });
    const file = files.at(library, videoPath(n));
    if (!file) throw new Error(`file ${n} is not there`);
    files.setProbe(file.id, n.toString(16).padStart(32, '0'), discProbe(n));
    jobs.queue(file);
  };
  const step = 1000;
  for (let from = 0; from < FILES; from += step) {
    db.transaction(() => {
      for (let n = from; n < from + step; n++) add(n);
    })();
    if (from % 20_000 === 0) say(`database: ${from} of ${FILES} videos`);
  }
  db.pragma('wal_checkpoint(TRUNCATE)');
  const bytes = statSync(db.name).size;
  db.close();
  return {
    files: measured(FILES, 'files'),
    size: measured(bytes, 'bytes'),
    perFile: measured(bytes / FILES, 'bytes/file', BYTES_GOAL),
  };
};

/** Fills two libraries with queued videos in no particular order. */
function fillQueue(db: Db, count: number): void {
  const queued = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT i, 1 + i % 2 AS library, abs(random()) % 1000000000000 AS size, abs(random()) % 1700000000000 AS mtime FROM n`;
  db.exec(`
    INSERT INTO libraries (root, watched) VALUES ('/media/videos', 1), ('/media/series', 1);
    INSERT INTO files (id, library, path, inode, version, size, mtime, state, job)
      SELECT i, library, 'Season ' || (i % 50000) || '/Episode ' || i || '.mkv', '1:' || i, size || ':' || mtime, size, mtime,
        'queued', i FROM (${queued});
    INSERT INTO jobs (id, file, library, version, size, mtime, state)
      SELECT id, id, library, version, size, mtime, 'queued' FROM files;
    ANALYZE;
  `);
  db.pragma('wal_checkpoint(TRUNCATE)');
}

/** Time to claim a video from a queue of a million against one of a thousand, taking turns. */
export const claim: Bench = async (folder) => {
  const queues = [SHORT_QUEUE, LONG_QUEUE].map((count) => {
    say(`claim: making a queue of ${count}`);
    const queue = open(path.join(folder, String(count)));
    fillQueue(queue.db, count);
    return { ...queue, scopes: queue.libraries.all().map(({ id }) => ({ library: id, prefix: '' })) };
  });
  const [short, long] = queues as [(typeof queues)[number], (typeof queues)[number]];
  const once = ({ jobs, scopes }: typeof short, order: FileOrder): { ms: number; file: number } => {
    const started = performance.now();
    const job = jobs.queued.first(scopes, order);
    if (!job) throw new Error('the queue is empty');
    jobs.lease(job, { id: 'bench', name: 'bench' }, {});
    return { ms: performance.now() - started, file: job.file };
  };
  const report: Report = {};
  for (const order of FILE_ORDERS) {
    const pairs = Array.from({ length: CLAIMS }, () => [once(short, order), once(long, order)] as const);
    for (const [one, other] of pairs) {
      short.jobs.apply(one.file, 'release');
      long.jobs.apply(other.file, 'release');
    }
    const [few, many] = [median(pairs.map(([p]) => p.ms)), median(pairs.map(([, p]) => p.ms))];
    report[`${order}Short`] = measured(few, 'ms');
    report[`${order}Long`] = measured(many, 'ms');
    report[`${order}Ratio`] = measured(many / few, '× the short queue', CLAIM_GOAL);
  }
  for (const { db } of queues) db.close();
  return report;
};
