import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Caller } from '../../../src-shared/contract/index.ts';
import type { NextChunk } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Plan } from '../../../src-shared/plan/plan.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { ChunkSharing } from './chunk-sharing.ts';
import { ChunkStore } from './chunk-store.ts';
import { EncodeRun } from './encode-run.ts';

const SPLIT = [0, 1, 2, 3].map((n) => ({ from: n * 10, to: n * 10 + 10 }));
const [FIRST, SECOND, THIRD, LAST] = SPLIT as [NextChunk['running'][0], ...NextChunk['running']];
const PLAN = { streams: [] } as unknown as Plan;
const answer = (over: Partial<NextChunk>): NextChunk => {
  return { encode: null, isDuplicate: false, uploaded: [], running: [], ...over };
};

/** The chunks of a video of which none is there yet, and a master that gives these answers, the last one again and again. */
async function make(answers: (NextChunk | undefined)[]) {
  const folder = tempFolder();
  const store = await ChunkStore.open(path.join(folder, 'chunks'), {});
  onTestFinished(() => store.close());
  await store.note({ split: SPLIT });
  let asked = 0;
  const call = (async (name: string) => {
    if (name !== 'chunk.next') return {};
    const next = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (!next) throw new Error('The master does not answer.');
    return next;
  }) as unknown as Caller;
  const sharing = new ChunkSharing({
    call,
    lease: { task: 1, epoch: 1 },
    fetch: async () => undefined,
    log: undefined,
  });
  const ending = new AbortController();
  mkdirSync(path.join(folder, 'lease'));
  const run = new EncodeRun({
    ...{ processes: {} as never, tools: {} as never, stallMs: 0, grant: { uselessAt: 0 }, now: () => 0 },
    ...{ files: { input: '', output: path.join(folder, 'lease/result') }, report: () => undefined },
    options: { signal: ending.signal },
  });
  const source = { demuxer: 'mov', start: 0, times: new Float64Array(), keys: new Float64Array() };
  const queue = new ChunkQueue({ store, source, sharing, onRefused: () => undefined, pollMs: 1 });
  return { next: () => queue.next(PLAN, run), ending, asked: () => asked };
}

describe('the worker of a video', () => {
  it('waits while two others encode each chunk that is left, until there is one for it', async () => {
    const all = answer({ running: SPLIT });
    const { next, asked } = await make([
      all,
      all,
      answer({ encode: THIRD ?? null, isDuplicate: true, running: SPLIT }),
    ]);
    expect(await next()).toEqual({ chunk: THIRD, isContested: true });
    expect(asked()).toBe(3);
  });

  it('waits no longer than its lease, nor for a master that answers no more', async () => {
    const { next, ending } = await make([answer({ running: SPLIT })]);
    const waiting = next();
    ending.abort();
    await expect(waiting).rejects.toThrow();
    const silent = await make([answer({ running: SPLIT }), undefined]);
    expect(await silent.next()).toEqual({ chunk: FIRST, isContested: false });
  });

  it('looks whether another computer is first where hardly anything else is left', async () => {
    const { next } = await make([
      answer({ encode: FIRST, running: [SECOND, THIRD].filter((chunk) => chunk !== undefined) }),
    ]);
    expect(await next()).toEqual({ chunk: FIRST, isContested: true });
    const early = await make([answer({ encode: FIRST, running: [LAST].filter((chunk) => chunk !== undefined) })]);
    expect(await early.next()).toEqual({ chunk: FIRST, isContested: false });
  });
});
