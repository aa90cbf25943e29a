import type { Capabilities } from '../../fleet/worker-info.ts';
import { inputArgs } from '../ffmpeg-args.ts';
import type { VideoEncode } from '../stream-plan.ts';
import { decodeArgs, encoderArgs, pictureFilters } from '../video-args.ts';
import { RESULT_FORMAT } from '../video-plan.ts';
import type { SampleWindow } from './sample-windows.ts';

/** A video as windows of it are read. */
export interface WindowedFile {
  path: string;
  demuxer: string;
  /** Index of its pictures among its streams. */
  stream: number;
  /** The container's first time, which seeking counts from, in s. */
  start: number;
  /** Presentation time of each frame in s, ascending. */
  times: Float64Array;
  /**
   * How much before a frame to seek, in s: a hair too late loses the frame, and more than half a unit of the file's clock too early
   * misses a key frame, so that more is decoded.
   */
  seekEarly: number;
}

/** Read beyond a window's end, in s: frames come out of their order. */
const READ_ON = 2;

const HEAD = ['-nostdin', '-hide_banner', '-y', '-progress', 'pipe:1', '-nostats'];

/** One input for each window. */
function windowInputs(file: WindowedFile, windows: readonly SampleWindow[], caps: Capabilities): string[] {
  return windows.flatMap(({ first, frames, runOut }) => {
    const begin = file.times[first] ?? 0;
    const end = file.times[first + frames + runOut] ?? file.times.at(-1) ?? begin;
    const seek = first > 0 ? ['-ss', Math.max(0, begin - file.start - file.seekEarly).toFixed(6)] : [];
    const length = ['-t', (end - begin + READ_ON).toFixed(3)];
    return ['-an', '-sn', '-dn', ...seek, ...length, ...decodeArgs(caps), ...inputArgs(file.demuxer, file.path)];
  });
}

/**
 * Columns that every line of pictures has to be a multiple of: ffmpeg's filter that measures quality takes the lines of 10-bit pictures for
 * as long as their pixels are, and other lines are longer in memory (libavfilter/vf_xpsnr.c; measured with 7.1 and 9.0: 6 dB for pictures
 * 600 columns wide, 37 dB when they are filled up). Chroma has half of the columns, two bytes each, and lines in memory are multiples of 64.
 */
const COLUMNS = 64;

const paddedWidth = (width: number) => Math.ceil(width / COLUMNS) * COLUMNS;

/** Fills up the lines of pictures to measure; a copy alone has lines of its own length. */
const aligned = (width: number) => [...(width % COLUMNS > 0 ? [`pad=${paddedWidth(width)}:ih`] : []), 'copy'];

/** By how much equal columns beside pictures of this width make their quality look better, in dB: they have no error. */
export const paddingGain = (width: number): number => 10 * Math.log10(paddedWidth(width) / width);

/** Joins windows to one stream of a constant rate, so that source and result have the same times whatever theirs are. */
function joined(
  first: number,
  windows: readonly SampleWindow[],
  stream: number,
  rate: number,
  filters: string[],
): string {
  const evenly = `setpts=N/(${rate}*TB)`;
  const parts = windows.map(
    ({ frames, runOut }, n) => `[${first + n}:${stream}]trim=end_frame=${frames + runOut},${evenly}[w${first + n}]`,
  );
  const names = windows.map((_, n) => `[w${first + n}]`).join('');
  // The filter of ffmpeg 7.1 that measures quality dies where a link has no rate.
  const after = [...filters, evenly, `fps=${rate}`, `format=${RESULT_FORMAT}`].join(',');
  return `${parts.join(';')};${names}concat=n=${windows.length}:v=1:a=0,${after}`;
}

/** Frames a second of samples: the source's, two for each frame where fields become frames. */
function sampleRate({ times }: WindowedFile, { fieldRate }: VideoEncode): number {
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const rate = Math.min((times.length - 1) / seconds, 240);
  return Number((fieldRate ? 2 * rate : rate).toFixed(3));
}

/**
 * Encodes windows of a video as the video would be, each from a key frame of its own.
 * @param output path of the file with their pictures
 */
export function encodeSamplesArgs(
  source: WindowedFile,
  windows: readonly SampleWindow[],
  { video, caps, threads }: { video: VideoEncode; caps: Capabilities; threads?: number | undefined },
  output: string,
): string[] {
  const rate = sampleRate(source, video);
  const [{ frames, runOut } = { frames: 1, runOut: 0 }] = windows;
  const graph = `${joined(0, windows, source.stream, rate, pictureFilters(video))}[samples]`;
  const encoder = encoderArgs({ ...video, keyint: (frames + runOut) * (video.fieldRate ? 2 : 1) }, 0, caps, threads);
  return [
    ...[...HEAD, '-v', 'error', ...windowInputs(source, windows, caps), '-filter_complex', graph],
    ...['-map', '[samples]', ...encoder, '-fps_mode', 'passthrough', '-f', 'matroska', `file:${output}`],
  ];
}

/**
 * Compares windows of a source, treated as the encode treats them, with their encoded pictures; each frame's XPSNR is printed.
 * @param result a file of samples, or windows of a whole result
 */
export function measureArgs(
  source: WindowedFile,
  windows: readonly SampleWindow[],
  { video, caps }: { video: VideoEncode; caps: Capabilities },
  result: { samples: string } | { whole: WindowedFile; windows: readonly SampleWindow[] },
): string[] {
  const rate = sampleRate(source, video);
  const fill = aligned(video.width).join(',');
  const before = `${joined(0, windows, source.stream, rate, pictureFilters(video))},${fill}[before]`;
  const n = windows.length;
  const [inputs, after] =
    'samples' in result
      ? [inputArgs('matroska', result.samples), `[${n}:0]setpts=N/(${rate}*TB),fps=${rate},format=${RESULT_FORMAT}`]
      : [windowInputs(result.whole, result.windows, caps), joined(n, result.windows, result.whole.stream, rate, [])];
  const graph = `${before};${after},${fill}[after];[after][before]xpsnr=stats_file=-`;
  return [
    ...[...HEAD.slice(0, 2), '-v', 'error', ...windowInputs(source, windows, caps), ...inputs],
    ...['-filter_complex', graph, '-f', 'null', '-'],
  ];
}
