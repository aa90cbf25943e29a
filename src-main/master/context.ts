import type { Events } from '../../src-shared/contract.ts';
import type { Tables } from '../../src-shared/quality.ts';
import type { Settings } from '../../src-shared/settings.ts';
import type { FileTable, Scope } from '../db/files.ts';
import type { JobTable } from '../db/jobs.ts';
import type { LibraryTable } from '../db/libraries.ts';
import type { Db } from '../db/open.ts';
import type { StorageTable } from '../db/storage.ts';
import type { SwapTable } from '../db/swaps.ts';
import type { AskCapabilities } from '../media/capabilities.ts';
import type { Prober } from '../media/ffprobe.ts';
import type { Verifier } from '../media/verify.ts';
import type { Owners } from './owners.ts';

/** What the parts of the master share; made once, in node.ts. */
export interface MasterContext {
  db: Db;
  libraries: LibraryTable;
  files: FileTable;
  jobs: JobTable;
  swaps: SwapTable;
  storage: StorageTable;
  owners: Owners;
  /** What the ffmpeg of this computer can do, with which results are proven. */
  caps: AskCapabilities;
  prober: Prober;
  verifier: Verifier;
  /** Settings in force now. */
  settings: () => Settings;
  /** Lookup tables in force now. */
  tables: () => Tables;
  /** Libraries (or parts of them) that are worked on now. */
  scopes: () => Scope[];
  emit: <E extends keyof Events>(event: E, payload: Events[E]) => void;
}
