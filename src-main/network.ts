import ipaddr from 'ipaddr.js';

/** The first half of an IPv6 address names a network; a computer chooses the rest as it likes (RFC 4291, 2.5.4). */
const NETWORK_BYTES = 8;

/** What the tries of a computer are counted under: its IPv4 address, or its IPv6 network. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, NETWORK_BYTES).join(':');
}
