/** Finds properties that change in mid-video although they have to be the same in every frame, since a result has one of each. */
import { z } from 'zod';
import type { Probe } from '../../../src-shared/media/probe.ts';
import { inputArgs } from '../../../src-shared/plan/ffmpeg-args.ts';
import type { Tools } from '../ffmpeg/capabilities.ts';
import { type ProcessManager, type RunOptions, STALL_MS } from '../ffmpeg/process-manager.ts';

const text = z.string().optional();

/** A frame as ffprobe prints it, as far as all frames have to agree. */
export const Shape = z.object({
  width: z.coerce.number().default(0),
  height: z.coerce.number().default(0),
  sample_aspect_ratio: text,
  pix_fmt: text,
  color_range: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
});
export type Shape = z.infer<typeof Shape>;

/** Entries of a frame to ask ffprobe for. */
export const SHAPE_ENTRIES = Object.keys(Shape.shape).join(',');

const NAMES = {
  sample_aspect_ratio: 'the pixel shape',
  pix_fmt: 'the pixel format',
  color_range: 'the color range',
  color_space: 'the color matrix',
  color_transfer: 'the transfer curve',
  color_primaries: 'the color primaries',
} as const;

/** Transfer curves that a video without any is not meant for. */
const HDR_CURVES = new Set(['smpte2084', 'arib-std-b67']);

/** ffprobe's word for a value; undefined when it has none. */
export const known = (value: string | undefined) =>
  value && !['unknown', 'unspecified', 'reserved', 'N/A', '0:1'].includes(value) ? value : undefined;

/** Formats that differ in nothing but the range, which is compared on its own. */
const plainFormat = (format: string | undefined) => format?.replace(/^yuvj/, 'yuv');

/**
 * What differs between two frames, in words; undefined when nothing does. A value that only one of them has is no
 * difference, except a curve of high dynamic range.
 */
export function shapeChange(a: Shape, b: Shape): string | undefined {
  const words = (what: string, from: unknown, to: unknown) => `${what} from ${from ?? 'none'} to ${to ?? 'none'}`;
  if (a.width !== b.width || a.height !== b.height)
    return words('the picture size', `${a.width}x${a.height}`, `${b.width}x${b.height}`);
  for (const [key, name] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
    const [from, to] = [known(a[key]), known(b[key])];
    if (key === 'pix_fmt' ? plainFormat(from) === plainFormat(to) : from === to) continue;
    // Without a shape, pixels are square.
    if (key === 'sample_aspect_ratio') {
      if ((from ?? '1:1') !== (to ?? '1:1')) return words(name, from ?? '1:1', to ?? '1:1');
    } else if ((from && to) || HDR_CURVES.has(from ?? to ?? '')) return words(name, from, to);
  }
  return undefined;
}

/** The first change among frames, in words. */
export function firstChange(shapes: Shape[]): string | undefined {
  const [first, ...rest] = shapes.filter(({ width }) => width > 0);
  for (const shape of rest) {
    const change = first && shapeChange(first, shape);
    if (change) return change;
  }
  return undefined;
}

/** Containers of recordings and of streams that were joined, where pictures may change; others describe them once. */
const MAY_CHANGE = new Set(['mpegts', 'mpegtsraw', 'mpeg', 'mpegvideo', 'matroska', 'flv', 'wtv', 'h264', 'hevc']);
/** Codecs whose stream can change the shape of pixels, which the encoder's log doesn't report. */
const CODECS = new Set(['mpeg1video', 'mpeg2video', 'mpeg4', 'h264', 'hevc', 'vc1']);

/**
 * Looks at every key frame of the encoded videos, where alone they can change.
 * @returns the first change in words; undefined when there is none, or none is possible
 */
export async function findChange(
  processes: ProcessManager,
  tools: Tools,
  file: string,
  probe: Probe,
  options: RunOptions,
): Promise<string | undefined> {
  const demuxer = probe.format.split(',')[0] ?? '';
  if (!MAY_CHANGE.has(demuxer)) return undefined;
  for (const { index, type, codec = '' } of probe.streams) {
    if (type !== 'video' || !CODECS.has(codec)) continue;
    const found = new AbortController();
    const signals = [options.signal, found.signal].filter((s) => s !== undefined);
    let [first, change]: [Shape | undefined, string | undefined] = [undefined, undefined];
    const args = ['-hide_banner', '-v', 'quiet', '-skip_frame', 'nokey', '-select_streams', String(index)];
    args.push('-show_entries', `frame=${SHAPE_ENTRIES}`, '-of', 'compact=p=0', ...inputArgs(demuxer, file));
    await processes.run(tools.ffprobe, args, {
      ...options,
      signal: AbortSignal.any(signals),
      stallMs: STALL_MS,
      onStdout: (line) => {
        const shape = Shape.parse(Object.fromEntries(line.split('|').map((entry) => entry.split('='))));
        if (shape.width === 0 || change) return;
        first ??= shape;
        change = shapeChange(first, shape);
        if (change) found.abort();
      },
    });
    if (change) return change;
  }
  return undefined;
}
