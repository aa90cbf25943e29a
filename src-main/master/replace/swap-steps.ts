import path from 'node:path';
import type { Identity, Swap, SwapStep } from '../../db/tables/swaps.ts';
import { exists, linkOrMoveExclusive, moveNew, remove, syncFolder } from '../../fs/safe-fs.ts';
import { faultPoint } from '../../util/fault-injection.ts';
import { identify, sameContent, sameInode, sameVersion } from '../files/file-identity.ts';
import { asidePath, putBack, removeProven, setAside } from '../files/set-aside.ts';
import { removeKept, vaultFor, writeManifest } from '../vault/vault-folder.ts';

/** The original is no longer the file that was probed. */
export class SourceChanged extends Error {}
/** The staged result is missing or differs from the verified one. */
export class ResultLost extends Error {}

/** A replacement whose result is verified. */
export type Verified = Swap & { resultIdentity: Identity };

/** Writes a step of a replacement to the journal and returns the updated replacement. */
export type Note = (swap: Verified, step: SwapStep) => Verified;

/**
 * Performs a replacement on disk, until the result is at its path and the original only in the vault. Each step is
 * idempotent, so that recovery after a crash runs the same code.
 * @param install ID of this installation, for the manifest
 * @returns the replacement, with the identity of the kept original
 * @throws SourceChanged, ResultLost, or the error of the file system
 */
export async function replaceOnDisk(swap: Verified, install: string, note: Note): Promise<Verified> {
  await returnResult(swap);
  const kept = await keepOriginal(swap, install, note);
  await placeResult(kept, note);
  await removeOriginal(kept, note);
  return kept;
}

async function keepOriginal(before: Verified, install: string, note: Note): Promise<Verified> {
  if (sameContent(await identify(before.kept), before.sourceIdentity)) return before;
  await putBack(before.source, before.id);
  const source = await identify(before.source);
  // Another date or number alone is no other video: file systems renumber, and programs set dates.
  if (!sameContent(source, before.sourceIdentity)) throw new SourceChanged();
  const swap = note({ ...before, sourceIdentity: source }, 'keeping');
  // Created when the result was staged, but removed if the last original in it was restored or purged since.
  await vaultFor(swap.root, swap.source);
  await writeManifest(swap.kept, {
    original: swap.source,
    result: swap.target,
    identity: source,
    resultIdentity: swap.resultIdentity,
    replaced: Date.now(),
    keepDays: swap.keepDays,
    install,
  });
  faultPoint('manifest');
  // Of the time before a crash, when the original was written to since.
  await removeProven(swap.kept, swap.id, (held) => held !== undefined && sameInode(held.inode, source.inode));
  try {
    await linkOrMoveExclusive(swap.source, swap.kept);
  } catch (error) {
    // While it was copied, perhaps.
    throw sameVersion(await identify(swap.source), source) ? error : new SourceChanged();
  }
  await syncFolder(path.dirname(swap.kept));
  if (!sameContent(await identify(swap.kept), source)) throw new SourceChanged();
  faultPoint('kept');
  return swap;
}

async function placeResult(swap: Verified, note: Note): Promise<void> {
  const { source, target, staged, resultIdentity } = swap;
  if (sameContent(await identify(target), resultIdentity)) return;
  note(swap, 'placing');
  if (!sameContent(await identify(staged), resultIdentity)) throw new ResultLost();
  if (target === source) await takeOriginal(swap);
  faultPoint('aside');
  await linkOrMoveExclusive(staged, target);
  await syncFolder(path.dirname(target));
  faultPoint('placed');
}

/** Holds the original under a name of ours, unless it was moved into the vault. @throws SourceChanged when it is another file */
async function takeOriginal(swap: Verified): Promise<void> {
  const { source, id } = swap;
  const aside = asidePath(source, id);
  const held = (await exists(aside)) ? await identify(aside) : await setAside(source, id);
  // A folder, say, is nothing that can be identified.
  if (held ? !(await isKept(held, swap)) : await exists(aside)) throw new SourceChanged();
}

/** True for the kept file, even if its modification time was changed since. */
async function isKept(held: Identity, { sourceIdentity, kept }: Verified): Promise<boolean> {
  const vaulted = await identify(kept);
  const isLinked = vaulted !== undefined && sameInode(held.inode, vaulted.inode);
  return isLinked ? sameContent(held, sourceIdentity) : sameVersion(held, sourceIdentity);
}

/** Removes the original once the file held is the one that was kept and the result is in place. */
async function removeOriginal(swap: Verified, note: Note): Promise<void> {
  const { source, target, staged, kept, id, sourceIdentity, resultIdentity } = swap;
  note(swap, 'removing');
  if (target !== source) await takeOriginal(swap);
  if (!sameContent(await identify(kept), sourceIdentity)) {
    throw Object.assign(new Error('the original is missing from the vault'), { code: 'ENOENT' });
  }
  if (!sameContent(await identify(target), resultIdentity)) throw new ResultLost();
  await remove(asidePath(source, id));
  await remove(staged);
  await syncFolder(path.dirname(source));
  faultPoint('removed');
}

/**
 * Restores the state before a replacement. The original is never removed from the vault unless it's also at its path: if
 * another file took its path or the folder is gone, it stays in the vault and can be restored.
 * @param keepResult leaves the result staged, to be put in place later
 * @returns the identity of the original if the vault still holds it
 */
export async function undoOnDisk(swap: Swap, keepResult: boolean): Promise<Identity | undefined> {
  const { source, target, staged, kept: vaulted } = swap;
  const folder = path.dirname(source);
  await returnResult(swap);
  if (target === source && (await exists(asidePath(source, swap.id)))) await unplaceResult(swap);
  await returnAside(swap);
  const isFree = (await exists(folder)) && !(await exists(source));
  if (isFree && (await exists(vaulted))) await linkOrMoveExclusive(vaulted, source);
  const [found, kept] = [await identify(source), await identify(vaulted)];
  // A hard link to the file at the path protects nothing: any write since has changed both.
  const linked = found && kept && sameInode(found.inode, kept.inode);
  // With a database restored from an older backup, the original may have been purged since: the result is the only copy then.
  const stands = linked || [found, kept].some((file) => sameContent(file, swap.sourceIdentity));
  if (stands && target !== source) await unplaceResult(swap);
  if (!keepResult) await remove(staged);
  if (await exists(folder)) await syncFolder(folder);
  const needed = kept && !linked && !sameContent(found, swap.sourceIdentity) && !sameVersion(found, kept);
  if (needed) return kept;
  await removeKept(vaulted, async (held) => {
    const now = await identify(source);
    return held !== undefined && now !== undefined && (sameInode(now.inode, held.inode) || sameContent(now, held));
  });
  return identify(vaulted);
}

const resultRole = (id: string) => `${id}-result`;

/** Takes a result from its place to where it was staged, if it is the one. */
async function unplaceResult(swap: Swap): Promise<void> {
  const { target, id, resultIdentity } = swap;
  if (!resultIdentity || !sameVersion(await identify(target), resultIdentity)) return;
  if (sameVersion(await setAside(target, resultRole(id)), resultIdentity)) await returnResult(swap);
  else await putBack(target, resultRole(id));
}

/** Brings a result that is held to where it was staged. */
async function returnResult({ target, staged, id }: Swap): Promise<void> {
  const aside = asidePath(target, resultRole(id));
  if (!(await exists(aside))) return;
  if (await exists(staged)) await remove(aside);
  else await moveNew(aside, staged);
}

/** Renames the original that was set aside back to its path, unless it's already there, or the path is taken and the vault has it. */
export async function returnAside({ source, id, kept }: Pick<Swap, 'source' | 'id' | 'kept'>): Promise<void> {
  const aside = asidePath(source, id);
  const held = await identify(aside);
  const found = held && (await identify(source));
  const isThere = held && found && (sameInode(held.inode, found.inode) || sameVersion(await identify(kept), held));
  if (isThere) await remove(aside);
  else await putBack(source, id);
}
