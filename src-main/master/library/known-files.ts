import Database from 'better-sqlite3';

/** Which of the files that the database knows are read. */
export interface KnownRequest {
  database: string;
  library: number;
  /** Folder or file below the root that the walk is limited to; empty for all. */
  prefix: string;
  /** Only these folders are scanned, without their subfolders. */
  folders: string[] | undefined;
}

/** A file as the database knows it: few strings, since creating them takes most of the time of reading it. */
export type Known = [
  path: string,
  id: number,
  /** inode|version */
  identity: string,
  /** Sum of MISSING, SETTLING and MET. */
  flags: number,
];
export const MISSING = 1;
export const SETTLING = 2;
/** The walk has come upon it, or could not look. */
export const MET = 4;
/** True for `folder` itself and all below it; the empty one is the root. */
export function isWithin(file: string, folder: string): boolean {
  return folder === '' || file === folder || file.startsWith(`${folder}/`);
}

/** The folder of a path below a root; empty for the root. */
function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}

/** The innermost folder that holds all these; empty for the root. */
function commonFolder(folders: string[]): string {
  let [common = '', ...rest] = folders;
  for (const folder of rest) while (!isWithin(folder, common)) common = folderOf(common);
  return common;
}

/** Reads the known files of the scanned part, by path. */
export function readKnown({ database, library, prefix, folders }: KnownRequest): Map<string, Known> {
  const db = new Database(database, { readonly: true });
  const below = (place: string) => {
    // All rows in their order on the disk: looking each one up from the index of paths takes twice as long. '0' follows '/'.
    const [from, within] =
      place === ''
        ? ['files NOT INDEXED', 'library = @library']
        : ['files', "library = @library AND (path = @place OR path > @place || '/' AND path < @place || '0')"];
    const sql = `SELECT path, id, inode || '|' || version, 0 FROM ${from} WHERE ${within}`;
    return db.prepare(sql).raw().all({ library, place }) as Known[];
  };
  const known = new Map<string, Known>();
  for (const row of below(folders ? commonFolder(folders) : prefix))
    if (!folders || folders.includes(folderOf(row[0]))) known.set(row[0], row);
  // Few are flagged, and these columns are the last of the row: read for all, they take a third of the time.
  const flag = (index: string, column: string, bit: number) => {
    const flagged = `SELECT path FROM files INDEXED BY ${index} WHERE ${column} IS NOT NULL AND library = ?`;
    for (const path of db.prepare(flagged).pluck().all(library)) {
      const row = known.get(path as string);
      if (row) row[3] |= bit;
    }
  };
  flag('files_missing', 'missing', MISSING);
  flag('files_settling', 'settles', SETTLING);
  db.close();
  return known;
}
