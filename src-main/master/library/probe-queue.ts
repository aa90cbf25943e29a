import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROBE_REVISION } from '../../../src-shared/media/probe.ts';
import { withOverrides } from '../../../src-shared/plan/override.ts';
import { makePlan } from '../../../src-shared/plan/plan.ts';
import { Fault, messageOf, nodeFaultReason } from '../../../src-shared/util/errors.ts';
import type { FileRow } from '../../db/tables/files.ts';
import { callWithTimeout, isUnresponsive, notResponding } from '../../fs/response-timeout.ts';
import type { MasterContext } from '../context.ts';
import { factsOf, sampledHash, versionOf } from '../files/file-identity.ts';
import { whyLeftAlone } from '../files/left-alone.ts';
import { isStanding } from '../files/library-paths.ts';
import { pauseLibrary } from './pause-library.ts';

/** ffprobes at a time: they wait for the disk more than they compute. */
const AT_A_TIME = 4;

/** How long looks that are under way may take to end, in ms. */
const END_MS = 5000;

/** Why a video with this many names is left alone. */
export const hardLinked = (names: bigint) =>
  `The file has ${names} hard links, so replacing it would save no space; the others would keep the original.`;

/** Analyzes found files: probes and plans them, then queues them or skips them with the reason. */
export class ProbeQueue {
  readonly #ctx: MasterContext;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;

  constructor(ctx: MasterContext) {
    this.#ctx = ctx;
  }

  /** True while files are being analyzed. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Analyzes everything that is found and settled; resolves when all of it is done. */
  run(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
      this.#ctx.emit('probed', {});
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    // A disk that does not answer is not waited for.
    await Promise.race([this.#running?.catch(() => undefined), delay(END_MS, undefined, { ref: false })]);
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#stopping.signal.aborted) {
      this.#again = false;
      for (const scope of this.#ctx.scopes()) {
        for (;;) {
          const batch = this.#ctx.files.nextFound(scope, this.#ctx.settings().fileOrder, AT_A_TIME * 4);
          const { root = '' } = this.#ctx.libraries.get(scope.library) ?? {};
          if (batch.length === 0 || this.#stopping.signal.aborted || isUnresponsive(root)) break;
          const rest = batch.values();
          let turn: Promise<void> = Promise.resolve();
          const lane = async () => {
            for (const file of rest) {
              const before = turn;
              const looked = Promise.withResolvers<void>();
              turn = looked.promise;
              await this.#look(file, before).finally(looked.resolve);
            }
          };
          await Promise.all(Array.from({ length: AT_A_TIME }, lane));
        }
      }
    }
  }

  /**
   * One file: it leaves the state `found`, is marked missing or settling, or is another one by now, so that the loop ends.
   * @param turn when it may be queued: videos are probed side by side, but a quick one must not overtake the first
   */
  async #look(row: FileRow, turn: Promise<void>): Promise<void> {
    if (this.#stopping.signal.aborted || !this.#waits(row)) return;
    const { libraries, files, jobs, forecasts } = this.#ctx;
    const root = libraries.get(row.library)?.root ?? '';
    const file = path.join(root, row.path);
    const skip = (code: string, reason: string) => jobs.apply(row.id, 'skip', { code, reason });
    try {
      if (!(await callWithTimeout(root, () => isStanding(path.dirname(file)))))
        return files.setMissing(row.id, Date.now());
      const stat = await callWithTimeout(root, () => lstat(file, { bigint: true }));
      if (!this.#waits(row)) return;
      if (versionOf(stat) !== row.version) {
        const settles = Date.now() + Math.max(this.#ctx.settings().settleMinutes * 60_000, 1000);
        return files.setVersion(row.id, { path: row.path, ...factsOf(stat), settles });
      }
      const aside = await callWithTimeout(root, () => whyLeftAlone(file, stat));
      if (!this.#waits(row)) return;
      if (aside) return skip(aside.code, aside.reason);
      if (row.size === 0) return skip('empty', 'The file is empty.');
      const settings = withOverrides(this.#ctx.settings(), row.overrides);
      if (stat.nlink > 1n && settings.skipHardLinked) return skip('hard-linked', hardLinked(stat.nlink));
      // A stored one may be of other bytes: a file can change without its times telling.
      const hash = await callWithTimeout(root, () => sampledHash(file));
      if (!this.#waits(row) || this.#moved(row, hash)) return;
      const known = row.hash === hash && row.probe?.revision === PROBE_REVISION ? row.probe : null;
      const probe = known ?? (await this.#ctx.prober.probe(file, this.#stopping.signal));
      if (!this.#waits(row)) return;
      files.setProbe(row.id, hash, probe);
      const plan = makePlan(probe, settings, this.#ctx.tables());
      if (plan.kind === 'skip') return skip(plan.code, plan.reason);
      await turn;
      if (!this.#waits(row)) return;
      const analyzed = files.get(row.id);
      if (analyzed) forecasts.note(analyzed, probe, plan);
      jobs.queue(row);
      this.#ctx.emit('work', {});
    } catch (error) {
      if (this.#stopping.signal.aborted || !this.#waits(row)) return;
      // The whole library is out of reach: its files wait for its next scan.
      if (isUnresponsive(root)) return pauseLibrary(this.#ctx, row.library, notResponding(root).message);
      this.#failed(row, error, skip);
    }
  }

  /** True while the video is as it was read: users may skip or forget it and scans may run in the meantime, and they win. */
  #waits({ id, library, path: place, version }: FileRow): boolean {
    const now = this.#ctx.files.get(id);
    return now?.state === 'found' && now.version === version && now.path === place && now.library === library;
  }

  #failed(row: FileRow, error: unknown, skip: (code: string, reason: string) => void): void {
    const { files, jobs, emit } = this.#ctx;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      files.setMissing(row.id, Date.now());
      return;
    }
    if (error instanceof Fault && error.code === 'conflict') {
      skip('unreadable', `The file isn't a readable video: ${error.message}`);
      return;
    }
    const nodeFault =
      nodeFaultReason(error) ?? (error instanceof Fault && error.code === 'node' ? error.message : undefined);
    const reason = nodeFault ?? messageOf(error);
    jobs.apply(row.id, 'block', {
      code: 'not-probed',
      reason: `Couldn't analyze the file (${reason}). Fix this, then retry.`,
    });
    if (nodeFault) emit('notice', { level: 'warn', text: `Couldn't analyze ${row.path}: ${reason}.` });
  }

  /** The same video under another name on another file system: its row, with its history, takes this place. */
  #moved(row: FileRow, hash: string): boolean {
    const { files, db, libraries, swaps } = this.#ctx;
    const twin = files.missingTwin(row.size, hash, row.version);
    if (!twin || twin.library !== row.library) return false;
    db.transaction(() => {
      files.remove(row.id);
      files.setPlace(twin.id, row);
      swaps.followResult(twin.id, path.join(libraries.get(row.library)?.root ?? '', row.path));
    })();
    return true;
  }
}
