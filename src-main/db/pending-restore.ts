import { existsSync, rmSync } from 'node:fs';
import { messageOf } from '../../src-shared/util/errors.ts';
import { restoreDatabase } from './backups.ts';

/**
 * Replaces the database by a backup that a user uploaded, before it's opened.
 * @returns a sentence about the result; undefined when nothing was uploaded
 */
export function restorePending(pending: string, database: string): string | undefined {
  if (!existsSync(pending)) return undefined;
  try {
    const aside = restoreDatabase(pending, database);
    return `The uploaded backup was restored.${aside ? ` The previous database is kept as ${aside}.` : ''} The libraries are compared with it now.`;
  } catch (error) {
    return `The uploaded backup couldn't be restored, and nothing was changed: ${messageOf(error)}`;
  } finally {
    // A backup that failed once would fail at every start.
    rmSync(pending, { force: true });
  }
}
