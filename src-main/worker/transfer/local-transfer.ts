import { createReadStream } from 'node:fs';
import { constants, copyFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';
import type { Grant, Lease } from '../../../src-shared/jobs/lease.ts';
import { exists, linkOrMoveExclusive, moveNew, remove } from '../../fs/safe-fs.ts';
import type { ChunkTransfer } from './chunk-transfer.ts';
import { isReadable } from './shared-storage.ts';
import type { Result, Transfer } from './transfer.ts';

/** The part of the master in the same process that a local transfer uses. */
export interface LocalTransferParts {
  /** Returns the absolute path of a library. */
  rootOf: (library: number) => string;
  /** Called when an original can't be read any more because its storage is gone. */
  onStorageLost: (library: number) => void;
  /** Puts a result in place; it may move `result.file` away. */
  accept: (lease: Lease, result: Result) => Promise<void>;
  /** Takes in a chunk of so many bytes that was encoded here for another worker's video. */
  receiveChunk: (lease: ChunkLease, size: number, body: AsyncIterable<Buffer>) => Promise<void>;
  /** Returns the absolute path of a chunk that another worker encoded. */
  chunkFile: (lease: ChunkLease) => Promise<string>;
}

/** The transfer of a master's own worker: it reads originals in place and leaves results to be picked up. */
export class LocalTransfer implements Transfer, ChunkTransfer {
  readonly ahead = 0;
  readonly #parts: LocalTransferParts;

  constructor(parts: LocalTransferParts) {
    this.#parts = parts;
  }

  limit(): void {}

  async needs(): Promise<number> {
    return 0;
  }

  async source({ library, path: place }: Grant): Promise<string> {
    return path.join(this.#parts.rootOf(library), place);
  }

  holds({ size }: Grant, source: string): Promise<boolean> {
    return isReadable(source, size);
  }

  /** Pauses only the library of the original: other libraries may be on other disks. */
  lost({ library }: Grant): void {
    this.#parts.onStorageLost(library);
  }

  /**
   * Hands over a link to the result, which may be moved away. The result itself stays until the link is in place, so that it
   * can be delivered again, even after a restart.
   */
  async deliver({ task, epoch }: Grant, result: Result): Promise<void> {
    const handed = `${result.file}.handed`;
    await remove(handed);
    await linkOrMoveExclusive(result.file, handed);
    try {
      await this.#parts.accept({ task, epoch }, { ...result, file: handed });
    } finally {
      // On file systems without links, the result itself was moved.
      if ((await exists(handed)) && !(await exists(result.file))) await moveNew(handed, result.file);
      await remove(handed);
    }
  }

  async sendChunk(lease: ChunkLease, file: string, signal: AbortSignal): Promise<void> {
    const { size } = await stat(file);
    await this.#parts.receiveChunk(lease, size, contentOf(file, signal));
  }

  async fetchChunk(lease: ChunkLease, file: string): Promise<void> {
    await copyFile(await this.#parts.chunkFile(lease), file, constants.COPYFILE_FICLONE);
  }
}

/** Opens a file only when its content is asked for. */
async function* contentOf(file: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  for await (const piece of createReadStream(file, { signal })) yield piece as Buffer;
}
