import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { LOOPBACK } from '../../../src-shared/util/loopback.ts';
import { readOrCreate } from '../../fs/atomic-write.ts';
import { hostOf, type Trust } from './trusted-proxies.ts';

/** 32 bytes or more: an empty or half written file must not become a token that lets everybody in. */
const TOKEN = /^[\w-]{43,}$/;

/** The token of this install's user, kept in the data folder, readable by its owner only. */
export function userToken(dataDir: string): Promise<string> {
  return readOrCreate(path.join(dataDir, 'token'), TOKEN, () => randomBytes(32).toString('base64url'), 0o600);
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

/** Under which names a server may be reached. */
export interface HostRule {
  /** While only loopback is listened on, only its own names count. */
  loopbackOnly: boolean;
  /** The setting: further names of this computer. */
  hostNames: string[];
  /** Whether a proxy at an address is believed. */
  trusts: Trust;
}

/**
 * Whether a request names this server as its host and comes from no foreign page, so that a web site cannot reach it through
 * a name of its own (DNS rebinding).
 */
export function isTrustedOrigin(request: IncomingMessage, { loopbackOnly, hostNames, trusts }: HostRule): boolean {
  const { origin } = request.headers;
  const host = hostOf(request, trusts);
  if (!host || !isOwnHost(host, hostNames)) return false;
  // A proxy on this computer forwards the host name that it's reached by, which has to be configured then.
  const local = [...LOOPBACK, ...hostNames.map((name) => name.toLowerCase())];
  if (loopbackOnly && !local.includes(host.replace(/:\d+$/, '').toLowerCase())) return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

/** Names that cannot belong to a site of the internet: without a dot, or under a domain kept for private networks. */
const PRIVATE_NAME = /^[^.]+$|\.(local|lan|home|internal|home\.arpa|localdomain)$/;

/**
 * Whether a Host header can mean this computer on its network: an address, a private name, its own host name, or one of
 * `names`. No site of the internet can make a browser reach it under such a name.
 */
export function isOwnHost(host: string | undefined, names: string[]): boolean {
  const name = /^(\[[\da-f:.]+\]|[^:\s/@]+)(:\d+)?$/i.exec(host ?? '')?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (name.startsWith('[') || isIP(name) !== 0 || PRIVATE_NAME.test(name)) return true;
  return [os.hostname(), ...names].some((known) => known.toLowerCase() === name);
}
