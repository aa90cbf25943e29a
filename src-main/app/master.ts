import path from 'node:path';
import { count } from '../../src-shared/text/format.ts';
import { messageOf } from '../../src-shared/util/errors.ts';
import { FileTable, type Scope } from '../db/tables/files.ts';
import { ForecastTable } from '../db/tables/forecasts.ts';
import { JobTable } from '../db/tables/jobs.ts';
import { KeyValueTable } from '../db/tables/key-value.ts';
import { LibraryTable } from '../db/tables/libraries.ts';
import { StorageTable } from '../db/tables/storage.ts';
import { SwapTable } from '../db/tables/swaps.ts';
import { InviteTable } from '../db/tables/workers.ts';
import { moveFolder } from '../fs/temp-folder.ts';
import type { MasterContext } from '../master/context.ts';
import { isBelow } from '../master/files/library-paths.ts';
import { Forecasts } from '../master/forecast/forecasts.ts';
import { Libraries } from '../master/library/libraries.ts';
import { makeLibraryLock } from '../master/library/library-lock.ts';
import { LibraryOwners } from '../master/library/library-owners.ts';
import { ProbeQueue } from '../master/library/probe-queue.ts';
import { Scanner } from '../master/library/scanner.ts';
import { Pairing } from '../master/pairing.ts';
import { ChunkDispatcher } from '../master/queue/chunks/chunk-dispatcher.ts';
import { Dispatcher } from '../master/queue/dispatcher.ts';
import { JobLog } from '../master/queue/job-log.ts';
import { ResultIntake } from '../master/replace/result-intake.ts';
import { Swapper } from '../master/replace/swap.ts';
import { ChunkUploads } from '../master/transfer/chunk-uploads.ts';
import { Sentinels } from '../master/transfer/sentinels.ts';
import { Uploads } from '../master/transfer/uploads.ts';
import { Vault } from '../master/vault/vault.ts';
import { DAY_MS, VaultClock } from '../master/vault/vault-clock.ts';
import { ProcessSuspender } from '../media/ffmpeg/process-manager.ts';
import { Prober } from '../media/probe/ffprobe.ts';
import { Verifier } from '../media/verify/verify.ts';
import { Lifecycle } from './lifecycle.ts';
import type { NodeContext } from './types.ts';

/** Suffix of the folder for uploads. It is beside the folder for unfinished results, which a start clears. */
const UPLOADS = '-uploads';
/** Its folder for chunks, which a start removes: their videos' leases are offered anew then. */
const CHUNKS = 'chunks';

/** What owns the libraries, the queue, the replacements, and the workers. */
export class Master {
  /** Shared by all other parts. */
  readonly ctx: MasterContext;
  readonly libraries: Libraries;
  /** Analyzes found files and queues them. */
  readonly probeQueue: ProbeQueue;
  readonly dispatcher: Dispatcher;
  /** Gives chunks of a video to several workers. */
  readonly chunkDispatcher: ChunkDispatcher;
  /** Verifies results and puts them in place. */
  readonly intake: ResultIntake;
  /** Suspends the ffmpeg processes of verification, which disturb as encodes do. */
  readonly suspender = new ProcessSuspender();
  readonly vault: Vault;
  readonly vaultClock: VaultClock;
  /** Results of other computers on their way to the intake. */
  readonly uploads: Uploads;
  /** Chunks of helpers on their way to the worker of their video. */
  readonly chunkUploads: ChunkUploads;
  /** Files by which workers recognize shared storage. */
  readonly sentinels: Sentinels;
  readonly pairing: Pairing;
  /** Folder for unfinished results of this computer. */
  readonly temp: string;
  readonly #node: NodeContext;
  readonly #swapper: Swapper;
  readonly #lifecycle: Lifecycle;
  #scopes: () => Scope[];

  /** Only constructs: {@link start} is the first to change anything. */
  constructor(node: NodeContext) {
    const { config, db, settings, processes, tools, caps, timelines, terms, install, emit, log } = node;
    this.#node = node;
    this.#lifecycle = new Lifecycle(log);
    const libraries = new LibraryTable(db);
    const files = new FileTable(db);
    const forecasts = new Forecasts({
      table: new ForecastTable(db),
      files,
      settings: () => settings.values,
      tables: () => node.lookups.tables,
      measures: () => node.workers.all().some(({ hello }) => hello?.computer.ffmpeg.xpsnr),
      changed: () => emit('listed', {}),
      onDefect: node.reportError,
    });
    const jobs = new JobTable(db, (file) => {
      const view = files.view(file);
      if (view?.state === 'done' || view?.code === 'no-savings') forecasts.forget();
      const root = view && libraries.get(view.library)?.root;
      if (view && root) emit('file', { ...view, root });
    });
    const swaps = new SwapTable(db);
    const watched = () => libraries.all().flatMap((l) => (l.watched ? [{ library: l.id, prefix: '' }] : []));
    this.#scopes = config.serve ? watched : () => [];
    const readOnly = config.dryRun ?? false;
    const isBusy = (library: number) =>
      jobs.openTasks().some(({ job }) => files.get(jobs.fileOf(job) ?? -1)?.library === library);
    const prober = new Prober(processes, tools, caps);
    this.ctx = {
      db,
      libraries,
      files,
      jobs,
      swaps,
      storage: new StorageTable(db),
      forecasts,
      owners: new LibraryOwners({ libraries, settings: () => settings.values, emit }, { install, isBusy, readOnly }),
      caps,
      prober,
      verifier: new Verifier({ processes, tools, caps, prober, timelines, log }),
      settings: () => settings.values,
      tables: () => node.lookups.tables,
      scopes: () => this.#scopes(),
      emit,
    };
    this.vaultClock = new VaultClock({
      facts: new KeyValueTable(db),
      jumped: (ms) => emit('notice', { level: 'warn', text: clockJumped(ms) }),
    });
    const rootOf = (place: string) => libraries.all().findLast(({ root }) => isBelow(place, root))?.root;
    const vaultParts = { swaps, jobs, files, install, clock: this.vaultClock, lock: makeLibraryLock(rootOf) };
    this.#swapper = new Swapper(vaultParts);
    this.vault = new Vault({
      ...vaultParts,
      isTesting: () => settings.values.testingMode,
      isForeign: (file) => libraries.all().some(({ root, owner }) => owner !== null && isBelow(file, root)),
      purged: (entry) => {
        log.info(entry, 'Purged an original from the vault.');
        // A conversion on the command line keeps no log.
        if (!config.serve) emit('notice', { level: 'info', text: `Purged from the vault: ${entry.original}.` });
      },
      purgeEnded: (report) => {
        emit('purged', report);
        emit('listed', {});
      },
    });
    this.dispatcher = new Dispatcher(this.ctx, {
      members: () => node.workers.all(),
      onDefect: node.reportError,
      ...(terms && { terms, retryMs: terms.retryMs }),
    });
    const { ctx, dispatcher, vault } = this;
    this.probeQueue = new ProbeQueue(ctx);
    this.libraries = new Libraries(ctx, { scanner: new Scanner(ctx), probing: this.probeQueue, vault, readOnly });
    this.intake = new ResultIntake(ctx, {
      dispatcher,
      swapper: this.#swapper,
      vault,
      brake: this.suspender,
      retryMs: terms?.retryMs,
    });
    this.temp = path.join(settings.values.tempDir ?? node.paths.temp, `flotilla-${install}`);
    this.uploads = new Uploads(ctx, {
      folder: `${this.temp}${UPLOADS}`,
      dispatcher,
      intake: this.intake,
      space: node.space,
    });
    this.chunkDispatcher = new ChunkDispatcher(ctx, dispatcher);
    this.chunkUploads = new ChunkUploads({
      folder: path.join(`${this.temp}${UPLOADS}`, CHUNKS),
      chunks: dispatcher.chunks,
      space: node.space,
      maxBytes: ({ task }) => dispatcher.running.find((view) => view.task === task)?.size ?? 0,
      onDefect: node.reportError,
    });
    this.sentinels = new Sentinels(ctx, node.device.id);
    this.pairing = new Pairing({
      fingerprint: node.device.fingerprint,
      workers: node.workers,
      invites: new InviteTable(db),
      changed: (requests) => emit('pairing', { requests }),
      joined: ({ id }) => dispatcher.workers.changed(id),
      secret: config.joinSecret,
    });
  }

  /** Recovers from a crash (replacements first, then leases and uploads) and starts the parts. */
  async start(): Promise<void> {
    const { config, log, on, paths, terms, warnings } = this.#node;
    const { ctx, dispatcher, intake, libraries, pairing, probeQueue, sentinels, uploads, vault, vaultClock } = this;
    const lifecycle = this.#lifecycle;
    await lifecycle.start('library owners', ctx.owners);
    vaultClock.tick();
    if (!config.dryRun) warnings.push(...(await this.#swapper.recover()), ...(await vault.recover()));
    for (const warning of warnings) log.warn(warning);
    if (config.serve) new JobLog(ctx, log).listen(on);
    await lifecycle.start('dispatcher', dispatcher);
    await lifecycle.start('probe queue', probeQueue);
    await lifecycle.start('libraries', libraries);
    await lifecycle.start('result intake', intake);
    if (!config.dryRun && ctx.swaps.all().length > 0) intake.retryWaiting(terms?.retryMs);
    await moveFolder(paths.masterTemp, this.temp, [UPLOADS]).catch((error) =>
      log.warn(`Couldn't remove the previous temporary folder; Flotilla retries: ${messageOf(error)}.`),
    );
    await uploads.recover();
    await lifecycle.start('sentinels', sentinels);
    await lifecycle.start('pairing', pairing);
    on('settings', () => ctx.forecasts.forget());
    await lifecycle.start('forecasts', ctx.forecasts);
  }

  /** Stops the parts. A replacement that has begun is finished. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Restricts work to these libraries or parts of them. */
  limitTo(scopes: Scope[]): void {
    this.#scopes = () => scopes;
  }

  /** Returns true when nothing is left to do in the scopes. */
  isIdle(): boolean {
    const { ctx, dispatcher } = this;
    const isWorking =
      this.probeQueue.busy ||
      this.intake.isRetrying ||
      dispatcher.running.length > 0 ||
      dispatcher.workers.isTesting ||
      ctx.jobs.queued.first(ctx.scopes(), ctx.settings().fileOrder) !== undefined;
    return !isWorking && !ctx.scopes().some((scope) => ctx.files.settling(scope).count > 0);
  }
}

/** @param ms - how far the date jumped; negative if it went back */
function clockJumped(ms: number): string {
  const days = count(Math.round(Math.abs(ms) / DAY_MS), 'day');
  const pause = ms < 0 ? 'two days' : 'an hour';
  return `This computer's date jumped ${ms < 0 ? 'back' : 'ahead'} by ${days}, because it slept or because the date is wrong. For ${pause}, no original is purged by age. If the date is wrong, correct it.`;
}
