import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { SwapTable, VaultRow } from '../../db/tables/swaps.ts';
import { exists, linkOrMoveExclusive, remove, removeUnproven } from '../../fs/safe-fs.ts';
import { identify, sameContent, sameInode, sameVersion } from '../files/file-identity.ts';
import { putBack, removeProven } from '../files/set-aside.ts';
import { returnAside } from '../replace/swap-steps.ts';
import { DAY_MS } from './vault-clock.ts';
import { type Manifest, readManifest, removeKept, stagedPath } from './vault-folder.ts';

interface AdoptionParts {
  /** Absolute path of the vault folder. */
  folder: string;
  /** Returns the number of the file at an absolute path; null if it isn't in the list. */
  fileAt: (absolute: string) => number | null;
  swaps: SwapTable;
  /** Time of the {@link VaultClock}, in ms. */
  now: number;
}

/**
 * Records originals in a vault folder that the database doesn't know, and undoes half-done replacements that left one there.
 * The caller holds the library's lock.
 * @returns a sentence for each finding
 */
export async function adoptOriginals(parts: AdoptionParts): Promise<string[]> {
  const { folder, swaps } = parts;
  const notes: string[] = [];
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  // Read after the folder: the journal knows a replacement before the vault does.
  const known = new Map(swaps.vault().map((row) => [row.id, row]));
  const atWork = new Set(swaps.all().map(({ id }) => id));
  for (const name of names) {
    const file = path.join(folder, name);
    const kept = file.replace(/\.json$/, '.original');
    const row = known.get(path.basename(name, '.json'));
    // Most are known at their path, and needn't be read at each scan.
    if (!name.endsWith('.json') || row?.kept === kept) continue;
    const manifest = await readManifest(file);
    if (!manifest || atWork.has(manifest.id)) continue;
    if (row) await relocate(swaps, row, kept, manifest);
    else notes.push(...(await adoptOne(parts, manifest, kept)));
  }
  return notes;
}

/** Records that the disk of an entry is mounted elsewhere now. */
async function relocate(swaps: SwapTable, row: VaultRow, kept: string, { original, result }: Manifest): Promise<void> {
  if (await exists(row.kept)) return;
  // A result that was renamed is where it was, seen from the vault.
  const way = path.relative(path.dirname(row.kept), row.result);
  const renamed = path.resolve(path.dirname(kept), way);
  swaps.keep({ ...row, kept, original, result: (await exists(renamed)) ? renamed : result });
}

/** @returns sentences for the user */
async function adoptOne({ swaps, fileAt, now }: AdoptionParts, manifest: Manifest, kept: string): Promise<string[]> {
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
    await linkOrMoveExclusive(kept, place);
    await removeKept(kept, stands);
    return [`${place} was restored from the vault because its replacement didn't finish.`];
  }
  const { resultIdentity, replaced, keepDays } = manifest;
  swaps.keep({
    id,
    file: fileAt(manifest.result),
    job: null,
    original: place,
    kept,
    result: manifest.result,
    identity,
    result_identity: resultIdentity,
    replaced,
    // Counts from now: no one knows how long it has been kept.
    keep_days: keepDays,
    due: keepDays === null ? null : now + keepDays * DAY_MS,
  });
  return [`The original of ${manifest.result} was found in the vault and can be restored.`];
}

/** Removes the result that a half-done replacement put beside its original. */
async function removeResult({ id, original, result, resultIdentity }: Manifest): Promise<void> {
  if (result !== original) await removeProven(result, id, (held) => sameVersion(held, resultIdentity));
}
