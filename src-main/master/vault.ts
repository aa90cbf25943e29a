import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { VaultEntry } from '../../src-shared/contract.ts';
import { Fault, messageOf } from '../../src-shared/errors.ts';
import { formatBytes } from '../../src-shared/format.ts';
import type { FileTable } from '../db/files.ts';
import type { JobTable } from '../db/jobs.ts';
import type { Identity, Purged, SwapTable, VaultRow } from '../db/swaps.ts';
import { faultPoint } from '../fault.ts';
import { asidePath, putBack, removeProven, setAside } from './aside.ts';
import { exists, placeNew, remove, removeUnproven, syncFolder } from './durable.ts';
import { identify, sameContent, sameInode, sameVersion } from './identity.ts';
import type { VaultParts } from './swap.ts';
import { returnAside } from './swap-steps.ts';
import { DAY_MS } from './vault-clock.ts';
import { type Manifest, readManifest, removeKept, stagedPath } from './vault-folder.ts';

interface OwnVaultParts extends VaultParts {
  /** True while originals are kept until a user purges them. */
  isTesting?: () => boolean;
  /** True for what lies in a library in which another Flotilla works. */
  isForeign?: (file: string) => boolean;
  /** Told of each original that was removed for ever. */
  purged?: (entry: Purged) => void;
}

/** The originals that are kept: listing, taking back, purging, and finding again after the database was lost. */
export class Vault {
  readonly #parts: Required<OwnVaultParts>;
  readonly #swaps: SwapTable;
  readonly #jobs: JobTable;
  readonly #files: FileTable;
  /** Originals that are to be restored, or are. */
  readonly #wanted = new Set<string>();

  constructor(parts: OwnVaultParts) {
    this.#parts = { isTesting: () => false, isForeign: () => false, purged: () => undefined, ...parts };
    this.#swaps = parts.swaps;
    this.#jobs = parts.jobs;
    this.#files = parts.files;
  }

  /** Entries as users see them, the latest first; all of them unless a part is asked for. */
  list(part: { search?: string | undefined; offset: number; limit: number } = { offset: 0, limit: -1 }): VaultEntry[] {
    return this.#swaps.vaultPage(part).map((row) => this.view(row));
  }

  /** How many originals are kept, and their bytes. */
  tally(search?: string): { count: number; bytes: number } {
    return this.#swaps.vaultTally(search);
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
    };
  }

  /** Entries that a user names: by id, by the path of original or result or a folder above them, or all. */
  select(wanted: { ids?: string[] | undefined; path?: string | undefined; all?: true | undefined }): VaultRow[] {
    const below = wanted.path && wanted.path + path.sep;
    return this.#swaps.vault().filter((row) => {
      const named = [row.original, row.result].some((p) => p === wanted.path || (below && p.startsWith(below)));
      return wanted.all || wanted.ids?.includes(row.id) || named;
    });
  }

  /**
   * Puts originals back, one after the other; none of them is purged while others are.
   * @returns what was put back, and sentences about what was not
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
   */
  restore(row: VaultRow): Promise<void> {
    return this.#parts.lock(() => {
      // It may have been restored or purged while others had their turn.
      const now = this.#swaps.vaultEntry(row.id);
      if (!now)
        throw new Fault('conflict', `The original of ${path.basename(row.original)} is not in the vault any more.`);
      if (this.#parts.isForeign(now.kept)) {
        throw new Fault('conflict', `Another Flotilla works in the library of ${now.original}; restore it there.`);
      }
      return this.#restore(now);
    });
  }

  async #restore(known: VaultRow): Promise<void> {
    const row = await this.#whereItBelongs(known);
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
  async #whereItBelongs(row: VaultRow): Promise<VaultRow> {
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
      await placeNew(kept, original).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? isAnother(row) : error;
      });
      await syncFolder(path.dirname(original));
    } catch (error) {
      // A restoration that was refused must not happen by itself at the next start.
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
        this.#files.setVersion(file.id, { ...identity, path: at, mtime, settles: null });
        this.#jobs.apply(file.id, 'restore', {
          code: 'restored',
          reason: 'You restored the original; it is left as it is.',
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

  /**
   * Removes originals for ever: those past their time, or all. One whose result is gone is always kept, and unless all
   * are purged also one whose result was changed since. None is purged by its time while results are only being tested,
   * or when the date of this computer is in doubt; one that is kept for no time at all goes all the same.
   */
  async purge(options: { all: boolean; dryRun: boolean }): Promise<{ purged: number; bytes: number; kept: string[] }> {
    const report = { purged: 0, bytes: 0, kept: [] as string[] };
    for (const { id } of this.#swaps.vault()) {
      const reason = await this.#parts.lock(async () => {
        const row = this.#swaps.vaultEntry(id);
        if (!row || !(options.all || this.#isDue(row))) return undefined;
        if (this.#parts.isForeign(row.kept)) return 'is kept: another Flotilla works in its library';
        if (this.#wanted.has(id) || this.#swaps.restoring().includes(id)) return 'is kept: it is being restored';
        return this.#purge(row, options, report);
      });
      const row = reason && this.#swaps.vaultEntry(id);
      if (row) report.kept.push(`${row.original} (${formatBytes(row.identity.size)}) ${reason}.`);
    }
    return report;
  }

  #isDue({ due, keep_days: days }: VaultRow): boolean {
    const { clock, isTesting } = this.#parts;
    if (due === null || isTesting() || due > clock.now) return false;
    return clock.isTrusted || days === 0;
  }

  /** @returns why it stays, if so */
  async #purge(
    row: VaultRow,
    { all, dryRun }: { all: boolean; dryRun: boolean },
    report: { purged: number; bytes: number },
  ): Promise<string | undefined> {
    const whyNot = async () => {
      const result = await identify(row.result);
      if (!result) return 'is kept: its result is gone';
      return all || sameContent(result, row.result_identity) ? undefined : 'is kept: its result was changed since';
    };
    const reason = await whyNot();
    if (reason) return reason;
    if (!dryRun) {
      if (!(await exists(row.kept)) && !(await putBack(row.kept, row.id))) {
        this.#swaps.forget(row.id);
        return undefined;
      }
      let now: string | undefined;
      const isGone = await removeKept(row.kept, async () => {
        now = await whyNot();
        return now === undefined;
      });
      if (!isGone) return now ?? 'could not be removed';
      this.#parts.purged(this.#swaps.purge(row, all ? 'user' : 'time'));
    }
    report.purged += 1;
    report.bytes += row.identity.size;
    return undefined;
  }

  /** A part of the originals that were removed for ever, the latest first. */
  history(part: { offset: number; limit: number }): Purged[] {
    return this.#swaps.purged(part);
  }

  /**
   * Takes up originals in `folder` that the database does not know: after it was lost, restored from a backup, or the disk
   * moved here from another computer. A half-done replacement is undone.
   * @returns sentences about what was found
   */
  adopt(folder: string, fileAt: (absolute: string) => number | null): Promise<string[]> {
    return this.#parts.lock(() => this.#adopt(folder, fileAt));
  }

  async #adopt(folder: string, fileAt: (absolute: string) => number | null): Promise<string[]> {
    const notes: string[] = [];
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    });
    // Read after the folder: the journal knows a replacement before the vault does.
    const known = new Map(this.#swaps.vault().map((row) => [row.id, row]));
    const atWork = new Set(this.#swaps.all().map(({ id }) => id));
    for (const name of names) {
      const file = path.join(folder, name);
      const kept = file.replace(/\.json$/, '.original');
      const row = known.get(path.basename(name, '.json'));
      // Those that are known where they are, are most of them, and need not be read at each scan.
      if (!name.endsWith('.json') || row?.kept === kept) continue;
      const manifest = await readManifest(file);
      if (!manifest || atWork.has(manifest.id)) continue;
      if (row) await this.#findAgain(row, kept, manifest);
      else notes.push(...(await this.#takeUp(manifest, kept, fileAt)));
    }
    return notes;
  }

  /** The disk of an entry is connected elsewhere now. */
  async #findAgain(row: VaultRow, kept: string, { original, result }: Manifest): Promise<void> {
    if (await exists(row.kept)) return;
    // A result that was renamed is where it was, seen from the vault.
    const way = path.relative(path.dirname(row.kept), row.result);
    const renamed = path.resolve(path.dirname(kept), way);
    this.#swaps.keep({ ...row, kept, original, result: (await exists(renamed)) ? renamed : result });
  }

  /** @returns what to tell the user about it */
  async #takeUp(manifest: Manifest, kept: string, fileAt: (absolute: string) => number | null): Promise<string[]> {
    const { id, original: place, identity } = manifest;
    if (!(await exists(kept))) await putBack(kept, id);
    await returnAside({ source: place, id, kept });
    const [original, inVault] = [await identify(place), await identify(kept)];
    if (inVault && !sameContent(inVault, identity)) return [];
    const staged = stagedPath(place, id);
    await remove(staged);
    await removeUnproven(staged, place);
    const free = !(await exists(place)) && (await exists(path.dirname(place)));
    const inPlace = sameContent(original, identity);
    const stands = async () => sameContent(await identify(place), identity);
    if (inPlace && (!inVault || sameInode(original.inode, inVault.inode))) {
      // The same inode twice: the result had been placed, and the original was about to be removed. A copy of its own
      // is kept and listed instead: samples alone prove too little to remove it.
      await removeKept(kept, async () => {
        const isThere = await stands();
        if (isThere) await removeResult(manifest);
        return isThere;
      });
      return [];
    }
    // Not kept, and not in its place: nothing to go by.
    if (!inVault) return [];
    if (free && !(await exists(manifest.result))) {
      await placeNew(kept, place);
      await removeKept(kept, stands);
      return [`${place} was put back from the vault: its replacement had not been finished.`];
    }
    const { resultIdentity, replaced, keepDays } = manifest;
    this.#swaps.keep({
      id,
      file: fileAt(manifest.result),
      job: null,
      original: place,
      kept,
      result: manifest.result,
      identity,
      result_identity: resultIdentity,
      replaced,
      // It counts from now on: how long it has been kept is not known.
      keep_days: keepDays,
      due: keepDays === null ? null : this.#parts.clock.now + keepDays * DAY_MS,
    });
    return [`The original of ${manifest.result} was found in the vault and can be restored.`];
  }
}

/** Removes the result that a half-done replacement put beside its original. */
async function removeResult({ id, original, result, resultIdentity }: Manifest): Promise<void> {
  if (result !== original) await removeProven(result, id, (held) => sameVersion(held, resultIdentity));
}

const isAnother = ({ original }: VaultRow) =>
  new Fault('conflict', `${original} is another file now; move it away, then restore again.`);
