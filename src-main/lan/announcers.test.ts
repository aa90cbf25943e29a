import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { Announcers } from './announcers.ts';

const FQDN = 'flotilla-00000000000000000000000000000000._flotilla._tcp.local';

/** An answer as a master gives it. */
function announcement(port: number, { name = FQDN, ttl = 120 } = {}) {
  return {
    answers: [{ type: 'PTR', name: '_flotilla._tcp.local', ttl, data: name }],
    additionals: [
      { type: 'SRV', name, ttl, data: { port, target: 'nas.local' } },
      { type: 'TXT', name, ttl, data: [Buffer.from('name=nas')] },
    ],
  };
}

function listen() {
  const mdns = new EventEmitter();
  let changes = 0;
  const announcers = new Announcers(mdns, 'flotilla', () => {
    changes += 1;
  });
  const hear = (address: string, packet: object) =>
    mdns.emit('response', packet, { address, family: 'IPv4', port: 5353 });
  const seen = () => announcers.services.map(({ referer, port }) => `${referer?.address}:${port}`);
  return { announcers, mdns, hear, seen, changes: () => changes };
}

it('shows each of several computers that announce the same name, until it says goodbye', () => {
  const { announcers, mdns, hear, seen, changes } = listen();
  // The liar is the first one, and copies everything.
  hear('10.0.0.66', announcement(8091));
  hear('10.0.0.2', announcement(8091));
  expect(seen()).toEqual(['10.0.0.66:8091', '10.0.0.2:8091']);
  hear('10.0.0.2', announcement(8092));
  expect(seen()).toEqual(['10.0.0.66:8091', '10.0.0.2:8092']);
  // Nor can he say goodbye for another.
  hear('10.0.0.66', announcement(8091, { ttl: 0 }));
  expect(seen()).toEqual(['10.0.0.2:8092']);
  expect(changes()).toBe(4);
  announcers.stop();
  expect([announcers.services, mdns.listenerCount('response')]).toEqual([[], 0]);
});

it('the number of remembered computers, and of services of each, is limited to the latest', () => {
  const { hear, seen } = listen();
  for (let n = 0; n < 1000; n += 1) hear(`10.1.${n >> 8}.${n & 255}`, announcement(8091));
  expect(seen()).toHaveLength(64);
  expect(seen().at(-1)).toBe('10.1.3.231:8091');
  for (let n = 0; n < 1000; n += 1)
    hear('10.2.0.1', announcement(1, { name: FQDN.replace('0000', String(n).padStart(4, '0')) }));
  expect(seen().length).toBeLessThanOrEqual(63 + 16);
  hear('10.0.0.1', { answers: [{ type: 'PTR', name: '_http._tcp.local', ttl: 1, data: 'x' }], additionals: [] });
  expect(seen().some((origin) => origin.startsWith('10.0.0.1:'))).toBe(false);
});
