import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { FileView, STATES } from '../../../src-shared/contract/file-view.ts';
import type { FileState } from '../../../src-shared/jobs/job.ts';
import { Probe } from '../../../src-shared/media/probe.ts';
import { needsOf } from '../../../src-shared/plan/decoders.ts';
import { SkipCode } from '../../../src-shared/plan/skip.ts';
import type { FileOrder } from '../../../src-shared/settings/settings.ts';
import { listed } from '../listed-facts.ts';
import type { Db } from '../open.ts';
import { orderFoundBy } from '../queue-order.ts';
import { statements } from '../statements.ts';
import { searchCondition } from '../text-search.ts';

const FileRow = z.object({
  id: z.number(),
  library: z.number(),
  path: z.string(),
  inode: z.string(),
  version: z.string(),
  size: z.number(),
  mtime: z.number(),
  state: z.enum(STATES),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  hash: z.string().nullable(),
  probe: z
    .instanceof(Uint8Array)
    .nullable()
    .transform((bytes) => (bytes === null ? null : Probe.parse(JSON.parse(inflateRawSync(bytes).toString())))),
  codec: z.string().nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  hdr: z.string().nullable(),
  frame_rate: z.number().nullable(),
  duration: z.number().nullable(),
  needs: z.number().nullable(),
  job: z.number().nullable(),
  settles: z.number().nullable(),
  missing: z.number().nullable(),
  /** Skip codes that its user overruled: it is converted despite them. */
  overrides: z
    .string()
    .nullable()
    .transform((json) => z.array(SkipCode).parse(JSON.parse(json ?? '[]'))),
});
export type FileRow = z.infer<typeof FileRow>;

const Needs = z.object({
  id: z.number(),
  what: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
});
type Needs = z.infer<typeof Needs>;

const flag = z.number().transform((n) => n === 1);
const ViewRow = FileView.extend({ missing: flag, allComputers: flag });

/** A file that a scan found to be new, changed, or moved. */
export interface FileStat {
  path: string;
  inode: string;
  version: string;
  size: number;
  mtime: number;
  /** Still being written: look again at this time (ms since 1970). */
  settles: number | null;
}

/** Part of a library that work is limited to: all of it, or one file or folder in it. */
export interface Scope {
  library: number;
  prefix: string;
}

const ROW = 'SELECT f.*, p.data AS probe FROM files f LEFT JOIN probes p ON p.file = f.id';

/** Reads a {@link FileView}; the file is `f`. */
export const VIEW = `f.id, f.library, f.path, f.size, f.mtime AS modified, f.added, f.state, f.code, f.reason, f.codec, f.width,
  f.height, f.resolution, f.hdr, f.frame_rate AS frameRate, f.bit_rate AS bitRate, f.audio, f.duration,
  f.source_size AS sourceSize, f.result_size AS resultSize, f.worker, f.missing IS NOT NULL AS missing,
  (SELECT priority FROM jobs WHERE id = f.job AND state = 'queued') AS priority,
  coalesce((SELECT all_computers FROM jobs WHERE id = f.job), 0) AS allComputers`;

/** SQL for "within the prefix", with the parameters @prefix and @below; an empty prefix means everything. */
const WITHIN = `(@prefix = '' OR path = @prefix OR substr(path, 1, length(@below)) = @below)`;

/** Parses what {@link VIEW} reads. */
export const asView = (row: unknown): FileView => ViewRow.parse(row);

/** The table of files. */
export class FileTable {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  get(id: number): FileRow | undefined {
    return FileRow.optional().parse(this.#sql(`${ROW} WHERE f.id = ?`).get(id));
  }

  at(library: number, path: string): FileRow | undefined {
    return FileRow.optional().parse(this.#sql(`${ROW} WHERE f.library = ? AND f.path = ?`).get(library, path));
  }

  view(id: number): FileView | undefined {
    const row = this.#sql(`SELECT ${VIEW} FROM files f WHERE f.id = ?`).get(id);
    return row ? asView(row) : undefined;
  }

  list(filter: {
    library?: number | undefined;
    state?: FileState | undefined;
    code?: string | undefined;
    search?: string | undefined;
    after: number;
    limit: number;
  }): FileView[] {
    const where = ['f.id > @after'];
    if (filter.library !== undefined) where.push('f.library = @library');
    if (filter.state) where.push('f.state = @state');
    if (filter.code) where.push('f.code = @code');
    const { sql: hits, values } = searchCondition('f.path', filter.search);
    if (hits) where.push(hits);
    const sql = `SELECT ${VIEW} FROM files f WHERE ${where.join(' AND ')} ORDER BY f.id LIMIT @limit`;
    return this.#sql(sql)
      .all({ ...filter, ...values })
      .map(asView);
  }

  /** Ids of the files that are skipped for one reason and have one of these needs, or none that are known. */
  skippedFor(code: SkipCode, needs: readonly number[]): number[] {
    const sql = `SELECT id FROM files WHERE state = 'skipped' AND code = ? AND missing IS NULL
      AND (needs IS NULL OR needs IN (SELECT value FROM json_each(?)))`;
    return z.array(z.number()).parse(this.#sql(sql).pluck().all(code, JSON.stringify(needs)));
  }

  /** All that conversions of any files may need of an ffmpeg, as {@link needsOf} reports. */
  needs(): Needs[] {
    return z.array(Needs).parse(this.#sql('SELECT * FROM needs').all());
  }

  /** Stores the capabilities that a conversion of a file may require. */
  setNeeds(id: number, probe: Probe | null): void {
    const what = JSON.stringify(probe ? needsOf(probe) : []);
    this.#sql('INSERT OR IGNORE INTO needs (what) VALUES (?)').run(what);
    this.#sql('UPDATE files SET needs = (SELECT id FROM needs WHERE what = ?) WHERE id = ?').run(what, id);
  }

  /** The files whose jobs ended last, newest first. */
  recent(limit: number): FileView[] {
    const sql = `SELECT ${VIEW} FROM jobs j JOIN files f ON f.job = j.id
      WHERE j.ended IS NOT NULL AND j.state != 'superseded' ORDER BY j.ended DESC LIMIT ?`;
    return this.#sql(sql).all(limit).map(asView);
  }

  counts(): Record<FileState, number> {
    const rows = this.#sql('SELECT state, count(*) AS n FROM files GROUP BY state').all() as {
      state: FileState;
      n: number;
    }[];
    const found = new Map(rows.map(({ state, n }) => [state, n]));
    return Object.fromEntries(STATES.map((state) => [state, found.get(state) ?? 0])) as Record<FileState, number>;
  }

  /** How many files of these libraries wait to be probed or converted. */
  awaited(libraries: readonly number[]): number {
    const sql = `SELECT count(*) FROM files WHERE state IN ('found', 'queued')
      AND library IN (SELECT value FROM json_each(?))`;
    return this.#sql(sql).pluck().get(JSON.stringify(libraries)) as number;
  }

  /** How many files are skipped for one of these reasons, and still there. */
  countSkipped(codes: readonly SkipCode[]): number {
    const sql = `SELECT count(*) FROM files WHERE state = 'skipped' AND missing IS NULL
      AND code IN (SELECT value FROM json_each(?))`;
    return this.#sql(sql).pluck().get(JSON.stringify(codes)) as number;
  }

  /** One that is new, unless a replacement gave another its name while a scan was under way. */
  insert(library: number, file: FileStat): void {
    this.#sql(
      `INSERT INTO files (library, path, inode, version, size, mtime, settles, state)
         VALUES (@library, @path, @inode, @version, @size, @mtime, @settles, 'found') ON CONFLICT (library, path) DO NOTHING`,
    ).run({ ...file, library });
  }

  /** Another version stands at the path: everything known of the old one is dropped; `hash` is its own, if known. The state is the caller's matter. */
  setVersion(id: number, file: FileStat & { hash?: string }): void {
    this.#removeOthersAt(id, file.path);
    this.#sql(
      `UPDATE files SET path = @path, inode = @inode, version = @version, size = @size, mtime = @mtime,
           settles = @settles, missing = NULL, hash = @hash, codec = NULL, width = NULL, height = NULL, resolution = NULL,
           hdr = NULL, needs = NULL, frame_rate = NULL, bit_rate = NULL, audio = NULL, duration = NULL, source_size = NULL,
           result_size = NULL, others = NULL, expected = NULL, effort = NULL, overrides = NULL, code = NULL, reason = NULL WHERE id = @id`,
    ).run({ hash: null, ...file, id });
    this.#sql('DELETE FROM probes WHERE file = ?').run(id);
  }

  /** The same version is (again) to be found at this path and inode. */
  setPlace(id: number, place: { path: string; inode: string }): void {
    this.#sql('UPDATE files SET path = @path, inode = @inode, missing = NULL WHERE id = @id').run({ ...place, id });
  }

  /** The version that is known was seen again, unless another has taken its place or it is in work. */
  setSeen(id: number, seen: FileStat): void {
    this.#sql(
      `UPDATE files SET path = @path, inode = @inode, settles = @settles, missing = NULL
         WHERE id = @id AND version = @version AND state <> 'running'`,
    ).run({ ...seen, id });
  }

  /** The same bytes have other times or another inode number: all that is known of them still holds, and so does the job. */
  setTouched(id: number, seen: FileStat): void {
    const { changes } = this.#sql(
      `UPDATE files SET inode = @inode, version = @version, mtime = @mtime, settles = @settles, missing = NULL
         WHERE id = @id AND path = @path AND size = @size AND state <> 'running'`,
    ).run({ ...seen, id });
    if (changes === 0) return;
    const job = 'UPDATE jobs SET version = @version, mtime = @mtime WHERE id = (SELECT job FROM files WHERE id = @id)';
    this.#sql(job).run({ ...seen, id });
  }

  setMissing(id: number, since: number): void {
    this.#sql('UPDATE files SET missing = ? WHERE id = ?').run(since, id);
  }

  /** A scan found nothing there: it is missing, unless a current or recent replacement explains it. */
  setGone(file: { id: number; path: string }, since: number): void {
    const sql = "UPDATE files SET missing = @since WHERE id = @id AND path = @path AND state <> 'running'";
    this.#sql(sql).run({ ...file, since });
  }

  setProbe(id: number, hash: string, probe: Probe | null): void {
    this.#sql(
      `UPDATE files SET hash = @hash, codec = @codec, width = @width, height = @height, resolution = @resolution,
           hdr = @hdr, frame_rate = @frameRate, bit_rate = CAST(size * 8 / @duration AS INTEGER), audio = @audio,
           duration = @duration WHERE id = @id`,
    ).run({ id, hash, ...listed(probe) });
    this.setNeeds(id, probe);
    // Once an ffmpeg is there that decodes its pictures, they are looked at.
    const isWhole = probe && !probe.streams.some((s) => s.type === 'video' && s.undecodable);
    if (!isWhole) this.#sql('DELETE FROM probes WHERE file = ?').run(id);
    // Deflated it takes a third.
    else
      this.#sql('INSERT OR REPLACE INTO probes (file, data) VALUES (?, ?)').run(
        id,
        deflateRawSync(JSON.stringify(probe)),
      );
  }

  /** After a swap the row describes the result. */
  setResult(
    id: number,
    result: { path: string; inode: string; version: string; size: number; mtime: number; hash: string },
  ): void {
    this.#removeOthersAt(id, result.path);
    this.#sql(
      `UPDATE files SET path = @path, inode = @inode, version = @version, source_size = size, result_size = @size,
           size = @size, mtime = @mtime, hash = @hash, missing = NULL, expected = NULL, code = NULL, reason = NULL WHERE id = @id`,
    ).run({ ...result, id });
  }

  /** The original is back: what was known of it when it was converted is true again. The state is the caller's matter. */
  setRestored(id: number, original: Omit<FileStat, 'settles'> & { hash: string }): void {
    this.#removeOthersAt(id, original.path);
    this.#sql(
      `UPDATE files SET path = @path, inode = @inode, version = @version, size = @size, mtime = @mtime, hash = @hash,
           source_size = NULL, result_size = NULL, missing = NULL, overrides = NULL, code = NULL, reason = NULL WHERE id = @id`,
    ).run({ ...original, id });
  }

  /** Forgets a video that stood where another one stands now. */
  #removeOthersAt(id: number, path: string): void {
    this.#sql(
      'DELETE FROM files WHERE path = @path AND id <> @id AND library = (SELECT library FROM files WHERE id = @id)',
    ).run({ id, path });
  }

  remove(id: number): void {
    this.#sql('DELETE FROM files WHERE id = ?').run(id);
  }

  /** A file that is missing elsewhere and was this very content: the same video, moved between file systems. */
  missingTwin(size: number, hash: string, version: string): FileRow | undefined {
    return FileRow.optional().parse(
      this.#sql(`${ROW} WHERE f.missing IS NOT NULL AND f.size = ? AND f.hash = ? AND f.version = ? LIMIT 1`).get(
        size,
        hash,
        version,
      ),
    );
  }

  /** The next files to probe, in the order of the queue; those still being written are left out. */
  nextFound(scope: Scope, order: FileOrder, limit: number): FileRow[] {
    return z.array(FileRow).parse(
      this.#sql(
        `${ROW} WHERE state = 'found' AND missing IS NULL AND library = @library AND settles IS NULL
             AND ${WITHIN} ORDER BY ${orderFoundBy(order)} LIMIT @limit`,
      ).all({ ...within(scope), limit }),
    );
  }

  /** How many files that are not in work were still being written, and when the first of them may have settled (ms since 1970). */
  settling(scope: Scope): { count: number; next: number | null } {
    const sql = `SELECT count(*) AS count, min(settles) AS next FROM files
      WHERE settles IS NOT NULL AND missing IS NULL AND state <> 'running' AND library = @library AND ${WITHIN}`;
    return z.object({ count: z.number(), next: z.number().nullable() }).parse(this.#sql(sql).get(within(scope)));
  }

  /** Paths of files that were still being written and may have settled by `now` (ms since 1970). */
  settled(scope: Scope, now: number): string[] {
    const sql = `SELECT path FROM files WHERE settles <= @now AND missing IS NULL AND state <> 'running'
      AND library = @library AND ${WITHIN}`;
    return z.array(z.string()).parse(
      this.#sql(sql)
        .pluck()
        .all({ ...within(scope), now }),
    );
  }

  /** Files that were left as they are for one of these reasons. */
  skipped(scope: Scope, codes: readonly string[]): Pick<FileRow, 'id' | 'path' | 'code'>[] {
    const sql = `SELECT id, path, code FROM files WHERE state = 'skipped' AND missing IS NULL
      AND code IN (SELECT value FROM json_each(@codes)) AND library = @library AND ${WITHIN}`;
    const rows = this.#sql(sql).all({ ...within(scope), codes: JSON.stringify(codes) });
    return z.array(FileRow.pick({ id: true, path: true, code: true })).parse(rows);
  }

  /** Files that wait for the user because of something that may have been fixed in the meantime. */
  blocked(scope: Scope): FileRow[] {
    const sql = `${ROW} WHERE state = 'blocked' AND missing IS NULL AND code IN ('not-replaceable', 'not-probed')
      AND library = @library AND ${WITHIN}`;
    return z.array(FileRow).parse(this.#sql(sql).all(within(scope)));
  }
}

/** Parameters of {@link WITHIN}. */
export function within({ library, prefix }: Scope): { library: number; prefix: string; below: string } {
  return { library, prefix, below: `${prefix}/` };
}
