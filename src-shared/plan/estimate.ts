import { mainVideo, type Probe, pictureSeconds } from '../media/probe.ts';
import type { Plan } from './plan.ts';

/**
 * Bits a pixel that SVT-AV1 preset 8 spends at CRF 30. Measured on the video-like clips of docs/benchmarks.md; single videos differ
 * by a factor of three either way.
 */
const BITS_PER_PIXEL = 0.037;
/** How many CRF steps halve the bytes, measured on the same clips. */
export const HALVING_CRF = 11;

/** Frames a second beyond which more of them add hardly any bytes. */
const MAX_RATE = 60;

/** Bytes of all streams but the pictures. */
export function copiedBytes(probe: Probe, plan: Plan): number {
  const seconds = pictureSeconds(probe) ?? 0;
  const bits = plan.streams.map((stream) => {
    const source = probe.streams.find((s) => s.index === stream.source);
    if (stream.action === 'opus') return stream.kbps * 1000 * seconds;
    return stream.action === 'copy' ? (source?.bitRate ?? 0) * seconds : 0;
  });
  return bits.reduce((sum, part) => sum + part, 0) / 8;
}

/** Bytes of pictures at a CRF, before anything is known of videos of their kind. */
export function modelPictures(
  { width, height, frameRate, seconds }: { width: number; height: number; frameRate: number; seconds: number },
  crf: number,
): number {
  const pixels = width * height * Math.min(frameRate, MAX_RATE) * seconds;
  return (pixels * BITS_PER_PIXEL * 2 ** ((30 - crf) / HALVING_CRF)) / 8;
}

/**
 * A rough size of the result in bytes before any sample was encoded: good for a sum over a library, not for a video.
 * Never more than the source.
 */
export function estimateSize(probe: Probe, plan: Plan, sourceSize: number): number {
  const video = mainVideo(probe);
  const seconds = video?.duration ?? probe.duration;
  if (!video || !seconds) return sourceSize;
  const pictures = plan.streams
    .filter((stream) => stream.action === 'encode')
    .map(({ width, height, crf }) => modelPictures({ width, height, frameRate: video.frameRate ?? 24, seconds }, crf));
  const bytes = pictures.reduce((sum, part) => sum + part, copiedBytes(probe, plan));
  return Math.min(Math.round(bytes), sourceSize);
}
