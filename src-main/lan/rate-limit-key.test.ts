import { expect, it } from 'vitest';
import { rateLimitKey } from './rate-limit-key.ts';

it.each([
  ['192.168.1.20', '192.168.1.20'],
  ['::ffff:192.168.1.20', '192.168.1.20'],
  ['no address', 'no address'],
  ['', ''],
])('%s is counted as %s', (address, counted) => {
  expect(rateLimitKey(address)).toBe(counted);
});

it('the addresses of one IPv6 network are counted together', () => {
  expect(rateLimitKey('2001:db8:1:2::5')).toBe(rateLimitKey('2001:db8:1:2:ffff::1'));
  expect(rateLimitKey('fe80::1%eth0')).toBe(rateLimitKey('fe80::2'));
  expect(rateLimitKey('2001:db8:1:3::5')).not.toBe(rateLimitKey('2001:db8:1:2::5'));
});
