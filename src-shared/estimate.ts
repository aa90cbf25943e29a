import { mainVideo, type Probe } from './media.ts';
import type { Plan } from './plan.ts';

/**
 * Bits a pixel that SVT-AV1 preset 8 spends at CRF 30, and how many CRF steps halve them. Measured on the film-like clips
 * of docs/benchmarks.md; single films differ by a factor of three either way.
 */
const BITS_PER_PIXEL = 0.037;
const HALVING_CRF = 11;

/**
 * A rough size of the result in bytes before any sample was encoded: good for a sum over a library, not for a film.
 * Never more than the source.
 */
export function estimateSize(probe: Probe, plan: Plan, sourceSize: number): number {
  const video = mainVideo(probe);
  const seconds = video?.duration ?? probe.duration;
  if (!video || !seconds) return sourceSize;
  let bits = 0;
  for (const stream of plan.streams) {
    const source = probe.streams.find((s) => s.index === stream.source);
    if (stream.action === 'encode') {
      const fps = Math.min(video.frameRate ?? 24, 60);
      bits += stream.width * stream.height * fps * seconds * BITS_PER_PIXEL * 2 ** ((30 - stream.crf) / HALVING_CRF);
    } else if (stream.action === 'opus') bits += stream.kbps * 1000 * seconds;
    else if (stream.action === 'copy') bits += (source?.bitRate ?? 0) * seconds;
  }
  return Math.min(Math.round(bits / 8), sourceSize);
}
