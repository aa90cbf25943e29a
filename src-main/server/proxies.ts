import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Whether what the computer at an address says of whom it speaks for is believed. */
export type Trust = (address: string | undefined) => boolean;

/** @param proxies addresses and networks, as the setting TRUSTED_PROXIES has them */
export function trustIn(proxies: string[]): Trust {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address = '') => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** The host that a browser asked for: what a trusted proxy says of it, or else the request itself. */
export function hostOf({ headers, socket }: IncomingMessage, trusts: Trust): string | undefined {
  const told = trusts(socket.remoteAddress) ? headers['x-forwarded-host'] : undefined;
  // Of several proxies the first was asked by the browser.
  return told?.toString().split(',')[0]?.trim() || headers.host;
}

/** Proxies that users are told of: anybody can pretend to be one. */
const MOST_TOLD = 5;

/**
 * Looks at requests that tell for whom they speak although nobody said that their sender is to be believed: all of its users count
 * as one then, and one who guesses passwords keeps the others out. Users are told once of each such address.
 */
export function proxyWatch(trusts: Trust, warn: (sentence: string) => void): (request: IncomingMessage) => void {
  const told = new Set<string>();
  return ({ headers, socket: { remoteAddress: address = '' } }) => {
    if (headers['x-forwarded-for'] === undefined || trusts(address)) return;
    if (told.has(address) || told.size >= MOST_TOLD) return;
    told.add(address);
    warn(
      `Someone signs in through a reverse proxy at ${address.replace(/^::ffff:/, '')} that is not in TRUSTED_PROXIES, so all of its users count as one: five wrong passwords a minute lock them all out. If it is yours, add it there.`,
    );
  };
}
