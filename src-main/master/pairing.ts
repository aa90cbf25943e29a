import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Fault } from '../../src-shared/errors.ts';
import type { PairingOutcome, PairingView } from '../../src-shared/fleet-view.ts';
import { deviceIdOf, type Hello, PAIRING_TERM_MS } from '../../src-shared/protocol.ts';
import type { InviteTable, WorkerRow, WorkerTable } from '../db/workers.ts';
import { isProof, proofOf } from '../join-secret.ts';
import { joinToken } from '../join-token.ts';
import { commitmentOf, makeNonce, pairingCode } from '../pairing-code.ts';
import { rateLimitKey } from '../rate-limit-key.ts';

/** Tries of one computer, and wrong digits of the user, in that time. */
const TRIES = 5;
/** Computers that may ask at the same time. */
const MOST = 20;
/** Bits of an invitation's secret: nobody finds one by trying. */
const SECRET_BITS = 128;

/** A computer that asks, as its certificate and its connection show it. */
export interface Asker {
  fingerprint: string;
  address: string;
  hello: Hello;
}

interface Request {
  asker: Asker;
  commitment: string;
  masterNonce: string;
  /** Known once the commitment was opened. */
  code: string | undefined;
  expiresAt: number;
  outcome: PromiseWithResolvers<PairingOutcome>;
  expiry: NodeJS.Timeout;
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('base64url');

/** How a stranger becomes a worker: by six digits that a user compares, or by an invitation. */
export class Pairing {
  readonly #fingerprint: string;
  readonly #workers: WorkerTable;
  readonly #invites: InviteTable;
  readonly #changed: (requests: PairingView[]) => void;
  readonly #joined: (worker: WorkerRow) => void;
  readonly #termMs: number;
  readonly #secret: string | undefined;
  readonly #requests = new Map<string, Request>();
  readonly #tries: RateLimiterMemory;
  #wrongCodes = 0;

  /**
   * @param parts `fingerprint` is the master's; `changed` is told who asks now; `joined` of every new worker; whoever knows
   * `secret` is let in
   */
  constructor(parts: {
    fingerprint: string;
    workers: WorkerTable;
    invites: InviteTable;
    changed: (requests: PairingView[]) => void;
    joined: (worker: WorkerRow) => void;
    termMs?: number;
    secret?: string | undefined;
  }) {
    this.#fingerprint = parts.fingerprint;
    this.#workers = parts.workers;
    this.#invites = parts.invites;
    this.#changed = parts.changed;
    this.#joined = parts.joined;
    this.#termMs = parts.termMs ?? PAIRING_TERM_MS;
    this.#secret = parts.secret;
    this.#tries = new RateLimiterMemory({ points: TRIES, duration: this.#termMs / 1000 });
  }

  /** Those whose digits are known, oldest first. */
  list(): PairingView[] {
    return [...this.#requests.values()].flatMap(({ asker, code, expiresAt }) => {
      const { name, device, version } = asker.hello;
      return code === undefined ? [] : [{ code, name, device, version, address: asker.address, expiresAt }];
    });
  }

  /**
   * A computer binds itself to a nonce and gets the master's.
   * @throws Fault `denied` after too many tries, `conflict` while too many others ask
   */
  async ask(asker: Asker, commitment: string): Promise<{ request: string; nonce: string }> {
    await this.#countTry(asker);
    this.withdraw(asker.fingerprint);
    if (this.#requests.size >= MOST) {
      throw new Fault('conflict', 'Too many computers ask to be paired at present; try again in a few minutes.');
    }
    const id = randomUUID();
    const masterNonce = makeNonce();
    const expiry = setTimeout(() => this.#end(id, 'expired'), this.#termMs);
    expiry.unref();
    this.#requests.set(id, {
      asker,
      commitment,
      masterNonce,
      code: undefined,
      expiresAt: Date.now() + this.#termMs,
      outcome: Promise.withResolvers(),
      expiry,
    });
    return { request: id, nonce: masterNonce };
  }

  /** It opens its commitment: from now on the user is shown its digits. @returns seconds until they are void */
  reveal(asker: Asker, id: string, workerNonce: string): { expiresIn: number } {
    const request = this.#get(asker, id);
    if (request.code !== undefined || commitmentOf(workerNonce) !== request.commitment) {
      this.#end(id, 'refused');
      throw new Fault('denied', 'Pairing went wrong: the computer did not keep to what it had said before. Try again.');
    }
    request.code = pairingCode({
      master: this.#fingerprint,
      worker: asker.fingerprint,
      masterNonce: request.masterNonce,
      workerNonce,
    });
    this.#changed(this.list());
    return { expiresIn: Math.max(0, (request.expiresAt - Date.now()) / 1000) };
  }

  /** Resolves when the user has decided, or the time is over. */
  wait(asker: Asker, id: string): Promise<PairingOutcome> {
    return this.#get(asker, id).outcome.promise;
  }

  /**
   * The computer that shows these digits becomes a worker.
   * @throws Fault `missing` when none does; after five such tries all have to ask again
   */
  approve(code: string): WorkerRow {
    const id = this.#find(code);
    const request = id && this.#requests.get(id);
    if (!request) throw this.#wrongCode(code);
    const worker = this.#admit(request.asker);
    this.#end(id, 'approved');
    return worker;
  }

  /** The computer that shows these digits is turned away. @throws Fault `missing` when none does */
  refuse(code: string): void {
    const id = this.#find(code);
    if (!id) throw this.#wrongCode(code);
    this.#end(id, 'refused');
  }

  /** Whoever has this certificate has gone: its wish with it. */
  withdraw(fingerprint: string): void {
    for (const [id, { asker }] of this.#requests) if (asker.fingerprint === fingerprint) this.#end(id, 'expired');
  }

  /** @returns a token for one computer, which says where it came from only to who holds it */
  invite(minutes: number): { token: string; expiresAt: number } {
    const secret = randomBytes(SECRET_BITS / 8);
    const expiresAt = Date.now() + minutes * 60_000;
    this.#invites.add(hashOf(secret.toString('base64url')), expiresAt);
    return { token: joinToken(this.#fingerprint, secret), expiresAt };
  }

  /** A computer becomes a worker by an invitation. @throws Fault `denied` when it is none, used or too old */
  async redeem(asker: Asker, secret: string): Promise<void> {
    await this.#countTry(asker);
    if (!this.#invites.take(hashOf(secret))) {
      throw new Fault('denied', 'This join token was used already or is too old; make a new one with flotilla invite.');
    }
    this.#admit(asker);
  }

  /**
   * A computer becomes a worker because it knows the secret that this master was started with.
   * @returns the proof that this master knows it too
   * @throws Fault `denied` when it does not, or there is none
   */
  async prove(asker: Asker, proof: string): Promise<{ proof: string }> {
    await this.#countTry(asker);
    const pair = { master: this.#fingerprint, worker: asker.fingerprint };
    if (this.#secret === undefined || !isProof(proof, this.#secret, 'worker', pair)) {
      throw new Fault('denied', 'JOIN_SECRET is not the one that this master was started with.');
    }
    this.#admit(asker);
    return { proof: proofOf(this.#secret, 'master', pair) };
  }

  /** Nobody is waited for any more. */
  stop(): void {
    for (const id of [...this.#requests.keys()]) this.#end(id, 'expired');
  }

  #admit({ fingerprint, address, hello }: Asker): WorkerRow {
    const worker = this.#workers.add({ id: deviceIdOf(fingerprint), fingerprint, name: hello.name });
    this.#tries.delete(rateLimitKey(address));
    this.#joined(worker);
    return worker;
  }

  async #countTry({ address }: Asker): Promise<void> {
    try {
      await this.#tries.consume(rateLimitKey(address));
    } catch {
      throw new Fault('denied', `Too many tries from ${address}; wait a few minutes and try again.`);
    }
  }

  #get({ fingerprint }: Asker, id: string): Request {
    const request = this.#requests.get(id);
    if (request?.asker.fingerprint !== fingerprint) throw new Fault('missing', 'Nobody waits under this number.');
    return request;
  }

  /** Digits that two computers show belong to none of them. */
  #find(code: string): string | undefined {
    const found = [...this.#requests].filter(([, request]) => request.code === code);
    return found.length === 1 ? found[0]?.[0] : undefined;
  }

  #wrongCode(code: string): Fault {
    this.#wrongCodes += 1;
    if (this.#wrongCodes < TRIES) return new Fault('missing', `No computer that asks shows ${code}; look at it again.`);
    this.#wrongCodes = 0;
    this.stop();
    return new Fault('denied', `No computer that asks shows ${code}. That was the fifth time: all have to ask again.`);
  }

  #end(id: string, outcome: PairingOutcome): void {
    const request = this.#requests.get(id);
    if (!request) return;
    this.#requests.delete(id);
    clearTimeout(request.expiry);
    request.outcome.resolve(outcome);
    if (outcome === 'approved') this.#wrongCodes = 0;
    this.#changed(this.list());
  }
}
