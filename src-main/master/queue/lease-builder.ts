import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import path from 'node:path';
import type { LibraryView } from '../../../src-shared/contract/index.ts';
import type { Grant } from '../../../src-shared/jobs/lease.ts';
import { PROBE_REVISION, type Probe } from '../../../src-shared/media/probe.ts';
import { whyUndecodable } from '../../../src-shared/plan/decoders.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan, Plan } from '../../../src-shared/plan/plan.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import { videoFacts } from '../../db/tables/forecasts.ts';
import type { JobRow } from '../../db/tables/jobs.ts';
import { callWithTimeout } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';
import { factsOf, inodeOf, sameInode, sampledHash, versionOf } from '../files/file-identity.ts';
import { whyLeftAlone } from '../files/left-alone.ts';
import { isLinkNow, isStanding } from '../files/library-paths.ts';
import { requireReplaceable, targetOf } from '../files/replaceable.ts';
import { pauseLibrary } from '../library/pause-library.ts';
import { hardLinked } from '../library/probe-queue.ts';
import { whyWasted } from './wasted-work.ts';
import { type Asker, canFollow, fitFor } from './worker-matching.ts';

/** Makes grants, after a last check of the file and of anything that would make its replacement fail. */
export class LeaseBuilder {
  readonly #ctx: MasterContext;

  constructor(ctx: MasterContext) {
    this.#ctx = ctx;
  }

  /**
   * Leases `job`, unless its file or its library has something against it: the one is in another state then, the other is
   * paused, so that it does not come first again.
   * @param others workers that are connected
   * @returns `left` where the ffmpeg of this worker cannot convert the video, and another one's can
   */
  async build(job: JobRow, worker: Asker, others: Asker[]): Promise<Grant | 'left' | undefined> {
    const { files, jobs, libraries, swaps } = this.#ctx;
    const file = files.get(job.file);
    const library = libraries.get(job.library);
    if (!file || !library) throw new Error(`job ${job.id} has no file`);
    const source = path.join(library.root, file.path);
    const probe = await this.#currentProbe(job, file, library).catch((error) => this.#obstruct(job, library, error));
    if (!probe || !this.#isQueued(job)) return undefined;
    const settings = withOverrides(this.#ctx.settings(), file.overrides);
    const wanted = makePlan(probe, settings, this.#ctx.tables());
    // The master can only verify what it can decode.
    const unproven = wanted.kind === 'convert' && whyUndecodable(wanted, probe, await this.#ctx.caps());
    const made = unproven || wanted;
    const plan = made.kind === 'convert' ? fitFor(made, probe, worker, settings) : made;
    if (made.kind === 'convert' && plan.kind === 'skip') {
      // Videos that an older Flotilla analyzed lack it.
      if (file.needs === null) files.setNeeds(file.id, probe);
      if (others.some((other) => canFollow(made, probe, other, settings))) return 'left';
    }
    try {
      if (!(await this.#isOurs(library))) return undefined;
      if (!(await callWithTimeout(library.root, () => this.#unchanged(job, file, source)))) return undefined;
      if (plan.kind === 'convert') {
        this.#requireSole(job, library, targetOf(source, plan.container));
        await callWithTimeout(library.root, () => requireReplaceable(source, plan.container, library.root));
      }
    } catch (error) {
      return this.#obstruct(job, library, error);
    }
    if (!this.#isQueued(job)) return undefined;
    if (swaps.waitingFor(job.id)) {
      const reason = 'Its finished result is kept, and Flotilla is retrying the replacement.';
      jobs.apply(file.id, 'block', { code: 'not-replaced', reason });
      this.#ctx.emit('retry', {});
      return undefined;
    }
    if (plan.kind === 'skip') {
      jobs.apply(file.id, 'skip', plan);
      return undefined;
    }
    const wasted = whyWasted(jobs.tries, { file: file.id, job: job.id });
    if (wasted) {
      jobs.apply(file.id, 'block', { code: 'wasted', reason: wasted });
      return undefined;
    }
    const holder = { id: worker.id, name: worker.name, encoder: worker.hello?.computer.ffmpeg.svtav1 };
    const known = videoFacts(file);
    const begun = known ? this.#ctx.forecasts.withStart(plan, known) : plan;
    const predicted = this.#ctx.forecasts.of(file, probe, plan)?.forecast.bytes ?? file.size;
    const task = jobs.lease(job, holder, begun, predicted);
    return {
      task: task.id,
      epoch: task.epoch,
      job: job.id,
      file: file.id,
      library: library.id,
      path: file.path,
      size: file.size,
      plan: begun,
      probe,
      version: files.get(file.id)?.version ?? file.version,
      uselessAt: Math.ceil(file.size * (1 - settings.minSavings / 100)),
      priority: { nice: settings.niceLevel, ionice: settings.ioniceClass },
      convertDamaged: settings.convertDamaged,
    };
  }

  /**
   * The probe of a video; one that an older Flotilla made, which may have known less of what a conversion loses, is made again.
   * Undefined when the file is another one by now.
   */
  async #currentProbe(job: JobRow, file: FileRow, library: LibraryView): Promise<Probe | undefined> {
    const source = path.join(library.root, file.path);
    if (!file.probe) throw new Error(`file ${file.id} was queued without a probe`);
    if (file.probe.revision === PROBE_REVISION) return file.probe;
    if (!(await callWithTimeout(library.root, () => this.#unchanged(job, file, source)))) return undefined;
    const [probe, hash] = [await this.#ctx.prober.probe(source), file.hash ?? (await sampledHash(source))];
    if (this.#isQueued(job)) this.#ctx.files.setProbe(file.id, hash, probe);
    return probe;
  }

  /** Pauses a library that can't be read, or else blocks the video. */
  async #obstruct(job: JobRow, library: LibraryView, error: unknown): Promise<undefined> {
    const fault = nodeFaultReason(error);
    const pause = (reason: string) => pauseLibrary(this.#ctx, library.id, reason);
    // Its own disk, or those that hold all threads which libraries are asked by.
    if (error instanceof Fault && error.code === 'node') pause(error.message);
    else if (fault) pause(`${library.root}: ${fault}`);
    else {
      const isReadable = callWithTimeout(library.root, () => this.#canBeRead(library));
      if (await isReadable.catch((silence) => pause(messageOf(silence)))) this.#block(job, error);
    }
  }

  /** False once the user skipped or forgot the video, or a scan saw another one: looking at it takes its time. */
  #isQueued({ id }: JobRow): boolean {
    return this.#ctx.jobs.get(id)?.state === 'queued';
  }

  /** One video that cannot be read or replaced must not keep all others waiting. */
  #block(job: JobRow, error: unknown): void {
    if (!this.#isQueued(job)) return;
    const reason =
      error instanceof Fault && error.code === 'conflict'
        ? error.message
        : `Couldn't replace the file (${messageOf(error)}). Fix this, then retry.`;
    this.#ctx.jobs.apply(job.file, 'block', { code: 'not-replaceable', reason });
  }

  /** False when another Flotilla works in the library, which is paused then. Any other obstacle is reported for the video. */
  async #isOurs(library: LibraryView): Promise<boolean> {
    try {
      await this.#ctx.owners.require(library);
    } catch (error) {
      if (error instanceof Fault && error.code === 'conflict') return false;
    }
    return true;
  }

  /** @throws Fault `conflict` when another video is being converted to the very name */
  #requireSole(job: JobRow, library: LibraryView, target: string): void {
    const { files, jobs } = this.#ctx;
    for (const task of jobs.openTasks().filter((open) => open.job !== job.id)) {
      const file = files.get(jobs.fileOf(task.job) ?? -1);
      if (file?.library !== library.id) continue;
      const { container } = Plan.parse(jobs.planOf(task.job, task.epoch));
      if (targetOf(path.join(library.root, file.path), container) !== target) continue;
      const [other, name] = [path.basename(file.path), path.basename(target)];
      throw new Fault('conflict', `${other} is being converted to ${name} too; rename one of the two.`);
    }
  }

  /** False when the root itself is out of reach, which pauses the library. */
  async #canBeRead({ id, root }: LibraryView): Promise<boolean> {
    try {
      await access(root, constants.R_OK | constants.X_OK);
      if (await isStanding(root)) return true;
      pauseLibrary(this.#ctx, id, isLinkNow(root));
      return false;
    } catch {
      pauseLibrary(this.#ctx, id, `The folder ${root} cannot be read; is its disk or network share connected?`);
      return false;
    }
  }

  /** False when the file is no longer the one that was probed; it's analyzed again then. */
  async #unchanged(job: JobRow, file: FileRow, source: string): Promise<boolean> {
    const { files, jobs } = this.#ctx;
    try {
      // What leads through a link by now leads elsewhere.
      if (!(await isStanding(path.dirname(source)))) return this.#markMissing(job, file);
      const stat = await lstat(source, { bigint: true });
      const aside = await whyLeftAlone(source, stat);
      if (aside) {
        if (this.#isQueued(job)) jobs.apply(file.id, 'skip', aside);
        return false;
      }
      const sameVersion = versionOf(stat) === file.version;
      const sameFile = sameVersion && sameInode(inodeOf(stat), file.inode);
      const sameBytes = sameFile || (Number(stat.size) === file.size && (await sampledHash(source)) === file.hash);
      if (!this.#isQueued(job)) return false;
      if (sameBytes) {
        // Some file systems renumber files or shift their times, and programs touch them.
        if (inodeOf(stat) !== file.inode || !sameVersion)
          files.setTouched(file.id, { path: file.path, ...factsOf(stat), settles: null });
        if (stat.nlink === 1n || !withOverrides(this.#ctx.settings(), file.overrides).skipHardLinked) return true;
        jobs.apply(file.id, 'skip', { code: 'hard-linked', reason: hardLinked(stat.nlink) });
        return false;
      }
      const settles = Date.now() + this.#ctx.settings().settleMinutes * 60_000;
      this.#ctx.db.transaction(() => {
        files.setVersion(file.id, { path: file.path, ...factsOf(stat), settles });
        jobs.apply(file.id, 'change');
      })();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return this.#markMissing(job, file);
    }
    return false;
  }

  /** Marks a video as missing, unless it is the library that is out of reach. */
  async #markMissing(job: JobRow, file: FileRow): Promise<false> {
    const { files, jobs, libraries } = this.#ctx;
    const library = libraries.get(file.library);
    if (library && (await this.#canBeRead(library)) && this.#isQueued(job)) {
      files.setMissing(file.id, Date.now());
      jobs.apply(file.id, 'change');
    }
    return false;
  }
}
