import type { ChunkFacts, ChunkLease } from '../../../src-shared/jobs/chunk-lease.ts';

/** How chunks travel between the worker of a video and its helpers: through the master. */
export interface ChunkTransfer {
  /**
   * Hands an encoded chunk over to the master; waits for the connection.
   * @throws Fault `fenced` when the chunk's lease is lost
   */
  sendChunk(lease: ChunkLease, file: string, signal: AbortSignal): Promise<void>;
  /**
   * Fetches a chunk of a held video that another computer has encoded.
   * @param file destination
   * @throws Fault `fenced` when it can't be had any more
   */
  fetchChunk(chunk: ChunkLease & Pick<ChunkFacts, 'size' | 'sha256'>, file: string, signal: AbortSignal): Promise<void>;
}
