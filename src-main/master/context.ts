import type { Emit } from '../../src-shared/contract/index.ts';
import type { Tables } from '../../src-shared/media/quality.ts';
import type { Settings } from '../../src-shared/settings/settings.ts';
import type { Db } from '../db/open.ts';
import type { FileTable, Scope } from '../db/tables/files.ts';
import type { JobTable } from '../db/tables/jobs.ts';
import type { LibraryTable } from '../db/tables/libraries.ts';
import type { StorageTable } from '../db/tables/storage.ts';
import type { SwapTable } from '../db/tables/swaps.ts';
import type { AskCapabilities } from '../media/ffmpeg/capabilities.ts';
import type { Prober } from '../media/probe/ffprobe.ts';
import type { Verifier } from '../media/verify/verify.ts';
import type { Forecasts } from './forecast/forecasts.ts';
import type { LibraryOwners } from './library/library-owners.ts';

/** What the parts of the master share; made once, in app/master.ts. */
export interface MasterContext {
  db: Db;
  libraries: LibraryTable;
  files: FileTable;
  jobs: JobTable;
  swaps: SwapTable;
  storage: StorageTable;
  owners: LibraryOwners;
  /** What conversions will probably come to. */
  forecasts: Forecasts;
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
  emit: Emit;
}
