import ipaddr from 'ipaddr.js';

/** The first half of an IPv6 address names a network; a computer chooses the rest as it likes (RFC 4291, 2.5.4). */
const NETWORK_BYTES = 8;

/** The key under which a rate limiter counts an address: an IPv4 address itself, the /64 network of an IPv6 one, any other text as it is. */
export function rateLimitKey(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, NETWORK_BYTES).join(':');
}
