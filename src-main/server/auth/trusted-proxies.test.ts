import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { hostOf, proxyWatch, trustOf } from './trusted-proxies.ts';

describe('a trusted proxy', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['172.16.0.0/12', '172.31.255.255', true],
    ['172.16.0.0/12', '172.32.0.0', false],
    ['fd00::/8', 'fd12::1', true],
    ['::1', '127.0.0.1', false],
  ])('in %s: %s %s', (listed, address, trusted) => {
    expect(trustOf([listed])(address)).toBe(trusted);
  });

  it('is no address by default, nor that of a closed connection', () => {
    expect(trustOf([])('127.0.0.1')).toBe(false);
    expect(trustOf(['0.0.0.0/0'])(undefined)).toBe(false);
  });

  it('determines the requested host; untrusted senders do not', () => {
    const headers = { host: 'inside:8090', 'x-forwarded-host': 'videos.example.org, proxy.example.org' };
    const request = { headers, socket: { remoteAddress: '10.0.0.1' } } as unknown as IncomingMessage;
    expect(hostOf(request, trustOf(['10.0.0.0/8']))).toBe('videos.example.org');
    expect(hostOf(request, trustOf(['10.0.0.2']))).toBe('inside:8090');
  });
});

it('tells once of each proxy that is not trusted, and of a few only', () => {
  const told: string[] = [];
  const look = proxyWatch(trustOf(['10.0.0.1']), (sentence) => told.push(sentence));
  const from = (remoteAddress: string, forwarded?: string) =>
    look({ headers: forwarded ? { 'x-forwarded-for': forwarded } : {}, socket: { remoteAddress } } as never);
  from('10.0.0.1', 'evil');
  from('10.0.0.2');
  expect(told).toEqual([]);
  from('::ffff:10.0.0.2', '<b>read this</b>');
  from('::ffff:10.0.0.2', 'again');
  expect(told).toEqual([
    expect.stringMatching(/^Someone signs in through a reverse proxy at 10\.0\.0\.2 that is not in/),
  ]);
  for (let n = 0; n < 100; n += 1) from(`10.0.1.${n}`, 'x');
  expect(told).toHaveLength(5);
  expect(told.join()).not.toContain('read this');
});
