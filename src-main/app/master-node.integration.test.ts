import { Writable } from 'node:stream';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../test/support/temp.ts';
import { startNode } from './start-node.ts';

/** The parts of a serving node in the order in which they start; those of the master start before it is started itself. */
const PARTS = [
  'data folder lock',
  'database',
  'event bus',
  'worker table',
  'library owners',
  'dispatcher',
  'probe queue',
  'libraries',
  'result intake',
  'sentinels',
  'pairing',
  'forecasts',
  'master',
  'session with a remote master',
  'samples',
  'samples of the forecast',
  'frames',
  'local worker',
  'LAN service',
  'web service',
  'calls',
  'scheduled tasks',
];

/** A log in memory, and how to read the names of parts from it. */
function makeLog() {
  const lines: { part?: string; msg: string; level: number }[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const partsThat = (msg: string) => lines.flatMap((line) => (line.msg === msg && line.part ? [line.part] : []));
  return { log: pino({ level: 'debug' }, stream), lines, partsThat };
}

describe('MasterNode', () => {
  it('starts its parts in order, and stops them in reverse order', async () => {
    const { log, lines, partsThat } = makeLog();
    const flags = { webPort: 0, lanPort: 0, lead: true };
    const node = await startNode({ dataDir: tempFolder(), serve: true, flags, log });
    expect(partsThat('Part started.')).toEqual(PARTS);
    expect(node.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(node.lanPort()).toBeGreaterThan(0);
    await node.stop();
    // The master reports its own stop after that of its parts.
    const ownParts = PARTS.slice(PARTS.indexOf('library owners'), PARTS.indexOf('master'));
    const rest = PARTS.filter((part) => !ownParts.includes(part)).reverse();
    rest.splice(rest.indexOf('master'), 0, ...ownParts.reverse());
    expect(partsThat('Part stopped.')).toEqual(rest);
    expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
  });

  it('stops what it has started when a later part cannot start', async () => {
    const first = await startNode({ dataDir: tempFolder(), serve: true, flags: { webPort: 0 }, log: makeLog().log });
    const webPort = Number(new URL(first.url ?? '').port);
    const { log, partsThat } = makeLog();
    const dataDir = tempFolder();
    await expect(startNode({ dataDir, serve: true, flags: { webPort }, log })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(partsThat('Part stopped.')).toEqual(expect.arrayContaining(['web service', 'master', 'data folder lock']));
    await first.stop();
    // Its data folder is free again.
    const again = await startNode({ dataDir, serve: true, flags: { webPort: 0 }, log });
    await again.stop();
  });
});
