import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { PairingOutcome, PairingView } from '../../src-shared/contract/fleet-view.ts';
import { deviceIdOf, type Hello, PAIRING_TERM_MS } from '../../src-shared/fleet/protocol.ts';
import { Fault } from '../../src-shared/util/errors.ts';
import type { InviteTable, WorkerRow, WorkerTable } from '../db/tables/workers.ts';
import { isProof, proofOf } from '../lan/join-secret.ts';
import { joinToken } from '../lan/join-token.ts';
import { commitmentOf, makeNonce, pairingCode } from '../lan/pairing-code.ts';
import { rateLimitKey } from '../lan/rate-limit-key.ts';

/** Tries of one computer, and wrong digits of the user, in that time. */
const TRIES = 5;
/** Computers that may ask at the same time. */
const MAX_REQUESTS = 20;
/** Bits of an invitation's secret: nobody finds one by trying. */
const SECRET_BITS = 128;

/** A computer that asks, as its certificate and its connection show it. */
export interface Applicant {
  fingerprint: string;
  address: string;
  hello: Hello;
}

interface Request {
  applicant: Applicant;
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
    return [...this.#requests.values()].flatMap(({ applicant, code, expiresAt }) => {
      const { name, device, version } = applicant.hello;
      return code === undefined ? [] : [{ code, name, device, version, address: applicant.address, expiresAt }];
    });
  }

  /**
   * A computer binds itself to a nonce and gets the master's.
   * @throws Fault `denied` after too many tries, `conflict` while too many others ask
   */
  async ask(applicant: Applicant, commitment: string): Promise<{ request: string; nonce: string }> {
    await this.#countTry(applicant);
    this.withdraw(applicant.fingerprint);
    if (this.#requests.size >= MAX_REQUESTS) {
      throw new Fault('conflict', 'Too many computers are asking to pair; try again in a few minutes.');
    }
    const id = randomUUID();
    const masterNonce = makeNonce();
    const expiry = setTimeout(() => this.#end(id, 'expired'), this.#termMs);
    expiry.unref();
    this.#requests.set(id, {
      applicant,
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
  reveal(applicant: Applicant, id: string, workerNonce: string): { expiresIn: number } {
    const request = this.#get(applicant, id);
    if (request.code !== undefined || commitmentOf(workerNonce) !== request.commitment) {
      this.#end(id, 'refused');
      throw new Fault('denied', "Pairing failed: the computer's answers don't match. Try again.");
    }
    request.code = pairingCode({
      master: this.#fingerprint,
      worker: applicant.fingerprint,
      masterNonce: request.masterNonce,
      workerNonce,
    });
    this.#changed(this.list());
    return { expiresIn: Math.max(0, (request.expiresAt - Date.now()) / 1000) };
  }

  /** Resolves when the user has decided, or the time is over. */
  wait(applicant: Applicant, id: string): Promise<PairingOutcome> {
    return this.#get(applicant, id).outcome.promise;
  }

  /**
   * The computer that shows these digits becomes a worker.
   * @throws Fault `missing` when none does; after five such tries all have to ask again
   */
  approve(code: string): WorkerRow {
    const id = this.#find(code);
    const request = id && this.#requests.get(id);
    if (!request) throw this.#wrongCode(code);
    const worker = this.#admit(request.applicant);
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
    for (const [id, { applicant }] of this.#requests)
      if (applicant.fingerprint === fingerprint) this.#end(id, 'expired');
  }

  /** @returns a token for one computer, which says where it came from only to who holds it */
  invite(minutes: number): { token: string; expiresAt: number } {
    const secret = randomBytes(SECRET_BITS / 8);
    const expiresAt = Date.now() + minutes * 60_000;
    this.#invites.add(hashOf(secret.toString('base64url')), expiresAt);
    return { token: joinToken(this.#fingerprint, secret), expiresAt };
  }

  /** A computer becomes a worker by an invitation. @throws Fault `denied` when it is none, used or too old */
  async redeem(applicant: Applicant, secret: string): Promise<void> {
    await this.#countTry(applicant);
    if (!this.#invites.take(hashOf(secret))) {
      throw new Fault(
        'denied',
        'This join token has expired or was already used; create a new one with flotilla invite.',
      );
    }
    this.#admit(applicant);
  }

  /**
   * A computer becomes a worker because it knows the secret that this master was started with.
   * @returns the proof that this master knows it too
   * @throws Fault `denied` when it does not, or there is none
   */
  async prove(applicant: Applicant, proof: string): Promise<{ proof: string }> {
    await this.#countTry(applicant);
    const pair = { master: this.#fingerprint, worker: applicant.fingerprint };
    if (this.#secret === undefined || !isProof(proof, this.#secret, 'worker', pair)) {
      throw new Fault('denied', "JOIN_SECRET doesn't match the one of this master.");
    }
    this.#admit(applicant);
    return { proof: proofOf(this.#secret, 'master', pair) };
  }

  /** Ends all requests. */
  stop(): void {
    for (const id of [...this.#requests.keys()]) this.#end(id, 'expired');
  }

  #admit({ fingerprint, address, hello }: Applicant): WorkerRow {
    const worker = this.#workers.add({ id: deviceIdOf(fingerprint), fingerprint, name: hello.name });
    this.#tries.delete(rateLimitKey(address));
    this.#joined(worker);
    return worker;
  }

  async #countTry({ address }: Applicant): Promise<void> {
    try {
      await this.#tries.consume(rateLimitKey(address));
    } catch {
      throw new Fault('denied', `Too many tries from ${address}; wait a few minutes and try again.`);
    }
  }

  #get({ fingerprint }: Applicant, id: string): Request {
    const request = this.#requests.get(id);
    if (request?.applicant.fingerprint !== fingerprint) throw new Fault('missing', 'No pairing request has this code.');
    return request;
  }

  /** Digits that two computers show belong to none of them. */
  #find(code: string): string | undefined {
    const found = [...this.#requests].filter(([, request]) => request.code === code);
    return found.length === 1 ? found[0]?.[0] : undefined;
  }

  #wrongCode(code: string): Fault {
    this.#wrongCodes += 1;
    if (this.#wrongCodes < TRIES)
      return new Fault('missing', `No pairing request has the code ${code}; check the digits.`);
    this.#wrongCodes = 0;
    this.stop();
    return new Fault(
      'denied',
      `No pairing request has the code ${code}. That was the fifth try: all computers have to ask again.`,
    );
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
