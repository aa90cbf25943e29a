import { kindName, type VideoKind } from '../../media/video-kind.ts';

/** A video that samples could be taken of. */
export interface Candidate {
  id: number;
  kind: VideoKind;
  /** Bytes that its conversion is expected to leave. */
  bytes: number;
  size: number;
}

/**
 * Chooses the video whose samples make the forecast of a library better by most: one of the kind that holds the most bytes and of
 * which the least is known, and of these that of median size.
 * @param candidates those not sampled yet
 * @param learned of a kind, how many were converted or sampled
 */
export function nextSample(candidates: readonly Candidate[], learned: (kind: VideoKind) => number): number | undefined {
  const kinds = [...Map.groupBy(candidates, ({ kind }) => kindName(kind)).values()].map((videos) => {
    const bytes = videos.reduce((sum, video) => sum + video.bytes, 0);
    const known = learned((videos[0] as Candidate).kind);
    return { videos, worth: bytes / Math.sqrt(known + 1) - bytes / Math.sqrt(known + 2) };
  });
  const best = kinds.reduce<(typeof kinds)[number] | undefined>(
    (most, kind) => (most === undefined || kind.worth > most.worth ? kind : most),
    undefined,
  );
  const sorted = best?.videos.toSorted((a, b) => a.size - b.size);
  return sorted?.[Math.floor(sorted.length / 2)]?.id;
}
