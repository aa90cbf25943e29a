import type { VideoStream } from '../../../src-shared/media/probe.ts';
import { inputArgs } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { Tools } from '../ffmpeg/capabilities.ts';
import type { ProcessManager } from '../ffmpeg/process-manager.ts';

/** Codecs that interlaced pictures come in; in newer ones they are all but unknown. */
const MAY_BE_INTERLACED = new Set(
  'mpeg1video mpeg2video h264 mpeg4 vc1 wmv3 dvvideo mjpeg prores dnxhd huffyuv ffv1 rawvideo v210 utvideo'.split(' '),
);
/** Interlaced pictures come 25 or 29.97 times a second; some tolerance for rounding. */
const HIGHEST_RATE = 31;
/** Videos longer than this, in s, are measured in several places instead of at their start. */
const LONG = 120;
const PLACES = [0.1, 0.3, 0.5, 0.7, 0.9];
const FRAMES = 120;
const MEASURE_MS = 60_000;

/** One field order has to win this share of the frames. */
const INTERLACED_SHARE = 0.9;
const PROGRESSIVE_SHARE = 0.95;
const MIN_FRAMES = 10;

/**
 * Where something moves, how much a line differs from its two neighbors, relative to how much it differs from the next two of
 * its own field. Fields of different moments make it large; detail of one moment differs less from what is nearer. Measured:
 * interlaced pictures 0.84 to 1.14; progressive ones 0.42 to 0.57 for camera footage, 0.65 in fine test patterns, 0.81 in a fractal.
 * Noise has 1, but no field order.
 */
const COMBED = 0.75;
/** Combing is measured in the middle of the picture, which limits the cost. */
const MIDDLE = "crop='min(iw,640)':'min(ih,360)'";
/** A pixel that changed by more than this, of 255, since the frame before moves. */
const MOVING = 12;

const NEIGHBORS = "convolution=0m='0 -1 0 0 2 0 0 -1 0':0mode=square:0rdiv=0.5";
const OWN_FIELD = `convolution=0m='0 0 -1 ${'0 '.repeat(9)}2 ${'0 '.repeat(9)}-1 0 0':0rdiv=0.5`;

/** Measures the combing as planes: of neighboring lines (Y) and of the own field's lines (U), where anything moves. */
const COMBING = [
  `format=gray,${MIDDLE},split=3[near][own][all]`,
  `[near]${NEIGHBORS}[n]`,
  `[own]${OWN_FIELD}[o]`,
  `[all]tblend=all_mode=difference,lut=y='if(gt(val,${MOVING}),255,0)',split=2[m1][m2]`,
  '[n][m1]blend=all_mode=multiply[y]',
  '[o][m2]blend=all_mode=multiply,split=2[u][v]',
  `[y][u][v]mergeplanes=map0s=0:map1s=1:map2s=2:map1p=0:map2p=0:format=yuv444p,signalstats,metadata=mode=print:file=-`,
].join(';');

/**
 * Measures the fields of the pictures, because flags are wrong in both directions: ffmpeg's idet reports the field order,
 * which fine moving patterns fool, and the combing, which costs more, whether there are fields of different moments at all.
 * @returns undefined when it's unclear, or not worth measuring
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
  const places = duration && duration > LONG ? PLACES.map((share) => share * duration) : [0];
  const frames = Math.ceil(FRAMES / places.length);
  /** Runs the frames at all places through filters that keep `kept` of them each. @returns ffmpeg's log and its output */
  const filter = async (filters: string, kept: number): Promise<{ log: string[]; printed: string }> => {
    const all = { log: [] as string[], printed: '' };
    for (const place of places) {
      const seek = place > 0 ? ['-ss', place.toFixed(3)] : [];
      const args = ['-nostdin', '-hide_banner', '-v', 'info', '-nostats', ...seek, ...inputArgs(demuxer, file)];
      args.push('-filter_complex', `[0:${video.index}]trim=end_frame=${frames},${filters}`);
      // By the trim alone, ffmpeg 5.1 reads on to the end of the video.
      args.push('-frames:v', String(kept));
      const { stdout, stderr } = await processes.capture(tools.ffmpeg, [...args, '-f', 'null', '-'], {
        timeoutMs: MEASURE_MS,
        ...(signal && { signal }),
      });
      all.log.push(...stderr);
      all.printed += stdout;
    }
    return all;
  };

  const { tff, bff, progressive } = readOrders((await filter('idet', frames)).log);
  const all = tff + bff + progressive;
  if (all < MIN_FRAMES) return undefined;
  if (progressive >= all * PROGRESSIVE_SHARE) return 'progressive';
  if (Math.max(tff, bff) < all * INTERLACED_SHARE) return undefined;
  // The first one is compared with none.
  const { near, own } = readCombing((await filter(COMBING, frames - 1)).printed);
  if (near < own * COMBED) return undefined;
  return tff > bff ? 'tff' : 'bff';
}

/** Adds up the orders of fields that idet counted at each place, as it reports at its end. */
function readOrders(log: string[]): { tff: number; bff: number; progressive: number } {
  const lines = log.filter((text) => text.includes('Multi frame detection'));
  const count = (name: string) =>
    lines.reduce((sum, line) => sum + Number(new RegExp(`${name}:\\s*(\\d+)`).exec(line)?.[1] ?? 0), 0);
  return { tff: count('TFF'), bff: count('BFF'), progressive: count('Progressive') };
}

/** Adds up the means of the planes of {@link COMBING} over all frames. */
function readCombing(printed: string): { near: number; own: number } {
  const total = (key: string) =>
    [...printed.matchAll(new RegExp(`^lavfi\\.signalstats\\.${key}=(.+)$`, 'gm'))].reduce(
      (sum, m) => sum + Number(m[1]),
      0,
    );
  return { near: total('YAVG'), own: total('UAVG') };
}
