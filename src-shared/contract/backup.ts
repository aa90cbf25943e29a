import { z } from 'zod';
import { changing, done, none, reading } from './call.ts';
import { Backup } from './stats-view.ts';

/**
 * The database's backups. The files themselves go over plain HTTP, since they are large:
 * - `GET /api/backup` downloads a verified copy of the database as it is now
 * - `POST /api/backup` with such a file verifies it and keeps it; the next start puts it in the place of the database
 */
export const BACKUP_CALLS = {
  'backup.get': reading(
    'user',
    'The daily backups, newest first, and the uploaded backup that the next start restores',
    none,
    z.object({ backups: z.array(Backup), pending: Backup.nullable() }),
  ),
  'backup.cancelRestore': changing('user', 'Discard the uploaded backup, so that nothing is restored', none, done),
};
