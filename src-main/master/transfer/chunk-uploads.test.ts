import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskSpace } from '../../fs/disk-space.ts';
import { filesIn } from '../../test/support/files.ts';
import { tempFolder } from '../../test/support/temp.ts';
import { until } from '../../test/support/wait.ts';
import { SharedChunks } from '../queue/chunks/shared-chunks.ts';
import { LEASE_TERMS, SYSTEM_CLOCK } from '../queue/leases.ts';
import { ChunkUploads } from './chunk-uploads.ts';

const LEASE = { task: 1, epoch: 1 };
const CHUNK = { ...LEASE, from: 0, to: 10 };
const failure = (code: string) => expect.objectContaining({ code });
const CONTENT = Buffer.from('the pictures of a chunk');
const sha256 = createHash('sha256').update(CONTENT).digest('hex');
const FACTS = { size: CONTENT.length, sha256, first: 0, header: 'h', shapes: [] };

async function* bodyOf(...pieces: Buffer[]): AsyncGenerator<Buffer, void> {
  yield* pieces;
}

/** A video of which `a` encodes the first chunk. */
function make() {
  const folder = path.join(tempFolder(), 'chunks');
  const shared = new SharedChunks(SYSTEM_CLOCK, LEASE_TERMS, () => undefined);
  const uploads = new ChunkUploads({
    ...{ folder, chunks: shared, space: new DiskSpace(), maxBytes: () => 1000 },
    onDefect: (error) => {
      throw error;
    },
  });
  shared.offer(LEASE, 'holder', { chunks: [0, 1, 2].map((n) => ({ from: n * 10, to: n * 10 + 10 })), crf: 30 });
  const board = shared.require(LEASE);
  const [first] = board.waitingFor('a');
  if (first) shared.start(board, first, 'a');
  const receive = (worker = 'a', size = CONTENT.length, chunk = CHUNK) =>
    uploads.receive(chunk, worker, size, bodyOf(CONTENT.subarray(0, 5), CONTENT.subarray(5)));
  const gone = () => until(() => expect(existsSync(folder) ? filesIn(folder) : []).toEqual([]));
  return { folder, shared, board, uploads, receive, gone };
}

describe('a chunk that is uploaded', () => {
  it('is given to the worker of its video when it is intact, and removed when that has it', async () => {
    const { board, uploads, receive, gone } = make();
    await receive();
    uploads.requireIntact(CHUNK, 'a', FACTS);
    await expect(uploads.find(CHUNK, 'holder')).rejects.toThrow(failure('fenced'));
    board.finish(CHUNK, 'a', { kind: 'done', ...FACTS }, 0);
    const { file, ...facts } = await uploads.find(CHUNK, 'holder');
    expect(facts).toEqual({ size: CONTENT.length, sha256 });
    expect(readFileSync(file)).toEqual(CONTENT);
    for (const worker of ['a', 'b']) await expect(uploads.find(CHUNK, worker)).rejects.toThrow(failure('fenced'));
    board.next([{ from: 0, to: 10, size: CONTENT.length }], [], { assign: true, now: 0 });
    await gone();
  });

  it('counts for each of two workers that encode it, until the first one is done', async () => {
    const { board, shared, folder, uploads, receive } = make();
    const [first] = board.chunks;
    if (first) shared.start(board, first, 'b');
    await receive('a');
    await receive('b');
    await receive('b');
    expect(filesIn(folder)).toHaveLength(2);
    for (const worker of ['a', 'b']) uploads.requireIntact(CHUNK, worker, FACTS);
    board.finish(CHUNK, 'b', { kind: 'done', ...FACTS }, 0);
    await until(() => expect(filesIn(folder)).toHaveLength(1));
    expect(readFileSync((await uploads.find(CHUNK, 'holder')).file)).toEqual(CONTENT);
    expect(() => uploads.requireIntact(CHUNK, 'a', FACTS)).toThrow(failure('fenced'));
    await expect(receive('a')).rejects.toThrow(failure('fenced'));
    expect(filesIn(folder)).toHaveLength(1);
  });

  it('is accepted from the worker that encodes it alone, and of this video and attempt', async () => {
    const { receive, gone } = make();
    await expect(receive('b')).rejects.toThrow(failure('fenced'));
    await expect(receive('holder')).rejects.toThrow(failure('fenced'));
    await expect(receive('a', undefined, { ...CHUNK, to: 11 })).rejects.toThrow(failure('fenced'));
    await expect(receive('a', undefined, { ...CHUNK, epoch: 2 })).rejects.toThrow(failure('fenced'));
    await gone();
  });

  it.each([Number.NaN, 0, -1, 1.5, 1001, CONTENT.length - 1, CONTENT.length + 1])(
    'is refused with a size of %d',
    async (size) => {
      const { receive, gone } = make();
      await expect(receive('a', size)).rejects.toThrow(failure('usage'));
      await gone();
    },
  );

  it('has to be sent again when it was damaged, or has not arrived', async () => {
    const { uploads, receive } = make();
    expect(() => uploads.requireIntact(CHUNK, 'a', FACTS)).toThrow(failure('missing'));
    await receive();
    expect(() => uploads.requireIntact(CHUNK, 'a', { ...FACTS, sha256: '0'.repeat(64) })).toThrow(failure('conflict'));
    expect(() => uploads.requireIntact(CHUNK, 'b', FACTS)).toThrow(failure('fenced'));
    await receive();
    uploads.requireIntact(CHUNK, 'a', FACTS);
  });

  it('is dropped when its lease is lost while it arrives', async () => {
    const { shared, uploads, gone } = make();
    const body = async function* () {
      yield CONTENT;
      shared.revokeAll('a');
    };
    await expect(uploads.receive(CHUNK, 'a', CONTENT.length, body())).rejects.toThrow(failure('fenced'));
    await gone();
  });

  it('goes with the lease of its video', async () => {
    const { board, shared, receive, gone } = make();
    await receive();
    board.finish(CHUNK, 'a', { kind: 'done', ...FACTS }, 0);
    shared.drop(LEASE);
    await gone();
  });

  it('is encoded again when its file is gone', async () => {
    const { board, folder, uploads, receive } = make();
    await receive();
    board.finish(CHUNK, 'a', { kind: 'done', ...FACTS }, 0);
    rmSync(folder, { recursive: true });
    await expect(uploads.find(CHUNK, 'holder')).rejects.toThrow(failure('fenced'));
    expect(board.next([], [], { assign: true, now: 0 }).answer).toMatchObject({
      encode: { from: 0, to: 10 },
      uploaded: [],
    });
  });
});
