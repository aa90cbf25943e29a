import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { VaultEntry } from '../../../src-shared/contract/index.ts';
import type { VaultFilter } from '../../../src-shared/contract/vault.ts';
import { Fault, messageOf } from '../../../src-shared/util/errors.ts';
import type { FileTable } from '../../db/tables/files.ts';
import type { JobTable } from '../../db/tables/jobs.ts';
import type { Identity, Purged, SwapTable, VaultRow } from '../../db/tables/swaps.ts';
import type { VaultScope } from '../../db/tables/vault-filter.ts';
import { exists, linkOrMoveExclusive, remove, removeUnproven, syncFolder } from '../../fs/safe-fs.ts';
import { faultPoint } from '../../util/fault-injection.ts';
import { identify, sameContent, sameInode } from '../files/file-identity.ts';
import { asidePath, putBack, removeProven, setAside } from '../files/set-aside.ts';
import type { VaultParts } from '../replace/swap.ts';
import { adoptOriginals } from './adopt-originals.ts';
import { type PurgeOptions, type PurgeReport, Purger, type PurgerParts } from './purger.ts';
import { removeKept } from './vault-folder.ts';

interface OwnVaultParts extends VaultParts {
  /** True while originals are kept until a user purges them. */
  isTesting?: () => boolean;
  /** True for what lies in a library in which another Flotilla works. */
  isForeign?: (file: string) => boolean;
  /** Called with each original that was removed permanently. */
  purged?: PurgerParts['purged'];
  /** Called at the end of a purge that removed any. */
  purgeEnded?: PurgerParts['purgeEnded'];
}

/** Originals that a user selected. */
interface VaultSelection {
  ids?: string[] | undefined;
  path?: string | undefined;
  all?: true | undefined;
  filter?: VaultFilter | undefined;
  /** Ids that are left out of it. */
  except?: string[] | undefined;
}

/** The whole vault, for {@link Vault.list}. */
const ALL = { offset: 0, limit: -1 };

/** The originals that are kept: listing, taking back, purging, and finding again after the database was lost. */
export class Vault {
  readonly #parts: Required<OwnVaultParts>;
  readonly #swaps: SwapTable;
  readonly #jobs: JobTable;
  readonly #files: FileTable;
  /** Originals that are to be restored, or are. */
  readonly #wanted = new Set<string>();
  readonly #purger: Purger;

  constructor(parts: OwnVaultParts) {
    const defaults = { isTesting: () => false, isForeign: () => false, purged: () => undefined };
    this.#parts = { ...defaults, purgeEnded: () => undefined, ...parts };
    this.#swaps = parts.swaps;
    this.#jobs = parts.jobs;
    this.#files = parts.files;
    this.#purger = new Purger({ ...this.#parts, isWanted: (id) => this.#wanted.has(id) });
  }

  /** Entries as users see them, the latest first; all of them unless a part is asked for. */
  list({ offset, limit, ...filter }: VaultFilter & { offset: number; limit: number } = ALL): VaultEntry[] {
    return this.#swaps.vaultPage(this.#scope(filter), { offset, limit }).map((row) => this.view(row));
  }

  /** How many originals pass a filter, their bytes, and those of them whose time is over. */
  tally(filter: VaultFilter): { count: number; bytes: number; expired: { count: number; bytes: number } } {
    const tally = (of: VaultFilter) => this.#swaps.vaultTally(this.#scope(of));
    return { ...tally(filter), expired: tally({ ...filter, expired: true }) };
  }

  #scope(filter: VaultFilter): VaultScope {
    const { clock, isTesting } = this.#parts;
    return { filter, now: clock.now, expiry: isTesting() ? 'none' : clock.isTrusted ? 'due' : 'unkept' };
  }

  /** An entry as users see it. */
  view(row: VaultRow): VaultEntry {
    return {
      id: row.id,
      original: row.original,
      result: row.result,
      size: row.identity.size,
      resultSize: row.result_identity.size,
      replacedAt: row.replaced,
      keepUntil: row.due === null ? null : Date.now() + Math.max(0, row.due - this.#parts.clock.now),
      expired: this.#purger.isDue(row),
      file: row.file,
    };
  }

  /** Entries that a user names: by id, by a filter, by the path of original or result or a folder above them, or all. */
  select(wanted: VaultSelection): VaultRow[] {
    const { ids, path: place, all, filter, except = [] } = wanted;
    const below = place && place + path.sep;
    const [named, left] = [new Set(ids), new Set(except)];
    const isNamed = (row: VaultRow) =>
      all || named.has(row.id) || [row.original, row.result].some((p) => p === place || (below && p.startsWith(below)));
    const rows = filter
      ? this.#swaps.vaultPage(this.#scope(filter), { offset: 0, limit: -1 })
      : this.#swaps.vault().filter(isNamed);
    return rows.filter(({ id }) => !left.has(id));
  }

  /**
   * Restores originals, one after the other; none of them is purged in the meantime.
   * @returns the restored paths, and a sentence for each that was refused
   */
  async restoreAll(rows: readonly VaultRow[]): Promise<{ restored: string[]; refused: string[] }> {
    const report = { restored: [] as string[], refused: [] as string[] };
    for (const { id } of rows) this.#wanted.add(id);
    for (const row of rows) {
      try {
        await this.restore(row);
        report.restored.push(row.original);
      } catch (error) {
        report.refused.push(messageOf(error));
      } finally {
        this.#wanted.delete(row.id);
      }
    }
    return report;
  }

  /**
   * Puts an original back where it was and removes the result, if that is still the one Flotilla made.
   * @throws Fault `conflict` when that would destroy something; nothing is touched then
   * @throws Fault `node` when its disk does not answer
   */
  restore(row: VaultRow): Promise<void> {
    return this.#parts.lock.tryHold(row.kept, async () => {
      // It may have been restored or purged while others had their turn.
      const now = this.#swaps.vaultEntry(row.id);
      if (!now)
        throw new Fault('conflict', `The original of ${path.basename(row.original)} is no longer in the vault.`);
      if (this.#parts.isForeign(now.kept)) {
        throw new Fault('conflict', `Another Flotilla works in the library of ${now.original}; restore it there.`);
      }
      return this.#restore(now);
    });
  }

  async #restore(known: VaultRow): Promise<void> {
    const row = await this.#followMovedFolder(known);
    const name = path.basename(row.original);
    // What an interruption left.
    if (!(await exists(row.kept))) await putBack(row.kept, row.id);
    await this.#returnResult(row);
    const back = await identify(row.original);
    const inPlace = sameContent(back, row.identity);
    const result = await identify(row.result);
    const ours = sameContent(result, row.result_identity);
    if (!inPlace && !sameContent(await identify(row.kept), row.identity)) {
      throw new Fault(
        'conflict',
        `The original of ${name} in the vault (${row.kept}) is gone or damaged, so it cannot be restored.`,
      );
    }
    // On a disk that knows no case, a name may differ by that alone.
    const isSame =
      row.original === row.result || (ours && back !== undefined && sameInode(back.inode, result?.inode ?? ''));
    const taken = back !== undefined || (await exists(row.original));
    if (taken && !inPlace && !(isSame && ours)) throw isAnother(row);
    this.#swaps.beginRestore(row.id);
    faultPoint('restore-begun');
    if (!inPlace) await this.#putInPlace(row, isSame);
    faultPoint('restore-placed');
    const stands = async () => sameContent(await identify(row.original), row.identity);
    if (!isSame && ours) {
      const isOurs = (held: Identity | undefined) => sameContent(held, row.result_identity);
      await removeProven(row.result, row.id, async (held) => isOurs(held) && (await stands()));
      await syncFolder(path.dirname(row.result));
    }
    if (isSame) await remove(asidePath(row.result, row.id));
    faultPoint('restore-removed');
    await this.#commitRestore(row);
    faultPoint('restored');
    await removeKept(row.kept, stands);
  }

  /** Its folder may have been renamed with the result in it: then the original belongs there. */
  async #followMovedFolder(row: VaultRow): Promise<VaultRow> {
    const folder = path.dirname(row.result);
    if ((await exists(path.dirname(row.original))) || !(await exists(folder))) return row;
    const moved = { ...row, original: path.join(folder, path.basename(row.original)) };
    this.#swaps.keep(moved);
    return moved;
  }

  /** A result that was held when a restoration was interrupted stands at its path again, unless the original does. */
  async #returnResult({ id, original, result, identity }: VaultRow): Promise<void> {
    if (!(await exists(asidePath(result, id)))) return;
    if (original !== result || !sameContent(await identify(original), identity)) await putBack(result, id);
  }

  async #putInPlace(row: VaultRow, isSame: boolean): Promise<void> {
    const { id, original, result, kept } = row;
    try {
      await mkdir(path.dirname(original), { recursive: true });
      await removeUnproven(original);
      if (isSame) {
        const held = await setAside(result, id);
        // It may have gone, but must not be another.
        if (held ? !sameContent(held, row.result_identity) : await exists(asidePath(result, id))) throw isAnother(row);
      }
      await linkOrMoveExclusive(kept, original).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? isAnother(row) : error;
      });
      await syncFolder(path.dirname(original));
    } catch (error) {
      // A restoration that was refused must not happen automatically at the next start.
      if (!sameContent(await identify(original), row.identity)) {
        await putBack(result, id);
        this.#swaps.remove(id);
      }
      throw error;
    }
  }

  async #commitRestore(row: VaultRow): Promise<void> {
    const identity = (await identify(row.original)) ?? row.identity;
    const file = row.file === null ? undefined : this.#files.get(row.file);
    this.#swaps.transaction(() => {
      if (file && file.state === 'done') {
        const base = path.basename(row.original);
        const folder = path.posix.dirname(file.path);
        const at = path.dirname(row.original) === path.dirname(row.result) ? path.posix.join(folder, base) : file.path;
        const [, mtimeNs = '0'] = identity.version.split(':');
        const mtime = Number(BigInt(mtimeNs) / 1_000_000n);
        this.#files.setRestored(file.id, { ...identity, path: at, mtime });
        this.#jobs.apply(file.id, 'restore', {
          code: 'restored',
          reason: 'You restored the original, so this video is skipped.',
        });
      }
      this.#swaps.forget(row.id);
      this.#swaps.remove(row.id);
    });
  }

  /** Finishes restorations that a crash interrupted. Returns sentences about those that could not be. */
  async recover(): Promise<string[]> {
    const problems: string[] = [];
    for (const id of this.#swaps.restoring()) {
      const row = this.#swaps.vaultEntry(id);
      try {
        if (row) await this.restore(row);
        else this.#swaps.remove(id);
      } catch (error) {
        problems.push(messageOf(error));
        if (error instanceof Fault && error.code === 'conflict') this.#swaps.remove(id);
      }
    }
    return problems;
  }

  /** Removes originals permanently, as {@link Purger.purge}. */
  purge(options: PurgeOptions): Promise<PurgeReport> {
    return this.#purger.purge(options);
  }

  /** A page of the purged originals, newest first. */
  history(part: { offset: number; limit: number }): Purged[] {
    return this.#swaps.purged(part);
  }

  /**
   * Records originals in `folder` that the database doesn't know: after it was lost or restored from a backup, or when the disk
   * comes from another computer. Undoes a half-done replacement.
   * @returns a sentence for each finding
   * @throws Fault `node` when the disk doesn't respond
   */
  adopt(folder: string, fileAt: (absolute: string) => number | null): Promise<string[]> {
    const { lock, swaps, clock } = this.#parts;
    return lock.tryHold(folder, () => adoptOriginals({ folder, fileAt, swaps, now: clock.now }));
  }
}

const isAnother = ({ original }: VaultRow) =>
  new Fault('conflict', `${original} is another file now; move it away, then restore again.`);
