import type { Capabilities } from '../../../../src-shared/fleet/worker-info.ts';
import { inputArgs } from '../../../../src-shared/plan/ffmpeg-args.ts';
import type { VideoEncode } from '../../../../src-shared/plan/stream-plan.ts';
import { decodeArgs, pictureFilters } from '../../../../src-shared/plan/video-args.ts';
import { Fault } from '../../../../src-shared/util/errors.ts';
import type { Tools } from '../../ffmpeg/capabilities.ts';
import { type ProcessManager, type RunOptions, STALL_MS, wasKilled } from '../../ffmpeg/process-manager.ts';
import type { StreamTimeline } from '../../ffmpeg/timeline.ts';

/** Windows that are looked at, spread over the video, however long it is; single frames elsewhere are for Looks. */
const WINDOWS = 3;
/** Frames in each. */
const FRAMES = 24;
/** Both pictures are made four times narrower, to this at the most: there grain and coding noise vanish, and the picture is left. */
const WIDEST = 160;
const NARROWER = 4;

/**
 * A window below this PSNR, in dB over all planes, shows another picture. Measured at that width on the test media: the same
 * picture 32.7 dB (heavy noise at CRF 63) and 43 dB or more at usual CRFs; other pictures of the same videos 13.9 to 33 dB;
 * plain green against noise 16 dB.
 */
const MIN_PSNR_DB = 28;
/** The result, moved by one frame, must not look more like the source than unmoved by this much SSIM. */
const SHIFT_MARGIN = 0.005;

/** Stands for the infinite PSNR of identical pictures, in dB. */
const IDENTICAL = 100;

/** Why a result is refused where neither seeking nor decoding from the start gave pictures to compare. */
export const NOT_COMPARED = 'The pictures of the result and of the original could not be compared.';

/** How alike two pictures are, at reduced size. */
export interface Likeness {
  /** Structural similarity, 0 to 1 (Wang et al. 2004), mean over the windows. */
  ssim: number;
  /** In dB, the worst window. */
  psnr: number;
}

/** Input of a comparison. */
export interface PictureRequest {
  source: string;
  demuxer: string;
  /** The container's first time in each file, which seeking counts from, in s. */
  sourceStart: number;
  result: string;
  resultDemuxer: string;
  resultStart: number;
  plan: VideoEncode;
  /** Index of the video in the result. */
  index: number;
  before: StreamTimeline;
  after: StreamTimeline;
  signal?: AbortSignal;
  /** How much of the computer it may use, and what holds it. */
  run?: Pick<RunOptions, 'priority' | 'brake'>;
}

/** Seeking a hair too late loses a frame; more than half a unit of the file's clock too early, and a key frame is missed. */
const SEEK_EARLY = 0.000_001;

/**
 * Compares short windows of source and result.
 * @returns the likeness, or a sentence when the pictures differ
 */
export async function comparePictures(
  processes: ProcessManager,
  tools: Tools,
  caps: Capabilities,
  request: PictureRequest,
): Promise<Likeness | string> {
  const { before, after } = request;
  const compare = (start: number, seeking: boolean) => compareWindow(processes, tools, caps, request, start, seeking);
  const found: Window[] = [];
  for (const start of windowStarts(before, after)) {
    let window = await compare(start, before.timed);
    const doubtful = !window || window.psnr < MIN_PSNR_DB || window.moved > window.same + SHIFT_MARGIN;
    // Files that cannot be sought in exactly are decoded up to the window: slow, but certain.
    if (doubtful && before.timed) window = await compare(start, false);
    if (!window) return NOT_COMPARED;
    found.push(window);
    const at = `${((after.times?.[start] ?? 0) - after.first).toFixed(1)} s`;
    if (window.psnr < MIN_PSNR_DB) {
      return `The result shows another picture than the original at ${at} (${window.psnr.toFixed(1)} dB).`;
    }
  }
  const mean = (pick: (w: Window) => number) => found.reduce((sum, w) => sum + pick(w), 0) / found.length;
  const ssim = mean((w) => w.same);
  if (mean((w) => w.moved) > ssim + SHIFT_MARGIN)
    return 'The pictures of the result are shifted against the original by one frame.';
  return { ssim, psnr: Math.min(...found.map((w) => w.psnr)) };
}

/** First frames of the windows: one in each part of the video, at the frame that needs the least decoding. */
export function windowStarts(before: StreamTimeline, after: StreamTimeline): number[] {
  if (after.count <= WINDOWS * FRAMES) return [0];
  const [inSource, inResult] = [framesSinceKey(before), framesSinceKey(after)];
  const frames = inResult.length;
  const waste = (n: number) =>
    (inResult[n] ?? 0) + (inSource[Math.min(inSource.length - 1, Math.round((n * inSource.length) / frames))] ?? 0);
  const latest = Math.max(0, frames - FRAMES);
  const starts = new Set<number>();
  for (let part = 0; part < WINDOWS; part++) {
    const from = Math.min(Math.floor((part * frames) / WINDOWS), latest);
    const to = Math.min(Math.floor(((part + 1) * frames) / WINDOWS) - 1, latest);
    let best = from;
    for (let n = from; n <= to; n++) if (waste(n) < waste(best)) best = n;
    starts.add(best);
  }
  return [...starts];
}

/** For each frame, how many before it have to be decoded first. */
function framesSinceKey({ times = new Float64Array(), keys = new Float64Array() }: StreamTimeline): Int32Array {
  let [key, next] = [0, 0];
  return Int32Array.from(times, (time, n) => {
    for (; next < keys.length && (keys[next] ?? 0) <= time; next++) key = n;
    return n - key;
  });
}

/** Likeness of one window as it is, and with either side moved by a frame. */
interface Window {
  same: number;
  moved: number;
  psnr: number;
}

/** @returns undefined when it gives nothing to compare */
async function compareWindow(
  processes: ProcessManager,
  tools: Tools,
  caps: Capabilities,
  request: PictureRequest,
  start: number,
  seeking: boolean,
): Promise<Window | undefined> {
  const { before, after, plan, signal, run } = request;
  const resultTime = after.times?.[start] ?? 0;
  const alike = before.times?.length === after.times?.length;
  const sourceTime = (alike ? before.times?.[start] : undefined) ?? resultTime - after.first + before.first;
  const seek = (time: number, from: number) =>
    seeking && start > 0 ? ['-ss', Math.max(0, time - from - SEEK_EARLY).toFixed(6)] : [];
  // Of a single frame, nothing is left to compare when it is moved: newer versions of ffmpeg fail then.
  const movable = after.count > 1;
  const only = ['-an', '-sn', '-dn'];
  const log: string[] = [];
  const args = ['-nostdin', '-hide_banner', '-v', 'info', '-progress', 'pipe:1', '-nostats'];
  const source = inputArgs(request.demuxer, request.source);
  const result = inputArgs(request.resultDemuxer, request.result);
  args.push(...only, ...seek(sourceTime, request.sourceStart), ...decodeArgs(caps), ...source);
  args.push(...only, ...seek(resultTime, request.resultStart), ...result);
  args.push(
    '-filter_complex',
    graph(plan, request.index, seeking ? 0 : start, movable),
    '-frames:v',
    String(WINDOWS * FRAMES >= after.count ? WINDOWS * FRAMES : FRAMES),
    '-f',
    'null',
    '-',
  );
  const end = await processes.run(tools.ffmpeg, args, {
    ...run,
    stallMs: STALL_MS,
    ...(signal && { signal }),
    onStdout: () => undefined,
    onStderr: (line) => log.push(line),
  });
  if (end.kind === 'cancelled') throw signal?.reason ?? new Error('cancelled');
  if (wasKilled(end)) throw new Fault('node', 'ffmpeg was killed while it compared pictures.');
  const value = (filter: string, pattern: RegExp) => {
    const text = log.findLast((line) => line.includes(`${filter} @`) && pattern.test(line));
    const number = pattern.exec(text ?? '')?.[1];
    return number === 'inf' ? IDENTICAL : Number(number ?? Number.NaN);
  };
  const psnr = value('psnr@same', /average:(inf|[\d.]+)/);
  const same = value('ssim@same', /All:(-?[\d.]+)/);
  if (end.kind !== 'exit' || end.code !== 0 || Number.isNaN(psnr) || Number.isNaN(same)) {
    return undefined;
  }
  const moved = ['ssim@late', 'ssim@early'].map((filter) => value(filter, /All:(-?[\d.]+)/) || 0);
  return { same, moved: Math.max(...moved), psnr };
}

/**
 * Both pictures small and numbered alike; compared as they are, and with either of them one frame ahead.
 * @param skipped frames at the start that are decoded but not looked at
 * @param movable whether there is a second frame to be ahead
 */
function graph(plan: VideoEncode, index: number, skipped: number, movable: boolean): string {
  const number = `${skipped > 0 ? `trim=start_frame=${skipped},` : ''}settb=1/1000,setpts=N`;
  const width = Math.min(WIDEST, Math.max(2, 2 * Math.round(plan.width / NARROWER / 2)));
  const small = `format=yuv420p10le,scale=${width}:-2:flags=area`;
  const before = `[0:${plan.source}]${[...pictureFilters(plan), number, small].join(',')}`;
  const after = `[1:${index}]${number},${small}`;
  const same = ['[a0][b0]ssim@same=shortest=1', '[a1][b1]psnr@same=shortest=1'];
  if (!movable) return [`${before},split[a0][a1]`, `${after},split[b0][b1]`, ...same].join(';');
  return [
    `${before},split=4[a0][a1][a2][a3]`,
    `${after},split=4[b0][b1][b2][b3]`,
    ...same,
    '[a2]trim=start_frame=1,setpts=N[a2t];[a2t][b2]ssim@late=shortest=1',
    '[b3]trim=start_frame=1,setpts=N[b3t];[a3][b3t]ssim@early=shortest=1',
  ].join(';');
}
