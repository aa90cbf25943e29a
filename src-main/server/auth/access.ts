import { createHash, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { parseCookie } from 'cookie';
import pLimit from 'p-limit';
import { z } from 'zod';
import { CSRF_HEADER } from '../../../src-shared/contract/csrf-header.ts';
import type { Credentials, SessionView, TokenView } from '../../../src-shared/contract/session.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { AccessTable } from '../../db/tables/access.ts';
import type { KeyValueTable } from '../../db/tables/key-value.ts';
import { bearer, isToken } from './secrets.ts';

const DAY_MS = 86_400_000;
/** A browser that hasn't been used for this long has to sign in again. */
export const SESSION_MS = 30 * DAY_MS;
/** A session is noted as seen no more often than this. */
const SEEN_MS = 60_000;

/** OWASP's parameters for scrypt at 32 MiB (Password Storage Cheat Sheet). */
const SCRYPT = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 };
const KEY_BYTES = 32;
const PASSWORD = 'password';
const StoredPassword = z.object({ salt: z.string(), hash: z.string() });

const derive = promisify<string, Buffer, number, typeof SCRYPT, Buffer>(scrypt);
const secret = () => randomBytes(32).toString('base64url');
const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** Error message for a request without rights. */
export const SIGN_IN = 'Sign in first; scripts need a valid token: Authorization: Bearer …';

/** Who comes with a request. */
export interface Visitor {
  /** The session of a browser; null for the holder of a token. */
  session: string | null;
}

/** Lets users in: by password or key into a session, or by token; and out again. */
export class Access {
  readonly #table: AccessTable;
  readonly #facts: KeyValueTable;
  readonly #token: string;
  readonly cookie: string;
  /** One guess after another: each takes memory and time. */
  readonly #turn = pLimit(1);
  readonly #keys = new Set<string>();
  readonly #signOutListeners = new Set<(session: string) => void>();

  /** @param parts `token` is that of the data folder, `cookie` a name no other install on this computer uses */
  constructor(parts: { table: AccessTable; facts: KeyValueTable; token: string; cookie: string }) {
    this.#table = parts.table;
    this.#facts = parts.facts;
    this.#token = parts.token;
    this.cookie = parts.cookie;
  }

  /** Calls `listener` with each session that ends, so that its connections can end too. */
  onSignedOut(listener: (session: string) => void): void {
    this.#signOutListeners.add(listener);
  }

  get hasPassword(): boolean {
    return this.#facts.get(PASSWORD, StoredPassword) !== undefined;
  }

  get sessions(): SessionView[] {
    return this.#table.sessions(Date.now());
  }

  get tokens(): TokenView[] {
    return this.#table.tokens();
  }

  /** A key that signs in once, while this program runs. */
  makeKey(): string {
    const key = secret();
    this.addKey(key);
    return key;
  }

  /** Takes a key that was made elsewhere, of 32 random bytes. */
  addKey(key: string): void {
    this.#keys.add(digest(key));
  }

  /**
   * @returns the secret for the browser's cookie
   * @throws Fault `denied` when password or key are wrong
   */
  async signIn(
    given: Credentials,
    from: { agent: string; address: string },
  ): Promise<{ cookie: string; session: string }> {
    const right = 'password' in given ? await this.#isPassword(given.password) : this.#takeKey(given.key);
    if (!right)
      throw new Fault(
        'denied',
        'password' in given
          ? 'The password is wrong.'
          : 'This link has expired or was already used. Sign in with your password, or restart Flotilla for a new one.',
      );
    const [cookie, now] = [secret(), Date.now()];
    const session: SessionView = {
      id: randomUUID(),
      agent: from.agent.slice(0, 300),
      address: from.address,
      createdAt: now,
      seenAt: now,
      expiresAt: now + SESSION_MS,
    };
    this.#table.addSession(digest(cookie), session);
    return { cookie, session: session.id };
  }

  /** Who this is, by `Authorization: Bearer …` or the session's cookie; undefined for a stranger. */
  visitor(request: IncomingMessage, token = bearer(request.headers.authorization)): Visitor | undefined {
    if (token !== undefined) return this.#isToken(token) ? { session: null } : undefined;
    const cookie = parseCookie(request.headers.cookie ?? '')[this.cookie];
    const now = Date.now();
    const session = cookie && this.#table.session(digest(cookie), now);
    if (!session) return undefined;
    if (now - session.seenAt > SEEN_MS) this.#table.touchSession(session.id, now, now + SESSION_MS);
    return { session: session.id };
  }

  /**
   * The same for requests that may change something: those of a browser carry the header that other sites cannot set.
   * @throws Fault `denied`
   */
  require(request: IncomingMessage): Visitor {
    const visitor = this.visitor(request);
    if (!visitor) throw new Fault('denied', SIGN_IN);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (visitor.session && !reads && request.headers[CSRF_HEADER] === undefined)
      throw new Fault('denied', `Cross-origin request rejected: ${CSRF_HEADER} is missing.`);
    return visitor;
  }

  /**
   * Sets the password and signs everybody out but `keep`.
   * @throws Fault `denied` when there is a password and `old` is another
   */
  async setPassword(password: string, old?: string, keep?: string): Promise<void> {
    if (this.hasPassword && !(await this.#isPassword(old ?? '')))
      throw new Fault('denied', 'The current password is wrong.');
    const salt = randomBytes(16);
    const hash = await this.#turn(() => derive(password.normalize('NFKC'), salt, KEY_BYTES, SCRYPT));
    this.#facts.set(PASSWORD, { salt: salt.toString('base64'), hash: hash.toString('base64') });
    this.#keys.clear();
    this.signOutAll(keep ?? null);
  }

  /** Forgets the password and signs everybody out: the next start gives a set-up address again. */
  reset(): void {
    this.#facts.set(PASSWORD, undefined);
    this.signOutAll(null);
  }

  /** @throws Fault `missing` */
  signOut(session: string): void {
    if (!this.#table.removeSession(session)) throw new Fault('missing', 'This browser is already signed out.');
    for (const listener of this.#signOutListeners) listener(session);
  }

  /** @returns how many were signed out */
  signOutAll(keep: string | null): number {
    const others = this.sessions.filter(({ id }) => id !== keep);
    for (const { id } of others) this.signOut(id);
    return others.length;
  }

  createToken(name: string): { id: number; token: string } {
    const token = secret();
    return { id: this.#table.addToken(digest(token), name, Date.now()), token };
  }

  /** @throws Fault `missing` */
  removeToken(id: number): void {
    if (!this.#table.removeToken(id)) throw new Fault('missing', `There is no token ${id}.`);
  }

  #isToken(token: string): boolean {
    return isToken(this.#token, token) || this.#table.acceptToken(digest(token), Date.now());
  }

  #takeKey(key: string): boolean {
    return this.#keys.delete(digest(key)) || isToken(this.#token, key);
  }

  async #isPassword(password: string): Promise<boolean> {
    const stored = this.#facts.get(PASSWORD, StoredPassword);
    if (!stored) return false;
    const salt = Buffer.from(stored.salt, 'base64');
    const hash = await this.#turn(() => derive(password.normalize('NFKC'), salt, KEY_BYTES, SCRYPT));
    return timingSafeEqual(hash, Buffer.from(stored.hash, 'base64'));
  }
}
