import { rmSync, statSync } from 'node:fs';
import type { BACKUP_CALLS } from '../../../src-shared/contract/backup.ts';
import type { Handlers } from '../../../src-shared/contract/index.ts';
import { backupsIn } from '../../db/backups.ts';
import { dataPaths } from '../../platform/data-paths.ts';

export interface BackupHandlerParts {
  dataDir: string;
}

/** Returns the handlers for backups of the database. */
export function backupHandlers({ dataDir }: BackupHandlerParts): Pick<Handlers, keyof typeof BACKUP_CALLS> {
  const { backups, pendingRestore } = dataPaths(dataDir);
  return {
    'backup.get': () => {
      const file = statSync(pendingRestore, { throwIfNoEntry: false });
      return {
        backups: backupsIn(backups),
        pending: file ? { file: pendingRestore, madeAt: Math.trunc(file.mtimeMs), size: file.size } : null,
      };
    },
    'backup.cancelRestore': () => {
      rmSync(pendingRestore, { force: true });
      return {};
    },
  };
}
