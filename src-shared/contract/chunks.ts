import { z } from 'zod';
import {
  ChunkGrant,
  ChunkLease,
  ChunkOutcome,
  ChunkRange,
  ChunkView,
  MAX_SHARED_CHUNKS,
  NextChunk,
  OfferedChunk,
  StoredChunks,
} from '../jobs/chunk-lease.ts';
import { Lease } from '../jobs/lease.ts';
import { Path, Reason } from '../util/plain-text.ts';
import { changing, done, id, none, reading } from './call.ts';

/** The chunks of a video that is being converted. */
export const ChunkList = z.object({
  file: id,
  /** Relative to the library's root. */
  path: z.string(),
  /** Name of the computer that converts the video. */
  worker: z.string(),
  chunks: z.array(ChunkView),
});
export type ChunkList = z.infer<typeof ChunkList>;

const held = z.array(ChunkLease).max(100);

/** Calls by which several workers encode the chunks of one video. */
export const CHUNK_CALLS = {
  'chunk.offer': changing(
    'worker',
    'Share the chunks of a held video with idle workers; a later call replaces the list',
    Lease.extend({
      /** The CRF that was chosen for all of them. */
      crf: z.number().min(1).max(63),
      chunks: z.array(OfferedChunk).min(1).max(MAX_SHARED_CHUNKS),
    }),
    done,
  ),
  'chunk.next': changing(
    'worker',
    'Get the next chunk of a held video to encode, and those that other workers have encoded',
    Lease.extend({
      done: StoredChunks,
      /** Fetched chunks that are wrong, and why. */
      refused: z
        .array(ChunkRange.extend({ reason: Reason }))
        .max(MAX_SHARED_CHUNKS)
        .default([]),
      /** False: only to learn what other workers have encoded. */
      assign: z.boolean().default(true),
    }),
    NextChunk,
  ),
  'chunk.lease': changing('worker', "Request a chunk of another worker's video", none, ChunkGrant.nullable()),
  'chunk.beat': changing(
    'worker',
    'Renew the leases of held chunks and return those that are lost',
    z.strictObject({ held }),
    z.object({ lost: held }),
  ),
  'chunk.finish': changing(
    'worker',
    'Return a chunk with its outcome; an encoded one is uploaded first',
    ChunkLease.extend({ outcome: ChunkOutcome }),
    done,
  ),
  'chunk.list': reading(
    'user',
    'Chunks of a video that is being converted, by the number of its file or its path',
    z.union([z.strictObject({ file: id }), z.strictObject({ path: Path })]),
    ChunkList,
  ),
};
