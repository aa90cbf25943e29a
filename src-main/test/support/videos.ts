import type { Db } from '../../db/open.ts';

/** Puts videos of all kinds into an empty database, in two libraries that are nowhere on the disk. */
export function fillVideos(db: Db, videos: number): void {
  const name = `'Series '||(i/200)||' (2014)/Season '||(i/50%4)||'/Series '||(i/200)||' - '||(i%50)||' - Episode '||i||' [1080p].mkv'`;
  db.exec(`
    INSERT INTO libraries (root, watched) VALUES ('/media/videos', 1), ('/media/series', 1);
    INSERT INTO files (library, path, inode, version, size, mtime, state, code, reason, codec, width, height, resolution, hdr,
        frame_rate, bit_rate, audio, duration, source_size, result_size, worker, hash)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${videos})
      SELECT 1 + i % 2, ${name}, '66306:' || i, '1:' || i, abs(random()) % 10000000000, abs(random()) % 1700000000000,
        CASE i % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'skipped' WHEN 2 THEN 'done' WHEN 3 THEN 'done' ELSE 'queued' END,
        CASE i % 10 WHEN 0 THEN 'attempts' WHEN 1 THEN 'av1' END, CASE i % 10 WHEN 0 THEN 'ffmpeg failed in the middle.' END,
        CASE i % 3 WHEN 0 THEN 'h264' WHEN 1 THEN 'hevc' ELSE 'mpeg2video' END, 1920, 1080, '1080p', 'SDR', 23.976,
        abs(random()) % 9000000, '5.1 AC-3 +2', 2400 + i % 999, CASE WHEN i % 10 IN (2, 3) THEN 9000000000 + i END,
        CASE WHEN i % 10 IN (2, 3) THEN abs(random()) % 5000000000 END, CASE WHEN i % 10 IN (2, 3) THEN 'nas' END,
        hex(randomblob(16)) FROM n;
  `);
  db.pragma('wal_checkpoint(TRUNCATE)');
}
