import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

const HOUR_MS = 3_600_000;

describe('VirtualClock', () => {
  let clock: VirtualClock;
  let seen: [string, number][];
  const note = (what: string) => seen.push([what, performance.now()]);

  beforeEach(() => {
    clock = new VirtualClock();
    seen = [];
    onTestFinished(clock.install());
  });

  it('lets timers ring in their order and at their times, however far they are apart', async () => {
    setTimeout(() => note('second'), HOUR_MS);
    setTimeout(() => note('third'), HOUR_MS);
    setTimeout(() => note('first'), 5);
    wait(2 * HOUR_MS).then(() => note('last'));
    await clock.runUntil(() => seen.length === 4, 3 * HOUR_MS);
    expect(seen).toEqual([
      ['first', 5],
      ['second', HOUR_MS],
      ['third', HOUR_MS],
      ['last', 2 * HOUR_MS],
    ]);
  });

  it('repeats an interval until it is cleared', async () => {
    const timer = setInterval(() => note('beat'), 10_000);
    setTimeout(() => clearInterval(timer), 35_000);
    setTimeout(() => note('end'), 100_000);
    await clock.runUntil(() => seen.at(-1)?.[0] === 'end', HOUR_MS);
    expect(seen.map(([, at]) => at)).toEqual([10_000, 20_000, 30_000, 100_000]);
  });

  it('ends a wait with its signal', async () => {
    const stop = new AbortController();
    wait(HOUR_MS, undefined, { signal: stop.signal }).catch(() => note('aborted'));
    setTimeout(() => stop.abort(), 1000);
    await clock.runUntil(() => seen.length > 0, HOUR_MS);
    expect(seen).toEqual([['aborted', 1000]]);
  });

  it('stands still while a file is read', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-clock-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'file');
    writeFileSync(file, Buffer.alloc(2_000_000));
    const reading = readFile(file).then(() => note('read'));
    setTimeout(() => note('timer'), 1);
    await clock.runUntil(() => seen.length === 2, HOUR_MS);
    await reading;
    expect(seen).toEqual([
      ['read', 0],
      ['timer', 1],
    ]);
  });

  it('says so when nothing can happen any more', async () => {
    await expect(clock.runUntil(() => false, HOUR_MS)).rejects.toThrow('did not end');
  });

  it("gives Node's own timers back", () => {
    const uninstall = new VirtualClock().install();
    const virtual = setTimeout;
    uninstall();
    expect(setTimeout).not.toBe(virtual);
  });
});
