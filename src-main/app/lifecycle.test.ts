import { Writable } from 'node:stream';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { Lifecycle } from './lifecycle.ts';

/** A lifecycle with the log that it writes, and a maker of parts that record their calls. */
function makeLifecycle() {
  const lines: Record<string, unknown>[] = [];
  const calls: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const part = (name: string, fails?: 'start' | 'stop') => {
    const record = (step: 'start' | 'stop') => {
      calls.push(`${step} ${name}`);
      if (fails === step) throw new Error(`${name} is broken`);
    };
    return { start: () => record('start'), stop: () => record('stop') };
  };
  return { lifecycle: new Lifecycle(pino({ level: 'debug' }, stream)), lines, calls, part };
}

describe('Lifecycle', () => {
  it('stops parts in the reverse of the order in which they started, once', async () => {
    const { lifecycle, calls, part } = makeLifecycle();
    for (const name of ['a', 'b', 'c']) await lifecycle.start(name, part(name));
    await lifecycle.stop();
    await lifecycle.stop();
    expect(calls).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  });

  it('stops the other parts when one fails to stop, and logs which one and why', async () => {
    const { lifecycle, calls, lines, part } = makeLifecycle();
    await lifecycle.start('a', part('a'));
    await lifecycle.start('b', part('b', 'stop'));
    await lifecycle.stop();
    expect(calls.slice(2)).toEqual(['stop b', 'stop a']);
    expect(lines.filter(({ level }) => level === 50)).toEqual([
      expect.objectContaining({ msg: expect.stringMatching(/^Couldn't stop the b after \d+ ms: b is broken$/) }),
    ]);
    expect(lines.at(-1)).toMatchObject({ part: 'a', ms: expect.any(Number), msg: 'Part stopped.' });
  });

  it('also stops a part whose start failed, and no part that was never started', async () => {
    const { lifecycle, calls, part } = makeLifecycle();
    await lifecycle.start('a', part('a'));
    await expect(lifecycle.start('b', part('b', 'start'))).rejects.toThrow('b is broken');
    await lifecycle.stop();
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });
});
