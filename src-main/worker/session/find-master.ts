import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../../src-shared/util/errors.ts';
import { fingerprintOf } from '../../lan/device-identity.ts';
import { fetchCertificate } from '../../lan/peer-certificate.ts';
import { findOrigin, type JoinParts, join } from './join.ts';
import { JoinRequests } from './join-requests.ts';
import { readMaster, writeMaster } from './master-file.ts';
import type { Master } from './master-link.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** Between tries to reach a master for the first time, in ms. */
const RETRY_MS = 5000;

/** How to find a master that isn't known yet, or may have moved. */
export interface MasterWish extends Omit<JoinParts, 'address' | 'asks'> {
  /** As a user types it; undefined for the one that is known. */
  address: string | undefined;
  /** Where the master is remembered; readable by its owner only. */
  file: string;
  /** Called once with each reason why it takes longer. */
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
      'No master configured. Name one with --master or MASTER_URL; flotilla masters lists those on the network.',
    );
  }
  // Good for once, it often stays in the settings: what let this computer in before is no new invitation.
  const isUsed = wish.token !== undefined && known?.invitation === digest(wish.token);
  const token = isUsed ? undefined : wish.token;
  return retryUntilAnswered(wish, async () => {
    const origin = await findOrigin(address, wish.signal);
    // A token names the master to trust, and also readmits a worker that was removed.
    const old = known && token === undefined ? await recognize(known, origin, wish.signal) : undefined;
    const joined = old ?? (await join({ ...wish, token, address: origin, asks: new JoinRequests(`${file}.asked`) }));
    const master = token === undefined ? joined : { ...joined, invitation: digest(token) };
    await writeMaster(file, master);
    return master;
  });
}

/**
 * Returns the known master if it's the one at `origin`. No other is accepted at its previous address: the link detects and
 * reports that.
 */
async function recognize(known: Master, origin: string, signal: AbortSignal): Promise<Master | undefined> {
  const isOldPlace = new URL(known.origin).hostname === new URL(origin).hostname;
  if (isOldPlace) return { ...known, origin };
  const certificate = await fetchCertificate(origin, signal);
  return fingerprintOf(certificate) === fingerprintOf(known.certificate) ? { ...known, origin } : undefined;
}

/** Retries until something answers. */
async function retryUntilAnswered<T>({ onWaiting, signal }: MasterWish, work: () => Promise<T>): Promise<T> {
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
