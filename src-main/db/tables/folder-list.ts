import { z } from 'zod';
import { type FileFilter, type FolderView, STATES } from '../../../src-shared/contract/file-view.ts';
import type { Db } from '../open.ts';
import { statements } from '../statements.ts';
import { fileCondition, REST } from './file-filter.ts';

const Group = z.object({
  library: z.number(),
  /** Of a folder; null for files that are in none. */
  name: z.string().nullable(),
  state: z.enum(STATES),
  count: z.number(),
  bytes: z.number(),
  sourceBytes: z.number(),
  savedBytes: z.number(),
});
type Group = z.infer<typeof Group>;

/**
 * Sizes before a conversion are known of restored videos too, which have saved nothing. The column `saved` isn't read: as it is
 * computed, SQLite would take it from the table, and read all of that instead of an index.
 */
const SUMS = `count(*) AS count, sum(size) AS bytes, total(CASE state WHEN 'done' THEN source_size END) AS sourceBytes,
  total(CASE state WHEN 'done' THEN source_size - result_size END) AS savedBytes`;

/** Reads the table of files folder by folder. */
export class FolderList {
  readonly #sql: ReturnType<typeof statements>;

  constructor(db: Db) {
    this.#sql = statements(db);
  }

  /** The libraries, or the folders in a folder of one, that have matching files, and the number of such files beside the folders. */
  in(wanted: { filter: Omit<FileFilter, 'folder' | 'direct'>; library?: number | undefined; folder: string }): {
    folders: FolderView[];
    files: number;
  } {
    const { filter, library, folder } = wanted;
    if (library === undefined) {
      const { head, test, values } = fileCondition({ ...filter, folder }, { summed: true });
      const sql = `${head} SELECT library, '' AS name, state, ${SUMS} FROM files WHERE ${test} GROUP BY library, state`;
      return { folders: foldersOf(this.#groups(sql, values), ''), files: 0 };
    }
    const { head, test, values } = fileCondition({ ...filter, folder });
    const inside = `inside AS (SELECT library, state, size, source_size, result_size, ${REST} AS rest
      FROM files WHERE library = @in AND ${test})`;
    const name = "CASE instr(rest, '/') WHEN 0 THEN NULL ELSE substr(rest, 1, instr(rest, '/') - 1) END";
    const sql = `${head ? `${head},` : 'WITH'} ${inside}
      SELECT library, ${name} AS name, state, ${SUMS} FROM inside GROUP BY name, state`;
    const groups = this.#groups(sql, { above: '', ...values, in: library });
    return {
      folders: foldersOf(groups, folder),
      files: groups.reduce((sum, { name, count }) => sum + (name === null ? count : 0), 0),
    };
  }

  #groups(sql: string, values: Record<string, unknown>): Group[] {
    return z.array(Group).parse(this.#sql(sql).all(values));
  }
}

/** Adds up the states of each folder. */
function foldersOf(groups: readonly Group[], above: string): FolderView[] {
  const folders = new Map<string, FolderView>();
  for (const { library, name, state, count, bytes, sourceBytes, savedBytes } of groups) {
    if (name === null) continue;
    const path = above === '' ? name : `${above}/${name}`;
    const key = `${library}:${path}`;
    const folder = folders.get(key) ?? emptyFolder(library, path);
    folder.count += count;
    folder.bytes += bytes;
    folder.sourceBytes += sourceBytes;
    folder.savedBytes += savedBytes;
    folder.counts[state] += count;
    folders.set(key, folder);
  }
  return [...folders.values()];
}

function emptyFolder(library: number, path: string): FolderView {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as FolderView['counts'];
  return { library, path, count: 0, bytes: 0, sourceBytes: 0, savedBytes: 0, counts };
}
