/** Chunks that a video's worker takes over from a helper, good and bad ones, with real encodes and the master's own board. */
import { appendFileSync, copyFileSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src-shared/contract/index.ts';
import type { ChunkFacts } from '../../src-shared/jobs/chunk-lease.ts';
import type { Grant } from '../../src-shared/jobs/lease.ts';
import { DEFAULT_TABLES } from '../../src-shared/media/quality.ts';
import type { Chunk } from '../../src-shared/plan/chunks.ts';
import { fitPlan } from '../../src-shared/plan/fit-plan.ts';
import { makePlan } from '../../src-shared/plan/plan.ts';
import { Settings } from '../../src-shared/settings/settings.ts';
import { SharedChunks } from '../master/queue/chunks/shared-chunks.ts';
import { LEASE_TERMS, SYSTEM_CLOCK } from '../master/queue/leases.ts';
import { detectCapabilities } from '../media/ffmpeg/capabilities.ts';
import { ProcessManager } from '../media/ffmpeg/process-manager.ts';
import { Timelines } from '../media/ffmpeg/timeline.ts';
import { Prober } from '../media/probe/ffprobe.ts';
import { ChunkConverter } from '../worker/encode/chunk-converter.ts';
import { ChunkSharing } from '../worker/encode/chunk-sharing.ts';
import { Converter } from '../worker/encode/converter.ts';
import { makeClip, OPEN_GOP } from './support/clips.ts';
import { which } from './support/ffmpeg.ts';
import { fromFirst, packetTimes } from './support/media-probe.ts';
import { tempFolder } from './support/temp.ts';

const LEASE = { task: 1, epoch: 1 };

/** What a helper does with the chunk that it has encoded; `other` encodes a chunk of other frames. */
type Spoil = (made: Encoded, other: () => Promise<Encoded>) => ChunkFacts | Promise<ChunkFacts>;

interface Encoded {
  file: string;
  facts: ChunkFacts;
}

/** A worker that converts a clip of three chunks, and a helper that has encoded the second one before the first is done. */
async function setUp() {
  const folder = tempFolder();
  const file = makeClip(path.join(folder, 'clip.mkv'), { seconds: 7, options: OPEN_GOP });
  const processes = await ProcessManager.create(path.join(folder, 'children'));
  const tools = { ffmpeg: which('ffmpeg'), ffprobe: which('ffprobe') };
  const caps = await detectCapabilities(processes, tools);
  const settings = Settings.parse({ minSavings: 0, preset: 13, crf: 50 });
  const probe = await new Prober(processes, tools, async () => caps).probe(file);
  const wanted = makePlan(probe, settings, DEFAULT_TABLES);
  const plan = wanted.kind === 'skip' ? wanted : fitPlan(wanted, probe, { caps }, settings);
  if (plan.kind === 'skip') throw new Error(plan.reason);
  const { size } = statSync(file);
  const grant: Grant = {
    ...{ ...LEASE, file: 1, library: 1, path: 'clip.mkv', version: '1', size, plan, probe, uselessAt: 1e9 },
    ...{ priority: { nice: 0, ionice: 0 }, convertDamaged: false },
  };
  const parts = { processes, tools, caps: async () => caps, timelines: new Timelines(processes, tools) };
  const work = (name: string) => {
    const at = path.join(folder, name);
    mkdirSync(at, { recursive: true });
    return { folder: at, signal: new AbortController().signal, report: () => undefined };
  };
  const shared = new SharedChunks(SYSTEM_CLOCK, LEASE_TERMS, () => undefined);

  const encodeChunk = async ({ from, to }: Chunk) => {
    const { file: made, outcome } = await new ChunkConverter(parts).convert(
      { ...grant, from, to },
      file,
      work(`${from}`),
    );
    if (made === undefined) throw new Error(JSON.stringify(outcome));
    const { kind: _, ...facts } = outcome;
    return { file: made, facts };
  };

  const convert = async (spoil: Spoil) => {
    let uploaded: string | undefined;
    const blamed: string[] = [];
    const asked: (Chunk | null)[] = [];
    const help = async () => {
      const board = shared.require(LEASE);
      const [chunk, other] = board.waitingFor('ben');
      if (!chunk || !other) throw new Error('no chunk waits');
      shared.start(board, chunk, 'ben');
      const made = await encodeChunk(chunk);
      const facts = await spoil(made, () => encodeChunk(other));
      uploaded = made.file;
      board.finish(chunk, 'ben', { kind: 'done', ...facts }, 0);
    };
    const call = (async (name: string, input: never) => {
      if (name === 'chunk.offer') return shared.offer(LEASE, 'anna', input);
      const { done, refused, assign } = input as { done: []; refused: []; assign: boolean };
      const next = shared.require(LEASE).next(done, refused, { assign, now: 0 });
      blamed.push(...next.blamed.map(({ worker }) => worker));
      if (assign) asked.push(next.answer.encode);
      if (uploaded === undefined) await help();
      return next.answer;
    }) as Caller;
    const fetch = async (_: Chunk, to: string) => copyFileSync(uploaded ?? '', to);
    const chunks = { folder: path.join(folder, 'chunks', '1-1'), reserve: async () => () => undefined };
    mkdirSync(path.dirname(chunks.folder), { recursive: true });
    const sharing = new ChunkSharing({ call, lease: LEASE, fetch, log: undefined });
    const converter = new Converter({ ...parts, chunkSeconds: 2 });
    const conversion = await converter.convert(grant, file, { ...work('lease'), chunks, sharing });
    if (conversion.kind !== 'result') throw new Error(JSON.stringify(conversion));
    const board = shared.require(LEASE);
    return { conversion, blamed, asked, made: board.chunks.map(({ madeBy }) => madeBy) };
  };
  return { file, convert };
}

describe('a chunk of another computer', () => {
  it('is taken over when it is proven, and its frames are not encoded again', async () => {
    const { file, convert } = await setUp();
    const { conversion, blamed, made } = await convert(({ facts }) => facts);
    expect(blamed).toEqual([]);
    expect(made).toEqual(['anna', 'ben', 'anna']);
    expect(fromFirst(packetTimes(conversion.file, 0))).toEqual(fromFirst(packetTimes(file, 0)));
  });

  it.for<{ what: string; spoil: Spoil }>([
    {
      what: 'holds other frames',
      spoil: async ({ file, facts }, other) => {
        const {
          file: wrong,
          facts: { size, sha256 },
        } = await other();
        copyFileSync(wrong, file);
        return { ...facts, size, sha256 };
      },
    },
    {
      what: 'has other bytes than were sent',
      spoil: (made) => {
        appendFileSync(made.file, 'x');
        return made.facts;
      },
    },
    {
      what: 'comes from pictures of another size',
      spoil: ({ facts }) => ({
        ...facts,
        shapes: facts.shapes.map(([name, shape]) => [name, { ...shape, width: 64 }]),
      }),
    },
  ])('is refused when it $what, and encoded again', async ({ spoil }) => {
    const { file, convert } = await setUp();
    const { conversion, blamed, asked, made } = await convert(spoil);
    expect(blamed).toEqual(['ben']);
    expect(made).toEqual(['anna', 'anna', 'anna']);
    // The first one, another one while the helper's chunk looks done, then that.
    const [first, , third] = asked;
    expect([first?.from, third?.from]).toEqual([0, 48]);
    expect(fromFirst(packetTimes(conversion.file, 0))).toEqual(fromFirst(packetTimes(file, 0)));
  });
});
