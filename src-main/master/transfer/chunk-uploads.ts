import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ChunkFacts, ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Lease } from '../../../src-shared/jobs/lease.ts';
import type { Chunk } from '../../../src-shared/plan/chunks.ts';
import { Fault } from '../../../src-shared/util/errors.ts';
import type { DiskSpace } from '../../fs/disk-space.ts';
import { writeAll } from '../../fs/write-all.ts';
import { CHUNK_FENCED } from '../queue/chunks/chunk-board.ts';
import type { SharedChunks } from '../queue/chunks/shared-chunks.ts';

/** A chunk that has arrived in full. */
export interface ReceivedChunk {
  /** Absolute path. */
  file: string;
  /** In bytes. */
  size: number;
  /** In lower-case hexadecimal. */
  sha256: string;
}

/** Chunks of helpers on their way to the worker of their video. None outlives the video's lease. */
export class ChunkUploads {
  readonly #folder: string;
  readonly #chunks: SharedChunks;
  readonly #space: DiskSpace;
  readonly #maxBytes: (lease: Lease) => number;
  readonly #received = new Map<string, ReceivedChunk>();

  /** @param parts - `maxBytes`: what a chunk of a video may take at the most */
  constructor(parts: {
    folder: string;
    chunks: SharedChunks;
    space: DiskSpace;
    maxBytes: (lease: Lease) => number;
    onDefect: (error: unknown) => void;
  }) {
    this.#folder = parts.folder;
    this.#chunks = parts.chunks;
    this.#space = parts.space;
    this.#maxBytes = parts.maxBytes;
    parts.chunks.onDiscarded((lease, chunk, worker) =>
      this.#discard(keyOf(lease, chunk, worker)).catch(parts.onDefect),
    );
  }

  /**
   * Takes in a chunk of a helper, which is on the disk when this resolves. A later one for the same chunk replaces it.
   * @param size in bytes, as declared
   * @throws Fault `fenced` unless this worker encodes the chunk, `usage` when it has another size or is too large, `node` when the disk has
   *   no room
   */
  async receive(lease: ChunkLease, worker: string, size: number, body: AsyncIterable<Buffer>): Promise<void> {
    this.#requireRun(lease, worker);
    const most = this.#maxBytes(lease);
    if (!Number.isSafeInteger(size) || size < 1 || size > most)
      throw new Fault('usage', `A chunk of ${size} bytes isn't accepted for a video of ${most}.`);
    await mkdir(this.#folder, { recursive: true });
    const key = keyOf(lease, lease, worker);
    // Two computers may send the same chunk at once.
    const file = path.join(this.#folder, `${nameOf(lease, lease)}.${randomUUID()}`);
    const release = await this.#space.reserve({ place: file, bytes: size, what: 'a chunk on its way here' });
    try {
      const sha256 = await store(body, file, size);
      // It may have been lost while it arrived.
      this.#requireRun(lease, worker);
      const earlier = this.#received.get(key);
      this.#received.set(key, { file, size, sha256 });
      if (earlier) await rm(earlier.file, { force: true });
    } finally {
      release();
      if (this.#received.get(key)?.file !== file) await rm(file, { force: true });
    }
  }

  #requireRun(lease: ChunkLease, worker: string): void {
    this.#chunks.require(lease).requireRun(lease, worker);
  }

  /**
   * Compares what has arrived with what was sent.
   * @throws Fault `fenced` unless this worker encodes the chunk, `missing` when it has not arrived, `conflict` when it was damaged: its
   *   worker has to send it again
   */
  requireIntact(lease: ChunkLease, worker: string, { size, sha256 }: ChunkFacts): void {
    this.#requireRun(lease, worker);
    const received = this.#received.get(keyOf(lease, lease, worker));
    if (!received) throw new Fault('missing', "The chunk hasn't fully arrived.");
    if (received.size !== size || received.sha256 !== sha256)
      throw new Fault('conflict', 'The chunk was damaged in transit; send it again.');
  }

  /** Returns an uploaded chunk for the worker of its video. @throws Fault `fenced` when it isn't, or the chunk is gone */
  async find(lease: ChunkLease, worker: string): Promise<ReceivedChunk> {
    const board = this.#chunks.require(lease);
    if (board.holder !== worker) throw new Fault('fenced', CHUNK_FENCED);
    const { upload } = board.requireUpload(lease);
    const received = this.#received.get(keyOf(lease, lease, upload.worker));
    const size = received && (await stat(received.file).catch(() => undefined))?.size;
    if (received && size === received.size) return received;
    board.loseUpload(lease);
    throw new Fault('fenced', CHUNK_FENCED);
  }

  async #discard(key: string): Promise<void> {
    const received = this.#received.get(key);
    if (!received) return;
    this.#received.delete(key);
    await rm(received.file, { force: true });
  }
}

/** Writes a body of so many bytes to a new file, and has them on the disk. @returns their SHA-256 */
async function store(body: AsyncIterable<Buffer>, file: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'wx');
  try {
    let position = 0;
    for await (const piece of body) {
      if (position + piece.length > size) throw new Fault('usage', `A chunk has more than its ${size} bytes.`);
      hash.update(piece);
      await writeAll(handle, piece, position);
      position += piece.length;
    }
    if (position !== size) throw new Fault('usage', `A chunk has ${position} bytes instead of ${size}.`);
    await handle.sync();
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

const nameOf = ({ task, epoch }: Lease, { from, to }: Chunk) => `${task}-${epoch}-${from}-${to}`;

/** What a worker has sent of a chunk. */
const keyOf = (lease: Lease, chunk: Chunk, worker: string) => `${nameOf(lease, chunk)} ${worker}`;
