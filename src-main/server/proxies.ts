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
