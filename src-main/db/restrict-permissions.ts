import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';

/**
 * Lets no one but its owner read a database, which is made if need be: the data folder may be one that was there before
 * and that others may enter. What SQLite puts beside the file from now on gets the file's mode.
 */
export function keepToOwner(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  for (const suffix of ['', '-wal', '-shm']) {
    try {
      chmodSync(file + suffix, 0o600);
    } catch {
      // It is not there, is another user's, or its file system knows no owners.
    }
  }
}
