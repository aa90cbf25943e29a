import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';

/** The file in the data folder with the token of this install's user; readable by its owner only. */
export function userToken(dataDir: string): string {
  const file = path.join(dataDir, 'token');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** True when `given` is the token; takes the same time however much of it is right. */
export function isToken(token: string, given: string | undefined): boolean {
  return given !== undefined && timingSafeEqual(digest(token), digest(given));
}

/** The token of `Authorization: Bearer …`. */
export function bearer(header: string | undefined): string | undefined {
  return /^Bearer (\S+)$/.exec(header ?? '')?.[1];
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a request names this server as its host and comes from no foreign page. While only loopback is listened on, only
 * loopback names count, so that a web site cannot reach it through a name of its own (DNS rebinding).
 */
export function isTrustedOrigin(request: IncomingMessage, loopbackOnly: boolean): boolean {
  const { host, origin } = request.headers;
  if (!host) return false;
  const name = host.replace(/:\d+$/, '');
  if (loopbackOnly && !LOOPBACK.has(name)) return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}
