/** How the chunks of one video are shared among workers. */
import { z } from 'zod';
import type { ChunkLocation } from '../plan/chunk-location.ts';
import { line, Reason } from '../util/plain-text.ts';
import { Grant, Lease } from './lease.ts';

/** Longest list of chunks that is shared: more than a day of video, and far from the limit on a message. */
export const MAX_SHARED_CHUNKS = 5000;

/** Longest text of a decoder about damage, in characters. */
export const MAX_DAMAGE_LENGTH = 1000;

const frame = z.int().nonnegative();

/** A run of frames in the order in which they are shown: from `from` up to, but not, `to`. */
export const ChunkRange = z.object({ from: frame, to: z.int().positive() });

/** The right to encode one chunk of a video that another worker converts: the lease of the video, and the chunk. */
export const ChunkLease = Lease.extend(ChunkRange.shape);
export type ChunkLease = z.infer<typeof ChunkLease>;

const byte = z.int().nonnegative();

/** Where a chunk lies in its video's file: {@link ChunkLocation}. It only saves a helper bytes, whose file is fetched whole otherwise. */
const Location = z.object({
  begin: z.number(),
  end: z.number().optional(),
  // Head, pictures, and tail.
  ranges: z
    .array(z.tuple([byte, byte]).readonly())
    .min(1)
    .max(3),
}) satisfies z.ZodType<ChunkLocation>;

/** A chunk that is shared with other workers. */
export const OfferedChunk = ChunkRange.extend({ location: Location.optional() });
export type OfferedChunk = z.infer<typeof OfferedChunk>;

/** All that a worker needs to encode one chunk of a video. */
export const ChunkGrant = Grant.extend(OfferedChunk.shape);
export type ChunkGrant = z.infer<typeof ChunkGrant>;

const word = line(100).optional();

/** Properties of a source's frames, as its decoder reports them. */
const FrameShape = z.object({
  width: z.number(),
  height: z.number(),
  sample_aspect_ratio: word,
  pix_fmt: word,
  color_range: word,
  color_space: word,
  color_transfer: word,
  color_primaries: word,
});

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Size and findings of an encoded chunk. */
export const ChunkFacts = z.object({
  /** Bytes of the file, and their SHA-256. */
  size: z.int().positive(),
  sha256: Sha256,
  /** Time of its first frame, in s on its own clock. */
  first: z.number(),
  /** Hash of the sequence header. */
  header: line(200),
  /** Errors while decoding its part of the source; `lost` in seconds, null if unknown. */
  damage: z
    .object({ count: z.int().positive(), first: line(MAX_DAMAGE_LENGTH), lost: z.number().nullable() })
    .optional(),
  /** Properties of the source's frames, by ffmpeg's name of the stream. */
  shapes: z.array(z.tuple([line(100), FrameShape])).max(10),
});
export type ChunkFacts = z.infer<typeof ChunkFacts>;

/** How a worker's work on a chunk ended. */
export const ChunkOutcome = z.discriminatedUnion('kind', [
  ChunkFacts.extend({ kind: z.literal('done') }),
  z.object({ kind: z.literal('failed'), reason: Reason, log: z.string().max(500_000) }),
  /** The computer is at fault, not the video. */
  z.object({ kind: z.literal('node'), reason: Reason }),
  z.object({ kind: z.literal('released') }),
]);
export type ChunkOutcome = z.infer<typeof ChunkOutcome>;

/** Chunks that the worker of a video has, with their sizes in bytes. */
export const StoredChunks = z.array(ChunkRange.extend({ size: frame })).max(MAX_SHARED_CHUNKS);

/** The master's answer to the worker of a video about its chunks. */
export const NextChunk = z.object({
  /** The chunk to encode; null if none is left, or none was asked for. */
  encode: ChunkRange.nullable(),
  /** Another worker encodes that chunk too: the first proven result counts. */
  isDuplicate: z.boolean(),
  /** Chunks that other workers have encoded, to be fetched and proven. */
  uploaded: z.array(ChunkRange.extend(ChunkFacts.shape)).max(MAX_SHARED_CHUNKS),
  /** Chunks that other workers are encoding. */
  running: z.array(ChunkRange).max(MAX_SHARED_CHUNKS),
});
export type NextChunk = z.infer<typeof NextChunk>;

/** One chunk as users see it. */
export const ChunkView = ChunkRange.extend({
  /**
   * - `waiting`: not yet encoded
   * - `running`: being encoded
   * - `uploaded`: encoded by another computer than the one that converts the video, which has yet to fetch it
   * - `done`: encoded and proven
   */
  state: z.enum(['waiting', 'running', 'uploaded', 'done']),
  /** Names of the computers that encode it or have encoded it; empty if unknown. */
  computers: z.array(z.string()),
  /** Bytes; null until it is encoded. */
  size: z.number().nullable(),
});
export type ChunkView = z.infer<typeof ChunkView>;
