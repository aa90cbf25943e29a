import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../src-shared/errors.ts';
import { fingerprintOf } from '../device.ts';
import { Asks } from './asks.ts';
import { findOrigin, type JoinParts, join } from './joining.ts';
import type { Master } from './link.ts';
import { readMaster, writeMaster } from './master-file.ts';
import { fetchCertificate } from './peer.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** Between tries to reach a master for the first time, in ms. */
const RETRY_MS = 5000;

/** What is asked for where the master is not known yet, or may have moved. */
export interface MasterWish extends Omit<JoinParts, 'address' | 'asks'> {
  /** As a user types it; undefined for the one that is known. */
  address: string | undefined;
  /** Where the master is remembered; readable by its owner only. */
  file: string;
  /** Told once of every reason why it takes longer. */
  onWaiting: (sentence: string) => void;
}

/**
 * The master that this computer works for: the one it was paired with, or the one at the address, which it joins.
 * @throws Fault `usage` when there is neither, `denied` when the master does not want it or is not who it should be
 */
export async function findMaster(wish: MasterWish): Promise<Master> {
  const { file, address } = wish;
  const known = readMaster(file);
  if (address === undefined) {
    if (known) return known;
    throw new Fault(
      'usage',
      'Which master is this computer to work for? Name it with --master or MASTER_URL; flotilla masters lists those on the network.',
    );
  }
  // Good for once, it often stays in the settings: what let this computer in before is no new invitation.
  const isUsed = wish.token !== undefined && known?.invitation === digest(wish.token);
  const token = isUsed ? undefined : wish.token;
  return persist(wish, async () => {
    const origin = await findOrigin(address, wish.signal);
    // An invitation says by itself whom to trust, and lets in again who was removed.
    const old = known && token === undefined ? await recognize(known, origin, wish.signal) : undefined;
    const joined = old ?? (await join({ ...wish, token, address: origin, asks: new Asks(`${file}.asked`) }));
    const master = token === undefined ? joined : { ...joined, invitation: digest(token) };
    await writeMaster(file, master);
    return master;
  });
}

/**
 * The known master at `origin`, if it is that one. At the address where it was before nobody else is accepted: the link finds
 * out and says so.
 */
async function recognize(known: Master, origin: string, signal: AbortSignal): Promise<Master | undefined> {
  const isOldPlace = new URL(known.origin).hostname === new URL(origin).hostname;
  if (isOldPlace) return { ...known, origin };
  const certificate = await fetchCertificate(origin, signal);
  return fingerprintOf(certificate) === fingerprintOf(known.certificate) ? { ...known, origin } : undefined;
}

/** Tries again and again while nobody answers. */
async function persist<T>({ onWaiting, signal }: MasterWish, work: () => Promise<T>): Promise<T> {
  for (let told = ''; ; ) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Fault && (error.code === 'node' || error.code === 'conflict'))) throw error;
      if (error.message !== told) onWaiting(error.message);
      told = error.message;
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}
