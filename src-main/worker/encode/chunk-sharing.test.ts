import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../src-shared/contract/index.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import { ChunkSharing, type UploadedChunk } from './chunk-sharing.ts';

const LEASE = { task: 1, epoch: 1 };
const SPLIT = [
  { from: 0, to: 10 },
  { from: 10, to: 20 },
];
const TABLE = { split: SPLIT, stored: [], crf: 30 };
const ANSWER = { encode: SPLIT[0], isDuplicate: false, uploaded: [], running: [] };
const ASSIGN = { assign: true };

/** Sharing with a master that answers calls as the test says. */
function make(fetch: () => Promise<void> = async () => undefined) {
  const calls: [string, Record<string, unknown>][] = [];
  const stage = { faults: [] as (Fault | undefined)[], calls };
  const call = (async (name: string, input: Record<string, unknown>) => {
    calls.push([name, input]);
    const fault = name === 'chunk.next' ? stage.faults.shift() : undefined;
    if (fault) throw fault;
    return name === 'chunk.next' ? ANSWER : {};
  }) as unknown as Caller;
  const sharing = new ChunkSharing({ call, lease: LEASE, fetch, log: undefined });
  const names = () => calls.splice(0).map(([name]) => name);
  return { stage, sharing, names };
}

describe('the chunks of a video', () => {
  it('are offered once, and again when they are split in another way', async () => {
    const { sharing, names } = make();
    expect(await sharing.ask(TABLE, ASSIGN)).toEqual(ANSWER);
    expect(names()).toEqual(['chunk.offer', 'chunk.next']);
    await sharing.ask({ ...TABLE, stored: [{ from: 0, to: 10, size: 5 }] }, ASSIGN);
    expect(names()).toEqual(['chunk.next']);
    await sharing.ask({ ...TABLE, split: [{ from: 0, to: 20 }] }, ASSIGN);
    expect(names()).toEqual(['chunk.offer', 'chunk.next']);
  });

  it('are offered with where they lie in the file, as far as that is known', async () => {
    const { stage, sharing } = make();
    const location = { begin: 0, end: 10, ranges: [[0, 100] as const] };
    await sharing.ask({ ...TABLE, locate: ({ from }) => (from === 0 ? location : undefined) }, ASSIGN);
    const [[, offer] = []] = stage.calls;
    expect(offer).toEqual({ ...LEASE, crf: 30, chunks: [{ ...SPLIT[0], location }, SPLIT[1]] });
  });

  it('are encoded here alone with a master that does not share them, which is asked once', async () => {
    const { stage, sharing, names } = make();
    stage.faults = [new Fault('missing', 'Unknown call chunk.next.')];
    expect(await sharing.ask(TABLE, ASSIGN)).toBeUndefined();
    names();
    expect(await sharing.ask(TABLE, ASSIGN)).toBeUndefined();
    expect(names()).toEqual([]);
  });

  it('are offered again to a master that has forgotten them', async () => {
    const { stage, sharing, names } = make();
    await sharing.ask(TABLE, ASSIGN);
    names();
    stage.faults = [new Fault('conflict', 'They have to be offered first.')];
    expect(await sharing.ask(TABLE, ASSIGN)).toEqual(ANSWER);
    expect(names()).toEqual(['chunk.next', 'chunk.offer', 'chunk.next']);
  });

  it.for(['node', 'fenced', 'usage'] as const)(
    'are encoded here after a fault (%s), and offered again',
    async (code) => {
      const { stage, sharing, names } = make();
      stage.faults = [new Fault(code, 'No.')];
      expect(await sharing.ask(TABLE, ASSIGN)).toBeUndefined();
      names();
      expect(await sharing.ask(TABLE, ASSIGN)).toEqual(ANSWER);
      expect(names()).toEqual(['chunk.offer', 'chunk.next']);
    },
  );

  it('that are refused are reported until the master knows', async () => {
    const { stage, sharing } = make();
    sharing.refuse({ from: 10, to: 20 }, 'Its bytes differ.');
    stage.faults = [new Fault('node', 'No.')];
    for (let times = 0; times < 3; times++) await sharing.ask(TABLE, ASSIGN);
    const refused = stage.calls.flatMap(([name, input]) => (name === 'chunk.next' ? [input.refused] : []));
    const told = [{ from: 10, to: 20, reason: 'Its bytes differ.' }];
    expect(refused).toEqual([told, told, []]);
  });

  it('of other computers are left for later when they cannot be fetched', async () => {
    const chunk = { from: 0, to: 10 } as UploadedChunk;
    for (const error of [new Fault('fenced', 'It is gone.'), new Error('The disk is full.')])
      expect(await make(() => Promise.reject(error)).sharing.fetch(chunk, 'file', undefined)).toBe(false);
    const { sharing } = make(() => Promise.reject(new Error('cut')));
    const over = AbortSignal.abort(new Error('over'));
    await expect(sharing.fetch(chunk, 'file', over)).rejects.toThrow('over');
  });
});
