import path from 'node:path';
import type { Identity, Swap, SwapStep } from '../db/swaps.ts';
import { faultPoint } from '../fault.ts';
import { asidePath, putBack, removeProven, setAside } from './aside.ts';
import { exists, moveNew, placeNew, remove, syncFolder } from './durable.ts';
import { identify, sameContent, sameInode, sameVersion } from './identity.ts';
import { removeKept, vaultFor, writeManifest } from './vault-folder.ts';

/** The original is no longer the file that was probed. */
export class SourceChanged extends Error {}
/** The staged result is gone or is not what was verified. */
export class ResultLost extends Error {}

/** A replacement whose result is verified. */
export type Verified = Swap & { resultIdentity: Identity };

/** Writes a step of a replacement into the journal; it returns what was written. */
export type Note = (swap: Verified, step: SwapStep) => Verified;

/**
 * What a replacement does to files, up to where its result stands at its path and the original only in the vault. Each
 * part can be done twice, so that finishing after a crash is the same code.
 * @param install of this Flotilla, for the manifest
 * @returns the replacement, with the original as it was kept
 * @throws SourceChanged, ResultLost, or whatever the disk has against it
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
  // Another date or number alone is no other film: file systems renumber, and programs set dates.
  if (!sameContent(source, before.sourceIdentity)) throw new SourceChanged();
  const swap = note({ ...before, sourceIdentity: source }, 'keeping');
  // Made when the result was staged; it has gone again if the last original in it was restored or purged meanwhile.
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
    await placeNew(swap.source, swap.kept);
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
  await placeNew(staged, target);
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

/** True for what was kept, also when its date was set since. */
async function isKept(held: Identity, { sourceIdentity, kept }: Verified): Promise<boolean> {
  const vaulted = await identify(kept);
  const isLinked = vaulted !== undefined && sameInode(held.inode, vaulted.inode);
  return isLinked ? sameContent(held, sourceIdentity) : sameVersion(held, sourceIdentity);
}

/** The original goes when what is held is what is kept, and the result stands. */
async function removeOriginal(swap: Verified, note: Note): Promise<void> {
  const { source, target, staged, kept, id, sourceIdentity, resultIdentity } = swap;
  note(swap, 'removing');
  if (target !== source) await takeOriginal(swap);
  if (!sameContent(await identify(kept), sourceIdentity)) {
    throw Object.assign(new Error('the original has vanished from the vault'), { code: 'ENOENT' });
  }
  if (!sameContent(await identify(target), resultIdentity)) throw new ResultLost();
  await remove(asidePath(source, id));
  await remove(staged);
  await syncFolder(path.dirname(source));
  faultPoint('removed');
}

/**
 * Puts everything back as it was before a replacement. The original is never removed from the vault while it stands nowhere
 * else: where its place is taken or its folder gone, it stays there and can be restored.
 * @param keepResult leaves the result staged, to be put in place later
 * @returns what the vault still holds
 */
export async function undoOnDisk(swap: Swap, keepResult: boolean): Promise<Identity | undefined> {
  const { source, target, staged, kept: vaulted } = swap;
  const folder = path.dirname(source);
  await returnResult(swap);
  if (target === source && (await exists(asidePath(source, swap.id)))) await unplace(swap);
  await returnAside(swap);
  const isFree = (await exists(folder)) && !(await exists(source));
  if (isFree && (await exists(vaulted))) await placeNew(vaulted, source);
  const [found, kept] = [await identify(source), await identify(vaulted)];
  // A link to the very file that stands in its place keeps nothing, whatever was written to it meanwhile.
  const linked = found && kept && sameInode(found.inode, kept.inode);
  // Where a database of earlier days was taken up, the original may have been purged since: the result is all there is then.
  const stands = linked || [found, kept].some((file) => sameContent(file, swap.sourceIdentity));
  if (stands && target !== source) await unplace(swap);
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
async function unplace(swap: Swap): Promise<void> {
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

/** Gives what is held of the original its place again, unless that very file stands there, or it is taken and the vault has it. */
export async function returnAside({ source, id, kept }: Pick<Swap, 'source' | 'id' | 'kept'>): Promise<void> {
  const aside = asidePath(source, id);
  const held = await identify(aside);
  const found = held && (await identify(source));
  const isThere = held && found && (sameInode(held.inode, found.inode) || sameVersion(await identify(kept), held));
  if (isThere) await remove(aside);
  else await putBack(source, id);
}
