/** Tracks of Matroska files that are switched off (FlagEnabled), so that players don't offer them: ffmpeg neither reads nor writes that. */
import type { StreamPlan } from '../../../src-shared/plan/stream-plan.ts';
import { children, renewCrc, store } from './ebml.ts';
import { ID, readTracks, withPart } from './matroska.ts';

/**
 * Returns the numbers of the tracks that are switched off, as ffmpeg counts; none where the file is no sound Matroska.
 * @throws the operating system's error when the file cannot be read
 */
export async function readDisabled(file: string): Promise<Set<number>> {
  const tracks = (await readTracks(file)) ?? [];
  return new Set(tracks.flatMap(({ disabled }, index) => (disabled ? [index] : [])));
}

/** Returns the tracks of a result that have to be switched off, because their sources are. @param streams of the result, in its order */
export function disabledIn(streams: StreamPlan[], sources: ReadonlySet<number>): Set<number> {
  const made = new Set(['captions', 'teletext', 'cover']);
  const off = (s: StreamPlan) => s.type !== 'attachment' && !made.has(s.action) && sources.has(s.source);
  return new Set(streams.flatMap((s, index) => (off(s) ? [index] : [])));
}

/**
 * Switches those tracks of a Matroska file that ffmpeg wrote off that are in the original. The result keeps its length: ffmpeg says of
 * each track that its blocks are not laced, and the flag takes the place of that. The default then is that they may be (RFC 9559,
 * 5.1.4.1.12), which any reader is ready for.
 * @param streams of the result, in its order
 * @returns how many there were
 * @throws the operating system's error when a file cannot be read or written
 */
export async function keepDisabled(original: string, result: string, streams: StreamPlan[]): Promise<number> {
  const wanted = disabledIn(streams, await readDisabled(original));
  if (wanted.size === 0) return 0;
  const count = await withPart(result, ID.Tracks, 'r+', async (tracks, extent, handle) => {
    const entries = children(tracks).filter((child) => child.id === ID.TrackEntry);
    let done = 0;
    for (const [index, entry] of entries.entries()) {
      if (!wanted.has(index)) continue;
      const lacing = children(entry.data).find((child) => child.id === ID.FlagLacing);
      if (lacing?.data.length !== 1) continue;
      lacing.whole.writeUInt8(ID.FlagEnabled);
      lacing.data.writeUInt8(0);
      renewCrc(entry.data);
      done++;
    }
    if (done === 0) return 0;
    renewCrc(tracks);
    await store(handle, extent, tracks);
    return done;
  });
  return count ?? 0;
}
