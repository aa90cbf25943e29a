/** What has to be true after a soak run, asked of the disk and of the database. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { SoakVideo } from './videos.ts';

interface FileRow {
  path: string;
  state: string;
  code: string | null;
  done: number;
}

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Hash of each video by its name. */
export function hashesOf(library: string, videos: SoakVideo[]): Map<string, string> {
  return new Map(videos.map(({ name }) => [name, sha256(path.join(library, name))]));
}

/** Where a soak run took place. */
export interface SoakPlace {
  library: string;
  /** Data folder of the master. */
  data: string;
  /** Folders in which unfinished results lie. */
  temps: string[];
}

/**
 * Compares what became of a library with what had to.
 * @param originals hash of each video as it was, by its name
 * @returns a sentence for everything that is not as it must be
 */
export function audit(place: SoakPlace, videos: SoakVideo[], originals: ReadonlyMap<string, string>): string[] {
  const flaws: string[] = [];
  const db = new Database(path.join(place.data, 'flotilla.db'), { readonly: true });
  const rows = db
    .prepare(
      `SELECT path, state, code, (SELECT count(*) FROM attempts JOIN jobs ON jobs.id = attempts.job
        WHERE jobs.file = files.id AND outcome = 'done') AS done FROM files`,
    )
    .all() as FileRow[];
  const kept = db.prepare('SELECT original, kept FROM vault').all() as { original: string; kept: string }[];
  const open = db.prepare('SELECT count(*) FROM swaps').pluck().get() as number;
  db.close();

  const byPath = new Map(rows.map((row) => [row.path, row]));
  const keptAt = new Map(kept.map((row) => [row.original, row.kept]));
  for (const { name, skipped } of videos) {
    const row = byPath.get(name);
    const file = path.join(place.library, name);
    const told = `${name} is ${row?.state ?? 'unknown'} (${row?.code ?? 'no code'}), converted ${row?.done ?? 0} times`;
    if (skipped) {
      if (row?.state !== 'skipped' || row.code !== skipped || row.done !== 0) flaws.push(told);
      if (sha256(file) !== originals.get(name)) flaws.push(`${name} was changed although it was skipped`);
      continue;
    }
    if (row?.state !== 'done' || row.done !== 1) flaws.push(told);
    const original = keptAt.get(file);
    if (!original || !existsSync(original) || sha256(original) !== originals.get(name))
      flaws.push(`the original of ${name} is not in the vault`);
    if (!existsSync(file) || sha256(file) === originals.get(name)) flaws.push(`${name} has no result`);
  }
  if (rows.length !== videos.length) flaws.push(`${rows.length} files are known instead of ${videos.length}`);
  if (open > 0) flaws.push(`${open} replacements are unfinished`);
  const names = new Set(videos.map(({ name }) => name));
  for (const file of filesIn(place.library))
    if (!names.has(file) && !file.includes('.flotilla/')) flaws.push(`${file} is a stray in the library`);
  for (const temp of place.temps) for (const file of filesIn(temp)) flaws.push(`${file} is a stray in ${temp}`);
  return flaws;
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}
