/** What parts of the master stand on in tests: a real database, a library of real files, and what they told. */
import { EventEmitter } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { EventName, Events } from '../../../src-shared/contract/index.ts';
import { PROBE_REVISION, type Probe } from '../../../src-shared/media/probe.ts';
import { DEFAULT_TABLES } from '../../../src-shared/media/quality.ts';
import { resolveSettings } from '../../../src-shared/settings/settings.ts';
import { type Db, openDatabase } from '../../db/open.ts';
import { FileTable } from '../../db/tables/files.ts';
import { ForecastTable } from '../../db/tables/forecasts.ts';
import { JobTable } from '../../db/tables/jobs.ts';
import { KeyValueTable } from '../../db/tables/key-value.ts';
import { LibraryTable } from '../../db/tables/libraries.ts';
import { StorageTable } from '../../db/tables/storage.ts';
import { SwapTable } from '../../db/tables/swaps.ts';
import type { MasterContext } from '../../master/context.ts';
import { identify, inodeOf, versionOf } from '../../master/files/file-identity.ts';
import { Forecasts } from '../../master/forecast/forecasts.ts';
import { makeLibraryLock } from '../../master/library/library-lock.ts';
import { LibraryOwners } from '../../master/library/library-owners.ts';
import { VaultClock } from '../../master/vault/vault-clock.ts';
import { tempFolder } from './temp.ts';

/** Of a video that is worth converting. */
export const PROBE: Probe = {
  revision: PROBE_REVISION,
  format: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration: 1,
  streams: [{ index: 0, type: 'video', codec: 'h264', width: 640, height: 360, pixelFormat: 'yuv420p', frameRate: 24 }],
  chapters: 0,
};

/** A watched library without videos; what is in it ends with the test. */
export function makeContext() {
  const home = tempFolder();
  const root = path.join(home, 'library');
  mkdirSync(root);
  const db: Db = openDatabase(path.join(home, 'flotilla.db'), path.join(home, 'backups')).db;
  onTestFinished(() => void db.close());
  const events = new EventEmitter();
  const told: { event: string; payload: unknown }[] = [];
  const emit = <E extends EventName>(event: E, payload: Events[E]) => {
    told.push({ event, payload });
    events.emit(event, payload);
  };
  const [libraries, files, jobs, swaps] = [
    new LibraryTable(db),
    new FileTable(db),
    new JobTable(db, () => undefined),
    new SwapTable(db),
  ];
  const flags = { lead: true, quality: 'table', fileOrder: 'oldest' };
  const settings = { ...resolveSettings({ flags }).values, settleMinutes: 0 };
  const library = libraries.insert(root, true);
  const forecasts = new Forecasts({
    ...{ table: new ForecastTable(db), files, settings: () => settings, tables: () => DEFAULT_TABLES },
    ...{ measures: () => true, changed: () => emit('listed', {}) },
    onDefect: (error) => {
      throw error;
    },
  });
  onTestFinished(() => forecasts.stop());
  const owners = new LibraryOwners(
    { libraries, settings: () => settings, emit },
    { install: 'here', isBusy: () => false },
  );
  onTestFinished(() => owners.stop());
  const ctx = {
    ...{ db, owners, forecasts, libraries, files, jobs, swaps, emit, storage: new StorageTable(db) },
    settings: () => settings,
    tables: () => DEFAULT_TABLES,
    caps: async () => ({ version: '5.1' }),
    scopes: () => libraries.all().map(({ id }) => ({ library: id, prefix: '' })),
  } as unknown as MasterContext;
  const clock = new VaultClock({ facts: new KeyValueTable(db) });
  const vaultParts = { swaps, jobs, files, clock, lock: makeLibraryLock(() => undefined), install: 'here' };
  const at = (name: string) => path.join(root, name);
  const video = (name: string) => files.at(library.id, name);

  /** Writes a video and makes it known as a scan would; returns its id. */
  const find = (name: string, content = name.repeat(1000), holder = library): number => {
    const file = path.join(holder.root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    const stat = statSync(file, { bigint: true });
    const seen = { path: name, inode: inodeOf(stat), version: versionOf(stat), size: Number(stat.size), mtime: 0 };
    files.insert(holder.id, { ...seen, settles: null });
    return files.at(holder.id, name)?.id ?? Number.NaN;
  };

  /** Makes a video known and queues it; returns its id. */
  const queue = async (name: string, holder = library): Promise<number> => {
    const id = find(name, undefined, holder);
    files.setProbe(id, (await identify(path.join(holder.root, name)))?.hash ?? '', PROBE);
    const row = files.get(id);
    if (row) jobs.queue(row);
    return id;
  };

  const eventsOf = (wanted: EventName) => told.filter(({ event }) => event === wanted).map(({ payload }) => payload);
  return { root, ctx, vaultParts, db, library, libraries, files, jobs, swaps, at, video, find, queue, eventsOf };
}
