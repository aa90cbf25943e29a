import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { VaultEntry } from '../../src-shared/contract.ts';
import { Fault, messageOf } from '../../src-shared/errors.ts';
import { formatBytes } from '../../src-shared/format.ts';
import type { FileTable } from '../db/files.ts';
import type { JobTable } from '../db/jobs.ts';
import type { SwapTable, VaultRow } from '../db/swaps.ts';
import { faultPoint } from '../fault.ts';
import { exists, moveFile, placeNew, remove, removeUnproven, syncFolder } from './durable.ts';
import { identify, sameContent, sameInode, sameVersion } from './identity.ts';
import { type Manifest, readManifest, removeKept, stagedPath } from './vault-folder.ts';

/** The originals that are kept: listing, taking back, purging, and finding again after the database was lost. */
export class Vault {
  readonly #swaps: SwapTable;
  readonly #jobs: JobTable;
  readonly #files: FileTable;

  constructor(tables: { swaps: SwapTable; jobs: JobTable; files: FileTable }) {
    this.#swaps = tables.swaps;
    this.#jobs = tables.jobs;
    this.#files = tables.files;
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
      keepUntil: row.keep_until,
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
   * Puts an original back where it was and removes the result, if that is still the one Flotilla made.
   * @throws Fault `conflict` when that would destroy something; nothing is touched then
   */
  async restore(row: VaultRow): Promise<void> {
    const name = path.basename(row.original);
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
    const taken = back !== undefined || (await exists(row.original));
    if (taken && !inPlace && !(row.original === row.result && ours)) {
      throw new Fault('conflict', `${row.original} is another file now; move it away, then restore again.`);
    }
    this.#swaps.beginRestore(row.id);
    faultPoint('restore-begun');
    if (!inPlace) await this.#putBack(row);
    faultPoint('restore-placed');
    if (row.original !== row.result && ours) {
      await remove(row.result);
      await syncFolder(path.dirname(row.result));
    }
    faultPoint('restore-removed');
    await this.#commitRestore(row);
    faultPoint('restored');
    await removeKept(row.kept);
  }

  async #putBack(row: VaultRow): Promise<void> {
    const folder = path.dirname(row.original);
    try {
      await mkdir(folder, { recursive: true });
      await removeUnproven(row.original);
      // Renaming over our own result is atomic; any other place must be free.
      if (row.original === row.result) await moveFile(row.kept, row.original);
      else await placeNew(row.kept, row.original);
      await syncFolder(folder);
    } catch (error) {
      // A restoration that was refused must not happen by itself at the next start.
      if (!sameContent(await identify(row.original), row.identity)) this.#swaps.remove(row.id);
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
   * are purged also one whose result was changed since.
   */
  async purge(options: { all: boolean; dryRun: boolean }): Promise<{ purged: number; bytes: number; kept: string[] }> {
    const report = { purged: 0, bytes: 0, kept: [] as string[] };
    for (const row of this.#swaps.vault()) {
      if (!options.all && (row.keep_until === null || row.keep_until > Date.now())) continue;
      const result = await identify(row.result);
      if (!result || !(options.all || sameContent(result, row.result_identity))) {
        const what = result ? 'was changed since' : 'is gone';
        report.kept.push(`${row.original} (${formatBytes(row.identity.size)}): its result ${what}.`);
        continue;
      }
      report.purged += 1;
      report.bytes += row.identity.size;
      if (options.dryRun) continue;
      await removeKept(row.kept);
      this.#swaps.forget(row.id);
    }
    return report;
  }

  /**
   * Takes up originals in `folder` that the database does not know: after it was lost, restored from a backup, or the disk
   * moved here from another computer. A half-done replacement is undone.
   * @returns sentences about what was found
   */
  async adopt(folder: string, fileAt: (absolute: string) => number | null): Promise<string[]> {
    const notes: string[] = [];
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    });
    // Read after the folder: the journal knows a replacement before the vault does.
    const known = new Set([...this.#swaps.vault(), ...this.#swaps.all()].map((row) => row.id));
    for (const name of names) {
      const manifest = name.endsWith('.json') ? await readManifest(path.join(folder, name)) : undefined;
      if (!manifest || known.has(manifest.id)) continue;
      const kept = path.join(folder, `${manifest.id}.original`);
      const [original, inVault] = [await identify(manifest.original), await identify(kept)];
      if (inVault && !sameContent(inVault, manifest.identity)) continue;
      const staged = stagedPath(manifest.original, manifest.id);
      await remove(staged);
      await removeUnproven(staged, manifest.original);
      const free = !(await exists(manifest.original)) && (await exists(path.dirname(manifest.original)));
      const inPlace = sameContent(original, manifest.identity);
      if (inPlace && (!inVault || sameInode(original.inode, inVault.inode))) {
        // The same inode twice: the result had been placed, and the original was about to be removed. A copy of its own
        // is kept and listed instead: samples alone prove too little to remove it.
        if (inVault) await removeResult(manifest);
        await removeKept(kept);
      } else if (!inVault) {
        // Not kept, and not in its place: nothing to go by.
      } else if (free && !(await exists(manifest.result))) {
        await placeNew(kept, manifest.original);
        await removeKept(kept);
        notes.push(`${manifest.original} was put back from the vault: its replacement had not been finished.`);
      } else {
        const { id, identity, resultIdentity, replaced, keepUntil } = manifest;
        this.#swaps.keep({
          id,
          file: fileAt(manifest.result),
          job: null,
          original: manifest.original,
          kept,
          result: manifest.result,
          identity,
          result_identity: resultIdentity,
          replaced,
          keep_until: keepUntil,
        });
        notes.push(`The original of ${manifest.result} was found in the vault and can be restored.`);
      }
    }
    return notes;
  }
}

/** Removes the result that a half-done replacement put beside its original. */
async function removeResult({ original, result, resultIdentity }: Manifest): Promise<void> {
  if (result !== original && sameVersion(await identify(result), resultIdentity)) await remove(result);
}
