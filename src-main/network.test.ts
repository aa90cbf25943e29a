import { expect, it } from 'vitest';
import { networkOf } from './network.ts';

it.each([
  ['192.168.1.20', '192.168.1.20'],
  ['::ffff:192.168.1.20', '192.168.1.20'],
  ['no address', 'no address'],
  ['', ''],
])('%s is counted as %s', (address, counted) => {
  expect(networkOf(address)).toBe(counted);
});

it('the addresses of one IPv6 network are counted together', () => {
  expect(networkOf('2001:db8:1:2::5')).toBe(networkOf('2001:db8:1:2:ffff::1'));
  expect(networkOf('fe80::1%eth0')).toBe(networkOf('fe80::2'));
  expect(networkOf('2001:db8:1:3::5')).not.toBe(networkOf('2001:db8:1:2::5'));
});
