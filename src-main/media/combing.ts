import { inputArgs } from '../../src-shared/ffmpeg-args.ts';
import type { VideoStream } from '../../src-shared/media.ts';
import type { Tools } from './capabilities.ts';
import type { ProcessManager } from './process.ts';

/** Codecs that interlaced pictures come in; in newer ones they are all but unknown. */
const MAY_BE_INTERLACED = new Set(
  'mpeg1video mpeg2video h264 mpeg4 vc1 wmv3 dvvideo mjpeg prores dnxhd huffyuv ffv1 rawvideo v210 utvideo'.split(' '),
);
/** Interlaced pictures come 25 or 29.97 times a second; some tolerance for rounding. */
const HIGHEST_RATE = 31;
/** Films longer than this, in s, are looked at in three places instead of at their start. */
const LONG = 120;
const FRAMES = 120;
const MEASURE_MS = 60_000;

/** One field order has to win this share of the frames: moving fine patterns fool idet, but never into one order. */
const INTERLACED_SHARE = 0.9;
const PROGRESSIVE_SHARE = 0.95;
const LEAST_FRAMES = 10;

/**
 * What the pictures themselves say of their fields, measured with ffmpeg's idet, because flags lie in both directions.
 * @returns undefined when it is not clear, or not worth asking
 */
export async function measureFields(
  processes: ProcessManager,
  tools: Tools,
  file: string,
  demuxer: string,
  video: VideoStream,
  duration: number | undefined,
  signal?: AbortSignal,
): Promise<VideoStream['fields']> {
  if (!MAY_BE_INTERLACED.has(video.codec ?? '') || (video.frameRate ?? 0) > HIGHEST_RATE) return undefined;
  const places = duration && duration > LONG ? [0.2, 0.5, 0.8].map((share) => share * duration) : [0];
  const frames = { tff: 0, bff: 0, progressive: 0 };
  for (const place of places) {
    const seek = place > 0 ? ['-ss', place.toFixed(3)] : [];
    const args = ['-nostdin', '-hide_banner', '-v', 'info', '-nostats', ...seek, ...inputArgs(demuxer, file)];
    args.push('-map', `0:${video.index}`, '-vf', 'idet', '-frames:v', String(Math.ceil(FRAMES / places.length)));
    const { stderr } = await processes.capture(tools.ffmpeg, [...args, '-f', 'null', '-'], {
      timeoutMs: MEASURE_MS,
      ...(signal && { signal }),
    });
    const line = stderr.findLast((text) => text.includes('Multi frame detection')) ?? '';
    const read = (name: string) => Number(new RegExp(`${name}:\\s*(\\d+)`).exec(line)?.[1] ?? 0);
    frames.tff += read('TFF');
    frames.bff += read('BFF');
    frames.progressive += read('Progressive');
  }
  const all = frames.tff + frames.bff + frames.progressive;
  if (all < LEAST_FRAMES) return undefined;
  if (frames.progressive >= all * PROGRESSIVE_SHARE) return 'progressive';
  return (['tff', 'bff'] as const).find((order) => frames[order] >= all * INTERLACED_SHARE);
}
