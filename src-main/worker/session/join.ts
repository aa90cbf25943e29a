import { setTimeout as delay } from 'node:timers/promises';
import { CONTRACT } from '../../../src-shared/contract/index.ts';
import { type Hello, LAN_PORT, PAIRING_TERM_MS } from '../../../src-shared/fleet/protocol.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { type Device, fingerprintOf } from '../../lan/device-identity.ts';
import { isProof, proofOf } from '../../lan/join-secret.ts';
import { readJoinToken } from '../../lan/join-token.ts';
import { commitmentOf, makeNonce, pairingCode } from '../../lan/pairing-code.ts';
import { fetchCertificate } from '../../lan/peer-certificate.ts';
import { type JoinRequests, MAX_ASKS } from './join-requests.ts';
import { type Master, MasterLink } from './master-link.ts';

/** A page's server that does not answer in this time is not there, in ms. */
const ASK_MS = 10_000;
/** An answer of a page's server is no larger than this, in bytes. */
const MAX_ANSWER_BYTES = 65_536;
/** Digits that a master calls void before this share of their term by this computer's clock were not left to their time. */
const EARLY = 0.9;

/** What joining needs. */
export interface JoinParts {
  /** As a user types it: an address of the master's page, or of its port for workers. */
  address: string;
  /** Of an invitation; without one the user of the master has to approve. */
  token: string | undefined;
  /** What this master was started with as well. */
  secret?: string | undefined;
  device: Device;
  hello: () => Promise<Hello>;
  /** Called with the six digits that the master also shows, and the master's name; again when the digits have expired. */
  onCode: (code: string, master: string) => void;
  /** Counts how often digits are shown. */
  asks: JoinRequests;
  /** How long digits are good by this computer's clock, in ms. */
  termMs?: number;
  signal: AbortSignal;
}

/**
 * Becomes a worker of the master at an address.
 * @returns the master, with the certificate to be pinned from now on
 * @throws Fault `node` when it cannot be reached, `denied` when it does not want this computer or is not who it should be
 */
export async function join(parts: JoinParts): Promise<Master> {
  const invitation = parts.token === undefined ? undefined : readJoinToken(parts.token);
  const origin = await findOrigin(parts.address, parts.signal);
  const certificate = await fetchCertificate(origin, parts.signal);
  const fingerprint = fingerprintOf(certificate);
  if (invitation && invitation.fingerprint !== fingerprint) {
    throw new Fault(
      'denied',
      `The computer at ${origin} didn't create this join token. No data was sent. Check the address, or create a new token there.`,
    );
  }
  const master = { name: new URL(origin).hostname, origin, certificate };
  const { secret } = parts;
  if (!invitation && secret) {
    return linked(master, parts, (link) => prove(link, secret, { ...parts, master, fingerprint }));
  }
  // Any computer could claim to know this one already: only an approval, a token, or a secret makes it the master.
  return linked(master, parts, async (link) => {
    const { name } = await link.call('hello', {});
    if (invitation) await link.call('invite.redeem', { secret: invitation.secret });
    else await pair(link, fingerprint, name, parts);
    return { ...master, name };
  });
}

/** Does something over a connection of its own. */
async function linked<T>(
  master: Master,
  { device, hello, signal }: JoinParts,
  work: (link: MasterLink) => Promise<T>,
): Promise<T> {
  const link = new MasterLink({ master, device, hello, as: 'stranger' });
  const connected = Promise.withResolvers<void>();
  link.onState((state, problem) => {
    if (state === 'online') connected.resolve();
    else if (problem) connected.reject(problem);
    else if (state === 'stopped') connected.reject(new Fault('node', 'Joining was canceled.'));
  });
  const stop = () => link.stop();
  signal.addEventListener('abort', stop);
  try {
    await connected.promise;
    return await work(link);
  } finally {
    signal.removeEventListener('abort', stop);
    link.stop();
  }
}

/** Becomes a worker by a secret that both sides know; before it is proved, nothing that the other side says counts. */
async function prove(
  link: MasterLink,
  secret: string,
  { master, fingerprint, device }: JoinParts & { master: Master; fingerprint: string },
): Promise<Master> {
  const pair = { master: fingerprint, worker: device.fingerprint };
  const { proof } = await link.call('invite.prove', { proof: proofOf(secret, 'worker', pair) });
  if (!isProof(proof, secret, 'master', pair)) {
    throw new Fault(
      'denied',
      `The computer at ${master.origin} doesn't know JOIN_SECRET, so this one doesn't work for it. Check the address.`,
    );
  }
  return { ...master, name: (await link.call('hello', {})).name };
}

/**
 * Shows six digits until the master's user has approved them; new ones when they expire. The computer that answers may be in the
 * middle and wait for digits that match its own: it gets a handful, one per period of this computer's own clock.
 */
async function pair(link: MasterLink, fingerprint: string, name: string, parts: JoinParts): Promise<void> {
  const { asks, signal, termMs = PAIRING_TERM_MS } = parts;
  for (let n = 0; n < MAX_ASKS; n += 1) {
    const asked = performance.now();
    const workerNonce = makeNonce();
    const { request, nonce } = await link.call('pair.ask', { commitment: commitmentOf(workerNonce) });
    await asks.count(termMs);
    const code = pairingCode({
      master: fingerprint,
      worker: parts.device.fingerprint,
      masterNonce: nonce,
      workerNonce,
    });
    await link.call('pair.reveal', { request, nonce: workerNonce });
    parts.onCode(code, name);
    const over = new AbortController();
    const { outcome } = await Promise.race([
      link.call('pair.wait', { request }),
      delay(termMs, { outcome: 'expired' as const }, { signal: AbortSignal.any([signal, over.signal]) }),
    ]).finally(() => over.abort());
    if (outcome === 'approved') return await asks.clear();
    if (outcome === 'refused') throw new Fault('denied', `${name} rejected this computer as a worker.`);
    if (performance.now() - asked < EARLY * termMs) {
      throw new Fault(
        'denied',
        `${name} ended the request early. If no one entered wrong digits there, someone between the two computers might be intercepting the pairing: don't approve any request, and use a join token (flotilla invite on the master).`,
      );
    }
  }
  throw new Fault('denied', `No one approved this computer on ${name}; try again when someone can compare the digits.`);
}

/**
 * Finds the origin at which the master accepts workers.
 * @param address `nas`, `nas:8091`, `https://nas:8091`, or as for a browser: `http://nas:8090`
 * @throws Fault `usage` when it isn't an address, `node` when nothing answers there or it isn't a master
 */
export async function findOrigin(address: string, signal: AbortSignal): Promise<string> {
  const url = parseAddress(address);
  // Where 443 is written, URL takes it for none.
  const port = url.port || (/:443\/?$/.test(address.trim()) ? 443 : LAN_PORT);
  if (url.protocol === 'https:') return `https://${url.hostname}:${port}`;
  const { name, lanPort } = await askPage(url, signal);
  if (lanPort === null) {
    throw new Fault('node', `${name} at ${url.origin} doesn't accept workers; start it with --lead (LEAD=true).`);
  }
  return `https://${url.hostname}:${lanPort}`;
}

function parseAddress(address: string): URL {
  const text = address.trim();
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  const bare = url && url.pathname === '/' && !url.username && !url.password && !url.search;
  if (!url || !bare)
    throw new Fault('usage', `"${address}" isn't the address of a master, such as nas:8091 or http://nas:8090.`);
  return url;
}

async function askPage(url: URL, signal: AbortSignal): Promise<{ name: string; lanPort: number | null }> {
  try {
    const response = await fetch(new URL('/api/hello', url), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]),
      redirect: 'error',
    });
    return CONTRACT.hello.output.parse(JSON.parse(await textOf(response)));
  } catch (error) {
    throw new Fault(
      'node',
      `No Flotilla found at ${url.origin}. Check that it is running and listens on the network. You can also use its port for workers: ${url.hostname}:${LAN_PORT}.`,
      { cause: error },
    );
  }
}

/** The body of an answer. @throws Error when it is too large for one of Flotilla */
async function textOf(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
