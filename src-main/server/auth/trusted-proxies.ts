import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Whether forwarded headers from an address are trusted. */
export type Trust = (address: string | undefined) => boolean;

/** @param proxies addresses and networks, as the setting TRUSTED_PROXIES has them */
export function trustOf(proxies: string[]): Trust {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address = '') => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** The host that a browser asked for: as forwarded by a trusted proxy, or else of the request itself. */
export function hostOf({ headers, socket }: IncomingMessage, trusts: Trust): string | undefined {
  const told = trusts(socket.remoteAddress) ? headers['x-forwarded-host'] : undefined;
  // Of several proxies the first was asked by the browser.
  return told?.toString().split(',')[0]?.trim() || headers.host;
}

/** Untrusted proxies that users are warned about: anyone can pretend to be one. */
const MAX_TOLD = 5;

/**
 * Detects requests with forwarded headers from a proxy that isn't trusted: all of its users share one rate limit then, and one who
 * guesses passwords locks the others out. Users are warned once per address.
 */
export function proxyWatch(trusts: Trust, warn: (sentence: string) => void): (request: IncomingMessage) => void {
  const told = new Set<string>();
  return ({ headers, socket: { remoteAddress: address = '' } }) => {
    if (headers['x-forwarded-for'] === undefined || trusts(address)) return;
    if (told.has(address) || told.size >= MAX_TOLD) return;
    told.add(address);
    warn(
      `Someone signs in through a reverse proxy at ${address.replace(/^::ffff:/, '')} that is not in TRUSTED_PROXIES, so all of its users count as one: five wrong passwords a minute lock them all out. If it is yours, add it there.`,
    );
  };
}
