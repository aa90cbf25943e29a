/** What parts of the master stand on in tests: a real database, a library of real files, and what they told. */
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { onTestFinished } from 'vitest';
import type { EventName, Events } from '../../src-shared/contract.ts';
import type { Probe } from '../../src-shared/media.ts';
import { DEFAULT_TABLES } from '../../src-shared/quality.ts';
import { resolveSettings } from '../../src-shared/settings.ts';
import { FactTable } from '../db/facts.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { LibraryTable } from '../db/libraries.ts';
import { openDatabase } from '../db/open.ts';
import { StorageTable } from '../db/storage.ts';
import { SwapTable } from '../db/swaps.ts';
import type { MasterContext } from '../master/context.ts';
import { identify, inodeOf, versionOf } from '../master/identity.ts';
import { Owners } from '../master/owners.ts';
import { VaultClock } from '../master/vault-clock.ts';

/** Of a film that is worth converting. */
export const PROBE: Probe = {
  format: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration: 1,
  streams: [{ index: 0, type: 'video', codec: 'h264', width: 640, height: 360, pixelFormat: 'yuv420p', frameRate: 24 }],
  chapters: 0,
};

/** A watched library without films; what is in it ends with the test. */
export function makeContext() {
  const home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'flotilla-context-')));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const root = path.join(home, 'library');
  mkdirSync(root);
  const { db } = openDatabase(path.join(home, 'flotilla.db'), path.join(home, 'backups'));
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
  const settings = { ...resolveSettings({ flags: { lead: true } }).values, settleMinutes: 0 };
  const library = libraries.insert(root, true);
  const owners = new Owners({ libraries, settings: () => settings, emit }, { install: 'here', isBusy: () => false });
  onTestFinished(() => owners.stop());
  const ctx = {
    ...{ db, owners, libraries, files, jobs, swaps, emit, storage: new StorageTable(db) },
    settings: () => settings,
    tables: () => DEFAULT_TABLES,
    caps: async () => ({ version: '5.1' }),
    scopes: () => libraries.all().map(({ id }) => ({ library: id, prefix: '' })),
  } as unknown as MasterContext;
  const clock = new VaultClock({ facts: new FactTable(db) });
  const vaultParts = { swaps, jobs, files, clock, lock: pLimit(1), install: 'here' };
  const at = (name: string) => path.join(root, name);
  const film = (name: string) => files.at(library.id, name);

  /** Writes a film and makes it known as a scan would; returns its id. */
  const find = (name: string, content = name.repeat(1000)): number => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
    const stat = statSync(at(name), { bigint: true });
    const seen = { path: name, inode: inodeOf(stat), version: versionOf(stat), size: Number(stat.size), mtime: 0 };
    files.insert(library.id, { ...seen, settles: null });
    return film(name)?.id ?? Number.NaN;
  };

  /** Makes a film known and queues it; returns its id. */
  const queue = async (name: string): Promise<number> => {
    const id = find(name);
    files.setProbe(id, (await identify(at(name)))?.hash ?? '', PROBE);
    const row = files.get(id);
    if (row) jobs.queue(row);
    return id;
  };

  const eventsOf = (wanted: EventName) => told.filter(({ event }) => event === wanted).map(({ payload }) => payload);
  return { root, ctx, vaultParts, db, library, libraries, files, jobs, swaps, at, film, find, queue, eventsOf };
}
