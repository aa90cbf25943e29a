import { randomUUID } from 'node:crypto';
import path from 'node:path';
import pLimit from 'p-limit';
import { messageOf } from '../src-shared/errors.ts';
import { count } from '../src-shared/format.ts';
import { ownWorkerSettings } from '../src-shared/own-worker-settings.ts';
import { type Greeting, PROTOCOL } from '../src-shared/protocol.ts';
import { nodeName } from './computer.ts';
import type { Core } from './core.ts';
import { FactTable } from './db/facts.ts';
import { FileTable, type Scope } from './db/files.ts';
import { JobTable } from './db/jobs.ts';
import { LibraryTable } from './db/libraries.ts';
import { StorageTable } from './db/storage.ts';
import { SwapTable } from './db/swaps.ts';
import { InviteTable, WorkerTable } from './db/workers.ts';
import { loadDevice } from './device.ts';
import type { MasterContext } from './master/context.ts';
import { Dispatcher } from './master/dispatcher.ts';
import { Intake } from './master/intake.ts';
import { JobLog } from './master/job-log.ts';
import { Libraries } from './master/libraries.ts';
import { LookupFiles } from './master/lookup-files.ts';
import { Owners } from './master/owners.ts';
import { Pairing } from './master/pairing.ts';
import { isBelow } from './master/paths.ts';
import { Probing } from './master/probing.ts';
import { Scanner } from './master/scanner.ts';
import { Sentinels } from './master/sentinels.ts';
import { Swapper } from './master/swap.ts';
import { Uploads } from './master/uploads.ts';
import { Vault } from './master/vault.ts';
import { DAY_MS, VaultClock } from './master/vault-clock.ts';
import { Prober } from './media/ffprobe.ts';
import { Brake } from './media/process.ts';
import { Verifier } from './media/verify.ts';
import { Space } from './space.ts';
import { moveFolder } from './temp-folders.ts';
import { VERSION } from './version.ts';
import { keptText } from './write-whole.ts';

/** What leads: libraries, queue, replacements, and who works. */
export type MasterParts = Awaited<ReturnType<typeof openMaster>>;

/** Ending of the folder for uploads, which is beside that for unfinished results: that one is cleared at a start. */
const UPLOADS = '-uploads';

/** An install's own number, so that two of them can share a temporary folder. */
function installId(file: string): Promise<string> {
  return keptText(file, /^[\da-f-]{36}$/, randomUUID);
}

const clockJumped = (ms: number) =>
  `The date of this computer moved by ${count(Math.round(ms / DAY_MS), 'day')} since Flotilla last looked at it. No original is purged by its time for a day; if the date is wrong, correct it.`;

/** Wires together what leads, and settles what a crash left: replacements, uploads, leases. */
export async function openMaster(core: Core) {
  const { config, log, paths, undo, db, emit, on, warnings, processes, tools, caps, timelines, terms, defect } = core;
  const settings = () => core.resolved().values;
  const lookups = await LookupFiles.open(config.dataDir, (text) => emit('notice', { level: 'warn', text }));
  const libraryTable = new LibraryTable(db);
  const files = new FileTable(db);
  const jobs = new JobTable(db, (file) => {
    const view = files.view(file);
    const root = view && libraryTable.get(view.library)?.root;
    if (view && root) emit('file', { ...view, root });
  });
  const swaps = new SwapTable(db);
  const watched = (): Scope[] => libraryTable.all().flatMap((l) => (l.watched ? [{ library: l.id, prefix: '' }] : []));
  let scopes = config.serve ? watched : (): Scope[] => [];
  const prober = new Prober(processes, tools, caps);
  const install = await installId(paths.installId);
  const owners = new Owners(
    { libraries: libraryTable, settings, emit },
    {
      install,
      isBusy: (library) => dispatcher.running.some((running) => running.library === library),
      readOnly: config.dryRun ?? false,
    },
  );
  undo.push(() => owners.stop());
  const ctx: MasterContext = {
    owners,
    db,
    libraries: libraryTable,
    files,
    jobs,
    swaps,
    storage: new StorageTable(db),
    caps,
    prober,
    verifier: new Verifier({ processes, tools, caps, prober, timelines, log: core.log }),
    settings,
    tables: () => lookups.tables,
    scopes: () => scopes(),
    emit,
  };
  const clock = new VaultClock({
    facts: new FactTable(db),
    jumped: (ms) => emit('notice', { level: 'warn', text: clockJumped(ms) }),
  });
  clock.tick();
  const vaultParts = { swaps, jobs, files, install, clock, lock: pLimit(1) };
  const swapper = new Swapper(vaultParts);
  const vault = new Vault({
    ...vaultParts,
    isTesting: () => settings().testingMode,
    isForeign: (file) => libraryTable.all().some(({ root, owner }) => owner !== null && isBelow(file, root)),
    purged: (entry) => log.info(entry, 'Purged an original from the vault.'),
  });
  if (!config.dryRun) warnings.push(...(await swapper.recover()), ...(await vault.recover()));
  for (const warning of warnings) log.warn(warning);
  const device = await loadDevice(paths.device);
  const workers = new WorkerTable(db, device.id, defect);
  undo.push(() => workers.save());
  const self = workers.add({ ...device, name: nodeName(settings()) });
  const own = ownWorkerSettings(settings());
  if (Object.keys(own).length > 0) workers.setSettings(self.id, { ...self.settings, ...own });
  const greeting: Greeting = { name: self.name, device: device.id, version: VERSION, protocol: PROTOCOL };
  const dispatcher = new Dispatcher(ctx, {
    members: () => workers.all(),
    onDefect: defect,
    ...(terms && { terms, retryMs: terms.retryMs }),
  });
  undo.push(() => dispatcher.stop());
  if (config.serve) new JobLog(ctx, log).listen(on);
  dispatcher.restore();
  const probing = new Probing(ctx);
  undo.push(() => probing.stop());
  const libraries = new Libraries(ctx, { scanner: new Scanner(ctx), probing, vault, readOnly: config.dryRun ?? false });
  undo.push(() => libraries.stop());
  // Checks disturb as encodes do.
  const checks = new Brake();
  const intake = new Intake(ctx, { dispatcher, swapper, vault, brake: checks, retryMs: terms?.retryMs });
  if (!config.dryRun && swaps.all().length > 0) intake.retryWaiting(terms?.retryMs);
  const temp = path.join(settings().tempDir ?? paths.temp, `flotilla-${install}`);
  await moveFolder(paths.masterTemp, temp, [UPLOADS]).catch((error) =>
    log.warn(`The temporary folder of before could not be removed; that is tried again: ${messageOf(error)}.`),
  );
  const space = new Space();
  const uploads = new Uploads(ctx, { folder: `${temp}${UPLOADS}`, dispatcher, intake, space });
  await uploads.recover();
  const sentinels = new Sentinels(ctx, device.id);
  undo.push(() => sentinels.stop());
  const pairing = new Pairing({
    fingerprint: device.fingerprint,
    workers,
    invites: new InviteTable(db),
    changed: (requests) => emit('pairing', { requests }),
    joined: ({ id }) => dispatcher.fleet.changed(id),
    secret: config.joinSecret,
  });
  undo.push(() => pairing.stop());

  const isIdle = () => {
    const { fileOrder } = settings();
    const atWork =
      probing.busy ||
      intake.isRetrying ||
      dispatcher.running.length > 0 ||
      dispatcher.fleet.doubting ||
      jobs.first(scopes(), fileOrder) !== undefined;
    return !atWork && !scopes().some((scope) => files.settling(scope).count > 0);
  };
  return {
    ...{
      ctx,
      lookups,
      libraries,
      vault,
      clock,
      device,
      workers,
      self,
      greeting,
      dispatcher,
      probing,
      checks,
      intake,
      uploads,
      sentinels,
      pairing,
    },
    ...{ install, temp, space, isIdle },
    /** Works on these (parts of) libraries only, from now on. */
    limitTo: (only: Scope[]) => {
      scopes = () => only;
    },
  };
}
